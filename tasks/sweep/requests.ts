import { generatedDataset } from "../../src/data/generated.ts";
import type { Dataset } from "../../src/data/dataset.ts";
import type { PlannedRun } from "../../src/experiments/plan.ts";
import { readDataset } from "../../src/files/read_dataset.ts";
import type { ModelDefinition } from "../../src/models/define_model.ts";
import type { SettingValues } from "../../src/models/field.ts";
import { type Evaluation, evaluationOf } from "../cli/evaluation_flags.ts";
import { type Flags, type Parsed, UsageError } from "../cli/flags.ts";
import { configOf, type RunFlags, settingsOf, type TrainRequest, trainRequest, trainTask } from "../train/flags.ts";
import { type InitialRun, readInit, withSettings } from "../train/init.ts";
import type { SweepFlags } from "./flags.ts";

/** A run of a sweep as train has it. */
export interface RunRequest {
  /** The run. */
  readonly run: PlannedRun;
  /** What train is asked for. */
  readonly request: TrainRequest;
  /** The flags of train. */
  readonly flags: RunFlags;
  /** How the run is judged. */
  readonly evaluation: Evaluation;
  /** The run to start from; null to start anew. */
  readonly initial: InitialRun | null;
}

/**
 * Asks train for a run of a sweep.
 *
 * @param run The run.
 * @param values The command line of the sweep.
 * @param models The models that there are.
 * @returns The request.
 * @throws {UsageError} If train refuses it: a setting that the model does not have, or cannot have together with another.
 */
export async function requestOf(
  run: PlannedRun,
  values: Pick<SweepFlags, "device" | "grace" | "checkpointEvery">,
  models: readonly ModelDefinition[],
): Promise<RunRequest> {
  try {
    const declared = declaredFor(models), { settings } = run;
    const all = Object.fromEntries(
      Object.entries(declared).map(([name, flag]) => [name, settings[name] ?? flag.default]),
    );
    const { grace, checkpointEvery, device = all["device"] } = values;
    // Not as of a config file, whose values for another rule are dropped: what a spec says holds
    const asked = {
      values: { ...all, grace, checkpointEvery, device, resume: true },
      given: new Map(Object.keys(settings).map((name) => [name, "command line"])),
      file: {},
      argument: undefined,
      arguments: [],
    } as unknown as Parsed<Flags>;
    const initial = await readInit(asked, models);
    const request = trainRequest(initial ? withSettings(asked, initial.file) : asked, models), { flags } = request;
    if (settings["data"] !== undefined && settings["dataset"] !== undefined) {
      throw new UsageError("Cannot run train as data and dataset name two datasets: give one of them");
    }
    return { run, request, flags, evaluation: evaluationOf("train", flags), initial };
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const why = error.message.replace(/^Cannot run train as /, "");
    throw new UsageError(`Cannot run sweep as train refuses the run '${run.name}': ${why}`, { cause: error });
  }
}

const declarations = new WeakMap<readonly ModelDefinition[], Flags>();

/** The flags of train, which take a while to declare. */
function declaredFor(models: readonly ModelDefinition[]): Flags {
  const declared = declarations.get(models) ?? trainTask(models).flags;
  declarations.set(models, declared);
  return declared;
}

/** What the dataset of a run is told from others by. */
export function dataKey({ flags: { data, datasetSeed } }: RunRequest): string {
  return data === undefined ? `generated ${datasetSeed}` : `data ${data}`;
}

/**
 * The dataset of a run.
 *
 * @param request The run.
 * @returns The dataset.
 */
export async function datasetOf({ flags: { data, datasetSeed } }: RunRequest): Promise<Dataset> {
  return data === undefined ? generatedDataset({ seed: datasetSeed }) : await readDataset(data);
}

/**
 * All settings of a run: what is given, and else what suits model, optimizer and dataset.
 *
 * @param request The run.
 * @param dataset Its dataset.
 * @returns The settings, and `config.json` with them.
 * @throws {UsageError} If it cannot have them.
 */
export function resolved(
  { request, flags }: RunRequest,
  dataset: Dataset,
): { settings: SettingValues; config: Record<string, unknown> } {
  const { model, optimizer, seed } = request;
  const { settings } = settingsOf(request, model, dataset, optimizer, seed);
  return { settings, config: configOf(model, settings, flags) };
}
