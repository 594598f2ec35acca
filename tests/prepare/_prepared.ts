import { assert, assertEquals, assertRejects } from "@std/assert";
import { readDataset } from "../../src/files/read_dataset.ts";
import { prepare, PrepareError, type PrepareOptions } from "../../src/prepare/prepare.ts";

/** A prepared log, as tests look at it. */
export interface Look {
  /** Each user's items in their order, all splits together. */
  readonly sequences: Readonly<Record<string, string>>;
  /** What is known of the items, by id. */
  readonly items: Readonly<Record<string, Readonly<Record<string, string | null>>>>;
  /** Warnings, joined. */
  readonly warnings: string;
  /** What was made. */
  readonly prepared: Awaited<ReturnType<typeof prepare>>;
  /** Bytes of the dataset's tables. */
  readonly tables: Readonly<Record<string, Uint8Array>>;
}

/** Each user's items in their order, all splits of a dataset together. */
async function sequencesOf(out: string): Promise<Record<string, string>> {
  const { train, valid, test, users, items } = await readDataset(out);
  return Object.fromEntries(users.map((user, at) => {
    const own = [train, valid, test].flatMap(({ offsets, items: list }) =>
      [...list.subarray(offsets[at], offsets[at + 1])].map((item) => items[item]!)
    );
    return [user, own.join(" ")] as const;
  }));
}

/**
 * Prepares a log, without a filter unless one is asked for, and looks at it.
 *
 * @param options The log and how it is read.
 * @returns What came of it.
 */
export async function prepared(options: Omit<PrepareOptions, "out">): Promise<Look> {
  const folder = await Deno.makeTempDir();
  try {
    const out = `${folder}/out`;
    const made = await prepare({ minUser: 1, minItem: 1, ...options, out });
    const { items, itemColumns } = await readDataset(out);
    const known = items.map((id, at) => {
      return [
        id,
        Object.fromEntries(Object.entries(itemColumns).map(([name, values]) => [name, values[at]!])),
      ] as const;
    });
    const tables = await Promise.all(["interactions", "users", "items"].map(async (name) => {
      return [name, await Deno.readFile(`${out}/${name}.parquet`)] as const;
    }));
    return {
      sequences: await sequencesOf(out),
      items: Object.fromEntries(known),
      warnings: made.warnings.join("\n"),
      prepared: made,
      tables: Object.fromEntries(tables),
    };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/**
 * Titles of the items, by id.
 *
 * @param look A prepared log.
 * @param column The column of the titles.
 * @returns The titles.
 */
export function titlesIn({ items }: Look, column = "title"): Record<string, string | null> {
  return Object.fromEntries(Object.entries(items).map(([id, columns]) => [id, columns[column] ?? null]));
}

/** What a file holds. */
export type Content = string | Uint8Array;

/** How a log is prepared. */
export type Options = Partial<PrepareOptions>;

/**
 * Runs in a folder of its own, which is gone afterwards.
 *
 * @param use What is run.
 * @returns What it returned.
 */
export async function inFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await Deno.makeTempDir();
  try {
    return await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/**
 * Names of what is in a folder.
 *
 * @param folder The folder.
 * @returns The names, sorted.
 */
export function listing(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
}

/**
 * Writes files into a folder.
 *
 * @param folder The folder.
 * @param files What each holds, by their names, which may be those of files in further folders.
 */
export async function writeFiles(folder: string, files: Readonly<Record<string, Content>>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    const path = `${folder}/${name}`;
    await Deno.mkdir(path.replace(/[^/]*$/, ""), { recursive: true });
    await Deno.writeFile(path, typeof content === "string" ? new TextEncoder().encode(content) : content);
  }
}

/**
 * Prepares a log that is given as text or bytes.
 *
 * @param content The log.
 * @param options How it is read.
 * @returns What came of it.
 */
export async function preparedLog(content: Content, options: Options = {}): Promise<Look> {
  return await inFolder(async (folder) => {
    await writeFiles(folder, { log: content });
    return await prepared({ ...options, files: [`${folder}/log`] });
  });
}

/**
 * Why a log cannot be prepared.
 *
 * @param content The log.
 * @param options How it is read.
 * @returns The message after the name of the file.
 */
export async function refusal(content: Content, options: Options = {}): Promise<string> {
  const { message } = await assertRejects(() => preparedLog(content, options), PrepareError);
  return message.replace(/^Cannot prepare '[^']*' as /, "");
}

/**
 * Every user with its items.
 *
 * @param look A prepared log.
 * @returns A text for each user, as in `user item item`.
 */
export function usersIn({ sequences }: Pick<Look, "sequences">): string[] {
  return Object.entries(sequences).map(([user, items]) => `${user} ${items}`).toSorted();
}

/**
 * Checks that a text matches a pattern.
 *
 * @param text The text.
 * @param pattern The pattern.
 */
export function assertLike(text: string, pattern: RegExp): void {
  assert(pattern.test(text), `${JSON.stringify(text.slice(0, 2000))} is not like ${pattern}`);
}

/** Words of the database and of the language that are no answer to a user. */
const RAW =
  /DuckDB|LINE 1|\bBinder|Catalog|Conversion|Invalid Input|IO Error|Parser Error|SEVO_DEBUG|read_csv|\bat .*\.ts:/;

/** Everything in a folder: names, sizes, times of change. */
function snapshot(folder: string): string[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name }) => {
    const path = `${folder}/${name}`, { isDirectory, size, mtime } = Deno.lstatSync(path);
    return isDirectory ? [path, ...snapshot(path)] : [`${path} ${size} ${mtime?.getTime()}`];
  }).toSorted();
}

/**
 * Prepares files in a folder. Either they make a dataset, or a message in one line says why not; nothing else is left.
 *
 * @param folder The folder.
 * @param files The files.
 * @param options How they are read.
 * @returns The users with their items, or why there are none.
 */
export async function endsWell(folder: string, files: readonly string[], options: Options = {}): Promise<string> {
  const before = snapshot(folder), out = `${folder}/out of it`;
  try {
    await prepare({ minUser: 1, minItem: 1, ...options, files, out });
    const users = usersIn({ sequences: await sequencesOf(out) });
    await Deno.remove(out, { recursive: true });
    assertEquals(snapshot(folder), before);
    return users.join(" | ");
  } catch (error) {
    assert(error instanceof Error);
    assertLike(error.name, /^(PrepareError|RangeError|SyntaxError|WhereError)$/);
    assert(!RAW.test(error.message), error.message);
    // deno-lint-ignore no-control-regex
    assert(!/[\x00-\x1f\x7f-\x9f\u2028\u202e]/.test(error.message), JSON.stringify(error.message));
    assert(error.message.length < 3000, `${error.message.length} characters`);
    assertEquals(snapshot(folder), before);
    return error.message.replace(/^Cannot prepare '[^']*' as /, "");
  }
}
