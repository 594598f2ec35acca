import { PrepareError } from "./_source.ts";

/** More digits than this do not fit the 64-bit integers that ids are sorted as. */
const MAX_DIGITS = 18;

/**
 * Turns lines of `user item item ...` into lines of `user,item`. Checks them on the way, as nobody could find the place
 * of a mistake afterwards.
 */
export class SequenceParser {
  readonly #file: string;
  readonly #lineOfUser = new Map<string, number>();
  #line = 0;
  #rest = "";

  /** @param file Name of the file, for messages. */
  constructor(file: string) {
    this.#file = file;
  }

  #id(token: string): string {
    if (/^\d+$/.test(token)) {
      const id = token.replace(/^0+(?=\d)/, "");
      if (id.length <= MAX_DIGITS) return id;
      throw new PrepareError(this.#file, `line ${this.#line} holds an id that is too large: '${token}'`);
    }
    const shown = token.length > 40 ? `${token.slice(0, 40)}...` : token;
    if (/^-\d+$/.test(token)) throw new PrepareError(this.#file, `line ${this.#line} holds a negative id: '${shown}'`);
    throw new PrepareError(this.#file, `line ${this.#line} holds '${shown}': expected an integer id`);
  }

  #pairs(line: string): string {
    this.#line++;
    const text = line.trim();
    if (text === "") return "";
    const [first, ...tokens] = text.split(/\s+/);
    const user = this.#id(first!);
    const before = this.#lineOfUser.get(user);
    if (before !== undefined) {
      throw new PrepareError(
        this.#file,
        `line ${this.#line} is the second of user ${user}: the first is line ${before}`,
      );
    }
    this.#lineOfUser.set(user, this.#line);
    let pairs = "";
    for (const token of tokens) pairs += `${user},${this.#id(token)}\n`;
    return pairs;
  }

  /**
   * Parses the next piece of the file.
   *
   * @param text The piece.
   * @returns The pairs of the lines that end in it.
   * @throws {PrepareError} If a line is not of integers, or is a user's second.
   */
  push(text: string): string {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop()!;
    return lines.map((line) => this.#pairs(line)).join("");
  }

  /**
   * Parses what is left at the end of the file.
   *
   * @returns The pairs of the last line.
   * @throws {PrepareError} If the line is not of integers, or is a user's second.
   */
  end(): string {
    return this.#pairs(this.#rest);
  }
}
