/**
 * Starting from a trained model: the flag `--init` of `train`.
 *
 * @module
 */
import type { Dataset } from "../../src/data/dataset.ts";
import type { Device } from "../../src/device/device.ts";
import { readCheckpoint, readModel } from "../../src/files/read_model.ts";
import { isTrainable, type ModelDefinition } from "../../src/models/define_model.ts";
import type { SettingValues } from "../../src/models/field.ts";
import type { ModelFile } from "../../src/models/model_file.ts";
import { ruleOf, type TrainingSettings } from "../../src/models/training_settings.ts";
import type { Checkpoint } from "../../src/training/checkpoint.ts";
import { growModel, type RowCounts } from "../../src/training/grow.ts";
import { growMoments } from "../../src/training/grow_moments.ts";
import type { StartingPoint } from "../../src/training/train.ts";
import { type Flags, type Parsed, UsageError } from "../cli/flags.ts";
import { refuseAsFlag } from "./as_flags.ts";

/** A run to start from. */
export interface InitialRun {
  /** Its path, as given. */
  readonly path: string;
  /** Its model. */
  readonly file: ModelFile;
  /** Where it had come to; null where that is not kept. */
  readonly checkpoint: Checkpoint | null;
}

/**
 * Reads the run that `--init` names.
 *
 * @param parsed The command line, parsed.
 * @param models The models that there are.
 * @returns The run; null without the flag.
 * @throws {UsageError} If the command line asks for another model or for a preset, or the model is counted.
 */
export async function readInit(
  { values, given }: Parsed<Flags>,
  models: readonly ModelDefinition[],
): Promise<InitialRun | null> {
  const path = values["init"] as string | undefined;
  if (path === undefined) return null;
  const file = await readModel(path, models), { name } = file.model;
  if (!isTrainable(file.model)) {
    throw new UsageError(
      `Cannot run train as --init '${path}' is ${name}, which is counted, not trained: train it on the new data`,
    );
  }
  if (given.has("model") && values["model"] !== name) {
    throw new UsageError(
      `Cannot run train as --init '${path}' is ${name}: current value of --model is '${values["model"]}'`,
    );
  }
  if (given.has("preset")) {
    throw new UsageError("Cannot run train as --init and --preset both say what the settings are: give one of them");
  }
  return { path, file, checkpoint: await readCheckpoint(path) };
}

/**
 * The command line as if a config file had the settings of the model to start from.
 *
 * @param parsed The command line, parsed.
 * @param file The model.
 * @returns The command line.
 */
export function withSettings(
  { values, given, file, ...rest }: Parsed<Flags>,
  { model, settings }: ModelFile,
): Parsed<Flags> {
  const before: Record<string, unknown> = { model: model.name, ...settings };
  const missing = Object.keys(before).filter((name) => !given.has(name));
  return {
    values: { ...values, ...Object.fromEntries(missing.map((name) => [name, before[name]])) },
    given: new Map([...missing.map((name) => [name, "config file"] as const), ...given]),
    file: { ...before, ...file },
    ...rest,
  } as Parsed<Flags>;
}

/**
 * Where a run starts that goes on with a trained model.
 *
 * @param device The device to compute on.
 * @param initial The run to start from.
 * @param dataset What it is trained on.
 * @param settings What it is trained with.
 * @returns Weights and moments, and what became of them in words.
 * @throws {UsageError} If a setting would give the weights another shape.
 * @throws {RangeError} If the dataset has nothing in common with that of the model.
 */
export async function startFrom(
  device: Device,
  { path, file, checkpoint }: InitialRun,
  dataset: Dataset,
  settings: SettingValues,
): Promise<{ start: StartingPoint; words: string }> {
  const wanted = settings as unknown as TrainingSettings;
  const grown = await growModel(device, file, dataset, wanted).catch(refuseAsFlag);
  const moments = checkpoint && growMoments(checkpoint, file, grown, wanted);
  const { items, users } = grown.rows;
  const kept = moments
    ? "moments kept by row"
    : checkpoint
    ? `moments start anew: ${
      ruleOf(file.settings as unknown as TrainingSettings) === ruleOf(wanted)
        ? "other weights are trained now"
        : `${ruleOf(wanted)} keeps others`
    }`
    : "moments start anew: there is no checkpoint.safetensors";
  const parts = [rowsInWords("items", items), ...users ? [rowsInWords("users", users)] : [], kept];
  return { start: { weights: grown.weights, moments }, words: `${path}: ${parts.join("; ")}` };
}

function rowsInWords(what: string, { kept, related, drawn, dropped }: RowCounts): string {
  const parts = [
    `${kept} kept`,
    `${related} new by their ${what === "items" ? "neighbours" : "items"}`,
    `${drawn} drawn`,
  ];
  return `${what} ${parts.join(", ")}${dropped > 0 ? `, ${dropped} not there any more` : ""}`;
}
