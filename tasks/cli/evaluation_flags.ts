import {
  checkedCutoffs,
  checkedMetric,
  CUTOFFS,
  DEFAULT_METRIC,
  type MetricName,
} from "../../src/recommend/metric_name.ts";
import { type Flags, UsageError } from "./declaration.ts";

const GROUP = "Evaluation";

/** Flags of what is ranked and measured: see docs/metrics.md. */
export const rankingFlags = {
  at: {
    kind: "string",
    placeholder: "CUTOFFS",
    default: CUTOFFS.join(","),
    group: GROUP,
    description: "Lengths of lists that metrics are made at",
  },
  rankRepeats: {
    kind: "boolean",
    default: false,
    group: GROUP,
    description: "Rank items of a user's own history too; else targets among them are left out and counted",
  },
} as const satisfies Flags;

/** The metric that a training run is judged by. */
export const metricFlag = {
  metric: {
    kind: "string",
    placeholder: "NAME",
    default: DEFAULT_METRIC,
    group: GROUP,
    description:
      "Metric of validation that picks the best epoch, and that --patience looks at: hr, recall, precision, " +
      "ndcg, map or mrr with @ and a cut-off, or mrr",
  },
} as const satisfies Flags;

/** What these flags say. */
export interface Evaluation {
  /** Cut-offs, ascending. */
  readonly at: readonly number[];
  /** Whether items of a user's own history are ranked too. */
  readonly rankRepeats: boolean;
  /** The metric that picks the best epoch. */
  readonly metric: MetricName;
}

/**
 * Reads the flags of evaluation.
 *
 * @param task Name of the task, for messages.
 * @param values The values of the flags.
 * @returns What they say.
 * @throws {UsageError} If a cut-off or the metric is none.
 */
export function evaluationOf(
  task: string,
  values: { readonly at: string; readonly rankRepeats: boolean; readonly metric?: string },
): Evaluation {
  try {
    return {
      at: checkedCutoffs(
        `Cannot run ${task}`,
        "--at",
        values.at.split(",").map((k) => k.trim() === "" ? NaN : Number(k)),
      ),
      rankRepeats: values.rankRepeats,
      metric: checkedMetric(`Cannot run ${task}`, "--metric", values.metric ?? DEFAULT_METRIC),
    };
  } catch (error) {
    throw error instanceof RangeError ? new UsageError(error.message, { cause: error }) : error;
  }
}
