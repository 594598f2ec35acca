/**
 * Makes one page of training runs, for people to look at.
 *
 * @module
 */
import { comparisonsOf, usualRequests } from "../src/experiments/comparison.ts";
import { type Results, resultsOf } from "../src/experiments/results.ts";
import { writeWhole } from "../src/files/part_file.ts";
import { readRuns } from "../src/files/run_record.ts";
import type { ModelDefinition } from "../src/models/define_model.ts";
import { MODELS } from "../src/models/models.ts";
import { checkedMetric } from "../src/recommend/metric_name.ts";
import { panelsOf } from "../src/report/panels.ts";
import { reportPage } from "../src/report/report.ts";
import { defineTask, parseFlags, UsageError } from "./cli/flags.ts";
import { quoted } from "../src/quoted.ts";
import { runTask } from "./cli/run_task.ts";
import { VERSION } from "./cli/version.ts";
import { datasetsOf } from "./report/datasets.ts";
import { itemEvidence, smoothnessEvidence } from "./report/evidence.ts";

const task = defineTask({
  name: "report",
  summary:
    "Makes one page of runs: whether SEvo helps, by how much, and whether it is luck; learning curves, means and tests over " +
    "seeds, metrics against the settings that vary, a map of the items. The page is one file of HTML that fetches nothing " +
    "from anywhere.",
  argument: {
    placeholder: "RUNS",
    description: "Run directories, or folders with run directories",
    required: true,
    many: true,
  },
  examples: [
    ["runs/compare", "a page of all runs in a folder, report.html"],
    ["runs/sweep --setting beta --to beta.html", "of a sweep, with the metric against one setting"],
    ["runs/a runs/b --data data/beauty --metric hr@10", "where the dataset lies elsewhere than it did"],
  ],
  flags: {
    to: { kind: "string", placeholder: "FILE", default: "report.html", description: "File to write" },
    title: { kind: "string", placeholder: "TEXT", description: "Title of the page" },
    metric: {
      kind: "string",
      placeholder: "NAME",
      description: "Metric to speak of, such as hr@10 (default: the one that picked the best epochs)",
    },
    setting: {
      kind: "list",
      placeholder: "NAME",
      description: "Setting to draw the metric against (default: every number with three values or more)",
    },
    data: {
      kind: "list",
      placeholder: "DIR",
      description: "Prepared dataset of the runs, for what the page says of items (default: where it was at training)",
    },
  },
});

/**
 * Runs the task.
 *
 * @param args Its arguments.
 * @param models The models that there are; by default those of this package.
 */
export async function main(args: readonly string[], models: readonly ModelDefinition[] = MODELS): Promise<void> {
  const parsed = await parseFlags(task, args);
  if (parsed === null) return;
  const { to, title = null, setting: settings, data } = parsed.values;
  const results = resultsOf(await readRuns(parsed.arguments));
  const metric = checkedMetric("Cannot make a report", "--metric", parsed.values.metric ?? results.metric);
  checkSettings(settings, results);
  const found = usualRequests(results).map((request) => comparisonsOf(results, request, { metric, nearest: false }));
  const comparisons = (await Promise.all(found)).flat(), panels = panelsOf(results.groups, comparisons, metric);
  const datasets = await datasetsOf(panels, data, models);
  const { smoothness, missing } = await smoothnessEvidence(panels, datasets, models);
  const items = await itemEvidence(panels, datasets, models);
  const command = ["deno task report", ...args.map(quoted)].join(" ");
  const page = await reportPage(
    { results, panels, metric, title, settings, items, smoothness, missing, version: VERSION, command },
  );
  const bytes = new TextEncoder().encode(page), runs = results.rows.length;
  writeWhole(to, bytes);
  console.log(`Wrote ${runs} run${runs === 1 ? "" : "s"} to ${to}: ${(bytes.length / 1e6).toFixed(2)} MB`);
}

function checkSettings(wanted: readonly string[], { varying, rows }: Results): void {
  const numbers = varying.filter((name) =>
    name !== "seed" && rows.some(({ settings }) => typeof settings[name] === "number")
  );
  const unknown = wanted.find((name) => !numbers.includes(name));
  if (unknown === undefined) return;
  throw new UsageError(
    `Cannot run report as '${unknown}' is no number that differs between the runs: ${
      numbers.length === 0 ? "none does" : `expected one of ${numbers.join(", ")}`
    }`,
  );
}

if (import.meta.main) await runTask(() => main(Deno.args));
