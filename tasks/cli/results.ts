import type { RankingMetrics } from "../../src/recommend/metrics.ts";
import { type FinishedMetrics, PROTOCOL } from "../../src/files/run_directory.ts";
import type { TrainingSettings } from "../../src/training/settings.ts";

const COLUMNS = ["hr@1", "hr@5", "hr@10", "ndcg@5", "ndcg@10", "mrr"] as const;

/** A finished run, for the table. */
export interface FinishedRun {
  readonly settings: TrainingSettings;
  readonly result: FinishedMetrics;
}

/**
 * Metrics in one line.
 *
 * @param metrics The metrics.
 * @returns `HR@1 0.0154  HR@5 ...`.
 */
export function metricsLine(metrics: RankingMetrics): string {
  return COLUMNS.map((name) => `${name.toUpperCase()} ${valueOf(metrics, name).toFixed(4)}`).join("  ");
}

/**
 * The result of a run in one line.
 *
 * @param settings The settings of the run.
 * @param result Its result.
 * @returns The line.
 */
export function resultLine({ optimizer, seed }: TrainingSettings, { bestEpoch, test }: FinishedMetrics): string {
  return `${optimizer} seed ${seed}  test  ${metricsLine(test)}  (best epoch ${bestEpoch})`;
}

/**
 * How the metrics were made.
 *
 * @param users Users they average over.
 * @returns The line.
 */
export function protocolLine(users: number): string {
  return `protocol: ${PROTOCOL}, ${users} users`;
}

/**
 * Test metrics by optimizer: the mean over the seeds, and their sample standard deviation where there are several.
 *
 * @param runs The runs.
 * @returns The table.
 */
export function comparisonTable(runs: readonly FinishedRun[]): string {
  const optimizers = [...new Set(runs.map(({ settings }) => settings.optimizer))];
  const rows = optimizers.map((optimizer) => {
    const own = runs.filter(({ settings }) => settings.optimizer === optimizer);
    const cells = COLUMNS.map((name) => meanAndSpread(own.map(({ result }) => valueOf(result.test, name))));
    return [`${optimizer} (${own.length} ${own.length === 1 ? "seed" : "seeds"})`, ...cells];
  });
  const table = [["test", ...COLUMNS.map((name) => name.toUpperCase())], ...rows];
  const widths = table[0]!.map((_, column) => Math.max(...table.map((row) => row[column]!.length)));
  return table.map((row) => row.map((cell, column) => cell.padEnd(widths[column]!)).join("  ").trimEnd()).join("\n");
}

function valueOf(metrics: RankingMetrics, name: typeof COLUMNS[number]): number {
  return metrics[name]!;
}

function meanAndSpread(values: readonly number[]): string {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  if (values.length === 1) return mean.toFixed(4);
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  return `${mean.toFixed(4)} ± ${Math.sqrt(variance).toFixed(4)}`;
}
