/**
 * The command line of `train`, and the settings it stands for.
 *
 * @module
 */
import { GRAPHS, MODELS, OPTIMIZERS, PUBLISHED, ruleOf, type TrainingSettings } from "../../src/training/settings.ts";
import { defineTask, type Parsed, type Values } from "../cli/flags.ts";

/** What does not depend on the model. */
const published = PUBLISHED["mf-bpr"];

/** The gradient of a mean loss is small in each row: SGD needs a step to match. */
const SGD_LEARNING_RATE = 10;

/** What the generated dataset, a tenth of Beauty's size, needs less of. */
const GENERATED: { readonly [Model in TrainingSettings["model"]]: { epochs: number; batch: number } } = {
  "mf-bpr": { epochs: 50, batch: 512 },
  "sasrec": { epochs: 40, batch: 128 },
  "gru4rec": { epochs: 60, batch: 64 },
  "bert4rec": { epochs: 60, batch: 32 },
  "stosa": { epochs: 40, batch: 128 },
};

/** The command line of `train`. */
export const trainTask = defineTask({
  name: "train",
  summary:
    "Trains a recommender and says how well it ranks. Without flags it trains SEvo, plain AdamW and plain Adam on a " +
    "generated dataset, in under a minute, and compares them.",
  examples: [
    ["", "SEvo against plain AdamW and Adam on the generated dataset"],
    ["--data data/beauty", "the published MF-BPR settings on a dataset that `deno task prepare` wrote"],
    ["--data data/beauty --model sasrec", "a sequence model, with its published settings for Amazon Beauty"],
    ["--data data/toys --config configs/toys/sasrec.json", "its published settings for another dataset"],
    ["--data data/beauty --compare --seeds 5", "SEvo against plain AdamW and Adam over five seeds"],
    ["--data data/beauty --graph user-item --beta 0.99", "smooth users and items together"],
    [
      "--data data/beauty --out runs/a --resume",
      "start, or go on with what was interrupted: the same command for both",
    ],
    ["--config settings.json --epochs 20", "settings from a file, one of them overridden"],
  ],
  flags: {
    data: { kind: "string", placeholder: "DIR", description: "Prepared dataset to train on", group: "Data" },
    dataset: {
      kind: "choice",
      choices: ["generated"],
      default: "generated",
      description: "Built-in dataset, where --data is not given",
      group: "Data",
    },
    datasetSeed: {
      kind: "integer",
      min: 0,
      max: 2 ** 32 - 1,
      default: 1,
      description: "Seed of the generated dataset",
      group: "Data",
    },
    model: { kind: "choice", choices: MODELS, default: published.model, description: "Model", group: "Model" },
    dimension: {
      kind: "integer",
      min: 1,
      max: 4096,
      default: published.dimension,
      description: "Embedding width",
      group: "Model",
    },
    maxLength: {
      kind: "integer",
      min: 1,
      max: 65536,
      description: `Sequence models: the last so many items of a sequence are seen (${byModel("maxLength")})`,
      group: "Model",
    },
    blocks: {
      kind: "integer",
      min: 1,
      max: 64,
      description: `Blocks of sasrec, bert4rec, stosa (${byModel("blocks")})`,
      group: "Model",
    },
    heads: {
      kind: "integer",
      min: 1,
      max: 1024,
      description: `Heads of attention of sasrec, bert4rec, stosa (${byModel("heads")})`,
      group: "Model",
    },
    dropout: {
      kind: "number",
      min: 0,
      below: 1,
      description: `Dropout of sequence models (${byModel("dropout")})`,
      group: "Model",
    },
    attentionDropout: {
      kind: "number",
      min: 0,
      below: 1,
      description: `Dropout of the attention of stosa (default: ${PUBLISHED.stosa.attentionDropout})`,
      group: "Model",
    },
    maskRate: {
      kind: "number",
      above: 0,
      max: 1,
      default: published.maskRate,
      description: "Share of items that bert4rec hides",
      group: "Model",
    },
    pvn: {
      kind: "number",
      min: 0,
      default: published.pvn,
      description: "Weight of the loss of stosa that keeps positives from negatives",
      group: "Model",
    },
    attendedMean: {
      kind: "boolean",
      default: published.attendedMean,
      description: "stosa: attend means too, as its paper has it and the published numbers do not",
      group: "Model",
    },
    optimizer: {
      kind: "choice",
      choices: OPTIMIZERS,
      default: published.optimizer,
      description: "Update rule; sevo-* smooths it over the graph",
      group: "Optimizer",
    },
    learningRate: {
      kind: "number",
      above: 0,
      description: `Step size (${byModel("learningRate")}; ${SGD_LEARNING_RATE} for sgd)`,
      group: "Optimizer",
    },
    weightDecay: {
      kind: "number",
      min: 0,
      description: `Weight decay, decoupled for adamw, else added to the gradient (default: ${published.weightDecay} ` +
        "for adamw, else 0)",
      group: "Optimizer",
    },
    beta1: {
      kind: "number",
      min: 0,
      below: 1,
      default: published.betas[0],
      description: "Decay rate of the first moment (adam, adamw)",
      group: "Optimizer",
    },
    beta2: {
      kind: "number",
      min: 0,
      below: 1,
      description:
        "Decay rate of the second moment of adam, adamw (default: 0.999; 0.98 for sasrec, 0.95 for bert4rec)",
      group: "Optimizer",
    },
    momentum: {
      kind: "number",
      min: 0,
      below: 1,
      default: published.momentum,
      description: "Momentum (sgd)",
      group: "Optimizer",
    },
    graph: {
      kind: "choice",
      choices: GRAPHS,
      default: published.graph,
      description: "Smooth items over items that follow each other, or users and items over who took what",
      group: "Graph",
    },
    propagation: {
      kind: "choice",
      choices: ["neumann", "iterative", "exact"],
      default: published.propagation,
      description: "How an update spreads over the graph",
      group: "Graph",
    },
    beta: {
      kind: "number",
      min: 0,
      below: 1,
      description: `Weight of the graph (${byModel("beta")})`,
      group: "Graph",
    },
    layers: {
      kind: "integer",
      min: 0,
      max: 64,
      default: published.layers,
      description: "Layers of propagation",
      group: "Graph",
    },
    maxWalk: {
      kind: "integer",
      min: 1,
      default: published.maxWalk,
      description: "Item graph: relate items up to this far apart in a sequence",
      group: "Graph",
    },
    last: {
      kind: "integer",
      min: 2,
      description: `Item graph: use only the last so many items of a sequence (${byModel("last")})`,
      group: "Graph",
    },
    epochs: {
      kind: "integer",
      min: 0,
      placeholder: "N",
      description: `Epochs (${byModel("epochs")}; fewer on the generated dataset)`,
      group: "Training",
    },
    batch: {
      kind: "integer",
      min: 1,
      placeholder: "N",
      description: `Samples, or users, of a step (${byModel("batch")}; fewer on the generated dataset)`,
      group: "Training",
    },
    evalEvery: {
      kind: "integer",
      min: 1,
      default: published.evalEvery,
      description: "Epochs from one validation to the next",
      group: "Training",
    },
    patience: {
      kind: "integer",
      min: 0,
      default: published.patience,
      description: "End after so many validations without a better one; 0 for never",
      group: "Training",
    },
    seed: {
      kind: "integer",
      min: 0,
      max: 2 ** 32 - 1,
      default: published.seed,
      description: "Seed of the initial tables and the samples",
      group: "Training",
    },
    seeds: {
      kind: "integer",
      min: 1,
      max: 100,
      default: 1,
      description: "Number of runs, with seeds from --seed on",
      group: "Training",
    },
    compare: {
      kind: "boolean",
      description:
        "Train plain AdamW and Adam, or the plain rule, beside SEvo (default: only where neither --data nor --optimizer is given)",
      group: "Training",
    },
    device: {
      kind: "choice",
      choices: ["auto", "cpu", "webgpu"],
      default: "auto",
      description: "Device; auto takes a hardware GPU if there is one",
      group: "Device",
    },
    threads: {
      kind: "integer",
      min: 1,
      max: 256,
      description: "Threads of the cpu device (default: one for each core)",
      group: "Device",
    },
    out: {
      kind: "string",
      placeholder: "RUN",
      description: "Run directory (default: runs/<time>-<dataset>-<model>)",
      group: "Output",
    },
    resume: {
      kind: "boolean",
      default: false,
      description: "Go on with the run in --out if there is one, as if it had not been interrupted",
      group: "Output",
    },
  },
});

/** Its flags, parsed. */
export type TrainFlags = Values<typeof trainTask.flags>;

/**
 * The flags of one run, which `--config` takes again.
 *
 * @param settings The settings of the run.
 * @param values The flags.
 * @returns Flags by name.
 */
export function configOf(
  { betas: [beta1, beta2], ...settings }: TrainingSettings,
  values: TrainFlags,
): Record<string, unknown> {
  const { data, dataset, datasetSeed, device } = values;
  return { ...data === undefined ? { dataset, datasetSeed } : { data }, ...settings, beta1, beta2, device };
}

/**
 * Leaves out what a config file says for another rule than that which the command line asks for: its weight decay, and
 * where one of the two is sgd its learning rate too.
 *
 * @param parsed The flags, parsed.
 * @returns The flags.
 */
export function ratesOfRule({ values, given, file }: Parsed<typeof trainTask.flags>): TrainFlags {
  const rules = [ruleOf(values), ruleOf({ optimizer: file.optimizer ?? values.optimizer })];
  if (rules[0] === rules[1]) return values;
  const kept = (name: "weightDecay" | "learningRate") => given.get(name) === "command line" ? values[name] : undefined;
  return {
    ...values,
    weightDecay: kept("weightDecay"),
    learningRate: rules.includes("sgd") ? kept("learningRate") : values.learningRate,
  };
}

/**
 * The settings of one run: what is given, and else what suits the model, the optimizer and the dataset.
 *
 * @param values The flags.
 * @param optimizer The optimizer of the run.
 * @param seed Its seed.
 * @returns The settings.
 */
export function settingsOf(
  values: TrainFlags,
  optimizer: TrainingSettings["optimizer"],
  seed: number,
): TrainingSettings {
  const generated = values.data === undefined ? GENERATED[values.model] : {};
  const preset = { ...PUBLISHED[values.model], ...generated };
  const { model, graph, propagation, layers, maxWalk, dimension, beta1, momentum, evalEvery } = values;
  const { maskRate, pvn, attendedMean, patience } = values;
  const rule = ruleOf({ optimizer });
  // Weight decay is another thing for each rule: one that is given is that of the optimizer given with it
  const weightDecay = rule === ruleOf(values) ? values.weightDecay : undefined;
  const or = <K extends keyof TrainingSettings & keyof TrainFlags>(name: K) =>
    (values[name] ?? preset[name]) as TrainingSettings[K];
  return {
    model,
    optimizer,
    graph,
    propagation,
    beta: or("beta"),
    layers,
    maxWalk,
    last: or("last"),
    dimension,
    maxLength: or("maxLength"),
    blocks: or("blocks"),
    heads: or("heads"),
    dropout: or("dropout"),
    attentionDropout: or("attentionDropout"),
    maskRate,
    pvn,
    attendedMean,
    learningRate: values.learningRate ?? (rule === "sgd" ? SGD_LEARNING_RATE : preset.learningRate),
    weightDecay: weightDecay ?? (rule === "adamw" ? preset.weightDecay : 0),
    betas: [beta1, values.beta2 ?? preset.betas[1]],
    momentum,
    epochs: or("epochs"),
    batch: or("batch"),
    evalEvery,
    patience,
    seed,
  };
}

/**
 * What `--compare` trains: SEvo, its plain rule, and Adam beside AdamW, as the published baselines are now the one and now
 * the other.
 *
 * @param optimizer The optimizer given.
 * @returns The optimizers.
 */
export function compared(optimizer: TrainingSettings["optimizer"]): TrainingSettings["optimizer"][] {
  const rule = ruleOf({ optimizer });
  return rule === "adamw" ? ["sevo-adamw", "adamw", "adam"] : [`sevo-${rule}`, rule];
}

/** The published values of a setting, for help: the commonest, and those of the models that have another. */
function byModel(name: keyof TrainingSettings): string {
  const values = MODELS.map((model) => PUBLISHED[model][name]);
  const count = (value: unknown) => values.filter((other) => other === value).length;
  const common = values.toSorted((a, b) => count(b) - count(a))[0];
  const others = MODELS.filter((model) => PUBLISHED[model][name] !== common);
  return [`default: ${common}`, ...others.map((model) => `${PUBLISHED[model][name]} for ${model}`)].join(", ");
}
