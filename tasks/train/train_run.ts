import type { Dataset } from "../../src/data/dataset.ts";
import type { Device } from "../../src/device/device.ts";
import type { DatasetIdentity, FinishedMetrics, RunDirectory } from "../../src/files/run_directory.ts";
import { isTrainable, type ModelDefinition } from "../../src/models/define_model.ts";
import type { SettingValues } from "../../src/models/field.ts";
import { protocolOf } from "../../src/recommend/protocol.ts";
import { train } from "../../src/training/train.ts";
import type { Evaluation } from "../cli/evaluation_flags.ts";
import { ProgressReport } from "../cli/progress_report.ts";
import { resultLine } from "../cli/results.ts";
import type { TaskLog } from "../cli/task_log.ts";
import { VERSION } from "../cli/version.ts";
import { refuseAsFlag } from "./as_flags.ts";
import { configOf, type RunFlags } from "./flags.ts";
import { type InitialRun, startFrom } from "./init.ts";
import { readSources } from "./sources.ts";

/** One run of a command. */
export interface Run {
  /** The model. */
  readonly model: ModelDefinition;
  /** All its settings. */
  readonly settings: SettingValues;
}

/** What all runs of a command have in common, and where one is written. */
export interface RunPlan {
  /** What the run is called in what is said; its optimizer and seed by default. */
  readonly label?: string;
  /** The flags. */
  readonly flags: RunFlags;
  /** How it is judged. */
  readonly evaluation: Evaluation;
  /** Its run directory, which this process holds. */
  readonly directory: RunDirectory;
  /** The run to start from; null to start anew. */
  readonly initial: InitialRun | null;
  /** The models that there are. */
  readonly models: readonly ModelDefinition[];
  /** The dataset. */
  readonly identity: DatasetIdentity;
  /** Aborted where it is asked to end. */
  readonly signal: AbortSignal;
  /** What is said. */
  readonly log: TaskLog;
}

/**
 * Trains one run; with `--resume`, goes on from where it was, and leaves it as it is where it has finished.
 *
 * @param device The device.
 * @param dataset The dataset.
 * @param run The run.
 * @param plan What else it depends on.
 * @returns Its result.
 */
export async function trainRun(
  device: Device,
  dataset: Dataset,
  { model, settings }: Run,
  { label: named, flags, evaluation, directory, initial, models, identity, signal, log: { say, tell } }: RunPlan,
): Promise<FinishedMetrics> {
  const begin = performance.now();
  const label = named ?? (isTrainable(model) ? `${settings["optimizer"]} seed ${settings["seed"]}` : model.name);
  const { teachers, digests } = await readSources(dataset, model, settings, models);
  const run = { config: configOf(model, settings, flags), dataset: identity, sources: digests };
  const { path } = directory;
  let isStarted = flags.resume && await directory.resume(run);
  const finished = isStarted ? await directory.metrics() : null;
  if (finished) {
    say(resultLine(label, finished));
    tell({ type: "result", run: path, ...finished });
    return finished;
  }
  const from = isStarted ? await directory.rewind() : null;
  if (from) say(`${label}  goes on ${from.part ? "in" : "after"} epoch ${from.epoch + (from.part ? 1 : 0)}`);
  const begun = initial && !from && isTrainable(model) ? await startFrom(device, initial, dataset, settings) : null;
  if (begun) say(`${label}  starts from ${begun.words}`);
  let trained = from?.epoch ?? 0;
  using report = new ProgressReport(label, Number(settings["epochs"] ?? 0), from?.epoch, {
    metric: evaluation.metric,
    say,
  });
  const result = await train(device, dataset, model, settings, {
    evaluation,
    from,
    initial: begun?.start ?? null,
    teachers,
    stop: { signal, grace: flags.grace, ...flags.checkpointEvery && { checkpointEvery: flags.checkpointEvery } },
    async onEvent(event) {
      if (event.type === "epoch") trained = event.epoch;
      // Not before the first event: what cannot be trained leaves nothing behind.
      if (!isStarted) await directory.start(run);
      isStarted = true;
      await directory.log(event);
      tell({ ...event, run: path });
      report.show(event);
    },
    onCheckpoint: (checkpoint) => directory.checkpoint(checkpoint),
  }).catch(refuseAsFlag);
  const digest = await directory.finish(result, dataset, {
    version: VERSION,
    protocol: protocolOf(dataset, evaluation),
    device: device.description,
    seconds: Math.round(performance.now() - begin) / 1000,
    keepCheckpoint: flags.keepCheckpoint,
  });
  const { bestEpoch, valid, test } = result;
  tell({ type: "result", run: path, digest, bestEpoch, valid, test });
  report.finish(`${resultLine(label, result)}  digest ${digest.slice(0, 12)}`);
  if (isTrainable(model) && result.bestEpoch === 0 && Number(settings["epochs"]) > 0) {
    console.error(
      `warning: ${label} never ranked better than before training by validation ${evaluation.metric.toUpperCase()}: the model is ` +
        "that of the start; try more --epochs, another --learning-rate, or look at the order of the log",
    );
  }
  if (from && trained === from.epoch && from.epoch < Number(settings["epochs"])) {
    say(`${label}  had ended by --patience ${settings["patience"]}: --patience 0 trains on`);
  }
  return result;
}
