import type { Dataset } from "../data/dataset.ts";
import { packHistories } from "../data/histories.ts";
import { type PackedSequences, sliceSequences } from "../data/sequences.ts";
import type { Ranker } from "../models/ranker.ts";
import { type RankingTask, rankingTask, type RankingTaskOptions, type Split } from "./history.ts";
import { checkedCutoffs, CUTOFFS } from "./metric_name.ts";
import { type RankingMetrics, rankingMetrics, type UserRanks } from "./metrics.ts";
import { checkOptions, checkType } from "../options.ts";

/** Users whose histories are packed at a time. */
const USERS = 65536;

/** How a split is ranked. */
export interface RankOptions extends RankingTaskOptions {
  /** Cut-offs of the metrics, integers from 1 to 1000; 1, 5, 10, 20 and 50 by default. */
  readonly at?: readonly number[];
}

/** Users of a split and the places of their targets. */
export interface RankedTargets {
  /** Users who were ranked, ascending. */
  readonly users: Uint32Array<ArrayBuffer>;
  /** Targets of each of these users. */
  readonly targets: PackedSequences;
  /** Places of all targets, counted from 1, `[targets]`. */
  readonly ranks: Uint32Array<ArrayBuffer>;
}

/**
 * Full ranking of a split: the targets of every user who has one, among all items but those of the user's history.
 *
 * @example
 * ```ts
 * import { openDevice } from "@sevo/sevo";
 * import { popularity } from "@sevo/sevo/models";
 * import { rankerOf, rankSplit } from "@sevo/sevo/recommend";
 * import { generatedDataset } from "@sevo/sevo/training";
 * import { assert } from "@std/assert";
 *
 * await using device = await openDevice("cpu");
 * const dataset = generatedDataset({ users: 50, items: 40 });
 * using ranker = rankerOf(device, popularity, popularity.count(dataset, {}), {});
 * const metrics = await rankSplit(ranker, dataset, "test", { at: [10] });
 * assert(metrics.users > 0 && metrics["ndcg@10"]! <= 1);
 * ```
 *
 * @param ranker How the model ranks.
 * @param dataset The dataset.
 * @param split Which held-out items are the targets.
 * @param options Cut-offs, and how repeats are taken.
 * @returns The metrics.
 * @throws {TypeError} If an option is unknown or of another type.
 * @throws {RangeError} If a cut-off is out of range, or nobody is left to rank.
 */
export async function rankSplit(
  ranker: Pick<Ranker, "ranks" | "historyLength">,
  dataset: Dataset,
  split: Split,
  options: RankOptions = {},
): Promise<RankingMetrics> {
  checkOptions("Cannot rank", options, ["at", "rankRepeats"]);
  const { at = CUTOFFS, rankRepeats = false } = options;
  checkType("Cannot rank", "rankRepeats", rankRepeats, "boolean");
  const cutoffs = checkedCutoffs("Cannot rank", "at", at), task = rankingTask(dataset, split, { rankRepeats });
  return metricsOf(task, await ranksOf(ranker, dataset, task), cutoffs);
}

/**
 * The ranks of all targets of a task.
 *
 * @example
 * ```ts
 * import { openDevice } from "@sevo/sevo";
 * import { popularity } from "@sevo/sevo/models";
 * import { rankerOf, rankingTask, ranksOf } from "@sevo/sevo/recommend";
 * import { generatedDataset } from "@sevo/sevo/training";
 * import { assert, assertEquals } from "@std/assert";
 *
 * await using device = await openDevice("cpu");
 * const dataset = generatedDataset({ users: 50, items: 40 }), task = rankingTask(dataset, "test");
 * using ranker = rankerOf(device, popularity, popularity.count(dataset, {}), {});
 * const { ranks } = await ranksOf(ranker, dataset, task);
 * assertEquals(ranks.length, task.targets.items.length);
 * assert(ranks.every((rank) => rank >= 1 && rank <= 40));
 * ```
 *
 * @param ranker How the model ranks.
 * @param dataset The dataset of the task.
 * @param task Who is ranked.
 * @returns The ranks, in the order of the task's users and targets.
 */
export async function ranksOf(
  ranker: Pick<Ranker, "ranks" | "historyLength">,
  dataset: Dataset,
  { split, users, targets, excluded }: RankingTask,
): Promise<UserRanks> {
  const ranks = new Uint32Array(targets.items.length);
  for (let begin = 0; begin < users.length; begin += USERS) {
    const end = Math.min(users.length, begin + USERS), some = users.slice(begin, end);
    const histories = packHistories(dataset, some, split, ranker.historyLength);
    const own = sliceSequences(targets, begin, end), left = sliceSequences(excluded, begin, end);
    ranks.set(await ranker.ranks({ users: some, histories }, own, left), targets.offsets[begin]);
  }
  return { offsets: targets.offsets, ranks };
}

/**
 * The metrics of a task.
 *
 * @example
 * ```ts
 * import { metricsOf, rankingTask } from "@sevo/sevo/recommend";
 * import { generatedDataset } from "@sevo/sevo/training";
 * import { assertEquals } from "@std/assert";
 *
 * const task = rankingTask(generatedDataset({ users: 50, items: 40 }), "test");
 * // As if every target were first
 * const ranks = { offsets: task.targets.offsets, ranks: new Uint32Array(task.targets.items.length).fill(1) };
 * assertEquals(metricsOf(task, ranks, [10])["hr@10"], 1);
 * ```
 *
 * @param task Who was ranked.
 * @param ranks The ranks of its targets.
 * @param at Cut-offs.
 * @returns The averages and what was counted.
 */
export function metricsOf({ counts }: RankingTask, ranks: UserRanks, at: readonly number[]): RankingMetrics {
  const { users, targets, ...averages } = rankingMetrics(ranks, at);
  return { users, targets, ...counts, ...averages };
}
