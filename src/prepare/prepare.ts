/**
 * Makes a prepared dataset of a log of interactions. DuckDB does what a database does well: reading delimited text,
 * filtering, sorting, writing Parquet. Only `deno task prepare` imports this file, so only it needs the native package.
 *
 * @module
 */

import { build } from "./_build.ts";
import { Database, DatabaseFault } from "./_database.ts";
import type { Prepared, PrepareOptions } from "./options.ts";
import { type Plan, planOf } from "./_plan.ts";
import { PrepareError } from "./prepare_error.ts";
import { Progress } from "./_progress.ts";

export { PrepareError } from "./prepare_error.ts";
export type * from "./options.ts";

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

async function checkOut(file: string, { out, overwrite = false }: PrepareOptions): Promise<void> {
  if (!await exists(out)) return;
  if (!overwrite) throw new PrepareError(file, `'${out}' exists already: --overwrite replaces it`);
  // Whoever mistypes a path does not lose what is there.
  const isDataset = await exists(`${out}/dataset.json`);
  if (!isDataset) throw new PrepareError(file, `'${out}' is not a dataset: --overwrite replaces only a dataset`);
}

/** Builds a dataset in a folder, with a database beside it. */
async function buildIn(plan: Plan, work: string, target: string): Promise<Prepared> {
  const { options, file } = plan;
  const inputs = [...plan.parts.flatMap(({ inputs }) => inputs), ...plan.items === null ? [] : [plan.items]];
  using db = await Database.open(work, inputs.map(({ path }) => path).filter((path) => path !== null));
  const interrupt = () => db.interrupt();
  options.signal?.addEventListener("abort", interrupt);
  try {
    return await build(plan, { db, work, progress: new Progress(options, inputs) }, target);
  } catch (error) {
    options.signal?.throwIfAborted();
    if (!(error instanceof DatabaseFault)) throw error;
    throw new PrepareError(file, error.why, { cause: error.cause });
  } finally {
    options.signal?.removeEventListener("abort", interrupt);
  }
}

/**
 * Makes a prepared dataset. It is written beside its place and moved there when it is whole, so that a failure leaves
 * nothing behind but what was there. Replacing takes two renames: a process that is killed between them leaves both
 * datasets in a folder `.prepare-...` beside the place, the old one as `replaced` and the new one as `dataset`.
 *
 * @param options What to make it of, and how.
 * @returns What was made.
 * @throws {PrepareError} If the log cannot be prepared.
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
  await checkOut(file, options);
  const parent = /[/\\]/.test(out) ? out.replace(/[/\\][^/\\]*$/, "") || "/" : ".";
  const missing: string[] = [];
  for (let folder = parent; !await exists(folder); folder = folder.replace(/[/\\]?[^/\\]*$/, "") || ".") {
    missing.unshift(folder);
  }
  await Deno.mkdir(parent, { recursive: true });
  const work = await Deno.makeTempDir({ dir: parent, prefix: ".prepare-" });
  let done = false, keep = false;
  try {
    const target = `${work}/dataset`;
    await Deno.mkdir(target);
    const prepared = await buildIn(plan, work, target);
    const replaced = `${work}/replaced`, replaces = await exists(out);
    if (replaces) await Deno.rename(out, replaced);
    try {
      await Deno.rename(target, out);
    } catch (error) {
      if (replaces) {
        try {
          await Deno.rename(replaced, out);
        } catch {
          keep = true;
          const why = `'${out}' cannot be replaced: the dataset that was there is now '${replaced}'`;
          throw new PrepareError(file, why, { cause: error });
        }
      }
      throw error;
    }
    done = true;
    return prepared;
  } finally {
    if (!keep) await Deno.remove(work, { recursive: true });
    if (!done && !keep) { for (const folder of missing.reverse()) await Deno.remove(folder); }
  }
}
