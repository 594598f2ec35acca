import { z } from "zod";
import { Fault, ParquetFile } from "./_parquet.ts";
import { type Dataset, type Provenance, SCHEMA_VERSION } from "../data/dataset.ts";

/** Thrown when a prepared dataset is missing, incomplete or contradicts itself. */
export class DatasetError extends Error {
  /** Tells this error from others. */
  override readonly name = "DatasetError";
}

const TRAIN = 0, VALID = 1, TEST = 2;

const count = z.int().min(0).max(2 ** 31 - 1);
const provenanceSchema = z.object({
  schemaVersion: z.literal(SCHEMA_VERSION),
  name: z.string().min(1),
  createdBy: z.string(),
  source: z.object({ file: z.string(), bytes: z.int().min(0), sha256: z.string().regex(/^[0-9a-f]{64}$/) }).nullable(),
  options: z.record(z.string(), z.unknown()),
  counts: z.object({ users: count, items: count, interactions: count, train: count, valid: count, test: count }),
});

function parseProvenance(text: string): Provenance {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new Fault(`dataset.json is not JSON: ${(error as Error).message}`);
  }
  // Said first: a file of another version may differ in everything else, which would be of no help to anybody.
  const version = (json as { schemaVersion?: unknown } | null)?.schemaVersion;
  if (version !== undefined && version !== SCHEMA_VERSION) {
    throw new Fault(`dataset.json has schema version ${JSON.stringify(version)}: expected ${SCHEMA_VERSION}`);
  }
  const result = provenanceSchema.safeParse(json);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  const where = issue.path.length === 0 ? "" : ` at ${issue.path.join(".")}`;
  throw new Fault(`dataset.json is wrong${where}: ${issue.message}`);
}

async function readBytes(dir: string, file: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await Deno.readFile(`${dir}/${file}`);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw new Fault(`${file} is missing`);
    throw error;
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

type Split = Pick<Dataset, "trainOffsets" | "trainItems" | "validItems" | "testItems">;

async function readInteractions(parquet: ParquetFile, { counts }: Provenance): Promise<Split> {
  const users = await parquet.integers("user", counts.users);
  const items = await parquet.integers("item", counts.items);
  const positions = await parquet.integers("position", 2 ** 32);
  const splits = await parquet.integers("split", 3);

  const trainOffsets = new Uint32Array(counts.users + 1);
  const trainItems = new Uint32Array(counts.train);
  const validItems = new Int32Array(counts.users).fill(-1);
  const testItems = new Int32Array(counts.users).fill(-1);
  const found = [0, 0, 0];
  const fault = (row: number, what: string) => new Fault(`interactions.parquet ${what} in row ${row}`);
  for (let row = 0; row < users.length; row++) {
    const user = users[row]!, split = splits[row]!;
    if (row > 0 && user < users[row - 1]!) throw fault(row, "is not in the order of users");
    if (row > 0 && user === users[row - 1]!) {
      if (positions[row]! <= positions[row - 1]!) throw fault(row, `has no ascending position for user ${user}`);
      // One item each at most, after the training items: the order of the splits is the order of time.
      if (split < splits[row - 1]! || (split !== TRAIN && split === splits[row - 1]!)) {
        throw fault(row, `has split ${split} after split ${splits[row - 1]} for user ${user}`);
      }
    }
    const at = found[split]!++;
    if (split === VALID) validItems[user] = items[row]!;
    else if (split === TEST) testItems[user] = items[row]!;
    else if (at < trainItems.length) {
      trainItems[at] = items[row]!;
      trainOffsets[user + 1] = trainOffsets[user + 1]! + 1;
    }
  }
  const expected = [counts.train, counts.valid, counts.test];
  for (const split of [TRAIN, VALID, TEST]) {
    if (found[split] !== expected[split]) {
      throw new Fault(
        `interactions.parquet has ${found[split]} rows of split ${split} and dataset.json counts ${expected[split]}`,
      );
    }
  }
  for (let user = 0; user < counts.users; user++) trainOffsets[user + 1]! += trainOffsets[user]!;
  return { trainOffsets, trainItems, validItems, testItems };
}

/**
 * Reads a prepared dataset and checks it: that every file is there and whole, that the counts of `dataset.json` are
 * those of the other files, that users and items are in range, and that each user's interactions are in the order of
 * their positions with the training items first, then at most one item to validate on, then at most one to test on.
 *
 * @example
 * ```ts ignore
 * const dataset = await readDataset("data/beauty");
 * console.log(dataset.userCount, dataset.itemCount, dataset.trainItems.length);
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
    const provenance = parseProvenance(new TextDecoder().decode(await readBytes(dir, "dataset.json")));
    const { counts } = provenance;
    const usersFile = await openParquet(dir, "users.parquet", counts.users, "users");
    const itemsFile = await openParquet(dir, "items.parquet", counts.items, "items");
    const interactionsFile = await openParquet(dir, "interactions.parquet", counts.interactions, "interactions");
    const users = await readNames(usersFile, "users.parquet", "user");
    const items = await readNames(itemsFile, "items.parquet", "item");
    const itemColumns: Record<string, (string | null)[]> = {};
    for (const column of itemsFile.columns) {
      if (column !== "item" && column !== "id") itemColumns[column] = await itemsFile.strings(column);
    }
    return {
      name: provenance.name,
      userCount: counts.users,
      itemCount: counts.items,
      users,
      items,
      ...await readInteractions(interactionsFile, provenance),
      itemColumns,
      provenance,
    };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    throw new DatasetError(`Cannot read dataset '${dir}' as ${error.message}`, { cause: error.cause });
  }
}
