/**
 * Thrown when a log cannot be prepared.
 *
 * @example
 * ```ts
 * import { prepare, PrepareError } from "@sevo/sevo/prepare";
 * import { assertRejects } from "@std/assert";
 *
 * const folder = await Deno.makeTempDir();
 * await Deno.writeTextFile(`${folder}/log.csv`, "user,item,timestamp\nann,tea,tomorrow\n");
 * await assertRejects(() => prepare({ files: [`${folder}/log.csv`], out: `${folder}/data` }), PrepareError);
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export class PrepareError extends Error {
  /** Tells this error from others. */
  override readonly name = "PrepareError";

  /**
   * Says what is wrong.
   *
   * @param file The file that was to be prepared.
   * @param why Why it cannot be.
   * @param options The error's cause.
   */
  constructor(file: string, why: string, options?: ErrorOptions) {
    super(`Cannot prepare ${shown(file)} as ${visible(why)}`, options);
  }
}

/** What a terminal obeys, and what ends a line or turns its direction. */
const UNSEEN = /[\p{Cc}\p{Zl}\p{Zp}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/**
 * A text whose control characters are spelled out: what comes from a file must not reach a terminal as it is.
 *
 * @param text The text.
 * @param longest Characters that are shown at most; all by default.
 * @returns The text in one line.
 */
export function visible(text: string, longest = Infinity): string {
  // Cut first: a text of megabytes need not be looked at
  const cut = text.length > longest ? text.slice(0, longest + 1) : text;
  const plain = cut.replace(UNSEEN, (char) => {
    const short = { "\t": "\\t", "\n": "\\n", "\r": "\\r" }[char], code = char.charCodeAt(0).toString(16);
    return short ?? (code.length > 2 ? `\\u${code.padStart(4, "0")}` : `\\x${code.padStart(2, "0")}`);
  });
  return plain.length > longest ? `${plain.slice(0, longest)}...` : plain;
}

/**
 * Text of a file as a message shows it: in quotes, in one line, and not too long.
 *
 * @param text The text.
 * @param longest Characters that are shown at most.
 * @returns The text in quotes.
 */
export function shown(text: string, longest = 120): string {
  return `'${visible(text, longest)}'`;
}
