import { type Comparison, comparisonsOf, usualRequests } from "../../src/experiments/comparison.ts";
import { type Results, resultsOf } from "../../src/experiments/results.ts";
import type { RunRecord } from "../../src/files/run_record.ts";
import { type Panel, panelsOf } from "../../src/report/panels.ts";

/** A run in short. */
export interface ShortRun {
  /** Its settings. */
  readonly config: Readonly<Record<string, string | number | boolean>>;
  /** NDCG@10 of the test; null where it has not finished. */
  readonly test: number | null;
  /** NDCG@10 of validation; that of the test where it is not given. */
  readonly valid?: number;
  /** Name of its dataset. */
  readonly dataset?: string;
}

/**
 * The record of a run, as its files would give it.
 *
 * @param run The run in short.
 * @param at Its number, which is in its path.
 * @returns The record.
 */
export function record({ config, test, valid = test ?? 0, dataset = "beauty" }: ShortRun, at: number): RunRecord {
  const metrics = (ndcg: number) => ({
    users: 10,
    targets: 10,
    repeats: 0,
    withoutHistory: 0,
    unseen: 0,
    "hr@10": 0.5,
    "ndcg@10": ndcg,
    mrr: 0.1,
  });
  return {
    path: `nowhere/${at}`,
    config: { model: "sasrec", metric: "ndcg@10", ...config },
    dataset: { name: dataset, digest: `digest of ${dataset}` },
    events: [],
    metrics: test === null ? null : {
      version: "1.2.3",
      protocol: "leave-one-out, full ranking over all items",
      device: "cpu",
      seconds: 1,
      digest: "0123456789abcdef",
      started: "2026-01-02T00:00:00.000Z",
      ended: "2026-01-03T00:00:00.000Z",
      bestEpoch: 5,
      valid: metrics(valid),
      test: metrics(test),
    },
  };
}

/**
 * Runs, and what the report makes of them.
 *
 * @param runs The runs in short.
 * @returns Results, comparisons and panels by NDCG@10.
 */
export async function panelled(
  runs: readonly ShortRun[],
): Promise<{ results: Results; comparisons: Comparison[]; panels: Panel[] }> {
  const results = resultsOf(runs.map(record)), comparisons: Comparison[] = [];
  for (const request of usualRequests(results)) {
    comparisons.push(...await comparisonsOf(results, request, { metric: "ndcg@10", nearest: false }));
  }
  return { results, comparisons, panels: panelsOf(results.groups, comparisons, "ndcg@10") };
}

/**
 * Runs of one arm, a seed each.
 *
 * @param config Its settings.
 * @param tests NDCG@10 of the test of each seed, from 1 on.
 * @param more What else is said of the runs.
 * @returns The runs.
 */
export function seeds(
  config: ShortRun["config"],
  tests: readonly number[],
  more: Partial<ShortRun> = {},
): ShortRun[] {
  return tests.map((test, at) => ({ config: { ...config, seed: at + 1 }, test, ...more }));
}
