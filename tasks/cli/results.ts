import type { ListMetrics } from "../../src/recommend/list_split.ts";
import type { RankingMetrics } from "../../src/recommend/metrics.ts";
import type { FinishedMetrics } from "../../src/files/run_directory.ts";
import { cutoffsOf, METRIC_KINDS, type MetricName } from "../../src/recommend/metric_name.ts";
import { countsInWords } from "../../src/recommend/protocol.ts";

/** What a line shows, of the metrics that are there; where users have several targets, the recall beside the hit rate. */
const COLUMNS: readonly MetricName[] = ["hr@1", "hr@5", "hr@10", "recall@10", "ndcg@5", "ndcg@10", "mrr"];

/**
 * The metrics that are shown of those that are there.
 *
 * @param metrics Metrics of one run or several.
 * @returns Their names.
 */
export function columnsOf(metrics: readonly RankingMetrics[]): MetricName[] {
  const isSingle = metrics.every(({ users, targets }) => users === targets);
  return COLUMNS.filter((name) => !(isSingle && name === "recall@10") && metrics.every((each) => name in each));
}

/**
 * Metrics in one line.
 *
 * @param metrics The metrics.
 * @returns `HR@1 0.0154  HR@5 ...`.
 */
export function metricsLine(metrics: RankingMetrics): string {
  return columnsOf([metrics]).map((name) => `${name.toUpperCase()} ${metrics[name]!.toFixed(4)}`).join("  ");
}

/**
 * The result of a run in one line.
 *
 * @param label What the run is called.
 * @param result Its result.
 * @returns The line.
 */
export function resultLine(label: string, { bestEpoch, test }: FinishedMetrics): string {
  return `${label}  test  ${metricsLine(test)}${bestEpoch > 0 ? `  (best epoch ${bestEpoch})` : ""}`;
}

/**
 * How the metrics were made.
 *
 * @param protocol The protocol in words.
 * @param metrics What was ranked.
 * @param rankRepeats Whether items of a user's own history were ranked too.
 * @returns The line.
 */
export function protocolLine(protocol: string, metrics: RankingMetrics, rankRepeats: boolean): string {
  const { users, targets } = metrics;
  const counts = [`${users} users`, ...targets === users ? [] : [`${targets} targets`]];
  return `protocol: ${[protocol, ...counts, ...countsInWords(metrics, rankRepeats)].join(", ")}`;
}

/**
 * All metrics in a table: a row for each kind, a column for each cut-off.
 *
 * @param metrics The metrics.
 * @returns The table.
 */
export function metricsTable(metrics: RankingMetrics & ListMetrics): string {
  const cutoffs = cutoffsOf(metrics);
  const rows = [...METRIC_KINDS, "coverage", "popularity"].map((kind) => [
    SPELLED[kind] ?? kind.toUpperCase(),
    ...cutoffs.map((k) => {
      const value = metrics[`${kind}@${k}` as keyof typeof metrics] as number;
      return kind === "popularity" ? value.toFixed(1) : value.toFixed(4);
    }),
  ]);
  const whole = `MRR over the whole catalogue  ${metrics.mrr.toFixed(4)}`;
  return `${aligned([["", ...cutoffs.map((k) => `@${k}`)], ...rows])}\n${whole}`;
}

const SPELLED: Readonly<Record<string, string>> = {
  recall: "Recall",
  precision: "Precision",
  coverage: "Coverage",
  popularity: "Popularity rank",
};

/**
 * A table for a terminal: columns of one width each.
 *
 * @param rows Its rows, of as many cells each.
 * @returns The lines.
 */
export function aligned(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column]!)).join("  ").trimEnd()).join("\n");
}
