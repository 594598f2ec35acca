import { type ComparisonRequest, usualRequests } from "../../src/experiments/comparison.ts";
import type { Results } from "../../src/experiments/results.ts";
import { checkedMetric, type MetricName } from "../../src/recommend/metric_name.ts";
import { nearest } from "../../src/options.ts";
import { defineTask, UsageError, type Values } from "../cli/flags.ts";

/** The formats that results are written in. */
export const FORMATS = ["csv", "parquet", "md", "json"] as const;

/** The command line of `results`. */
export const resultsTask = defineTask({
  name: "results",
  summary:
    "Puts training runs beside each other: the settings that differ, what they came to, means and deviations over seeds, " +
    "and whether SEvo's gain is luck, by paired tests over seeds and over users. See docs/comparing-runs.md.",
  argument: {
    placeholder: "RUNS...",
    description: "Run directories, or folders with run directories in them at any depth",
    required: true,
    many: true,
  },
  examples: [
    ["runs/sweep", "means over seeds on the screen, and SEvo against the same without"],
    ["runs/a runs/b --rows runs --sort ndcg@10", "a row a run, the best first"],
    ["runs/sweep --to results.parquet", "a row a run for DuckDB, pandas or R; .csv, .md and .json too"],
    ["runs/sweep --rows means --to - --format csv", "means, to another program"],
    ["runs/sweep --compare beta=0.99,0.5 --metric hr@10", "one value of a setting against another"],
  ],
  flags: {
    rows: {
      kind: "choice",
      choices: ["runs", "means"],
      description:
        "A row a run, or one for all seeds (default: runs in .csv and .parquet; else means where there are seeds)",
    },
    sort: {
      kind: "string",
      placeholder: "METRIC",
      description: "Best first by this metric (default: as in the folders)",
    },
    metric: {
      kind: "string",
      placeholder: "METRIC",
      description: "Metric of the tests (default: the one that the runs were picked by)",
    },
    compare: {
      kind: "list",
      placeholder: "SETTING=A,B",
      description:
        "Test runs with one value of a setting against those with another, all else equal (default: optimizers " +
        "with SEvo against the same without)",
    },
    to: {
      kind: "string",
      placeholder: "FILE",
      description: "File to write, .csv, .parquet, .md or .json; or - for standard output, with --format",
    },
    format: { kind: "choice", choices: ["csv", "md", "json"], description: "Format on standard output" },
  },
});

/** What the flags of `results` are. */
export type ResultsFlags = Values<typeof resultsTask.flags>;

/** Where results go. */
export interface Output {
  /** The file; null for standard output. */
  readonly path: string | null;
  /** The format; null for a table on a terminal. */
  readonly format: typeof FORMATS[number] | null;
}

/**
 * Where results go.
 *
 * @param flags The flags.
 * @returns The place.
 * @throws {UsageError} If its format is not known.
 */
export function outputOf({ to, format }: ResultsFlags): Output {
  if (to === undefined || to === "-") {
    if (to === "-" && format === undefined) {
      throw new UsageError("Cannot run results as --to - needs a format: give --format csv, md or json");
    }
    return { path: null, format: format ?? null };
  }
  if (format !== undefined) {
    throw new UsageError(
      "Cannot run results as --format is that of standard output: the end of --to says that of a file",
    );
  }
  const found = FORMATS.find((end) => to.endsWith(`.${end}`));
  if (found === undefined) {
    throw new UsageError(
      `Cannot run results as --to must end in .csv, .parquet, .md or .json: current value is '${to}'`,
    );
  }
  return { path: to, format: found };
}

/**
 * A metric that runs have.
 *
 * @param flag The flag that it stands in.
 * @param metric Its name.
 * @param results What the runs came to.
 * @returns The metric.
 * @throws {UsageError} If there is no such metric, or no run has it.
 */
export function metricOf(flag: "--metric" | "--sort", metric: string, { metrics }: Results): MetricName {
  let name: MetricName;
  try {
    name = checkedMetric("Cannot run results", flag, metric);
  } catch (error) {
    throw error instanceof RangeError ? new UsageError(error.message, { cause: error }) : error;
  }
  // Without a finished run there is nothing to say of any metric
  if (metrics.length === 0 || metrics.includes(name)) return name;
  throw new UsageError(
    `Cannot run results as no run has ${name} (${flag}): train with its cut-off in --at, or give another`,
  );
}

/**
 * What is to be compared.
 *
 * @param compare What is asked for.
 * @param results What the runs came to.
 * @returns The requests.
 * @throws {UsageError} If there is no such setting, or no run has such a value.
 */
export function requestsOf(compare: readonly string[], results: Results): ComparisonRequest[] {
  if (compare.length === 0) return usualRequests(results);
  return compare.map((text) => {
    const [, setting, value, against] = /^([^=]+)=([^,]+),([^,]+)$/.exec(text) ?? [];
    if (setting === undefined || value === undefined || against === undefined) {
      throw new UsageError(
        `Cannot run results as --compare must be SETTING=A,B, such as optimizer=sevo-adamw,adamw: current value is '${text}'`,
      );
    }
    const others = results.varying.filter((name) => name !== "seed");
    if (!others.includes(setting)) {
      const near = nearest(setting, others);
      const hint = near !== undefined
        ? `did you mean '${near}'?`
        : others.length === 0
        ? "they differ in nothing"
        : `they differ in ${others.join(", ")}`;
      throw new UsageError(`Cannot run results as the runs do not differ in '${setting}' (--compare): ${hint}`);
    }
    const values = [...new Set(results.rows.map(({ settings }) => settings[setting]))].filter((each) =>
      each !== undefined
    )
      .map(String);
    for (const each of [value, against]) {
      if (values.includes(each)) continue;
      throw new UsageError(
        `Cannot run results as no run has ${setting} '${each}' (--compare): there are ${values.join(", ")}`,
      );
    }
    return { setting, value, against };
  });
}
