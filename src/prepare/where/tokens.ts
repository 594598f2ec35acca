/** Thrown when a condition cannot be read. */
export class WhereError extends SyntaxError {
  /** Tells this error from others. */
  override readonly name = "WhereError";

  /**
   * Says where the condition breaks off.
   *
   * @param text The condition.
   * @param start Where in it.
   * @param expected What was expected there.
   */
  constructor(text: string, start: number, expected: string) {
    const place = text.slice(start).trim() === "" ? "its end" : `'${shortened(text.slice(start))}'`;
    super(`Cannot read the condition '${shortened(text)}' as it breaks off at ${place}: ${expected}`);
  }
}

function shortened(text: string): string {
  const line = text.trim().replace(/\s+/g, " ").replace(/\p{Cc}/gu, "?");
  return line.length > 60 ? `${line.slice(0, 57)}...` : line;
}

/** A word of a condition. */
export interface Token {
  /** What it is: `double` and `single` are texts in such quotes, `position` is `#3`. */
  readonly kind: "name" | "keyword" | "number" | "single" | "double" | "position" | "sign" | "end";
  /** Its text, without quotes; keywords in small letters. */
  readonly text: string;
  /** Where it starts. */
  readonly start: number;
}

/** Characters of a condition, at most. */
const LONGEST = 10_000;

const KEYWORDS = ["and", "or", "not", "in", "is", "missing"];

const WORD = String.raw`[\p{L}_](?:[\p{L}\p{M}\p{N}_.:\-]*[\p{L}\p{M}\p{N}_])?`;
const TOKENS = new RegExp(
  String.raw`(?<space>\s+)|(?<word>${WORD})|'(?<single>(?:[^']|'')*)'|"(?<double>(?:[^"]|"")*)"|` +
    String.raw`#(?<position>[1-9]\d{0,5})(?![\p{L}\p{N}_.])|(?<number>[+\-]?\.?\d[\p{L}\p{N}_.:/+\-]*)|` +
    "(?<sign>==|!=|<>|<=|>=|[=<>(),])",
  "uy",
);

/**
 * Whether a sign compares.
 *
 * @param sign The sign.
 * @returns Whether it does.
 */
export function isComparison(sign: string): boolean {
  return /^[=!<>]+$/.test(sign);
}

/**
 * Cuts a condition into words.
 *
 * @param text The condition.
 * @returns Its words, the last of which is its end. Numbers are whatever starts as a number does.
 * @throws {WhereError} If there is something that is no word.
 */
export function tokensOf(text: string): Token[] {
  if (text.length > LONGEST) throw new WhereError(text, LONGEST, `expected at most ${LONGEST} characters`);
  const tokens: Token[] = [];
  const pattern = new RegExp(TOKENS);
  for (let start = 0; start < text.length; start = pattern.lastIndex) {
    pattern.lastIndex = start;
    const groups = pattern.exec(text)?.groups;
    if (groups === undefined) throw new WhereError(text, start, expectedAt(text[start]!));
    const { word, single, double, position, number, sign } = groups;
    const add = (kind: Token["kind"], text: string) => tokens.push({ kind, text, start });
    if ((single ?? double)?.includes("\0")) throw new WhereError(text, start, "expected no character NUL");
    if (word !== undefined) {
      const small = word.toLowerCase();
      if (KEYWORDS.includes(small)) add("keyword", small);
      else add("name", word);
    } else if (single !== undefined) add("single", single.replaceAll("''", "'"));
    else if (double !== undefined) add("double", double.replaceAll('""', '"'));
    else if (position !== undefined) add("position", position);
    else if (number !== undefined) add("number", number);
    else if (sign !== undefined) add("sign", sign);
  }
  tokens.push({ kind: "end", text: "", start: text.length });
  return tokens;
}

function expectedAt(character: string): string {
  if (character === "'" || character === '"') return "expected an end of the quotes";
  if (character === "#") return "expected a position such as #3";
  return "expected a column, a number, a text or a comparison";
}
