/**
 * Ranks the held-out items of a dataset with a trained model.
 *
 * @module
 */
import { readModel } from "../src/files/read_model.ts";
import type { ModelDefinition } from "../src/models/define_model.ts";
import { MODELS } from "../src/models/models.ts";
import { rankingTask } from "../src/recommend/history.ts";
import { listSplit } from "../src/recommend/list_split.ts";
import { protocolOf } from "../src/recommend/protocol.ts";
import { metricsOf, ranksOf } from "../src/recommend/rank_split.ts";
import { rankerOf } from "../src/recommend/ranker_of.ts";
import { defineTask, parseFlags } from "./cli/flags.ts";
import { datasetOf, leftOutLine } from "./cli/dataset_of.ts";
import { evaluationOf, rankingFlags } from "./cli/evaluation_flags.ts";
import { deviceFlags, openTaskDevice } from "./cli/open_device.ts";
import { metricsTable, protocolLine } from "./cli/results.ts";
import { runTask } from "./cli/run_task.ts";
import { openSplitLists } from "./evaluate/split_lists.ts";

const task = defineTask({
  name: "evaluate",
  summary:
    "Says how well a trained model ranks held-out items: those of the dataset it was trained on, or of another with ids " +
    "in common, of which it ranks what it knows and counts the rest.",
  argument: { placeholder: "RUN", description: "Run directory, or a model.safetensors", required: true },
  examples: [
    ["runs/first --data data/ml-100k", "test metrics of a run"],
    ["runs/first --data data/next-week", "on a log that has grown since"],
    ["runs/first --data data/ml-100k --split valid --json", "validation, for a script"],
    ["runs/first --data data/plays --rank-repeats --at 10,100", "where users come back to the same items"],
  ],
  flags: {
    data: { kind: "string", placeholder: "DIR", description: "Prepared dataset (default: the generated one)" },
    split: { kind: "choice", choices: ["valid", "test"], default: "test", description: "Held-out items to rank" },
    json: { kind: "boolean", default: false, description: "Print the metrics as JSON" },
    lists: {
      kind: "string",
      placeholder: "FILE",
      description: "Write each user's list, targets and their ranks: .jsonl, .parquet or .csv, see docs/files.md",
    },
    ...rankingFlags,
    ...deviceFlags,
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
  const { values, argument } = parsed;
  const file = await readModel(argument!, models), { model, weights, settings } = file;
  const { at, rankRepeats } = evaluationOf("evaluate", values);
  const { dataset, unknown } = await datasetOf("evaluate", file, values.data);
  const leftOut = leftOutLine(unknown, values.split);
  const asked = rankingTask(dataset, values.split, { rankRepeats });
  await using device = await openTaskDevice(values);
  using ranker = rankerOf(device, model, weights, settings);
  using output = values.lists === undefined ? null : await openSplitLists(values.lists, dataset, asked);
  const ranks = await ranksOf(ranker, dataset, asked);
  const lists = await listSplit(ranker, dataset, asked, at, (some) => output?.add(some, ranks));
  output?.finish();
  const metrics = { ...metricsOf(asked, ranks, at), ...lists };
  if (values.json) {
    console.log(JSON.stringify({ split: values.split, ...metrics, ...leftOut !== null && { unknown } }, null, 2));
  } else {
    const protocol = protocolOf(dataset, { rankRepeats, metric: null });
    console.log(`${values.split}\n${metricsTable(metrics)}\n\n${protocolLine(protocol, metrics, rankRepeats)}`);
    if (leftOut !== null) console.log(leftOut);
  }
}

if (import.meta.main) await runTask(() => main(Deno.args));
