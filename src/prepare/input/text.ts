/**
 * Text of a log, as the database reads it: UTF-8 with line feeds.
 *
 * @module
 */
import type { Peeked } from "./bytes.ts";
import { PrepareError, shown } from "../prepare_error.ts";

/** Byte order marks, and what they say. */
const MARKS: readonly (readonly [encoding: string, mark: readonly number[]])[] = [
  ["utf-8", [0xef, 0xbb, 0xbf]],
  ["utf-16le", [0xff, 0xfe]],
  ["utf-16be", [0xfe, 0xff]],
];

/**
 * The decoder of a text: of the encoding that is named, else of that which its mark says, else of UTF-8.
 *
 * @param file Name of the file, for messages.
 * @param head The first bytes.
 * @param encoding A label of the Encoding standard, such as `latin1`.
 * @returns The decoder.
 * @throws {PrepareError} If there is no such encoding.
 */
export function decoderOf(file: string, head: Uint8Array, encoding: string | undefined): TextDecoder {
  const marked = MARKS.find(([, mark]) => mark.every((byte, at) => head[at] === byte))?.[0];
  try {
    // A mark is always right: whoever exports from a spreadsheet does not know that it is there
    return new TextDecoder(marked ?? encoding ?? "utf-8", { fatal: true });
  } catch (error) {
    const why = `no encoding is called ${shown(encoding!)}: try utf-8, utf-16le, latin1 or windows-1252`;
    throw new PrepareError(file, why, { cause: error });
  }
}

function decode(file: string, decoder: TextDecoder, flag: string, chunk?: Uint8Array<ArrayBuffer>): string {
  try {
    return chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true });
  } catch (error) {
    const why = `it is not text in ${decoder.encoding}: name its encoding by ${flag}, such as latin1`;
    throw new PrepareError(file, why, { cause: error });
  }
}

/** Every line end as a line feed: `\r\n`, and `\r` of its own as old spreadsheets write it. */
class LineEnds {
  #open = false;

  /** The next piece. */
  push(text: string): string {
    if (!this.#open && !text.includes("\r")) return text;
    // What ends with \r may go on with \n
    const whole = (this.#open ? "\r" : "") + text;
    this.#open = whole.endsWith("\r");
    return (this.#open ? whole.slice(0, -1) : whole).replace(/\r\n?/g, "\n");
  }

  /** What is left at the end. */
  end(): string {
    return this.#open ? "\n" : "";
  }
}

/**
 * Decodes a text, a piece at a time.
 *
 * @param file Name of the file, for messages.
 * @param bytes Its bytes.
 * @param encoding Its encoding, if it is known.
 * @param flag The flag that names the encoding, for messages.
 * @returns The text, its lines separated by line feeds.
 * @throws {PrepareError} If it is empty, or no text of that encoding.
 */
export async function* decoded(
  file: string,
  { head, chunks }: Peeked,
  encoding: string | undefined,
  flag = "--encoding",
): AsyncGenerator<string> {
  const decoder = decoderOf(file, head, encoding), ends = new LineEnds();
  const wide = decoder.encoding.startsWith("utf-16");
  let blank = true;
  const next = (text: string) => {
    blank &&= text.trim() === "";
    return text;
  };
  for await (const chunk of chunks) {
    if (!wide && chunk.includes(0)) throw new PrepareError(file, binary(head, flag));
    yield next(ends.push(decode(file, decoder, flag, chunk)));
  }
  yield next(ends.push(decode(file, decoder, flag)) + ends.end());
  if (blank) throw new PrepareError(file, "it is empty");
}

function binary(head: Uint8Array, flag: string): string {
  const zeros = head.subarray(0, 1000).filter((byte) => byte === 0).length;
  return zeros > 200 && zeros < 600
    ? `it seems to be UTF-16 without a mark: name its encoding by ${flag}, utf-16le or utf-16be`
    : "it is binary: expected text or Parquet, plain or packed with gzip, zstd or zip";
}

/**
 * The beginning of a text, in whole lines.
 *
 * @param file Name of the file, for messages.
 * @param peeked Its bytes.
 * @param encoding Its encoding, if it is known.
 * @returns The text, its lines separated by line feeds; null if it is no text of that encoding.
 */
export function headText(file: string, { head, whole }: Peeked, encoding: string | undefined): string | null {
  const decoder = decoderOf(file, head, encoding), ends = new LineEnds();
  if (!decoder.encoding.startsWith("utf-16") && head.includes(0)) return null;
  try {
    const text = ends.push(decoder.decode(head, { stream: !whole })) + ends.end();
    const last = whole ? -1 : text.lastIndexOf("\n");
    return last < 0 ? text : text.slice(0, last);
  } catch {
    return null;
  }
}

/** How a text is changed on its way to the database. */
export interface TextChange {
  /** Lines at the beginning that are left blank. */
  readonly skip?: number;
  /** How lines begin that are left blank. */
  readonly comment?: string | null;
  /** What a line becomes; lines keep their numbers. */
  readonly line?: ((line: string) => string) | undefined;
  /** A character that the database may not see in a line: another one stands in its place. */
  readonly without?: string;
  /** The most characters of a line. */
  readonly longest?: number;
}

/**
 * Changes lines of a text, a piece at a time: lines that are not read are left blank, so that all others keep their
 * numbers.
 */
export class LineChanger {
  readonly #change: TextChange;
  #line = 0;
  #rest = "";
  #length = 0;
  #ends = 0;

  /** @param change What is changed. */
  constructor(change: TextChange) {
    this.#change = change;
  }

  /** Lines that were comments. */
  comments = 0;

  /** Number of the first line that is too long, or null. */
  tooLong: number | null = null;

  /**
   * Changes the next piece.
   *
   * @param text The piece.
   * @returns The lines that end in it.
   */
  push(text: string): string {
    const { skip = 0, comment = null, line, without, longest } = this.#change;
    if (without !== undefined && text.includes(without)) text = text.replaceAll(without, "\ufffd");
    if (longest !== undefined) this.#measure(text, longest);
    if (this.#rest === "" && this.#line >= skip && comment === null && line === undefined) return text;
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop()!;
    return lines.map((each) => `${this.#one(each)}\n`).join("");
  }

  /**
   * Changes what is left at the end.
   *
   * @returns The last line.
   */
  end(): string {
    return this.#rest === "" ? "" : this.#one(this.#rest);
  }

  #measure(text: string, longest: number): void {
    for (let from = 0;;) {
      const end = text.indexOf("\n", from);
      this.#length += (end < 0 ? text.length : end) - from;
      if (this.#length > longest) this.tooLong ??= this.#ends + 1;
      if (end < 0) return;
      [this.#length, from] = [0, end + 1];
      this.#ends++;
    }
  }

  #one(text: string): string {
    const { skip = 0, comment = null, line } = this.#change;
    const isComment = comment !== null && text.startsWith(comment);
    if (isComment) this.comments++;
    if (this.#line++ < skip || isComment) return "";
    return line === undefined ? text : line(text);
  }
}

/** Writes text to a new file, a piece at a time. */
export class TextFile implements Disposable {
  readonly #file: Deno.FsFile;
  readonly #encoder = new TextEncoder();

  /** @param path The file to write. */
  constructor(path: string) {
    this.#file = Deno.openSync(path, { write: true, createNew: true });
  }

  /**
   * Appends.
   *
   * @param text The text to append.
   */
  async write(text: string): Promise<void> {
    let rest = this.#encoder.encode(text);
    while (rest.length > 0) rest = rest.subarray(await this.#file.write(rest));
  }

  /** Closes the file. */
  [Symbol.dispose](): void {
    this.#file.close();
  }
}
