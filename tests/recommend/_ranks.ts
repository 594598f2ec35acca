import {
  CUTOFFS,
  metricsOf,
  type RankingCounts,
  type RankingMetrics,
  type RankingTask,
  type UserRanks,
} from "../../src/recommend/mod.ts";

import { packed } from "../data/_fixtures.ts";

/** The ranks of each user's target, or of several. */
export function userRanks(places: readonly (number | readonly number[])[]): UserRanks {
  const { offsets, items } = packed(places.map((own) => typeof own === "number" ? [own] : own));
  return { offsets, ranks: items };
}

/** The metrics of such ranks, and what else was counted. */
export function metricsOfRanks(
  places: readonly (number | readonly number[])[],
  counts: Partial<RankingCounts> = {},
  at: readonly number[] = CUTOFFS,
): RankingMetrics {
  const task = { counts: { repeats: 0, withoutHistory: 0, unseen: 0, ...counts } } as RankingTask;
  return metricsOf(task, userRanks(places), at);
}
