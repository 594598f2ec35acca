/**
 * Times propagation, optimizer steps and whole models, against PyTorch where it is there, and the making of a dataset.
 *
 * @module
 */
import { generatedDataset } from "../src/data/generated.ts";
import { readDataset } from "../src/files/read_dataset.ts";
import { isTrainable } from "../src/models/define_model.ts";
import { MODELS } from "../src/models/models.ts";
import { benchModels } from "./bench/models.ts";
import { benchRecommend } from "./bench/recommend.ts";
import { benchOptimizer } from "./bench/optimizer.ts";
import { benchPrepare } from "./bench/prepare.ts";
import { defineTask, parseFlags, UsageError } from "./cli/flags.ts";
import { deviceFlags, openTaskDevice } from "./cli/open_device.ts";
import { runTask } from "./cli/run_task.ts";

/** Models that have epochs to time. */
const TRAINABLE = MODELS.filter(isTrainable);

const task = defineTask({
  name: "bench",
  summary:
    "Times the optimizer: propagation, a SEvo-AdamW step and a plain AdamW step over tables of 64 columns, 3 layers, dense " +
    "gradients, on graphs of 20 entries a row, uniform and as logs make them, and on that of a dataset; bandwidth is the bytes that the work " +
    "must move over the time it took, beside what a plain copy reaches. Or times models: an epoch with SEvo-AdamW and with " +
    "AdamW, and full ranking, with the published settings. Or times lists of the best items, for every user of a made-up model. " +
    "Or times the making of a dataset of a made-up log, with the memory and the disk that it takes.",
  argument: {
    placeholder: "WHAT",
    description: "optimizer, models, recommend or prepare (default: optimizer)",
    required: false,
  },
  examples: [
    ["", "12,000 rows, as many as Amazon Beauty has, to 1,000,000"],
    ["--data data/beauty --versus-torch", "the graph of a prepared dataset, against PyTorch on the same graph"],
    ["--max-rows 100000 --threads 1", "a shorter run on one thread"],
    ["models --data data/beauty --versus-torch", "epochs of the sequence models, against PyTorch in the same run"],
    ["recommend --versus-torch", "lists of ten of 100,000 items, against torch.topk in blocks"],
    ["recommend --users 1000000 --versus-torch", "the same for a million users; takes minutes"],
    ["prepare --interactions 1000000 --users 20000 --items 6000", "a dataset of a smaller log"],
    ["models --models sasrec --device webgpu", "dispatches and bytes of a step on a GPU"],
  ],
  flags: {
    data: {
      kind: "string",
      placeholder: "DIR",
      description: "Prepared dataset (default: graphs that are made up; the generated dataset for models)",
    },
    rounds: { kind: "integer", min: 1, max: 100, default: 3, description: "Rounds; medians are printed" },
    versusTorch: {
      kind: "boolean",
      default: false,
      description: "Time the PyTorch reference in turn with ours (needs python3-torch)",
    },
    python: { kind: "string", placeholder: "FILE", default: "/usr/bin/python3", description: "Python with PyTorch" },
    ...deviceFlags,
    maxRows: {
      kind: "integer",
      min: 12000,
      default: 1000000,
      description: "Rows of the largest graph that is made up",
      group: "Optimizer",
    },
    models: {
      kind: "string",
      placeholder: "LIST",
      default: "sasrec,gru4rec,bert4rec,stosa",
      description: `Models, by commas: ${TRAINABLE.map(({ name }) => name).join(", ")}`,
      group: "Models",
    },
    users: {
      kind: "integer",
      min: 1,
      max: 100_000_000,
      description: "Users, by default 20,000 of the made-up model and 1,000,000 of the made-up log",
      group: "Recommend and prepare",
    },
    items: {
      kind: "integer",
      min: 1,
      max: 100_000_000,
      description: "Items, by default 100,000 of the made-up model and 300,000 of the made-up log",
      group: "Recommend and prepare",
    },
    columns: {
      kind: "integer",
      min: 1,
      max: 4096,
      default: 64,
      description: "Columns of its rows",
      group: "Recommend",
    },
    count: { kind: "integer", min: 1, default: 10, description: "Items of a list", group: "Recommend" },
    interactions: {
      kind: "integer",
      min: 1,
      max: 1_000_000_000,
      default: 50_000_000,
      description: "Interactions of the made-up log",
      group: "Prepare",
    },
    keep: {
      kind: "boolean",
      default: false,
      description: "Keep the log and the dataset, and say where they are",
      group: "Prepare",
    },
    torchSteps: {
      kind: "integer",
      min: 1,
      default: 4,
      description: "Steps of PyTorch that are timed, and extrapolated to an epoch",
      group: "Models",
    },
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
  const { values, argument = "optimizer" } = parsed;
  if (!["optimizer", "models", "recommend", "prepare"].includes(argument)) {
    throw new UsageError(
      `Cannot run bench as it times 'optimizer', 'models', 'recommend' or 'prepare': current value is '${argument}'`,
    );
  }
  const models = values.models.split(",").map((name) => {
    const model = TRAINABLE.find((known) => known.name === name.trim());
    if (model) return model;
    const names = TRAINABLE.map(({ name }) => name).join(", ");
    throw new UsageError(`Cannot run bench as there is no model '${name}' to train: there are ${names}`);
  });
  if (argument === "prepare") {
    const { users = 1_000_000, items = 300_000 } = values;
    return await benchPrepare({ ...values, users, items });
  }
  await using device = await openTaskDevice(values);
  if (argument === "optimizer") return await benchOptimizer(device, values);
  if (argument === "recommend") {
    const { python, versusTorch, threads = navigator.hardwareConcurrency, users = 20_000, items = 100_000 } = values;
    const made = { users, items, threads, python: versusTorch ? python : null };
    return await benchRecommend(device, { ...values, ...made });
  }
  const { data, rounds, threads } = values;
  const dataset = data === undefined ? generatedDataset({ seed: 1 }) : await readDataset(data);
  const torch = values.versusTorch ? { ...values, steps: values.torchSteps, threads } : null;
  await benchModels(device, dataset, { models, rounds, torch });
}

if (import.meta.main) await runTask(() => main(Deno.args));
