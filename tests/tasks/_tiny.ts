import { createTable } from "../../src/files/table_file.ts";
import { prepare } from "../../src/prepare/prepare.ts";
import { main as train } from "../../tasks/train.ts";

/** A folder with a tiny dataset, for the tests of a file. It is gone after them. */
export const FOLDER: string = await Deno.makeTempDir();
Deno.test.afterAll(() => Deno.remove(FOLDER, { recursive: true }));

/** Prepared dataset: users 1 to 30, items 1 to 20, most of them with titles. */
export const DATA = `${FOLDER}/data`;

/** Titles of items by id. */
export const TITLES: Readonly<Record<string, string | null>> = Object.fromEntries(
  Array.from({ length: 20 }, (_, at) => [String(at + 1), titleOf(at + 1)]),
);

function titleOf(id: number): string | null {
  if (id === 5) return "Star Wars (1977)";
  if (id === 6) return "Star Wars, and all that came after";
  return id === 7 ? null : `Film ${id}`;
}

await Deno.writeTextFile(
  `${FOLDER}/log.txt`,
  Array.from({ length: 30 }, (_, user) => {
    const items = Array.from({ length: 7 }, (_, at) => (user * 3 + at * (1 + user % 4)) % 20 + 1);
    return `${user + 1} ${[...new Set(items)].join(" ")}\n`;
  }).join(""),
);
await prepare({ files: [`${FOLDER}/log.txt`], out: DATA, format: "sequences", minUser: 1, minItem: 1 });
{
  const { readDataset } = await import("../../src/files/read_dataset.ts");
  const { items } = await readDataset(DATA);
  using table = await createTable(`${DATA}/items.parquet`, { item: "integer", id: "string", title: "string" });
  table.write({ item: [...items.keys()], id: items, title: items.map((id) => TITLES[id]!) });
  table.finish();
}

/** Flags of every task that computes: what is tested here is not the device. */
export const CPU = ["--device", "cpu", "--threads", "1"] as const;

/**
 * Runs a task in this process.
 *
 * @param main The task.
 * @param args Its arguments.
 * @returns What it printed.
 */
export async function outputOf(main: (args: readonly string[]) => Promise<void>, ...args: string[]): Promise<string> {
  const { log } = console, lines: string[] = [];
  console.log = (...parts: unknown[]) => lines.push(parts.join(" "));
  try {
    await main(args);
  } finally {
    console.log = log;
  }
  return lines.map((line) => `${line}\n`).join("");
}

/**
 * Runs a task as `deno task` does, with the permissions that deno.json gives it.
 *
 * @param args Name and arguments.
 * @param input Its standard input.
 * @returns Exit code and output.
 */
export async function runTask(
  args: readonly string[],
  input = "",
): Promise<{ code: number; out: string; err: string }> {
  const process = new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", ...args],
    env: { NO_COLOR: "1" },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = process.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input));
  await writer.close();
  const { code, stdout, stderr } = await process.output();
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return { code, out: out!, err: err! };
}

/**
 * Trains a tiny model on the tiny dataset.
 *
 * @param model Its name.
 * @param flags Further flags.
 * @returns The run directory.
 */
export async function tinyRun(model: string, ...flags: string[]): Promise<string> {
  const run = `${FOLDER}/${[model, ...flags].join("").replaceAll("--", "-")}`;
  const trained = ["popularity", "item-knn"].includes(model)
    ? []
    : ["--dimension", "16", "--epochs", "1", "--batch", "8"];
  const optimizer = trained.length === 0 || flags.includes("--compare") ? [] : ["--optimizer", "sevo-adamw"];
  await outputOf(train, "--model", model, "--data", DATA, "--out", run, ...trained, ...optimizer, ...flags, ...CPU);
  return run;
}

/** Everything in the folder, so that a test can say that nothing was left there. */
export async function everything(): Promise<string[]> {
  const names: string[] = [];
  const walk = async (path: string) => {
    for await (const { name, isDirectory } of Deno.readDir(path)) {
      if (isDirectory) await walk(`${path}/${name}`);
      else names.push(`${path}/${name}`);
    }
  };
  await walk(FOLDER);
  return names.sort();
}
