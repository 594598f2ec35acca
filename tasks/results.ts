/**
 * Puts training runs beside each other, with means over seeds and tests of whether differences are luck.
 *
 * @module
 */
import { type Comparison, comparisonsOf } from "../src/experiments/comparison.ts";
import { type ResultGroup, type ResultRow, type Results, resultsOf } from "../src/experiments/results.ts";
import { readRuns } from "../src/files/run_record.ts";
import type { MetricName } from "../src/recommend/metric_name.ts";
import { parseFlags } from "./cli/flags.ts";
import { hasSeeds } from "./cli/result_table.ts";
import { runTask } from "./cli/run_task.ts";
import { metricOf, outputOf, requestsOf, type ResultsFlags, resultsTask } from "./results/flags.ts";
import { jsonOf, markdownOf, textOf } from "./results/pages.ts";
import { writeTable } from "./results/write_table.ts";
import { writeWhole } from "../src/files/part_file.ts";

/**
 * Runs the task.
 *
 * @param args Its arguments.
 */
export async function main(args: readonly string[]): Promise<void> {
  const parsed = await parseFlags(resultsTask, args);
  if (parsed === null) return;
  const { values, arguments: paths } = parsed, output = outputOf(values);
  const found = resultsOf(await readRuns(paths));
  const metric = metricOf("--metric", values.metric ?? found.metric, found);
  const results = values.sort === undefined ? found : sorted(found, metricOf("--sort", values.sort, found));
  if (output.format === "csv" || output.format === "parquet") {
    const isMeans = values.rows === "means";
    const text = await writeTable(output.path, results, isMeans);
    if (text !== null) console.log(text.trimEnd());
    else console.log(`Wrote ${counted(results, isMeans)} to ${output.path}`);
    for (const warning of results.warnings) console.error(`warning: ${warning}`);
    return;
  }
  const comparisons = await compared(results, values, metric);
  const isMeans = values.rows === undefined ? hasSeeds(results) : values.rows === "means";
  const page = { results, comparisons, metric, isMeans };
  const text = output.format === "json" ? jsonOf(page) : output.format === "md" ? markdownOf(page) : textOf(page);
  if (output.path === null) {
    console.log(text.trimEnd());
  } else {
    writeWhole(output.path, text);
    console.log(`Wrote ${counted(results, isMeans)} to ${output.path}`);
  }
}

async function compared(results: Results, { compare }: ResultsFlags, metric: MetricName): Promise<Comparison[]> {
  const comparisons: Comparison[] = [];
  for (const request of requestsOf(compare, results)) {
    comparisons.push(...await comparisonsOf(results, request, { metric, nearest: compare.length > 0 }));
  }
  return comparisons;
}

/** The best first; what has no result comes last. */
function sorted(results: Results, metric: MetricName): Results {
  const ofRow = ({ test }: ResultRow) => test?.[metric] ?? -Infinity;
  const ofGroup = ({ test }: ResultGroup) => test[metric]?.mean ?? -Infinity;
  const order = (a: number, b: number) => a === b ? 0 : b - a;
  return {
    ...results,
    rows: results.rows.toSorted((a, b) => order(ofRow(a), ofRow(b))),
    groups: results.groups.toSorted((a, b) => order(ofGroup(a), ofGroup(b))),
  };
}

function counted({ rows, groups }: Results, isMeans: boolean): string {
  const count = isMeans ? groups.length : rows.length, what = isMeans ? "mean" : "run";
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

if (import.meta.main) await runTask(() => main(Deno.args));
