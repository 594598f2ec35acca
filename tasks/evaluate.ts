/**
 * Ranks the held-out items of a dataset with a trained model.
 *
 * @module
 */
import { readModel } from "../src/files/run_directory.ts";
import type { ModelDefinition } from "../src/models/define_model.ts";
import { MODELS } from "../src/models/models.ts";
import { rankSplit } from "../src/recommend/rank_split.ts";
import { rankerOf } from "../src/recommend/ranker_of.ts";
import { defineTask, parseFlags } from "./cli/flags.ts";
import { datasetOf, leftOutLine } from "./cli/dataset_of.ts";
import { deviceFlags, openTaskDevice } from "./cli/open_device.ts";
import { metricsLine, protocolLine } from "./cli/results.ts";
import { runTask } from "./cli/run_task.ts";

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
  ],
  flags: {
    data: { kind: "string", placeholder: "DIR", description: "Prepared dataset (default: the generated one)" },
    split: { kind: "choice", choices: ["valid", "test"], default: "test", description: "Held-out items to rank" },
    json: { kind: "boolean", default: false, description: "Print the metrics as JSON" },
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
  const { dataset, unknown } = await datasetOf("evaluate", file, values.data);
  const leftOut = leftOutLine(unknown, values.split);
  await using device = await openTaskDevice(values);
  using ranker = rankerOf(device, model, weights, settings);
  const metrics = await rankSplit(ranker, dataset, values.split);
  if (values.json) {
    console.log(JSON.stringify({ split: values.split, ...metrics, ...leftOut !== null && { unknown } }, null, 2));
  } else {
    console.log(`${values.split}  ${metricsLine(metrics)}\n${protocolLine(metrics.users)}`);
    if (leftOut !== null) console.log(leftOut);
  }
}

if (import.meta.main) await runTask(() => main(Deno.args));
