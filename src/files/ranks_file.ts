import type { Dataset } from "../data/dataset.ts";
import type { RankedTargets } from "../recommend/rank_split.ts";
import { createTable } from "./table_file.ts";

/** The file of a run that says where each target of the test was ranked. */
export const RANKS = "ranks.parquet";

/** Rows that are written together: of millions, no more than these are there twice. */
const ROWS = 2 ** 17;

/**
 * Writes `ranks.parquet` of a run: a row for each target of the test, with `user`, `item` and `rank`. Equal ranks give equal
 * bytes.
 *
 * @param path Folder of the run.
 * @param dataset The dataset that was ranked.
 * @param ranked Its users and the places of their targets.
 * @returns When it is there.
 * @throws {WriteError} If it cannot be written.
 */
export async function writeRanks(
  path: string,
  dataset: Pick<Dataset, "users" | "items">,
  { users, targets: { offsets, items }, ranks }: RankedTargets,
): Promise<void> {
  using table = await createTable(`${path}/${RANKS}`, { user: "string", item: "string", rank: "integer" });
  for (let first = 0; first < users.length;) {
    const user: string[] = [], begin = offsets[first]!;
    for (; first < users.length && user.length < ROWS; first++) {
      for (let at = offsets[first]!; at < offsets[first + 1]!; at++) user.push(dataset.users[users[first]!]!);
    }
    const end = offsets[first]!;
    table.write({
      user,
      item: Array.from(items.subarray(begin, end), (item) => dataset.items[item]!),
      rank: Array.from(ranks.subarray(begin, end)),
    });
  }
  table.finish();
}
