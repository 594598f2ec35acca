import type { Dataset } from "../data/dataset.ts";
import type { MetricName } from "./metric_name.ts";
import type { RankingMetrics } from "./metrics.ts";

/** What a protocol depends on besides the dataset. */
export interface ProtocolOptions {
  /** Whether items of a user's own history were ranked too. */
  readonly rankRepeats: boolean;
  /** The metric that picked the best epoch; null where none was picked. */
  readonly metric: MetricName | null;
}

/**
 * How metrics were made, in words: split, candidates, ties, and what picked the epoch.
 *
 * @example
 * ```ts
 * import { protocolOf } from "@sevo/sevo/recommend";
 * import { generatedDataset } from "@sevo/sevo/training";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(
 *   protocolOf(generatedDataset({ users: 10, items: 10 }), { rankRepeats: false, metric: "ndcg@10" }),
 *   "leave-one-out, full ranking over all items, history left out, ties to the lower row, best epoch by validation NDCG@10",
 * );
 * ```
 *
 * @param dataset What was ranked.
 * @param options What else it depends on.
 * @returns The words.
 */
export function protocolOf({ provenance }: Pick<Dataset, "provenance">, options: ProtocolOptions): string {
  const { split = "leave-one-out", order } = provenance.options;
  const drawn = order === "random" && !/^(time|given)/.test(String(split)) ? " at random" : "";
  return [
    `${String(split)}${drawn}`,
    "full ranking over all items",
    options.rankRepeats ? "history ranked too" : "history left out",
    "ties to the lower row",
    ...options.metric === null ? [] : [`best epoch by validation ${options.metric.toUpperCase()}`],
  ].join(", ");
}

/**
 * What was left out of metrics and what stands out in them, in words.
 *
 * @example
 * ```ts
 * import { countsInWords, rankingMetrics } from "@sevo/sevo/recommend";
 * import { assertEquals } from "@std/assert";
 *
 * const averages = rankingMetrics({ offsets: new Uint32Array([0, 1]), ranks: new Uint32Array([4]) });
 * const metrics = { ...averages, users: 1, targets: 1, repeats: 0, withoutHistory: 0, unseen: 1 };
 * assertEquals(countsInWords(metrics, false), ["1 targets are items that nobody has in training"]);
 * ```
 *
 * @param metrics The metrics.
 * @param rankRepeats Whether items of a user's own history were ranked too.
 * @returns The words; empty where there is nothing to say.
 */
export function countsInWords(
  { targets, repeats, withoutHistory, unseen }: RankingMetrics,
  rankRepeats: boolean,
): string[] {
  const of = rankRepeats ? targets : targets + repeats;
  return [
    ...repeats === 0 ? [] : [
      `${repeats} of ${of} targets are repeats of the user's history${rankRepeats ? "" : " and left out"}`,
    ],
    ...withoutHistory === 0 ? [] : [`${withoutHistory} users without an item to train on are left out`],
    ...unseen === 0 ? [] : [`${unseen} targets are items that nobody has in training`],
  ];
}
