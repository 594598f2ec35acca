import type { Dataset } from "../data/dataset.ts";
import { packHistories } from "../data/sequences.ts";
import type { Model } from "../models/model.ts";
import { type RankingTask, rankingTask, type Split } from "./history.ts";
import { type RankingMetrics, rankingMetrics } from "./metrics.ts";
import { rankTargets } from "./rank.ts";
import type { TrainingSettings } from "../training/settings.ts";

/** Users ranked at a time, at most. */
const USERS = 8192;

/** Tokens of their histories, at most: what a pass of inference holds grows with them. */
const TOKENS = 32768;

/**
 * Full ranking of a split: the target of every user that has one, among all items but those of the user's history.
 *
 * @param model The model.
 * @param dataset The dataset.
 * @param settings How much of a history the model sees.
 * @param split Which held-out items are the targets.
 * @returns The metrics.
 */
export async function rankSplit(
  model: Pick<Model<unknown>, "scorer">,
  dataset: Dataset,
  { maxLength }: Pick<TrainingSettings, "maxLength">,
  split: Split,
): Promise<RankingMetrics> {
  const task = rankingTask(dataset, split);
  const ranks = new Uint32Array(task.users.length);
  using scorer = model.scorer();
  for (let begin = 0; begin < ranks.length;) {
    const end = chunkEnd(dataset, task, begin, maxLength);
    const users = task.users.slice(begin, end);
    using queries = scorer.queries(users, packHistories(dataset, users, split, maxLength));
    const first = task.history.offsets[begin]!;
    const excluded = {
      offsets: task.history.offsets.slice(begin, end + 1).map((at) => at - first),
      items: task.history.items.slice(first, task.history.offsets[end]),
    };
    ranks.set(await rankTargets(queries, scorer.items, task.targets.slice(begin, end), excluded), begin);
    begin = end;
  }
  return rankingMetrics(ranks);
}

/** Where the users ranked together with the one at `begin` end. */
function chunkEnd({ trainOffsets }: Dataset, { users }: RankingTask, begin: number, maxLength: number): number {
  let end = begin;
  for (let tokens = 0; end < users.length && end - begin < USERS; end++) {
    tokens += Math.min(trainOffsets[users[end]! + 1]! - trainOffsets[users[end]!]! + 1, maxLength);
    if (tokens > TOKENS && end > begin) break;
  }
  return end;
}
