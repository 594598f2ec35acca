/**
 * Ranks the held-out items of a dataset with a trained model.
 *
 * @module
 */
import { generatedDataset } from "../src/data/generated.ts";
import { readDataset } from "../src/files/read_dataset.ts";
import { readModel } from "../src/files/run_directory.ts";
import { evaluateModel } from "../src/training/train.ts";
import { defineTask, parseFlags, UsageError } from "./cli/flags.ts";
import { openTaskDevice } from "./cli/open_device.ts";
import { metricsLine, protocolLine } from "./cli/results.ts";
import { runTask } from "./cli/run_task.ts";

const task = defineTask({
  name: "evaluate",
  summary: "Says how well a trained model ranks the held-out items of the dataset it was trained on.",
  argument: { placeholder: "RUN", description: "Run directory, or a model.safetensors", required: true },
  examples: [
    ["runs/20261123-184055-beauty-mf-bpr --data data/beauty", "test metrics of a run"],
    ["runs/20261123-184055-beauty-mf-bpr --data data/beauty --split valid --json", "validation, for a script"],
  ],
  flags: {
    data: { kind: "string", placeholder: "DIR", description: "Prepared dataset (default: the generated one)" },
    split: { kind: "choice", choices: ["valid", "test"], default: "test", description: "Held-out items to rank" },
    json: { kind: "boolean", default: false, description: "Print the metrics as JSON" },
    device: { kind: "choice", choices: ["auto", "cpu", "webgpu"], default: "auto", description: "Device" },
    threads: { kind: "integer", min: 1, max: 256, description: "Threads of the cpu device" },
  },
});

/**
 * Runs the task.
 *
 * @param args Its arguments.
 */
export async function main(args: readonly string[]): Promise<void> {
  const parsed = await parseFlags(task, args);
  if (parsed === null) return;
  const { values, argument } = parsed;
  const model = await readModel(argument!);
  const { name, options, source } = model.provenance;
  if (values.data === undefined && source !== null) {
    throw new UsageError(`Cannot run evaluate as the model was trained on '${name}': pass --data DIR`);
  }
  const dataset = values.data === undefined ? generatedDataset(options) : await readDataset(values.data);
  if (!sameNames(model.users, dataset.users) || !sameNames(model.items, dataset.items)) {
    throw new UsageError(
      `Cannot run evaluate as the model was trained on other users or items than '${values.data ?? dataset.name}' has`,
    );
  }
  await using device = await openTaskDevice(values);
  const metrics = await evaluateModel(device, dataset, model.weights, model.settings, values.split);
  if (values.json) {
    console.log(JSON.stringify({ split: values.split, ...metrics }, null, 2));
  } else {
    console.log(`${values.split}  ${metricsLine(metrics)}\n${protocolLine(metrics.users)}`);
  }
}

function sameNames(model: readonly string[], dataset: readonly string[]): boolean {
  return model.length === dataset.length && model.every((name, at) => name === dataset[at]);
}

if (import.meta.main) await runTask(() => main(Deno.args));
