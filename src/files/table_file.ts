import type { SchemaElement } from "hyparquet";
import { PartFile } from "./part_file.ts";

/** What a column of a table holds: a number has 64 bits, a float 32; of vectors, all are of one length. */
export type ColumnType = "string" | "number" | "integer" | "float" | "vector";

/** Columns of a table by name, in order. */
export type TableColumns = { readonly [name: string]: ColumnType };

/** Rows of a table, column by column. */
export type TableRows = { readonly [name: string]: readonly (string | number | null | Float32Array)[] };

/** A table that is written piece by piece. The file appears whole, when it is finished, or not at all. */
export interface TableFile extends Disposable {
  /**
   * Adds rows.
   *
   * @param rows All columns, of one length.
   */
  write(rows: TableRows): void;
  /** Completes the file. */
  finish(): void;
}

/** Formats by the end of a file's name. */
const TABLE_FORMATS = ["parquet", "csv"] as const;

/**
 * Opens a table for writing. `.parquet` has strings, 64-bit floats, 32-bit integers, floats and lists of floats; `.csv` has a header,
 * cells as of RFC 4180, and a column for each element of a vector.
 *
 * @example
 * ```ts
 * import { createTable } from "@sevo/sevo/files";
 * import { assertEquals } from "@std/assert";
 *
 * const folder = await Deno.makeTempDir();
 * {
 *   using table = await createTable(`${folder}/table.csv`, { item: "string", rank: "integer" });
 *   table.write({ item: ["a", "b"], rank: [1, 2] });
 *   await table.finish();
 * }
 * assertEquals((await Deno.readTextFile(`${folder}/table.csv`)).split(/\r?\n/).slice(0, 3), ["item,rank", "a,1", "b,2"]);
 * await Deno.remove(folder, { recursive: true });
 * ```
 *
 * @param path The file; its end says the format.
 * @param columns Its columns.
 * @returns The table.
 * @throws {RangeError} If the folder is not there, or the format is not known.
 */
export async function createTable(path: string, columns: TableColumns): Promise<TableFile> {
  if (path.endsWith(".csv")) return new CsvTable(path, columns);
  if (path.endsWith(".parquet")) {
    // Loaded only where it is needed: nothing else writes Parquet
    const { ByteWriter, ParquetWriter } = await import("hyparquet-writer");
    return parquetTable(path, columns, new ByteWriter(), (writer, schema) => new ParquetWriter({ writer, schema }));
  }
  throw new RangeError(
    `Cannot write '${path}' as its name must end in ${TABLE_FORMATS.map((end) => `.${end}`).join(" or ")}`,
  );
}

/**
 * Rows of a table as CSV, for where there is no file.
 *
 * @param columns Its columns.
 * @param rows Its rows.
 * @returns A header and a line for each row.
 */
export function csvOf(columns: TableColumns, rows: TableRows): string {
  return csvHead(columns, rows) + csvLines(columns, rows);
}

class CsvTable implements TableFile {
  readonly #file: PartFile;
  readonly #columns: TableColumns;
  readonly #encoder = new TextEncoder();
  #headed = false;

  constructor(path: string, columns: TableColumns) {
    this.#file = new PartFile(path);
    this.#columns = columns;
  }

  write(rows: TableRows): void {
    const text = csvLines(this.#columns, rows);
    if (text === "") return;
    this.#writeHead(rows);
    this.#file.write(this.#encoder.encode(text));
  }

  finish(): void {
    this.#writeHead(null);
    this.#file.finish();
  }

  /** Writes the head, once: how long vectors are is known with the first row, if there is one. */
  #writeHead(rows: TableRows | null): void {
    if (this.#headed) return;
    this.#headed = true;
    this.#file.write(this.#encoder.encode(csvHead(this.#columns, rows)));
  }

  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]();
  }
}

function csvHead(columns: TableColumns, rows: TableRows | null): string {
  const head = Object.keys(columns).flatMap((name) => {
    const first = rows?.[name]?.[0];
    return first instanceof Float32Array ? Array.from(first, (_, at) => `${name}_${at}`) : [name];
  });
  return head.map(cell).join(",") + "\n";
}

function csvLines(columns: TableColumns, rows: TableRows): string {
  const names = Object.keys(columns), length = rows[names[0]!]!.length;
  let text = "";
  for (let row = 0; row < length; row++) {
    const cells = names.flatMap((name) => {
      const value = rows[name]![row]!;
      return value instanceof Float32Array ? Array.from(value, cell) : [cell(value)];
    });
    text += cells.join(",") + "\n";
  }
  return text;
}

/** A cell: what could be taken for more than one, or for none, is quoted. */
function cell(value: string | number | null): string {
  if (value === null) return "";
  const text = String(value);
  return text === "" || /[",\r\n]/.test(text) || text.trim() !== text ? `"${text.replaceAll('"', '""')}"` : text;
}

const ELEMENTS = {
  string: { type: "BYTE_ARRAY", converted_type: "UTF8" },
  number: { type: "DOUBLE" },
  integer: { type: "INT32" },
  float: { type: "FLOAT" },
} as const;

/** Types whose values may be missing. */
const OPTIONAL: readonly ColumnType[] = ["string", "number"];

/** The schema of a table. */
function schemaOf(columns: TableColumns): SchemaElement[] {
  const elements = Object.entries(columns).flatMap(([name, type]): SchemaElement[] => {
    if (type !== "vector") {
      return [{ name, ...ELEMENTS[type], repetition_type: OPTIONAL.includes(type) ? "OPTIONAL" : "REQUIRED" }];
    }
    return [
      { name, repetition_type: "REQUIRED", num_children: 1, converted_type: "LIST" },
      { name: "list", repetition_type: "REPEATED", num_children: 1 },
      { name: "element", type: "FLOAT", repetition_type: "REQUIRED" },
    ];
  });
  return [{ name: "root", num_children: Object.keys(columns).length }, ...elements];
}

/** What of hyparquet-writer's ByteWriter is used here. */
interface Bytes {
  index: number;
  getBytes(): Uint8Array;
}

/** What of its ParquetWriter is used here. */
interface Parquet {
  write(options: { columnData: { name: string; data: unknown[] }[]; rowGroupSize: number }): void | Promise<void>;
  finish(): void | Promise<void>;
}

function parquetTable<W extends Bytes>(
  path: string,
  columns: TableColumns,
  bytes: W,
  open: (writer: W, schema: SchemaElement[]) => Parquet,
): TableFile {
  const file = new PartFile(path), parquet = open(bytes, schemaOf(columns));
  const flush = () => {
    file.write(bytes.getBytes());
    bytes.index = 0;
  };
  return {
    write(rows) {
      const columnData = Object.keys(columns).map((name) => ({
        name,
        data: rows[name]!.map((value) => value instanceof Float32Array ? Array.from(value) : value),
      }));
      parquet.write({ columnData, rowGroupSize: columnData[0]!.data.length });
      flush();
    },
    finish() {
      parquet.finish();
      flush();
      file.finish();
    },
    [Symbol.dispose]: () => file[Symbol.dispose](),
  };
}
