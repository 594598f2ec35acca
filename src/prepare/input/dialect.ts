/**
 * How a delimited text is laid out, found out from its beginning. DuckDB's own detection is not used: it knows neither
 * `::` nor row names nor a spreadsheet's `sep=`, and takes numbers and dates for what they are not.
 *
 * @module
 */
import { isAnyRole } from "../_roles.ts";
import { shown } from "../prepare_error.ts";

/** What may be said of a text instead of being found out. */
export interface TextOptions {
  /** Encoding, a label of the Encoding standard; by default UTF-8, or what a byte order mark says. */
  readonly encoding?: string | undefined;
  /** What separates cells: a name or up to 4 characters. */
  readonly delimiter?: string | undefined;
  /** What stands around cells; `none` for nothing. */
  readonly quote?: string | undefined;
  /** What stands before a quote inside of quotes. */
  readonly escape?: string | undefined;
  /** How a line begins that is a comment; `none` for no such lines. */
  readonly comment?: string | undefined;
  /** Lines at the beginning that are not read. */
  readonly skipLines?: number | undefined;
  /** Whether the first line names the columns. */
  readonly header?: boolean | undefined;
}

/** How a delimited text is laid out. */
export interface Dialect {
  /** What separates cells. */
  readonly delimiter: string;
  /** What stands around cells; empty for nothing. */
  readonly quote: string;
  /** What stands before a quote inside of quotes. */
  readonly escape: string;
  /** How comment lines begin, or null. */
  readonly comment: string | null;
  /** Physical lines at the beginning that hold no interaction: skipped ones, comments, the header. */
  readonly skip: number;
  /** Whether a line names the columns. */
  readonly header: boolean;
  /** Names of the columns: "1", "2", ... where there are none. */
  readonly columns: readonly string[];
}

const WORDS: Readonly<Record<string, string>> = {
  tab: "\t",
  comma: ",",
  semicolon: ";",
  pipe: "|",
  colons: "::",
  space: " ",
  "\\t": "\t",
};
/** The likeliest first, for texts that fit several. */
const CANDIDATES = ["\t", "::", "|", ";", ","];
/** Records that a text is judged by. */
const JUDGED = 500;

/**
 * The delimiter as messages show it.
 *
 * @param delimiter The delimiter.
 * @returns Its name, or itself in quotes.
 */
export function shownDelimiter(delimiter: string): string {
  return delimiter === "\t" ? "tab" : delimiter === " " ? "space" : shown(delimiter);
}

/** A record: its cells, whether each was in quotes, and the physical lines that it takes. */
interface Row {
  readonly cells: readonly string[];
  readonly quoted: readonly boolean[];
  readonly lines: number;
}

type Quoting = Pick<Dialect, "delimiter" | "quote" | "escape">;

/**
 * A line whose cells are separated by spaces: several are one, and those at the ends none.
 *
 * @param line The line.
 * @param quote What stands around cells, which may hold spaces of their own; empty for nothing.
 * @returns The line with single spaces.
 */
export function squeezed(line: string, quote: string): string {
  if (quote === "") return line.trim().replace(/ +/g, " ");
  const mark = RegExp.escape(quote), parts = new RegExp(`${mark}[^${mark}]*${mark}| +`, "g");
  return line.trim().replace(parts, (part) => part[0] === " " ? " " : part);
}

/** Records of a text: `lines` from `from` on, at most `count`. */
function rowsOf(lines: readonly string[], from: number, quoting: Quoting, count = JUDGED): Row[] {
  const { delimiter, quote, escape } = quoting, rows: Row[] = [];
  for (let at = from; at < lines.length && rows.length < count;) {
    const first = at;
    let line = delimiter === " " ? squeezed(lines[at]!, quote) : lines[at]!;
    at++;
    if (line.trim() === "") continue;
    const cells: string[] = [], quoted: boolean[] = [];
    for (let place = 0; place <= line.length;) {
      while (delimiter !== " " && line[place] === " ") place++;
      const isQuoted = quote !== "" && line[place] === quote;
      let cell = "";
      if (isQuoted) {
        for (place++;; place++) {
          // A quote that does not end within the text is an end of the text, too.
          if (place >= line.length && at < lines.length && at - first < 50) {
            line += `\n${lines[at++]}`;
          }
          const char = line[place];
          if (char === undefined) break;
          if (char === escape && line[place + 1] === quote) cell += line[++place];
          else if (char === quote) break;
          else cell += char;
        }
        place++;
      }
      const end = line.indexOf(delimiter, place);
      const rest = line.slice(place, end < 0 ? undefined : end);
      cells.push(isQuoted ? cell + rest.trim() : rest.trim());
      quoted.push(isQuoted);
      if (end < 0) break;
      place = end + delimiter.length;
    }
    rows.push({ cells, quoted, lines: at - first });
  }
  return rows;
}

/** How a cell begins and ends in quotes: with quotes inside doubled, after a backslash, or otherwise. */
function quotesOf(cell: string): "doubled" | "backslash" | "plain" | "broken" | null {
  if (!cell.startsWith('"')) return null;
  if (cell.length < 2 || !cell.endsWith('"')) return "broken";
  const inside = cell.slice(1, -1);
  if (!inside.includes('"')) return "plain";
  if (!inside.replaceAll('""', "").includes('"')) return "doubled";
  return inside.replaceAll('\\"', "").includes('"') ? "broken" : "backslash";
}

/** Whether cells are in quotes, and what stands before a quote inside of them. */
function quotingOf(lines: readonly string[], from: number, delimiter: string, options: TextOptions): Quoting {
  const quote = options.quote === "none" ? "" : options.quote, escape = options.escape;
  if (quote !== undefined) return { delimiter, quote, escape: quote === "" ? "" : escape ?? quote };
  const bare = rowsOf(lines, from, { delimiter, quote: "", escape: "" });
  const kinds = bare.map(({ cells }) => cells.map(quotesOf));
  const has = (kind: string) => kinds.some((row) => row.includes(kind as "plain"));
  const backslash = escape ?? (bare.some(({ cells }) => cells.some((cell) => /[^\\]\\"./.test(cell))) ? "\\" : '"');
  // A comma may well stand inside of a cell; with other delimiters quotes are often part of a title
  if (delimiter === "," || delimiter === ";") return { delimiter, quote: '"', escape: backslash };
  const width = Math.max(0, ...kinds.map((row) => row.length));
  const isColumn = (column: number) =>
    bare.filter(({ cells }) => cells[column]).length > 1 &&
    bare.every(({ cells }, row) => !cells[column] || kinds[row]![column] !== null);
  const columns = Array.from({ length: width }, (_, column) => column).some(isColumn);
  const isOn = escape !== undefined || columns || (has("doubled") && !has("broken"));
  return isOn ? { delimiter, quote: '"', escape: backslash } : { delimiter, quote: "", escape: "" };
}

/** The number that is there most often; of several, the largest. */
function modeOf(numbers: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const number of numbers) counts.set(number, (counts.get(number) ?? 0) + 1);
  const most = Math.max(0, ...counts.values());
  return Math.max(0, ...[...counts].filter(([, count]) => count === most).map(([number]) => number));
}

function findQuoting(lines: readonly string[], from: number, options: TextOptions): Quoting {
  const given = options.delimiter;
  if (given !== undefined) return quotingOf(lines, from, WORDS[given.toLowerCase()] ?? given, options);
  let best: Quoting | undefined, share = 0, cells = 1;
  for (const candidate of CANDIDATES) {
    const quoting = quotingOf(lines, from, candidate, options);
    const widths = rowsOf(lines, from, quoting).map((row) => row.cells.length);
    const width = modeOf(widths.filter((width) => width > 1));
    const fit = widths.filter((other) => other === width).length / widths.length;
    if (width > 1 && (fit > share + 0.02 || (fit > share - 0.02 && width > cells))) {
      [best, share, cells] = [quoting, fit, width];
    }
  }
  // A space separates cells only if nothing else does: names of columns may hold spaces
  return best ?? quotingOf(lines, from, " ", options);
}

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;
/** Numbers, and dates of all kinds, begin with a digit but for a sign or a point. */
const isValue = (cell: string) => NUMBER.test(cell) || /^\d+[-/.:T ]/.test(cell);

/** Whether the first record names the columns. */
function namesColumns(first: readonly string[], rest: readonly Row[], asked: readonly string[]): boolean {
  const isPosition = (column: string) => /^[1-9]\d*$/.test(column) && Number(column) <= first.length;
  if (asked.some((column) => !isPosition(column) && first.includes(column))) return true;
  // With names of their own, even numbers can be names: "2020"
  if (first.every((cell) => NUMBER.test(cell) || cell === "")) return false;
  if (first.some(isAnyRole)) return true;
  let told = false;
  for (const [column, cell] of first.entries()) {
    const values = rest.map(({ cells }) => cells[column] ?? "").filter((value) => value !== "");
    if (values.length === 0 || values.filter(isValue).length < 0.9 * values.length) continue;
    if (cell !== "" && !isValue(cell)) return true;
    told ||= isValue(cell);
  }
  // All of words: whoever gives positions has no names to give
  return !told && !(asked.length > 0 && asked.every(isPosition));
}

/** Names of the columns, where the header has one more or one less than the records below it. */
function fittedNames(names: readonly string[], rest: readonly Row[]): readonly string[] {
  if (rest.length === 0 || rest.some(({ cells }) => cells.length === names.length)) return names;
  const width = modeOf(rest.map(({ cells }) => cells.length));
  if (width === names.length - 1 && names.at(-1) === "") return names.slice(0, -1);
  if (width !== names.length + 1) return names;
  // A delimiter at the end of every line; or R's names of rows, which have no name themselves
  return rest.every(({ cells }) => (cells[width - 1] ?? "") === "") ? [...names, ""] : ["", ...names];
}

/**
 * Finds out how a delimited text is laid out.
 *
 * @param text The beginning of the text, its lines separated by line feeds.
 * @param options What is known already.
 * @param asked Columns that are asked for, by position or name.
 * @returns The layout.
 * @throws {RangeError} If what is known cannot be so.
 */
export function dialectOf(text: string, options: TextOptions, asked: readonly string[] = []): Dialect {
  checkOptions(options);
  const lines = text.split("\n");
  const { comment, from } = commentsOf(lines, options);
  // Lines that are no comment, with the place of each in the file
  const kept = lines.map((line, at) => at < from || (comment !== null && line.startsWith(comment)) ? "" : line);
  let start = kept.findIndex((line) => line.trim() !== "");
  if (start < 0) start = kept.length;
  // Matrix Market: what comes first after its comments are the sizes of the matrix
  if (lines[from]?.startsWith("%%MatrixMarket") && start < kept.length) kept[start++] = "";
  let known = options;
  const separator = /^"?sep=(.+?)"?\s*$/i.exec(kept[start] ?? "");
  if (separator !== null) {
    kept[start++] = "";
    known = { delimiter: separator[1], ...options };
  }
  const quoting = findQuoting(kept, start, known);
  checkOptions({ ...options, delimiter: quoting.delimiter });
  const rows = rowsOf(kept, start, quoting);
  const first = rows[0]?.cells ?? [""];
  const rest = rows.slice(1);
  const header = options.header ?? namesColumns(first, rest, asked);
  const width = Math.max(1, modeOf(rows.map(({ cells }) => cells.length)));
  const columns = header ? fittedNames(first, rest) : Array.from({ length: width }, (_, column) => `${column + 1}`);
  while (start < kept.length && kept[start]!.trim() === "") start++;
  return { ...quoting, comment, skip: start + (header ? rows[0]?.lines ?? 0 : 0), header, columns };
}

function checkOptions({ delimiter, quote = "none", escape = "", comment }: TextOptions): void {
  const fail = (what: string, value: string, expected: string): never => {
    throw new RangeError(`Cannot read the text as ${what}: expected ${expected}, current value is ${shown(value)}`);
  };
  const size = (text: string) => new TextEncoder().encode(text).length;
  const separator = delimiter === undefined ? undefined : WORDS[delimiter.toLowerCase()] ?? delimiter;
  if (separator !== undefined && (separator === "" || size(separator) > 4 || /[\r\n]/.test(separator))) {
    fail("its delimiter separates no cells", separator, "1 to 4 bytes that end no line");
  }
  for (const [name, value] of [["quotes", quote === "none" ? "" : quote], ["escapes", escape]] as const) {
    if (size(value) > 1 || /[\r\n]/.test(value)) fail(`its ${name} are no single character`, value, 'one such as "');
    if (value !== "" && separator?.includes(value)) {
      fail(`its ${name} are in its delimiter`, value, "another character");
    }
  }
  if (comment === "") fail("all lines would be comments", comment, "how such lines begin, or none");
}

function commentsOf(lines: readonly string[], options: TextOptions): { comment: string | null; from: number } {
  const from = options.skipLines ?? 0;
  if (options.comment !== undefined) return { comment: options.comment === "none" ? null : options.comment, from };
  const first = lines.slice(from).find((line) => line.trim() !== "") ?? "";
  const mark = first[0];
  if (mark !== "#" && mark !== "%") return { comment: null, from };
  const others = lines.slice(from, from + JUDGED).filter((line) => line.trim() !== "" && !line.startsWith(mark));
  if (others.length === 0) return { comment: null, from };
  // An id may begin so as well: then the line is like all others
  if (/^.\s/.test(first)) return { comment: mark, from };
  const { delimiter, quote, escape } = findQuoting(others, 0, options);
  const [own] = rowsOf([first], 0, { delimiter, quote, escape });
  const width = modeOf(rowsOf(others, 0, { delimiter, quote, escape }).map(({ cells }) => cells.length));
  return { comment: own!.cells.length === width ? null : mark, from };
}
