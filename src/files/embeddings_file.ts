import { encodeStrings } from "../models/string_table.ts";
import type { Embeddings } from "../recommend/embeddings.ts";
import { encodeSafetensors, type SafetensorsTensor } from "../safetensors.ts";
import { writeWhole } from "./part_file.ts";
import { createTable, type TableColumns } from "./table_file.ts";

/** Rows of a table that are written together. */
const ROWS = 8192;

/**
 * Writes embeddings. `.parquet`: a row for each id with the columns and a list of floats; `.csv`: the same with a column
 * for each element; `.safetensors`: matrices, and texts as bytes with offsets; `.npy`: the matrix alone, float32, tables side
 * by side.
 *
 * @example
 * ```ts
 * import { writeEmbeddings } from "@sevo/sevo/files";
 * import { assertEquals } from "@std/assert";
 *
 * const folder = await Deno.makeTempDir();
 * await writeEmbeddings(`${folder}/items.csv`, {
 *   ids: ["a", "b"],
 *   columns: {},
 *   vectors: { item: { data: new Float32Array([1, 2, 3, 4]), width: 2 } },
 * });
 * const [head, first] = (await Deno.readTextFile(`${folder}/items.csv`)).split(/\r?\n/);
 * assertEquals([head, first], ["id,embedding_0,embedding_1", "a,1,2"]);
 * await Deno.remove(folder, { recursive: true });
 * ```
 *
 * @param path The file; its end says the format.
 * @param embeddings The embeddings.
 * @throws {RangeError} If the format is not known, or the folder is not there.
 */
export async function writeEmbeddings(path: string, embeddings: Embeddings): Promise<void> {
  if (path.endsWith(".npy")) return writeWhole(path, npyOf(embeddings));
  if (path.endsWith(".safetensors")) return writeWhole(path, safetensorsOf(embeddings));
  if (!/\.(parquet|csv)$/.test(path)) {
    throw new RangeError(
      `Cannot write '${path}' as its name must end in .parquet, .csv, .npy or .safetensors`,
    );
  }
  const { ids, columns, vectors } = embeddings, tables = Object.entries(vectors);
  const nameOf = (table: string) => tables.length === 1 ? "embedding" : table;
  const own = ["id", ...tables.map(([table]) => nameOf(table))];
  const columnOf = (name: string) => own.includes(name) ? `column.${name}` : name;
  const types: TableColumns = {
    id: "string",
    ...Object.fromEntries(Object.keys(columns).map((name) => [columnOf(name), "string"] as const)),
    ...Object.fromEntries(tables.map(([table]) => [nameOf(table), "vector"] as const)),
  };
  using table = await createTable(path, types);
  for (let begin = 0; begin < ids.length; begin += ROWS) {
    const end = Math.min(ids.length, begin + ROWS), rows = Array.from({ length: end - begin }, (_, at) => begin + at);
    table.write({
      id: ids.slice(begin, end),
      ...Object.fromEntries(
        Object.entries(columns).map(([name, values]) => [columnOf(name), values.slice(begin, end)]),
      ),
      ...Object.fromEntries(tables.map(([name, { data, width }]) => [
        nameOf(name),
        rows.map((row) => data.subarray(row * width, (row + 1) * width)),
      ])),
    });
  }
  table.finish();
}

function safetensorsOf({ ids, columns, vectors }: Embeddings): Uint8Array<ArrayBuffer> {
  const tensors: Record<string, SafetensorsTensor> = {};
  for (const [name, { data, width }] of Object.entries(vectors)) tensors[name] = { data, shape: [ids.length, width] };
  Object.assign(tensors, encodeStrings("id", ids));
  for (const [name, values] of Object.entries(columns)) Object.assign(tensors, encodeStrings(`column.${name}`, values));
  return encodeSafetensors({ tensors, metadata: {} });
}

/** NumPy's format, version 1.0: a header whose length is a multiple of 64, then the elements. */
function npyOf({ ids, vectors }: Embeddings): Uint8Array<ArrayBuffer> {
  const tables = Object.values(vectors), width = tables.reduce((sum, table) => sum + table.width, 0);
  const description = `{'descr': '<f4', 'fortran_order': False, 'shape': (${ids.length}, ${width}), }`;
  const header = description.padEnd(64 * Math.ceil((description.length + 11) / 64) - 11) + "\n";
  const bytes = new Uint8Array(10 + header.length + 4 * ids.length * width);
  bytes.set([0x93, ...new TextEncoder().encode("NUMPY"), 1, 0, header.length & 255, header.length >> 8]);
  bytes.set(new TextEncoder().encode(header), 10);
  const view = new DataView(bytes.buffer, 10 + header.length);
  let at = 0;
  for (let row = 0; row < ids.length; row++) {
    for (const { data, width } of tables) {
      for (let column = row * width; column < (row + 1) * width; column++, at += 4) {
        view.setFloat32(at, data[column]!, true);
      }
    }
  }
  return bytes;
}
