/**
 * The command line of `train`, made from what the models declare.
 *
 * @module
 */
import type { Dataset } from "../../src/data/dataset.ts";
import { GENERATED_PRESET, isTrainable, type ModelDefinition } from "../../src/models/define_model.ts";
import type { Field, SettingValues } from "../../src/models/field.ts";
import { type Bounds, SEED } from "../../src/options.ts";
import { resolveSettings } from "../../src/models/settings.ts";
import { OPTIMIZERS, ruleOf, rulePreset, type TrainingSettings } from "../../src/models/training_settings.ts";
import { suitedSettings } from "../../src/training/suited_settings.ts";
import { defineTask, type Flag, type Flags, type Parsed, type Task, type Values } from "../cli/flags.ts";
import { metricFlag, rankingFlags } from "../cli/evaluation_flags.ts";
import { deviceFlags } from "../cli/open_device.ts";
import { logFlags } from "../cli/task_log.ts";
import { asFlags } from "./as_flags.ts";

/** Flags of the dataset. */
const DATA_FLAGS = {
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
    min: SEED.min!,
    max: SEED.max!,
    default: 1,
    description: "Seed of the generated dataset",
    group: "Data",
  },
} as const satisfies Flags;

/** Flags of the runs. */
const RUN_FLAGS = {
  init: {
    kind: "string",
    placeholder: "RUN",
    description:
      "Start from a trained model, a run directory or a model.safetensors, with its settings: rows are kept " +
      "by id, and new ones begin with what their neighbours have",
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
    description: "Train plain AdamW and Adam, or the plain rule, beside SEvo, and count the baselines " +
      "(default: only where neither --data nor --optimizer is given)",
    group: "Training",
  },
  ...rankingFlags,
  ...metricFlag,
  ...deviceFlags,
  out: {
    kind: "string",
    placeholder: "RUN",
    description: "Run directory (default: runs/<time>-<dataset>-<model>)",
    group: "Output",
  },
  ...logFlags,
  keepCheckpoint: {
    kind: "boolean",
    default: false,
    description:
      "Keep checkpoint.safetensors of a finished run: --init goes on with its moments, more --epochs from its end",
    group: "Output",
  },
  checkpointEvery: {
    kind: "number",
    above: 0,
    placeholder: "MINUTES",
    description: "Save a checkpoint so often, besides those after validations",
    group: "Output",
  },
  grace: {
    kind: "number",
    min: 0,
    default: 8,
    placeholder: "SECONDS",
    description:
      "Time to reach the end of the epoch when the task is asked to end (SIGTERM, SIGINT); where that is too " +
      "short, the checkpoint is made at once",
    group: "Output",
  },
  resume: {
    kind: "boolean",
    default: false,
    description:
      "Go on with the run in --out if there is one, as if it had not been interrupted; a finished one goes " +
      "on with more --epochs",
    group: "Output",
  },
} as const satisfies Flags;

/** The flags of a run that are no settings. */
export type RunFlags = Values<typeof DATA_FLAGS> & Values<typeof RUN_FLAGS> & {
  readonly model: string;
  readonly preset: string | undefined;
};

/** What `train` is asked for. */
export interface TrainRequest {
  /** Flags that are no settings. */
  readonly flags: RunFlags;
  /** The model. */
  readonly model: ModelDefinition;
  /** Settings that are given, by a flag or a config file. */
  readonly given: SettingValues;
  /** All settings, before any is chosen to suit the dataset. */
  readonly settings: SettingValues;
  /** Rule of the optimizer that weight decay and learning rate were given for. */
  readonly optimizer: TrainingSettings["optimizer"];
  /** Seed of the first run. */
  readonly seed: number;
}

/**
 * The command line of `train`.
 *
 * @param models The models that there are.
 * @returns The task.
 */
export function trainTask(models: readonly ModelDefinition[]): Task<Flags> {
  const presets = new Set(models.flatMap((model) => isTrainable(model) ? Object.keys(model.presets) : []));
  return defineTask<Flags>({
    name: "train",
    summary:
      "Trains a recommender and says how well it ranks. Without flags it trains SEvo, plain AdamW and plain Adam on a " +
      "generated dataset, in under a minute, and compares them.",
    examples: [
      ["", "SEvo against plain AdamW and Adam on the generated dataset"],
      ["--data data/ml-100k --model sasrec", "a sequence model on a dataset that `deno task prepare` wrote"],
      ["--data data/beauty --model sasrec --preset beauty", "with the settings that were published for Amazon Beauty"],
      ["--data data/toys --config configs/toys/sasrec.json", "settings from a file"],
      ["--data data/beauty --compare --seeds 5", "SEvo against plain AdamW and Adam over five seeds"],
      ["--data data/beauty --graph user-item --beta 0.99", "smooth users and items together"],
      [
        "--data data/ml-1m --model sasrec --graph item,categories:genres --graph-weights 1,0.5",
        "smooth over items that follow each other, and half as much over those of one genre",
      ],
      [
        "--data data/beauty --out runs/a --resume",
        "start, or go on with what was interrupted: the same command for both",
      ],
      [
        "--data data/beauty --out runs/a --resume --epochs 400",
        "go on with a finished run: more epochs, all else equal",
      ],
      [
        "--init runs/a --data data/beauty-new --epochs 20",
        "go on with a trained model on a log that has grown: new users and items get rows",
      ],
      ["--config settings.json --epochs 20", "settings from a file, one of them overridden"],
    ],
    sections: { Models: models.map(({ name, summary }) => [name, summary]) },
    flags: {
      ...DATA_FLAGS,
      model: {
        kind: "choice",
        choices: models.map(({ name }) => name),
        default: models.find(({ name }) => name === "mf-bpr")?.name ?? models[0]!.name,
        description: "Model",
        group: "Model",
      },
      preset: {
        kind: "choice",
        choices: [...presets],
        description:
          "Published settings to start from (default: those for Amazon Beauty, with batch and early stopping to suit the data)",
        group: "Model",
      },
      ...settingFlags(models),
      ...RUN_FLAGS,
    },
  });
}

/** The settings of each model where none is given. */
type Defaults = ReadonlyMap<ModelDefinition, SettingValues>;

/** A flag for each setting of any model. */
function settingFlags(models: readonly ModelDefinition[]): Flags {
  // Settings of one's own come first
  const names = new Set(models.flatMap(({ ownFields }) => [...ownFields.keys()]));
  for (const model of models) for (const name of model.fields.keys()) names.add(name);
  const byDefault = new Map(models.map((model) => [model, resolveSettings(model, {})]));
  const taken = ["model", "preset", "config", "help", ...Object.keys(DATA_FLAGS), ...Object.keys(RUN_FLAGS)];
  for (const name of names) {
    if (taken.includes(name)) throw new TypeError(`Cannot declare train as setting '${name}' has the name of a flag`);
  }
  return Object.fromEntries(Array.from(names, (name) => [name, settingFlag(name, models, byDefault)]));
}

function settingFlag(name: string, models: readonly ModelDefinition[], byDefault: Defaults): Flag {
  const owners = models.filter(({ fields }) => fields.has(name));
  const fields = owners.map(({ fields }) => fields.get(name)!), [field] = fields as [Field, ...Field[]];
  const kinds = new Set(fields.map(({ kind }) => kind));
  if (kinds.size > 1) {
    throw new TypeError(`Cannot declare train as setting '${name}' is of two types: ${[...kinds].join(", ")}`);
  }
  const whose = models.filter(isTrainable).every((model) => owners.includes(model))
    ? ""
    : `${owners.map(({ name }) => name).join(", ")}: `;
  const description = `${whose}${whose ? lowered(field.description) : field.description} (${
    defaults(name, owners, byDefault)
  })`;
  const common = { description, group: field.group ?? "Settings of models" };
  if (field.kind === "boolean") return { ...common, kind: "boolean" };
  if (field.kind === "choice") {
    return { ...common, kind: "choice", choices: [...new Set(fields.flatMap(({ choices }) => choices!))] };
  }
  if (field.kind === "string") return { ...common, kind: "string", placeholder: "TEXT" };
  return { ...common, kind: field.kind, ...widest(fields) };
}

/** Bounds that hold for all owners of a setting; those of the model in hand are checked when it is known. */
function widest(fields: readonly Field[]): Omit<Bounds, "integer"> {
  const bounds: Record<string, number> = {};
  for (
    const [name, pick] of [["min", Math.min], ["above", Math.min], ["max", Math.max], ["below", Math.max]] as const
  ) {
    const values = fields.map((field) => field[name]);
    if (values.every((value) => value !== undefined)) bounds[name] = pick(...values as number[]);
  }
  return bounds;
}

/** The default of a setting: the commonest, and those of the models that have another. */
function defaults(name: string, owners: readonly ModelDefinition[], byDefault: Defaults): string {
  const groups = Map.groupBy(owners, (model) => byDefault.get(model)![name]!);
  const [common, ...others] = [...groups].sort(([, a], [, b]) => b.length - a.length);
  const rest = others.map(([value, models]) => `; ${value} for ${models.map(({ name }) => name).join(", ")}`);
  return `default: ${common![0]}${rest.join("")}`;
}

function lowered(text: string): string {
  return text[0]!.toLowerCase() + text.slice(1);
}

/**
 * What a command line asks `train` for.
 *
 * @param parsed The command line, parsed.
 * @param models The models that there are.
 * @returns The request.
 * @throws {UsageError} If the model does not have a setting that is given.
 */
export function trainRequest({ values, given, file }: Parsed<Flags>, models: readonly ModelDefinition[]): TrainRequest {
  const flags = values as unknown as RunFlags;
  const model = models.find(({ name }) => name === flags.model)!;
  const settings: Record<string, unknown> = {};
  for (const name of given.keys()) {
    if (models.some(({ fields }) => fields.has(name))) settings[name] = values[name];
  }
  const preset = presetFor(flags, model);
  const resolved = asFlags(() => resolveSettings(model, settings, preset, models));
  const optimizer = (resolved["optimizer"] ?? OPTIMIZERS[0]) as TrainingSettings["optimizer"];
  // Some rates belong to a rule, such as the weight decay: values that a config file gives for another rule are dropped
  const ofFile = (file["optimizer"] ?? optimizer) as TrainingSettings["optimizer"];
  if (ruleOf({ optimizer }) !== ruleOf({ optimizer: ofFile })) {
    for (const name of [optimizer, ofFile].flatMap((one) => Object.keys(rulePreset(one)))) {
      if (given.get(name) === "config file") delete settings[name];
    }
  }
  return {
    flags,
    model,
    given: settings as SettingValues,
    settings: resolved,
    optimizer,
    seed: Number(resolved["seed"] ?? 0),
  };
}

/**
 * The settings of one run: what is given, and else what suits the model, the optimizer and the dataset.
 *
 * @param request What is asked for.
 * @param model The model of the run.
 * @param dataset The dataset.
 * @param optimizer The optimizer of the run.
 * @param seed Its seed.
 * @returns All settings, and what was chosen for the dataset.
 */
export function settingsOf(
  { flags, given, model: wantedModel, optimizer: asked }: TrainRequest,
  model: ModelDefinition,
  dataset: Dataset,
  optimizer: TrainingSettings["optimizer"],
  seed: number,
): { settings: SettingValues; chosen: readonly string[] } {
  // What is given is meant for the model that is asked for, not for the baselines beside it
  if (!isTrainable(model)) return { settings: resolveSettings(model, model === wantedModel ? given : {}), chosen: [] };
  const wanted: Record<string, unknown> = { ...given, optimizer, seed };
  // Weight decay is another thing for each rule: one that is given is that of the optimizer given with it
  if (ruleOf({ optimizer }) !== ruleOf({ optimizer: asked })) delete wanted["weightDecay"];
  const preset = presetFor(flags, model);
  return asFlags(() => {
    if (preset !== undefined) return { settings: resolveSettings(model, wanted, preset) as object, chosen: [] };
    return suitedSettings(model, wanted, dataset);
  }) as { settings: SettingValues; chosen: readonly string[] };
}

/** The preset that a model starts from; undefined where its settings are to suit the data. */
function presetFor({ preset, data }: RunFlags, model: ModelDefinition): string | undefined {
  if (preset !== undefined || data !== undefined || !isTrainable(model)) return preset;
  return GENERATED_PRESET in model.presets ? GENERATED_PRESET : undefined;
}

/**
 * What is written to the `config.json` of a run, which `--config` takes again.
 *
 * @param model The model of the run.
 * @param settings Its settings.
 * @param flags The flags.
 * @returns Flags by name.
 */
export function configOf(model: ModelDefinition, settings: object, flags: RunFlags): Record<string, unknown> {
  const { data, dataset, datasetSeed, init, device, at, rankRepeats, metric } = flags;
  return {
    ...data === undefined ? { dataset, datasetSeed } : { data },
    ...init !== undefined && { init },
    model: model.name,
    ...settings,
    at,
    rankRepeats,
    metric,
    device,
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
