import { visible } from "../../src/prepare/prepare_error.ts";
import type { MetricName } from "../../src/recommend/metric_name.ts";
import type { RankingMetrics } from "../../src/recommend/metrics.ts";
import type { ResultGroup, ResultRow, Results } from "../../src/experiments/results.ts";
import type { RunSetting } from "../../src/experiments/run_settings.ts";
import type { Summary } from "../../src/experiments/summary.ts";
import { columnsOf } from "./results.ts";

/**
 * A table for people of what runs came to: a head and rows of cells.
 *
 * @param results The results.
 * @param what The runs, or the groups of runs to show the means of, in order.
 * @param metric The metric that is shown whatever else is.
 * @returns The head, then the rows.
 */
export function resultTable(
  results: Results,
  what: { readonly rows: readonly ResultRow[] } | { readonly groups: readonly ResultGroup[] },
  metric: string,
): string[][] {
  const tests = results.rows.flatMap(({ run }) => run.metrics === null ? [] : [run.metrics.test]);
  const usual: string[] = tests.length === 0 ? [] : columnsOf(tests as RankingMetrics[]);
  const metrics = usual.includes(metric) || !results.metrics.includes(metric) ? usual : [...usual, metric];
  const labels = metrics.map((name) => name.toUpperCase());
  if ("rows" in what) {
    const names = results.varying;
    const isFinished = what.rows.every(({ status }) => status === "finished");
    const head = ["run", ...names, ...labels, "best epoch", "epochs", "seconds", ...isFinished ? [] : ["status"]];
    return [
      head,
      ...what.rows.map(({ name, settings, test, bestEpoch, epochsTrained, seconds, status }) => [
        visible(name),
        ...names.map((name) => shown(settings[name])),
        ...metrics.map((name) => test?.[name]?.toFixed(4) ?? ""),
        bestEpoch === null ? "" : `${bestEpoch}`,
        `${epochsTrained}`,
        inSeconds(seconds),
        ...isFinished ? [] : [status],
      ]),
    ];
  }
  const varying = results.varying.filter((name) => name !== "seed");
  const names = varying.length > 0 ? varying : ["data", "model", "optimizer"];
  return [
    [...names, "runs", ...labels, "best epoch", "seconds"],
    ...what.groups.map(({ settings, rows, leftOut, test, bestEpoch, seconds }) => [
      ...names.map((name) => shown(settings[name])),
      leftOut.length === 0 ? `${rows.length}` : `${rows.length} of ${rows.length + leftOut.length}`,
      ...metrics.map((name) => meanAndDeviation(test[name as MetricName])),
      bestEpoch === null ? "" : bestEpoch.mean.toFixed(0),
      seconds === null ? "" : inSeconds(seconds.mean),
    ]),
  ];
}

/**
 * Whether means are what a reader wants: where a setting has several runs.
 *
 * @param results The results.
 * @returns Whether it is so.
 */
export function hasSeeds({ groups }: Results): boolean {
  return groups.some(({ rows }) => rows.length > 1);
}

function meanAndDeviation(summary: Summary | undefined): string {
  if (summary === undefined) return "";
  const { mean, deviation } = summary;
  return deviation === null ? mean.toFixed(4) : `${mean.toFixed(4)} ± ${deviation.toFixed(4)}`;
}

function inSeconds(seconds: number): string {
  return seconds.toFixed(seconds < 100 ? 1 : 0);
}

function shown(value: RunSetting): string {
  return value === undefined ? "" : visible(String(value));
}
