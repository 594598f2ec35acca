import { datasetDigest } from "../../src/data/digest.ts";
import { decide, readDecisions, readStarted, rungsOf, writeDecisions } from "../../src/experiments/halving.ts";
import type { PlannedRun } from "../../src/experiments/plan.ts";
import type { Halving } from "../../src/experiments/spec.ts";
import { RunDirectory } from "../../src/files/run_directory.ts";
import { readRun } from "../../src/files/run_record.ts";
import type { ModelDefinition } from "../../src/models/define_model.ts";
import { openTaskDevice } from "../cli/open_device.ts";
import { TaskLog } from "../cli/task_log.ts";
import { type RunPlan, trainRun } from "../train/train_run.ts";
import type { SweepFlags } from "./flags.ts";
import { datasetOf, requestOf, resolved } from "./requests.ts";

/** What a run has to do with the others of its sweep. */
export interface Surroundings {
  /** All runs. */
  readonly plan: readonly PlannedRun[];
  /** The rule by which those that lag are stopped; null where there is none. */
  readonly halve: Halving | null;
  /** The command line. */
  readonly values: SweepFlags;
  /** The models that there are. */
  readonly models: readonly ModelDefinition[];
  /** Aborted where the run is asked to end. */
  readonly signal: AbortSignal;
}

/**
 * Carries out one run of a sweep, to its end or to the rung that it goes no further than. It may be killed and repeated.
 *
 * @param run The run.
 * @param surroundings The other runs.
 */
export async function carryOut(
  run: PlannedRun,
  { plan, halve, values, models, signal }: Surroundings,
): Promise<void> {
  const { out } = values, folder = `${out}/${run.name}`, log = new TaskLog(values);
  const asked = await requestOf(run, values, models), { flags, evaluation, initial, request: { model } } = asked;
  using directory = await RunDirectory.hold(folder);
  const dataset = await datasetOf(asked), { settings } = resolved(asked, dataset);
  await using device = await openTaskDevice({ device: flags.device, threads: values.threads });
  const identity = { name: dataset.name, digest: await datasetDigest(dataset) };
  const common: RunPlan = { label: run.name, flags, evaluation, directory, initial, models, identity, signal, log };
  const rungs = halve ? rungsOf(halve, Number(settings["epochs"] ?? 0)) : [];
  const begun = (await readStarted([folder]))[0]?.config["epochs"] ?? 0, decisions = await readDecisions(folder);
  for (const epochs of rungs.filter((rung) => rung >= Number(begun))) {
    const before = decisions.find((decision) => decision.epochs === epochs);
    if (before?.goesOn) continue;
    if (before) {
      log.say(`${run.name}  was stopped after ${epochs} epochs`);
      return await directory.dropCheckpoint();
    }
    // With its checkpoint, as it may go on
    const short = { model, settings: { ...settings, epochs } };
    await trainRun(device, dataset, short, { ...common, flags: { ...flags, keepCheckpoint: true } });
    signal.throwIfAborted();
    const own = await readRun(folder);
    // A run that has ended by patience is whole
    if (!own.events.some(({ epoch }) => epoch >= epochs)) break;
    const others = await readStarted(plan.filter((other) => other !== run).map(({ name }) => `${out}/${name}`));
    const metric = halve!.metric ?? evaluation.metric;
    const decision = decide(own, others, epochs, halve!.keep, metric), { rank, of, value, goesOn } = decision;
    if (!goesOn) await directory.dropCheckpoint();
    decisions.push(decision);
    writeDecisions(folder, decisions);
    log.tell({ type: "rung", run: folder, ...decision });
    const place = `${rank} of ${of} by ${metric.toUpperCase()} ${value.toFixed(4)} after ${epochs} epochs`;
    log.say(`${run.name}  ${goesOn ? "goes on" : "is stopped"}: ${place}`);
    if (!goesOn) return;
  }
  await trainRun(device, dataset, { model, settings }, common);
}
