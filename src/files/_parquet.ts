/**
 * Parquet columns as typed arrays and strings, with a plain word on what is wrong with a file.
 *
 * @module
 */

import { type FileMetaData, parquetMetadata, parquetRead, parquetSchema } from "hyparquet";
import { CODECS, loadCodecs } from "./_codecs.ts";

/** What is wrong with a file of a dataset. The message goes on after "as". */
export class Fault extends Error {
  override readonly name = "Fault";
}

const MAGIC = "PAR1";

/** The top-level columns of a file. */
type Column = FileMetaData["schema"][number];

/** Types whose values are times and no numbers, though they are stored as integers. */
const TIMES = /^(DATE|TIME|TIMESTAMP|INTERVAL)/;

/** A Parquet file in memory. */
export class ParquetFile {
  readonly #label: string;
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #metadata: FileMetaData;
  readonly #elements: readonly Column[];
  readonly #codecs = new Map<string, Set<string>>();
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
      this.#metadata = parquetMetadata(bytes);
      this.rowCount = Number(this.#metadata.num_rows);
      this.#elements = parquetSchema(this.#metadata).children.map(({ element }) => element);
      this.columns = this.#elements.map(({ name }) => name);
      const held = this.#metadata.row_groups.reduce((rows, group) => {
        for (const { meta_data } of group.columns) {
          const { path_in_schema: [name], codec } = meta_data!;
          this.#codecs.set(name!, (this.#codecs.get(name!) ?? new Set()).add(codec));
        }
        return rows + Number(group.num_rows);
      }, 0);
      if (held !== this.rowCount || held >= 2 ** 32) throw new RangeError(`its footer counts ${this.rowCount} rows`);
    } catch (error) {
      throw this.#damaged(error);
    }
  }

  #damaged(error: unknown): Fault {
    return new Fault(`${this.#label} is damaged: ${error instanceof Error ? error.message : error}`, {
      cause: error,
    });
  }

  #element(name: string): Column {
    const found = this.#elements.filter((element) => element.name === name);
    if (found.length === 1) return found[0]!;
    if (found.length > 1) throw new Fault(`${this.#label} has the column '${name}' ${found.length} times`);
    throw new Fault(`${this.#label} has no column '${name}': its columns are ${this.columns.join(", ")}`);
  }

  /** Hands over the column a chunk at a time: hyparquet decodes a row group faster than row objects could be made. */
  async #read(name: string, take: (values: ArrayLike<unknown>, start: number) => void): Promise<void> {
    const codecs = this.#codecs.get(name) ?? new Set<string>();
    const unread = [...codecs].find((codec) => !CODECS.includes(codec));
    if (unread !== undefined) {
      throw new Fault(`${this.#label} is compressed with ${unread}: expected one of ${CODECS.join(", ")}`);
    }
    const buffer = this.#bytes.buffer, base = this.#bytes.byteOffset;
    const file = {
      byteLength: this.#bytes.byteLength,
      slice: (start: number, end = this.#bytes.byteLength) => buffer.slice(base + start, base + end),
    };
    let seen = 0;
    try {
      await parquetRead({
        file,
        metadata: this.#metadata,
        columns: [name],
        compressors: await loadCodecs(codecs),
        // Left as it is written: what is not JSON after all is no damage
        parsers: { jsonFromBytes: (bytes) => bytes && new TextDecoder().decode(bytes) },
        onChunk: ({ columnData, rowStart }) => {
          take(columnData, rowStart);
          seen += columnData.length;
        },
      });
    } catch (error) {
      throw this.#damaged(error);
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
    await this.#read(name, (values, start) => {
      for (let i = 0; i < values.length; i++) {
        const value = values[i];
        out[start + i] = value === null || value === undefined ? null : textOf(value);
      }
    });
    return out;
  }
}

/** Whether the values of a column are numbers that may be whole. */
function holdsNumbers({ type, converted_type, logical_type, scale = 0 }: Column): boolean {
  if (converted_type === "DECIMAL" || logical_type?.type === "DECIMAL") return scale === 0;
  if (TIMES.test(converted_type ?? "") || TIMES.test(logical_type?.type ?? "")) return false;
  return type === "INT32" || type === "INT64" || type === "FLOAT" || type === "DOUBLE";
}

/** What messages call the type of a column. */
function typeName({ type, converted_type, logical_type, scale }: Column): string {
  const name = logical_type?.type ?? converted_type ?? type ?? "a group of columns";
  return name === "DECIMAL" ? `DECIMAL with ${scale} decimals` : name;
}

/** A value as text. In here nothing may throw: hyparquet calls back from a promise that nobody awaits. */
function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "no date" : value.toISOString();
  if (value instanceof Uint8Array) return value.toHex();
  if (typeof value !== "object") return String(value);
  return JSON.stringify(value, (_, part) => typeof part === "bigint" ? Number(part) : part);
}
