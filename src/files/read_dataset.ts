import { type Description, parseDescription, provenanceOf } from "./_dataset_json.ts";
import { Fault, ParquetFile } from "./_parquet.ts";
import type { Dataset, SplitItems } from "../data/dataset.ts";
import type { PackedSequences } from "../data/sequences.ts";

/**
 * Thrown when a prepared dataset is missing, incomplete or contradicts itself.
 *
 * @example
 * ```ts
 * import { DatasetError, readDataset } from "@sevo/sevo/files";
 * import { assertRejects } from "@std/assert";
 *
 * await assertRejects(() => readDataset("no/such/folder"), DatasetError);
 * ```
 */
export class DatasetError extends Error {
  /** Tells this error from others. */
  override readonly name = "DatasetError";
}

/** By the number that stands in the column `split`. */
const SPLITS = ["train", "valid", "test"] as const;

async function readBytes(dir: string, file: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await Deno.readFile(`${dir}/${file}`);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw new Fault(`${file} is missing`);
    if (error instanceof Deno.errors.IsADirectory) throw new Fault(`${file} is a folder`);
    throw error;
  }
}

async function readText(dir: string, file: string): Promise<string> {
  const bytes = await readBytes(dir, file);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new Fault(`${file} is not of UTF-8`);
  }
}

async function openParquet(dir: string, file: string, rows: number, what: string): Promise<ParquetFile> {
  const parquet = new ParquetFile(file, await readBytes(dir, file));
  if (parquet.rowCount !== rows) {
    throw new Fault(`${file} has ${parquet.rowCount} rows and dataset.json counts another number of ${what}: ${rows}`);
  }
  return parquet;
}

/** Names of users or items, which the file lists by their number. */
async function readNames(parquet: ParquetFile, file: string, key: string): Promise<string[]> {
  const numbers = await parquet.integers(key, 2 ** 32);
  const row = numbers.findIndex((number, row) => number !== row);
  if (row >= 0) {
    throw new Fault(`${file} is out of order in row ${row}: expected ${key} ${row}, current value is ${numbers[row]}`);
  }
  const names = await parquet.strings("id");
  const nameless = names.indexOf(null);
  if (nameless >= 0) throw new Fault(`${file} has no id in row ${nameless}`);
  const seen = new Set<string | null>();
  for (const name of names) {
    if (seen.has(name)) throw new Fault(`${file} has the id '${name}' twice`);
    seen.add(name);
  }
  return names as string[];
}

async function readInteractions(parquet: ParquetFile, { counts }: Description): Promise<SplitItems> {
  const users = await parquet.integers("user", counts.users);
  const items = await parquet.integers("item", counts.items);
  const positions = await parquet.integers("position", 2 ** 32);
  const splits = await parquet.integers("split", SPLITS.length);

  const sizes = [0, 0, 0];
  for (const kind of splits) sizes[kind]! += 1;
  const part = (kind: number): PackedSequences => (
    { offsets: new Uint32Array(counts.users + 1), items: new Uint32Array(sizes[kind]!) }
  );
  const split: SplitItems = { train: part(0), valid: part(1), test: part(2) };
  const filled = [0, 0, 0];
  const fault = (row: number, what: string) => new Fault(`interactions.parquet ${what} in row ${row}`);
  for (let row = 0; row < users.length; row++) {
    const user = users[row]!, kind = splits[row]!;
    if (row > 0 && user < users[row - 1]!) throw fault(row, "is not in the order of users");
    if (row > 0 && user === users[row - 1]!) {
      if (positions[row]! <= positions[row - 1]!) throw fault(row, `has no ascending position for user ${user}`);
      // The order of the splits is the order of time
      if (kind < splits[row - 1]!) {
        throw fault(row, `has split ${kind} after split ${splits[row - 1]} for user ${user}`);
      }
    }
    const own = split[SPLITS[kind]!];
    own.items[filled[kind]!++] = items[row]!;
    own.offsets[user + 1]! += 1;
  }
  SPLITS.forEach((name, kind) => {
    if (sizes[kind] !== (counts[name] ?? sizes[kind])) {
      throw new Fault(
        `interactions.parquet has ${sizes[kind]} rows of split ${kind} and dataset.json counts ${counts[name]}`,
      );
    }
    const { offsets } = split[name];
    for (let user = 0; user < counts.users; user++) offsets[user + 1]! += offsets[user]!;
  });
  return split;
}

/**
 * Reads a prepared dataset and checks it: that every file is there and whole, that the counts of `dataset.json` are
 * those of the other files, that users and items are in range, and that each user's interactions are in the order of
 * their positions with the items to train on first, then those to validate on, then those to test on.
 *
 * @example
 * ```ts
 * import { readDataset } from "@sevo/sevo/files";
 * import { prepare } from "@sevo/sevo/prepare";
 * import { assertEquals } from "@std/assert";
 *
 * const folder = await Deno.makeTempDir();
 * await Deno.writeTextFile(`${folder}/log.csv`, "user,item,timestamp\nann,tea,1\nann,jam,2\nbob,tea,3\n");
 * await prepare({ files: [`${folder}/log.csv`], out: `${folder}/data`, minUser: 1, minItem: 1 }); // or deno task prepare
 * const { userCount, itemCount, train } = await readDataset(`${folder}/data`);
 * assertEquals([userCount, itemCount, train.items.length], [2, 2, 3]);
 * await Deno.remove(folder, { recursive: true });
 * ```
 *
 * @param dir The folder that `deno task prepare` wrote.
 * @returns The dataset.
 * @throws {DatasetError} If it is missing, incomplete or contradicts itself.
 */
export async function readDataset(dir: string): Promise<Dataset> {
  try {
    const folder = await Deno.stat(dir).catch((error) => {
      if (error instanceof Deno.errors.NotFound) throw new Fault("there is no such folder");
      throw error;
    });
    if (!folder.isDirectory) throw new Fault("it is not a folder");
    const description = parseDescription(await readText(dir, "dataset.json"));
    const { counts } = description;
    const usersFile = await openParquet(dir, "users.parquet", counts.users, "users");
    const itemsFile = await openParquet(dir, "items.parquet", counts.items, "items");
    const interactionsFile = await openParquet(dir, "interactions.parquet", counts.interactions, "interactions");
    const users = await readNames(usersFile, "users.parquet", "user");
    const items = await readNames(itemsFile, "items.parquet", "item");
    const itemColumns: [name: string, values: (string | null)[]][] = [];
    for (const column of itemsFile.columns) {
      if (column !== "item" && column !== "id") itemColumns.push([column, await itemsFile.strings(column)]);
    }
    const split = await readInteractions(interactionsFile, description);
    const provenance = provenanceOf(description, dir, split);
    return {
      name: provenance.name,
      userCount: counts.users,
      itemCount: counts.items,
      users,
      items,
      ...split,
      // From pairs, as setting `__proto__` on an object would give it no such column
      itemColumns: Object.fromEntries(itemColumns),
      provenance,
    };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    throw new DatasetError(`Cannot read dataset '${dir}' as ${error.message}`, { cause: error.cause });
  }
}
