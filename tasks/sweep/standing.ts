import type { Dataset } from "../../src/data/dataset.ts";
import { datasetDigest } from "../../src/data/digest.ts";
import { isHalted, readStarted, rungsOf } from "../../src/experiments/halving.ts";
import type { Halving } from "../../src/experiments/spec.ts";
import { type DatasetIdentity, refuseOtherSettings } from "../../src/files/run_directory.ts";
import { readRun, type RunRecord } from "../../src/files/run_record.ts";
import { checkedMetric, cutoffOf } from "../../src/recommend/metric_name.ts";
import { UsageError } from "../cli/flags.ts";
import { dataKey, datasetOf, resolved, type RunRequest } from "./requests.ts";

/** How far a run is. */
export type State = "new" | "started" | "done" | "stopped";

/** A run of a sweep, and what there is of it. */
export interface Standing {
  /** Its name. */
  readonly name: string;
  /** How far it is. */
  readonly state: State;
  /** Its model and its dataset. */
  readonly kind: string;
  /** Epochs that it will have; 0 for a model that is counted. */
  readonly epochs: number;
  /** What its files say; null for one that has not started. */
  readonly record: RunRecord | null;
}

/**
 * Looks what there is of the runs of a sweep, and whether it is of these settings and on these data.
 *
 * @param requests The runs.
 * @param out The output folder.
 * @param halve The rule by which those that lag are stopped.
 * @returns A standing for each, in order.
 * @throws {RangeError} If a run was started with other settings, or on another dataset.
 * @throws {RunError} If a file of a run is damaged.
 */
export async function standingsOf(
  requests: readonly RunRequest[],
  out: string,
  halve: Halving | null,
): Promise<Standing[]> {
  const standings = new Map<RunRequest, Standing>();
  for (const [kind, group] of Map.groupBy(requests, dataKey)) {
    const dataset = await datasetOf(group[0]!), identity = { name: dataset.name, digest: await datasetDigest(dataset) };
    const configs = new Configs(dataset);
    for (const each of group) {
      const { run: { name }, request } = each, epochs = Number(request.settings["epochs"] ?? 0);
      checkMetric(each, halve);
      const folder = `${out}/${name}`, isNew = !await isThere(`${folder}/config.json`);
      // What suits the dataset takes time to find, and there is nothing yet to compare it with
      const [state, record] = isNew ? ["new" as const, null] : await stateOf(folder, configs.of(each), identity, halve);
      standings.set(each, { name, state, kind: `${request.model.name} on ${kind}`, epochs, record });
    }
  }
  return requests.map((request) => standings.get(request)!);
}

/** What `config.json` of runs should say: found once for runs that differ by their seed alone, as nothing else depends on it. */
class Configs {
  readonly #dataset: Dataset;
  readonly #known = new Map<string, Readonly<Record<string, unknown>>>();

  constructor(dataset: Dataset) {
    this.#dataset = dataset;
  }

  of(request: RunRequest): Readonly<Record<string, unknown>> {
    const { seed, ...rest } = request.run.settings, key = JSON.stringify(rest);
    const config = this.#known.get(key) ?? resolved(request, this.#dataset).config;
    this.#known.set(key, config);
    return seed === undefined ? config : { ...config, seed };
  }
}

async function stateOf(
  folder: string,
  config: Readonly<Record<string, unknown>>,
  identity: DatasetIdentity,
  halve: Halving | null,
): Promise<[State, RunRecord]> {
  const record = await readRun(folder), { config: before } = record, now = JSON.parse(JSON.stringify(config));
  const goesOn = Number(before["epochs"]) < Number(now.epochs);
  // The device is a matter of the machine, and a run may have been asked for fewer epochs than now
  refuseOtherSettings(folder, before, now, ["device", ...goesOn ? ["epochs"] : []]);
  if (record.dataset.digest !== identity.digest) {
    throw new RangeError(
      `Cannot resume the run in '${folder}' as its dataset was ${short(record.dataset)}: current value is ${
        short(identity)
      }`,
    );
  }
  if (record.metrics === null) return ["started", record];
  if (!goesOn) return ["done", record];
  const isRung = halve !== null && rungsOf(halve, Number(now.epochs)).includes(Number(before["epochs"]));
  return [isRung && await isHalted(folder) ? "stopped" : "started", record];
}

/** Halving by a metric needs one that the runs have. */
function checkMetric({ run, evaluation }: RunRequest, halve: Halving | null): void {
  if (!halve?.metric) return;
  const metric = checkedMetric("Cannot run sweep", "halve.metric", halve.metric), cutoff = cutoffOf(metric);
  const made = [...evaluation.at, cutoffOf(evaluation.metric)];
  if (cutoff === null || made.includes(cutoff)) return;
  throw new UsageError(
    `Cannot run sweep as halve.metric '${metric}' is not made in the run '${run.name}', whose cut-offs are ` +
      `${evaluation.at.join(", ")}: add ${cutoff} to at, in base`,
  );
}

/**
 * Run directories in the output folder that are of no run of the spec.
 *
 * @param out The output folder.
 * @param names Names of the runs of the spec.
 * @returns Their names.
 */
export async function othersIn(out: string, names: readonly string[]): Promise<string[]> {
  const others: string[] = [], known = new Set(names);
  try {
    for await (const { name, isDirectory } of Deno.readDir(out)) {
      if (isDirectory && !known.has(name) && (await readStarted([`${out}/${name}`])).length > 0) others.push(name);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return others.sort();
}

function short({ name, digest }: DatasetIdentity): string {
  return `${name} ${digest.slice(0, 12)}`;
}

async function isThere(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
