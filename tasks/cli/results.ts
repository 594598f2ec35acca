import type { RankingMetrics } from "../../src/recommend/metrics.ts";
import { type FinishedMetrics, PROTOCOL } from "../../src/files/run_directory.ts";

const COLUMNS = ["hr@1", "hr@5", "hr@10", "ndcg@5", "ndcg@10", "mrr"] as const;

/** A finished run, for the table. */
export interface FinishedRun {
  /** What it is called: runs of one name are averaged. */
  readonly name: string;
  /** Its result. */
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
 * @param users Users they average over.
 * @returns The line.
 */
export function protocolLine(users: number): string {
  return `protocol: ${PROTOCOL}, ${users} users`;
}

/**
 * Test metrics of runs by name: the mean over the seeds, and their sample standard deviation where there are several.
 *
 * @param runs The runs.
 * @returns The table.
 */
export function comparisonTable(runs: readonly FinishedRun[]): string {
  const rows = [...new Set(runs.map(({ name }) => name))].map((name) => {
    const own = runs.filter((run) => run.name === name);
    const cells = COLUMNS.map((column) => meanAndSpread(own.map(({ result }) => valueOf(result.test, column))));
    return [own.length === 1 ? name : `${name} (${own.length} seeds)`, ...cells];
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
