/**
 * Parquet columns as typed arrays and strings, with a plain word on what is wrong with a file.
 *
 * @module
 */

import { type FileMetaData, parquetMetadata, parquetRead } from "hyparquet";

/** What is wrong with a file of a dataset. The message goes on after "as". */
export class Fault extends Error {
  override readonly name = "Fault";
}

const MAGIC = "PAR1";
const INTEGER_TYPES: readonly (string | undefined)[] = ["INT32", "INT64"];

/** A Parquet file in memory. */
export class ParquetFile {
  readonly #label: string;
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #metadata: FileMetaData;
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
      this.columns = this.#metadata.row_groups.length === 0
        ? this.#metadata.schema.slice(1).map((element) => element.name)
        : [...new Set(this.#metadata.row_groups[0]!.columns.map((column) => column.meta_data!.path_in_schema[0]!))];
    } catch (error) {
      throw this.#damaged(error);
    }
  }

  #damaged(error: unknown): Fault {
    return new Fault(`${this.#label} is damaged: ${error instanceof Error ? error.message : error}`, {
      cause: error,
    });
  }

  #element(name: string): FileMetaData["schema"][number] {
    const element = this.#metadata.schema.slice(1).find((element) => element.name === name);
    if (element === undefined) {
      throw new Fault(`${this.#label} has no column '${name}': its columns are ${this.columns.join(", ")}`);
    }
    return element;
  }

  /** Hands over the column a chunk at a time: hyparquet decodes a row group faster than row objects could be made. */
  async #read(name: string, take: (values: ArrayLike<unknown>, start: number) => void): Promise<void> {
    for (const group of this.#metadata.row_groups) {
      const column = group.columns.find((column) => column.meta_data?.path_in_schema[0] === name);
      const codec = column?.meta_data?.codec;
      if (codec !== undefined && codec !== "SNAPPY" && codec !== "UNCOMPRESSED") {
        throw new Fault(`${this.#label} is compressed with ${codec}: expected SNAPPY or UNCOMPRESSED`);
      }
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
   * Reads a column of unsigned integers.
   *
   * @param name Name of the column.
   * @param bound Exclusive upper bound of its values, at most 2^32.
   * @returns The column.
   * @throws {Fault} If the column is missing, not of integers, or a value is missing or out of range.
   */
  async integers(name: string, bound: number): Promise<Uint32Array<ArrayBuffer>> {
    const { type } = this.#element(name);
    if (!INTEGER_TYPES.includes(type)) {
      throw new Fault(`${this.#label} holds no integers in column '${name}': its type is ${type}`);
    }
    const out = new Uint32Array(this.rowCount);
    let wrong: { row: number; value: unknown } | undefined;
    await this.#read(name, (values, start) => {
      // A throw in here would be lost: hyparquet calls back from a promise that nobody awaits.
      for (let i = 0; i < values.length; i++) {
        const value = values[i], number = Number(value);
        if (value === null || value === undefined || !(number >= 0 && number < bound)) {
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
        out[start + i] = value === null || value === undefined
          ? null
          : typeof value === "string"
          ? value
          : value instanceof Date
          ? value.toISOString()
          : typeof value === "object"
          ? JSON.stringify(value)
          : String(value);
      }
    });
    return out;
  }
}
