/**
 * Parquet columns as typed arrays and strings, with a plain word on what is wrong with a file.
 *
 * @module
 */

import { parquetRead, type SchemaElement } from "hyparquet";
import { CODECS, loadCodecs } from "./_codecs.ts";
import { bounds, type Footer, placesOf, readFooter } from "./_parquet_footer.ts";
import { checkPages } from "./_parquet_pages.ts";
import { Damage } from "./_thrift.ts";

/** What is wrong with a file of a dataset. The message goes on after "as". */
export class Fault extends Error {
  override readonly name = "Fault";
}

const MAGIC = "PAR1";

/** Types whose values are times and no numbers, though they are stored as integers. */
const TIMES = /^(DATE|TIME|TIMESTAMP|INTERVAL)/;

/** A Parquet file in memory. */
export class ParquetFile {
  readonly #label: string;
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #footer: Footer;
  /** Number of rows. */
  readonly rowCount: number;
  /** Names of the top-level columns, as in the file. */
  readonly columns: readonly string[];

  /**
   * @param label What messages call the file.
   * @param bytes The whole file.
   * @throws {Fault} If the footer is missing or cannot be read.
   */
  constructor(label: string, bytes: Uint8Array<ArrayBuffer>) {
    this.#label = label;
    this.#bytes = bytes;
    const magicAt = (start: number) => new TextDecoder("latin1").decode(bytes.subarray(start, start + 4)) === MAGIC;
    if (!magicAt(0)) throw new Fault(`${label} is not a Parquet file: it does not begin with ${MAGIC}`);
    if (bytes.length < 12 || !magicAt(bytes.length - 4)) {
      throw new Fault(`${label} ends early: ${bytes.length} bytes and no Parquet footer`);
    }
    try {
      this.#footer = readFooter(bytes);
    } catch (error) {
      throw this.#damaged(error, "its footer cannot be read");
    }
    this.rowCount = this.#footer.rowCount;
    this.columns = this.#footer.columns.map(({ name }) => name);
  }

  /** What hyparquet throws on purpose it says in words; else it has run into what it did not expect. */
  #damaged(error: unknown, otherwise: string): Fault {
    const said = error instanceof Damage || error instanceof Error && error.name === "Error";
    return new Fault(`${this.#label} is damaged: ${said ? error.message : otherwise}`, { cause: error });
  }

  #element(name: string): SchemaElement {
    const found = this.#footer.columns.filter((element) => element.name === name);
    if (found.length === 1) return found[0]!;
    if (found.length > 1) throw new Fault(`${this.#label} has the column '${name}' ${found.length} times`);
    throw new Fault(`${this.#label} has no column '${name}': its columns are ${this.columns.join(", ")}`);
  }

  /** Hands over the column a chunk at a time: hyparquet decodes a row group faster than row objects could be made. */
  async #read(name: string, take: (values: ArrayLike<unknown>, start: number) => void): Promise<void> {
    const unreadable = `the pages of column '${name}' cannot be read`;
    const bytes = this.#bytes,
      { metadata } = this.#footer,
      file = {
        byteLength: bytes.byteLength,
        slice: (start: number, end = bytes.byteLength) =>
          bytes.buffer.slice(bytes.byteOffset + start, bytes.byteOffset + end),
      };
    let seen = 0;
    try {
      const places = placesOf(this.#footer, name, bytes.length);
      const codecs = new Set(places.map(({ codec }) => codec ?? "no codec that has a name"));
      const unread = [...codecs].find((codec) => !CODECS.includes(codec));
      if (unread !== undefined) {
        throw new Fault(`${this.#label} is compressed with ${unread}: expected one of ${CODECS.join(", ")}`);
      }
      const compressors = await loadCodecs(codecs), budget = { ...bounds(bytes.length) };
      for (const { begin, end, codec, ...place } of places) {
        checkPages({ ...place, bytes: bytes.subarray(begin, end), codec: codec!, expand: compressors[codec!] }, budget);
      }
      await parquetRead({
        file,
        metadata,
        columns: [name],
        compressors,
        // Left as it is written: what is not JSON after all is no damage
        parsers: { jsonFromBytes: (bytes) => bytes && new TextDecoder().decode(bytes) },
        onChunk: ({ columnData, rowStart }) => {
          take(columnData, rowStart);
          seen += columnData.length;
        },
      });
    } catch (error) {
      throw error instanceof Fault ? error : this.#damaged(error, unreadable);
    }
    if (seen !== this.rowCount) {
      throw new Fault(`${this.#label} is damaged: column '${name}' has ${seen} of ${this.rowCount} rows`);
    }
  }

  /**
   * Reads a column of unsigned integers, stored as integers of any width, as decimals without decimals, or as floats.
   *
   * @param name Name of the column.
   * @param bound Exclusive upper bound of its values, at most 2^32.
   * @returns The column.
   * @throws {Fault} If the column is missing, not of integers, or a value is missing or out of range.
   */
  async integers(name: string, bound: number): Promise<Uint32Array<ArrayBuffer>> {
    const element = this.#element(name);
    if (!holdsNumbers(element)) {
      throw new Fault(`${this.#label} holds no integers in column '${name}': its type is ${typeName(element)}`);
    }
    const out = new Uint32Array(this.rowCount);
    let wrong: { row: number; value: unknown } | undefined;
    await this.#read(name, (values, start) => {
      // A throw in here would be lost: hyparquet calls back from a promise that nobody awaits.
      for (let i = 0; i < values.length; i++) {
        const value = values[i], number = Number(value);
        if (value === null || value === undefined || !(Number.isInteger(number) && number >= 0 && number < bound)) {
          if (wrong === undefined || start + i < wrong.row) wrong = { row: start + i, value };
          return;
        }
        out[start + i] = number;
      }
    });
    if (wrong !== undefined) {
      const expected = bound === 2 ** 32 ? "an unsigned 32-bit integer" : `an integer in [0, ${bound})`;
      throw new Fault(
        `${this.#label} holds '${wrong.value ?? null}' in column '${name}' of row ${wrong.row}: expected ${expected}`,
      );
    }
    return out;
  }

  /**
   * Reads a column as strings.
   *
   * @param name Name of the column.
   * @returns The column, with null where a value is missing.
   * @throws {Fault} If the column is missing or cannot be read.
   */
  async strings(name: string): Promise<(string | null)[]> {
    this.#element(name);
    const out = new Array<string | null>(this.rowCount).fill(null);
    let left = bounds(this.#bytes.length).bytes;
    await this.#read(name, (values, start) => {
      for (let i = 0; i < values.length && left >= 0; i++) {
        const value = values[i];
        if (value === null || value === undefined) continue;
        const text = textOf(value);
        out[start + i] = text;
        // A text is there once however often it is meant; one that is made of something else is not
        if (typeof value !== "string") left -= text.length;
      }
    });
    if (left < 0) {
      throw new Fault(`${this.#label} is damaged: column '${name}' holds far more than a file of its size`);
    }
    return out;
  }
}

/** Whether the values of a column are numbers that may be whole. */
function holdsNumbers({ type, converted_type, logical_type, scale = 0 }: SchemaElement): boolean {
  if (converted_type === "DECIMAL" || logical_type?.type === "DECIMAL") return scale === 0;
  if (TIMES.test(converted_type ?? "") || TIMES.test(logical_type?.type ?? "")) return false;
  return type === "INT32" || type === "INT64" || type === "FLOAT" || type === "DOUBLE";
}

/** What messages call the type of a column. */
function typeName({ type, converted_type, logical_type, scale }: SchemaElement): string {
  const name = logical_type?.type ?? converted_type ?? type ?? "a group of columns";
  return name === "DECIMAL" ? `DECIMAL with ${scale} decimals` : name;
}

/** A value as text. In here nothing may throw: hyparquet calls back from a promise that nobody awaits. */
function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "no date" : value.toISOString();
  if (value instanceof Uint8Array) return value.toHex();
  if (typeof value !== "object") return String(value);
  try {
    return JSON.stringify(value, (_, part) => typeof part === "bigint" ? Number(part) : part);
  } catch {
    return "no text";
  }
}
