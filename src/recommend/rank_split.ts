import type { Dataset } from "../data/dataset.ts";
import { packHistories } from "../data/histories.ts";
import { sliceSequences } from "../data/sequences.ts";
import type { Ranker } from "../models/ranker.ts";
import { rankingTask, type Split } from "./history.ts";
import { type RankingMetrics, rankingMetrics } from "./metrics.ts";

/** Users whose histories are packed at a time. */
const USERS = 65536;

/**
 * Full ranking of a split: the target of every user that has one, among all items but those of the user's history.
 *
 * @param ranker How the model ranks.
 * @param dataset The dataset.
 * @param split Which held-out items are the targets.
 * @returns The metrics.
 */
export async function rankSplit(
  ranker: Pick<Ranker, "ranks" | "historyLength">,
  dataset: Dataset,
  split: Split,
): Promise<RankingMetrics> {
  const task = rankingTask(dataset, split);
  const ranks = new Uint32Array(task.users.length);
  for (let begin = 0; begin < ranks.length; begin += USERS) {
    const end = Math.min(ranks.length, begin + USERS), users = task.users.slice(begin, end);
    const histories = packHistories(dataset, users, split, ranker.historyLength);
    const excluded = sliceSequences(task.history, begin, end);
    ranks.set(await ranker.ranks({ users, histories }, task.targets.slice(begin, end), excluded), begin);
  }
  return rankingMetrics(ranks);
}
