/** Ranking quality, averaged over users. */
export interface RankingMetrics {
  /** Users averaged over. */
  readonly users: number;
  /** Hit rate: the share of users whose target is among the first k. */
  readonly [hitRate: `hr@${number}`]: number;
  /** Normalised discounted cumulative gain: 1/log2(rank + 1) for a target among the first k, else 0. */
  readonly [ndcg: `ndcg@${number}`]: number;
  /** Mean reciprocal rank over the whole catalogue. */
  readonly mrr: number;
}

/**
 * Hit rate and NDCG at each cut-off, and the mean reciprocal rank. There is one target to a user, so the ideal gain is
 * 1.
 *
 * @param ranks Place of each user's target, counted from 1.
 * @param cutoffs Cut-offs k.
 * @returns The averages; 0 over no users.
 */
export function rankingMetrics(ranks: Uint32Array, cutoffs: readonly number[] = [1, 5, 10]): RankingMetrics {
  const mean = (value: (rank: number) => number) =>
    ranks.length === 0 ? 0 : ranks.reduce((sum, rank) => sum + value(rank), 0) / ranks.length;
  const at = (name: "hr" | "ndcg", gain: (rank: number) => number) =>
    Object.fromEntries(cutoffs.map((k) => [`${name}@${k}`, mean((rank) => rank <= k ? gain(rank) : 0)]));
  return {
    users: ranks.length,
    ...at("hr", () => 1),
    ...at("ndcg", (rank) => 1 / Math.log2(rank + 1)),
    mrr: mean((rank) => 1 / rank),
  };
}
