import type { Dataset } from "../../src/data/dataset.ts";
import { sequenceAt } from "../../src/data/sequences.ts";
import { PartFile } from "../../src/files/part_file.ts";
import { createTable } from "../../src/files/table_file.ts";
import { NO_ITEM } from "../../src/models/ranker.ts";
import type { RankingTask } from "../../src/recommend/history.ts";
import type { Lists } from "../../src/recommend/list_split.ts";
import type { UserRanks } from "../../src/recommend/metrics.ts";
import { UsageError } from "../cli/flags.ts";

/** A file of lists: it appears whole or not at all. */
export interface SplitLists extends Disposable {
  /**
   * Adds the lists of some users.
   *
   * @param lists The lists.
   * @param ranks Ranks of all targets of the task.
   */
  add(lists: Lists, ranks: UserRanks): void;
  /** There are no more. */
  finish(): void;
}

/** A user's targets with their ranks, and the user's list. */
interface Row {
  readonly user: string;
  readonly targets: readonly string[];
  readonly ranks: readonly number[];
  readonly items: readonly string[];
}

/**
 * Opens a file for each user's list, targets and their ranks.
 *
 * @param to The file; its end says the format: `.jsonl`, or `.parquet` and `.csv`, where lists are texts of JSON.
 * @param dataset The dataset of the task.
 * @param task Who is ranked.
 * @returns The file.
 * @throws {UsageError} If its name says no known format.
 */
export async function openSplitLists(to: string, dataset: Dataset, task: RankingTask): Promise<SplitLists> {
  const { users, items } = dataset, names = (list: Uint32Array) => Array.from(list, (item) => items[item]!);
  const rowsOf = ({ begin, end, items: all }: Lists, { offsets, ranks }: UserRanks) => {
    const count = all.length / (end - begin);
    return Array.from({ length: end - begin }, (_, at): Row => ({
      user: users[task.users[begin + at]!]!,
      targets: names(sequenceAt(task.targets, begin + at)),
      ranks: [...ranks.subarray(offsets[begin + at], offsets[begin + at + 1])],
      items: names(all.subarray(at * count, (at + 1) * count).filter((item) => item !== NO_ITEM)),
    }));
  };
  if (to.endsWith(".jsonl")) {
    const file = new PartFile(to), encoder = new TextEncoder();
    return {
      add: (lists, ranks) =>
        rowsOf(lists, ranks).forEach((row) => file.write(encoder.encode(`${JSON.stringify(row)}\n`))),
      finish: () => file.finish(),
      [Symbol.dispose]: () => file[Symbol.dispose](),
    };
  }
  if (!/\.(parquet|csv)$/.test(to)) {
    throw new UsageError(
      `Cannot run evaluate as --lists must end in .jsonl, .parquet or .csv: current value is '${to}'`,
    );
  }
  const columns = { user: "string", targets: "string", ranks: "string", items: "string" } as const;
  const table = await createTable(to, columns);
  return {
    add(lists, ranks) {
      const rows = rowsOf(lists, ranks),
        texts = (key: "targets" | "ranks" | "items") => rows.map((row) => JSON.stringify(row[key]));
      table.write({
        user: rows.map(({ user }) => user),
        targets: texts("targets"),
        ranks: texts("ranks"),
        items: texts("items"),
      });
    },
    finish: () => table.finish(),
    [Symbol.dispose]: () => table[Symbol.dispose](),
  };
}
