/**
 * Makes a prepared dataset of a log of interactions. DuckDB does what a database does well: reading delimited text,
 * filtering, sorting, writing Parquet. Only `deno task prepare` imports this file, so only it needs the native package.
 *
 * @module
 */

import { build } from "./_build.ts";
import { Database, DatabaseFault } from "./_database.ts";
import type { Input } from "./input/input.ts";
import type { Prepared, PrepareOptions } from "./options.ts";
import { type Plan, planOf } from "./_plan.ts";
import { PrepareError, shown } from "./prepare_error.ts";
import { Progress } from "./_progress.ts";
import { exists, removeLeftovers, WorkFolder } from "./_work_folder.ts";

export { PrepareError } from "./prepare_error.ts";
export type * from "./options.ts";

const SEPARATOR = Deno.build.os === "windows" ? "\\" : "/";

async function checkOut({ file, options, ...plan }: Plan): Promise<void> {
  const { out, overwrite = false } = options;
  if (!await exists(out)) return;
  if (!overwrite) throw new PrepareError(file, `${shown(out)} exists already: --overwrite replaces it`);
  // Whoever mistypes a path does not lose what is there.
  const isDataset = await exists(`${out}/dataset.json`);
  if (!isDataset) throw new PrepareError(file, `${shown(out)} is not a dataset: --overwrite replaces only a dataset`);
  const folder = await Deno.realPath(out);
  // The files of an archive have no path, and it has none but its name
  const names = [...options.files, options.valid, options.test, options.items].filter((name) => name !== undefined);
  const paths = inputsOf(plan).map(({ path }) => path).filter((path) => path !== null);
  for (const path of new Set([...names, ...paths])) {
    if (!await exists(path) || !(await Deno.realPath(path)).startsWith(`${folder}${SEPARATOR}`)) continue;
    throw new PrepareError(file, `${shown(path)} lies in ${shown(out)}, all of which --overwrite replaces`);
  }
}

/** All files that are read. */
function inputsOf({ parts, items }: Pick<Plan, "parts" | "items">): Input[] {
  return [...parts.flatMap(({ inputs }) => inputs), ...items === null ? [] : [items]];
}

/** Builds a dataset in a folder, with a database beside it. */
async function buildIn(plan: Plan, { path: work, dataset }: WorkFolder): Promise<Prepared> {
  const { options, file } = plan, { signal } = options, inputs = inputsOf(plan);
  using db = await Database.open(work, inputs.map(({ path }) => path).filter((path) => path !== null));
  const interrupt = () => db.interrupt();
  signal?.addEventListener("abort", interrupt);
  try {
    signal?.throwIfAborted();
    const prepared = await build(plan, { db, work, signal, progress: new Progress(options, inputs) }, dataset);
    signal?.throwIfAborted();
    return prepared;
  } catch (error) {
    signal?.throwIfAborted();
    if (!(error instanceof DatabaseFault)) throw error;
    throw new PrepareError(file, error.why, { cause: error.cause });
  } finally {
    signal?.removeEventListener("abort", interrupt);
  }
}

/**
 * Makes a prepared dataset. It is written beside its place and moved there when it is whole, so that a failure leaves
 * nothing behind but what was there. A process that is killed leaves a folder `.prepare-...` beside the place, which the
 * next call that writes there removes; the dataset that was to be replaced is in its place by then.
 *
 * @example
 * ```ts
 * import { readDataset } from "@sevo/sevo/files";
 * import { prepare } from "@sevo/sevo/prepare";
 * import { assertEquals } from "@std/assert";
 *
 * const folder = await Deno.makeTempDir();
 * const lines = ["ann,tea,1", "ann,cake,2", "ann,jam,3", "ann,milk,4", "bob,tea,5", "bob,jam,6"];
 * await Deno.writeTextFile(`${folder}/log.csv`, ["user,item,timestamp", ...lines].join("\n"));
 * await prepare({ files: [`${folder}/log.csv`], out: `${folder}/data`, minUser: 1, minItem: 1 });
 * const { users, userCount, itemCount } = await readDataset(`${folder}/data`);
 * assertEquals([users, userCount, itemCount], [["ann", "bob"], 2, 4]);
 * await Deno.remove(folder, { recursive: true });
 * ```
 *
 * @param options What to make it of, and how.
 * @returns What was made.
 * @throws {PrepareError} If the log cannot be prepared.
 * @throws {WriteError} If the dataset cannot be written.
 * @throws {RangeError} If an option is out of range.
 * @throws {SyntaxError} If the condition cannot be read.
 */
export async function prepare(options: PrepareOptions): Promise<Prepared> {
  const out = options.out.replace(/(?<=.)[/\\]+$/, "");
  if (/^[a-z][a-z\d+.-]+:\/\//i.test(out)) {
    throw new RangeError(`Cannot write a dataset to '${out}' as it is an address: expected a folder`);
  }
  const plan = await planOf({ ...options, out });
  const { file } = plan;
  await removeLeftovers(out);
  await checkOut(plan);
  await using work = await WorkFolder.make(out);
  const prepared = await buildIn(plan, work);
  const failure = await work.finish();
  if (failure === null) return prepared;
  const { replaced, cause } = failure;
  const why = `${shown(out)} cannot be replaced: the dataset that was there is now ${shown(replaced, Infinity)}`;
  throw new PrepareError(file, why, { cause });
}
