import { checkedCutoffs, cutoffOf, CUTOFFS, METRIC_KINDS, type MetricKind, type MetricName } from "./metric_name.ts";

/** Places of each user's targets in the ranking, counted from 1, for all users end to end. */
export interface UserRanks {
  /** Where the ranks of each user begin, and where the last end, `[users + 1]`. */
  readonly offsets: Uint32Array<ArrayBuffer>;
  /** Ranks of all targets, in any order within a user. */
  readonly ranks: Uint32Array<ArrayBuffer>;
}

/** Ranking quality, averaged over users: docs/metrics.md has the formulae. */
export interface AverageMetrics {
  /** Users averaged over. */
  readonly users: number;
  /** Their targets. */
  readonly targets: number;
  /** Hit rate: the share of users of whom a target is among the first k. */
  readonly [hitRate: `hr@${number}`]: number;
  /** The share of a user's targets that are among the first k. */
  readonly [recall: `recall@${number}`]: number;
  /** The share of the first k that are targets. */
  readonly [precision: `precision@${number}`]: number;
  /** Normalised discounted cumulative gain of the first k. */
  readonly [ndcg: `ndcg@${number}`]: number;
  /** Mean average precision of the first k. */
  readonly [map: `map@${number}`]: number;
  /** Reciprocal rank of the first target, 0 where it is not among the first k. */
  readonly [mrr: `mrr@${number}`]: number;
  /** Reciprocal rank of the first target in the whole catalogue. */
  readonly mrr: number;
}

/** Which users and targets of a split are ranked, and which are not. */
export interface RankingCounts {
  /** Targets that are items of the user's own history: ranked only where that is asked for. */
  readonly repeats: number;
  /** Users with a target who are not ranked as they have no item to train on. */
  readonly withoutHistory: number;
  /** Ranked targets that no user has in training. */
  readonly unseen: number;
}

/** What full ranking of a split gives. */
export interface RankingMetrics extends AverageMetrics, RankingCounts {}

/**
 * The metrics of rankings in which every user has one target or several.
 *
 * @example
 * ```ts
 * import { rankingMetrics } from "@sevo/sevo/recommend";
 * import { assertEquals } from "@std/assert";
 *
 * // Two users: the first has one target in place 1, the second two, in places 3 and 20
 * const ranks = { offsets: new Uint32Array([0, 1, 3]), ranks: new Uint32Array([1, 3, 20]) };
 * const metrics = rankingMetrics(ranks, [10]);
 * assertEquals([metrics["hr@10"], metrics["recall@10"], metrics.mrr], [1, 0.75, (1 + 1 / 3) / 2]);
 * ```
 *
 * @param ranks Places of each user's targets, at least one to a user.
 * @param at Cut-offs k, integers from 1 to 1000.
 * @returns The averages over users; 0 over no users.
 * @throws {RangeError} If a cut-off is out of range.
 */
export function rankingMetrics({ offsets, ranks }: UserRanks, at: readonly number[] = CUTOFFS): AverageMetrics {
  const users = offsets.length - 1, cutoffs = checkedCutoffs("Cannot average", "at", at);
  const sums = cutoffs.map((): Record<MetricKind, number> => ({ ...NOTHING }));
  const ideals = idealGains(offsets);
  let reciprocals = 0;
  for (let user = 0; user < users; user++) {
    const own = ranks.slice(offsets[user], offsets[user + 1]).sort();
    reciprocals += 1 / own[0]!;
    cutoffs.forEach((k, place) => {
      const values = valuesAt(k, own, ideals), sum = sums[place]!;
      for (const kind of METRIC_KINDS) sum[kind] += values[kind];
    });
  }
  const mean = (sum: number) => users === 0 ? 0 : sum / users;
  const of = (kind: MetricKind) =>
    Object.fromEntries(cutoffs.map((k, place) => [`${kind}@${k}`, mean(sums[place]![kind])] as const));
  return {
    users,
    targets: ranks.length,
    ...of("hr"),
    ...of("recall"),
    ...of("precision"),
    ...of("ndcg"),
    ...of("map"),
    ...of("mrr"),
    mrr: mean(reciprocals),
  };
}

/**
 * One metric of each user: what the average of {@linkcode rankingMetrics} is made of.
 *
 * @example
 * ```ts
 * import { userMetric } from "@sevo/sevo/recommend";
 * import { assertEquals } from "@std/assert";
 *
 * const ranks = { offsets: new Uint32Array([0, 1, 2]), ranks: new Uint32Array([1, 12]) };
 * assertEquals([...userMetric(ranks, "ndcg@10")], [1, 0]);
 * ```
 *
 * @param ranks Places of each user's targets, at least one to a user.
 * @param metric The metric.
 * @returns Its value for each user.
 */
export function userMetric({ offsets, ranks }: UserRanks, metric: MetricName): Float64Array<ArrayBuffer> {
  const k = cutoffOf(metric), kind = metric.split("@")[0] as MetricKind, ideals = idealGains(offsets);
  return Float64Array.from({ length: offsets.length - 1 }, (_, user) => {
    const own = ranks.slice(offsets[user], offsets[user + 1]).sort();
    return k === null ? 1 / own[0]! : valuesAt(k, own, ideals)[kind];
  });
}

const NOTHING: Readonly<Record<MetricKind, number>> = { hr: 0, recall: 0, precision: 0, ndcg: 0, map: 0, mrr: 0 };

/** The metrics of one user, whose ranks ascend. */
function valuesAt(k: number, own: Uint32Array, ideals: Float64Array): Readonly<Record<MetricKind, number>> {
  let hits = 0, gain = 0, precisions = 0;
  for (; hits < own.length && own[hits]! <= k; hits++) {
    gain += 1 / Math.log2(own[hits]! + 1);
    precisions += (hits + 1) / own[hits]!;
  }
  if (hits === 0) return NOTHING;
  const most = Math.min(k, own.length);
  return {
    hr: 1,
    recall: hits / own.length,
    precision: hits / k,
    ndcg: gain / ideals[most]!,
    map: precisions / most,
    mrr: 1 / own[0]!,
  };
}

/** The greatest gain of so many targets, all of them first: as many as any user has. */
function idealGains(offsets: Uint32Array): Float64Array {
  let most = 0;
  for (let user = 0; user + 1 < offsets.length; user++) most = Math.max(most, offsets[user + 1]! - offsets[user]!);
  const gains = new Float64Array(most + 1);
  for (let rank = 1; rank <= most; rank++) gains[rank] = gains[rank - 1]! + 1 / Math.log2(rank + 1);
  return gains;
}
