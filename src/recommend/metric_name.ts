import { nearest, shown } from "../options.ts";

/** The metrics that have a cut-off, by their names. */
export type MetricKind = "hr" | "recall" | "precision" | "ndcg" | "map" | "mrr";

/** Name of a metric: `mrr` is that of the whole catalogue. */
export type MetricName = `${MetricKind}@${number}` | "mrr";

/** The metrics that have a cut-off. */
export const METRIC_KINDS: readonly MetricKind[] = ["hr", "recall", "precision", "ndcg", "map", "mrr"];

/** Cut-offs where none are asked for. */
export const CUTOFFS: readonly number[] = [1, 5, 10, 20, 50];

/** The metric that picks the best epoch where none is asked for. */
export const DEFAULT_METRIC: MetricName = "ndcg@10";

/** The greatest cut-off. */
const GREATEST = 1000;

/**
 * Checks cut-offs.
 *
 * @param action What cannot be done otherwise, for the message: "Cannot evaluate".
 * @param name What they are called in the message.
 * @param at The cut-offs, in any order.
 * @returns The cut-offs, ascending and each once.
 * @throws {TypeError} If they are no list.
 * @throws {RangeError} If there is none, or one is no integer from 1 to 1000.
 */
export function checkedCutoffs(action: string, name: string, at: unknown): number[] {
  if (!Array.isArray(at)) {
    throw new TypeError(`${action} as ${name} must be a list of cut-offs: current value is ${shown(at)}`);
  }
  if (at.length === 0 || !at.every(isCutoff)) {
    throw new RangeError(`${action} as ${name} must be integers in [1, ${GREATEST}]: current value is ${shown(at)}`);
  }
  return [...new Set(at as number[])].sort((a, b) => a - b);
}

function isCutoff(k: unknown): k is number {
  return Number.isInteger(k) && (k as number) >= 1 && (k as number) <= GREATEST;
}

/**
 * Checks the name of a metric.
 *
 * @param action What cannot be done otherwise, for the message.
 * @param name What it is called in the message.
 * @param metric The name of the metric.
 * @returns The name.
 * @throws {RangeError} If there is no such metric.
 */
export function checkedMetric(action: string, name: string, metric: unknown): MetricName {
  if (metric === "mrr") return metric;
  const [, kind, k] = typeof metric === "string" ? /^([a-z]+)@([1-9]\d*)$/.exec(metric) ?? [] : [];
  if (METRIC_KINDS.some((known) => known === kind) && isCutoff(Number(k))) return metric as MetricName;
  const near = typeof metric === "string" ? meant(metric) : undefined;
  const hint = near === undefined
    ? `metrics are ${METRIC_KINDS.map((kind) => `${kind}@K`).join(", ")} with K in [1, ${GREATEST}], and mrr`
    : `did you mean '${near}'?`;
  throw new RangeError(
    `${action} as ${name} must be a metric such as ${DEFAULT_METRIC}: current value is ${shown(metric)}, ${hint}`,
  );
}

/** What a name may have been meant for: letters and cut-off each for themselves. */
function meant(metric: string): string | undefined {
  const [, letters, digits] = /^\s*([a-z]+)[^a-z\d]*(\d*)\s*$/i.exec(metric) ?? [];
  if (letters === undefined) return undefined;
  const kind = nearest(letters, METRIC_KINDS);
  const k = digits === "" ? 10 : Number(digits);
  return kind === undefined || !isCutoff(k) ? undefined : `${kind}@${k}`;
}

/**
 * The cut-off of a metric.
 *
 * @param metric The metric.
 * @returns The cut-off, or null where the metric has none.
 */
export function cutoffOf(metric: MetricName): number | null {
  return metric === "mrr" ? null : Number(metric.slice(metric.indexOf("@") + 1));
}

/**
 * The cut-offs that metrics were made at.
 *
 * @param metrics The metrics, by their names.
 * @returns The cut-offs, ascending.
 */
export function cutoffsOf(metrics: object): number[] {
  return Object.keys(metrics).filter((name) => name.startsWith("hr@")).map((name) => Number(name.slice(3)));
}
