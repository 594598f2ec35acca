/** Thrown when a log cannot be prepared. */
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

/**
 * A text whose control characters are spelled out: what comes from a file must not reach a terminal as it is.
 *
 * @param text The text.
 * @returns The text in one line.
 */
export function visible(text: string): string {
  return text.replace(/\p{Cc}/gu, (char) => {
    const short = { "\t": "\\t", "\n": "\\n", "\r": "\\r" }[char];
    return short ?? `\\x${char.charCodeAt(0).toString(16).padStart(2, "0")}`;
  });
}

/**
 * Text of a file as a message shows it: in quotes, in one line, and not too long.
 *
 * @param text The text.
 * @param longest Characters that are shown at most.
 * @returns The text in quotes.
 */
export function shown(text: string, longest = 120): string {
  const plain = visible(text);
  return plain.length > longest ? `'${plain.slice(0, longest)}...'` : `'${plain}'`;
}
