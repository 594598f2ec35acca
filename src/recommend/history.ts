import type { Exclusions } from "../models/ranker.ts";
import type { Dataset } from "../data/dataset.ts";
import { distinct } from "../data/distinct_items.ts";
import { packHistories } from "../data/histories.ts";

/** Which held-out item of each user is ranked. */
export type Split = "valid" | "test";

/** What full ranking asks for one split: the users that have a target there, their targets and their histories. */
export interface RankingTask {
  /** Users with a target, ascending. */
  readonly users: Uint32Array<ArrayBuffer>;
  /** Target of each of these users. */
  readonly targets: Uint32Array<ArrayBuffer>;
  /** History of each of these users: training items, and for `test` the validation item too. */
  readonly history: Exclusions;
}

/**
 * The ranking task of a split of a dataset.
 *
 * @param dataset The dataset.
 * @param split Which held-out item is the target.
 * @returns Users, targets and histories.
 */
export function rankingTask(dataset: Dataset, split: Split): RankingTask {
  const { offsets, items } = dataset[split];
  const users = Uint32Array.from(Array(dataset.userCount).keys()).filter((user) => offsets[user + 1]! > offsets[user]!);
  const targets = users.map((user) => items[offsets[user]!]!);
  return { users, targets, history: historyOf(dataset, users, split) };
}

/**
 * The items that users are known to have met before a split.
 *
 * @param dataset The dataset.
 * @param users The users.
 * @param split `valid`: training items; `test`: the validation item too.
 * @returns Their items, ascending and each once.
 */
export function historyOf(dataset: Dataset, users: Uint32Array, split: Split): Exclusions {
  return distinct(packHistories(dataset, users, split));
}
