import { type FileMetaData, parquetMetadata, type SchemaElement } from "hyparquet";
import { Damage, ThriftReader } from "./_thrift.ts";

/** Levels of a schema, and columns: more than any table has. */
const DEEPEST = 16, WIDEST = 4096;

/** Rows, values and bytes that a file of any size may be made into, and how many more for each of its bytes. */
const FREE_ROWS = 2 ** 20, FREE_BYTES = 2 ** 26, FOR_EACH = 256;

/** Types that hyparquet makes objects of any size of: they are read as they are written. */
const UNPARSED = ["VARIANT", "GEOMETRY", "GEOGRAPHY"];

/** The footer of a Parquet file, checked against the file. */
export interface Footer {
  /** As hyparquet takes it. */
  readonly metadata: FileMetaData;
  /** Number of rows. */
  readonly rowCount: number;
  /** The top-level columns. */
  readonly columns: readonly SchemaElement[];
  /** For each column that holds values the schema from the top level down to it, by its path. */
  readonly leaves: ReadonlyMap<string, readonly SchemaElement[]>;
}

/**
 * What may be made of a file. Columns that repeat themselves are small in a file, so rows are no good measure of one; but a
 * file of a few KB that holds billions is none that a program wrote.
 *
 * @param bytes Bytes of the file.
 * @returns Rows or values, and bytes.
 */
export function bounds(bytes: number): { readonly values: number; readonly bytes: number } {
  return { values: FREE_ROWS + FOR_EACH * bytes, bytes: FREE_BYTES + FOR_EACH * bytes };
}

/**
 * Reads the footer of a Parquet file.
 *
 * @param bytes The whole file, which ends as such a file does.
 * @returns The footer.
 * @throws {Damage} If it is cut off, contradicts itself or is not of this file.
 */
export function readFooter(bytes: Uint8Array<ArrayBuffer>): Footer {
  const end = bytes.length - 8, length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(end, true);
  if (length > end) throw new Damage(`its footer of ${length} bytes is cut off`);
  const begin = end - length;
  // First, as hyparquet believes what is said of lengths in there
  new ThriftReader(bytes, begin, end).struct();
  const metadata = parquetMetadata(bytes, { geoparquet: false });
  const [root, ...elements] = metadata.schema as [SchemaElement, ...SchemaElement[]];
  const columns: SchemaElement[] = [], leaves = new Map<string, readonly SchemaElement[]>();
  let at = 0;
  const readChildren = (parent: SchemaElement, path: readonly SchemaElement[]) => {
    if (path.length > DEEPEST) throw new Damage(`its columns are nested more than ${DEEPEST} levels deep`);
    for (let child = 0; child < (parent.num_children ?? 0); child++) {
      const element = elements[at++], own = [...path, element!];
      if (!element || typeof element.name !== "string") throw new Damage("its schema is cut off");
      if (UNPARSED.includes(element.logical_type?.type ?? "")) delete element.logical_type;
      if (path.length === 0) columns.push(element);
      if (element.num_children) readChildren(element, own);
      else leaves.set(keyOf(own.map(({ name }) => name)), own);
    }
  };
  readChildren(root, []);
  if (at !== elements.length) throw new Damage("its schema has columns that belong to none");
  if (leaves.size > WIDEST) throw new Damage(`it has ${leaves.size} columns: expected ${WIDEST} at most`);
  const rowCount = countOf(metadata.num_rows, "rows"), most = bounds(bytes.length).values;
  if (rowCount * leaves.size > most) {
    throw new Damage(`it counts ${rowCount} rows of ${leaves.size} columns, far more than ${bytes.length} bytes hold`);
  }
  let rows = 0;
  for (const group of metadata.row_groups) {
    rows += countOf(group.num_rows, "rows");
    if (group.columns.length !== leaves.size) throw new Damage("a group of rows has not all columns");
  }
  if (rows !== rowCount) throw new Damage(`it counts ${rowCount} rows and ${rows} of them in groups`);
  return { metadata, rowCount, columns, leaves };
}

/** The pages of a column in a group of rows. */
export interface ChunkPlace {
  /** Where they begin in the file. */
  readonly begin: number;
  /** Where they end. */
  readonly end: number;
  /** Their codec, if it has a name. */
  readonly codec: string | undefined;
  /** The schema from the top level down. */
  readonly path: readonly SchemaElement[];
  /** Rows of the group. */
  readonly rows: number;
}

/**
 * Where the pages of a top-level column are.
 *
 * @param footer The footer.
 * @param name Name of the column, which there is once.
 * @param fileLength Bytes of the file.
 * @returns The pages of it, or of the columns within it, in each group of rows.
 * @throws {Damage} If a part of the column is missing, is there twice, or lies outside of the file.
 */
export function placesOf({ metadata, leaves }: Footer, name: string, fileLength: number): ChunkPlace[] {
  const wanted = [...leaves.values()].filter(([column]) => column!.name === name).length;
  return metadata.row_groups.flatMap((group) => {
    const found = new Set<string>();
    const own = group.columns.filter(({ meta_data }) => meta_data?.path_in_schema[0] === name).map(({ meta_data }) => {
      const { path_in_schema, codec, dictionary_page_offset, data_page_offset, total_compressed_size } = meta_data!;
      const key = keyOf(path_in_schema), path = leaves.get(key);
      if (!path || found.has(key)) throw new Damage(`column '${name}' is there twice`);
      found.add(key);
      const begin = countOf(dictionary_page_offset || data_page_offset, "bytes");
      const end = begin + countOf(total_compressed_size, "bytes");
      if (end > fileLength) throw new Damage(`column '${name}' is cut off`);
      return { begin, end, codec, path, rows: Number(group.num_rows) };
    });
    if (found.size !== wanted && Number(group.num_rows) > 0) throw new Damage(`column '${name}' is not in every group`);
    return own;
  });
}

function keyOf(path: readonly string[]): string {
  return JSON.stringify(path);
}

function countOf(value: unknown, what: string): number {
  const count = typeof value === "bigint" ? Number(value) : NaN;
  if (!Number.isSafeInteger(count) || count < 0) throw new Damage(`it has no number of ${what}`);
  return count;
}
