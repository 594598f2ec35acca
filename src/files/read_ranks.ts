import { Fault, ParquetFile } from "./_parquet.ts";
import { RANKS } from "./ranks_file.ts";
import { readIfThere } from "./read_if_there.ts";
import { RunError } from "./run_record.ts";

/** Places of the targets of a run's test, by the ids of users and items: a row each, in the order of the users. */
export interface TargetRanks {
  /** The user of each target. */
  readonly users: readonly string[];
  /** The item of each target. */
  readonly items: readonly string[];
  /** The place of each target, counted from 1, `[targets]`. */
  readonly ranks: Uint32Array<ArrayBuffer>;
}

/**
 * Reads `ranks.parquet` of a run.
 *
 * @example
 * ```ts
 * import { readRanks } from "@sevo/sevo/files";
 * import { assertEquals } from "@std/assert";
 *
 * const folder = await Deno.makeTempDir();
 * assertEquals(await readRanks(folder), null); // nothing was tested there yet
 * await Deno.remove(folder);
 * ```
 *
 * @param path Folder of the run.
 * @returns Its rows; null where the run has none, as it has not finished or an earlier version made it.
 * @throws {RunError} If the file is damaged, or is none of ranks.
 */
export async function readRanks(path: string): Promise<TargetRanks | null> {
  const bytes = await readIfThere(`${path}/${RANKS}`);
  if (bytes === null) return null;
  try {
    const file = new ParquetFile(RANKS, bytes);
    const ids = async (name: string) => {
      const found = await file.strings(name), missing = found.indexOf(null);
      if (missing >= 0) throw new Fault(`${RANKS} has no ${name} in row ${missing}`);
      return found as string[];
    };
    const users = await ids("user"), items = await ids("item"), ranks = await file.integers("rank", 2 ** 32);
    const zero = ranks.indexOf(0);
    if (zero >= 0) throw new Fault(`${RANKS} has rank 0 in row ${zero}: ranks count from 1`);
    return { users, items, ranks };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    throw new RunError(`Cannot read the run in '${path}' as ${error.message}`, { cause: error.cause });
  }
}
