import { parseJson } from "../json.ts";
import { writeWhole } from "../files/part_file.ts";
import { readIfThere } from "../files/read_if_there.ts";
import { readRun, RunError, type RunRecord } from "../files/run_record.ts";
import type { MetricName } from "../recommend/metric_name.ts";
import type { Halving } from "./spec.ts";

/** Name of the file in a run directory that says how it fared at each rung. */
const RUNGS = "rungs.json";

/** Whether a run went on after a rung. */
export interface Decision {
  /** Epochs of the rung. */
  readonly epochs: number;
  /** The best validation until then, by the metric that decides. */
  readonly value: number;
  /** How many runs were better, and one. */
  readonly rank: number;
  /** How many had reached the rung, with this one. */
  readonly of: number;
  /** Whether it went on. */
  readonly goesOn: boolean;
}

/**
 * The rungs of a run: `every`, `every / keep`, `every / keep^2`, ... epochs, rounded, as far as they are fewer than its own.
 *
 * @param halve The rule.
 * @param epochs Epochs of the run.
 * @returns The rungs, ascending.
 */
export function rungsOf({ every, keep }: Pick<Halving, "every" | "keep">, epochs: number): number[] {
  const rungs = new Set<number>();
  for (let rung = every; Math.round(rung) < epochs; rung /= keep) rungs.add(Math.round(rung));
  return [...rungs];
}

/**
 * Decides whether a run goes on after a rung, by ASHA's stopping rule (Li et al., "A system for massively parallel
 * hyperparameter tuning", MLSys 2020): where it is among the best `keep` share, and at least one, of the runs that have
 * reached the rung so far. Runs are compared by their best validation until the rung, and only with those of the same
 * dataset and seed: a seed that is easy, or a dataset, stops nobody. Of equals all go on.
 *
 * @param own The run, which has reached the rung.
 * @param others The other runs of the sweep.
 * @param rung Epochs of the rung.
 * @param keep The share.
 * @param metric The metric of validation.
 * @returns The decision.
 * @throws {RunError} If the run has not reached the rung, or its log has no such metric.
 */
export function decide(
  own: RunRecord,
  others: readonly RunRecord[],
  rung: number,
  keep: number,
  metric: string,
): Decision {
  const value = valueAt(own, rung, metric);
  if (value === null) {
    throw new RunError(`Cannot compare the run in '${own.path}' as it has no ${metric} of validation at epoch ${rung}`);
  }
  const rivals = others.filter(({ dataset, config }) =>
    dataset.digest === own.dataset.digest && config["seed"] === own.config["seed"]
  );
  const values = rivals.map((other) => valueAt(other, rung, metric)).filter((other) => other !== null);
  const of = values.length + 1, rank = values.filter((other) => other > value).length + 1;
  // A share such as 1/3 is not exact: of three runs one goes on
  return { epochs: rung, value, rank, of, goesOn: rank <= Math.max(1, Math.floor(of * keep + 1e-9)) };
}

/** The best validation until a rung; null where a run has not reached it. */
function valueAt({ config, events, metrics }: RunRecord, rung: number, metric: string): number | null {
  const valid = events.flatMap((event) => event.type === "evaluation" && event.split === "valid" ? [event] : []);
  // A run that ended early, by patience, would get no better
  const hasEnded = metrics !== null && Number(config["epochs"]) >= rung;
  if (!hasEnded && !valid.some(({ epoch }) => epoch >= rung)) return null;
  const values = valid.filter(({ epoch }) => epoch <= rung).map(({ metrics }) => metrics[metric as MetricName]!);
  return values.length > 0 && values.every(Number.isFinite) ? Math.max(...values) : null;
}

/**
 * The runs of a sweep that have started: what another process is just beginning, or what is damaged, counts as not there.
 *
 * @param folders Their run directories.
 * @returns Those that can be read.
 */
export async function readStarted(folders: readonly string[]): Promise<RunRecord[]> {
  const runs: RunRecord[] = [];
  for (const folder of folders) {
    try {
      runs.push(await readRun(folder));
    } catch (error) {
      if (!(error instanceof RunError)) throw error;
    }
  }
  return runs;
}

/**
 * The decisions that were made on a run.
 *
 * @param folder Its run directory.
 * @returns The decisions, in order.
 * @throws {RunError} If the file of them is damaged.
 */
export async function readDecisions(folder: string): Promise<Decision[]> {
  const bytes = await readIfThere(`${folder}/${RUNGS}`);
  if (bytes === null) return [];
  try {
    const decisions = parseJson(new TextDecoder().decode(bytes));
    if (Array.isArray(decisions) && decisions.every(isDecision)) return decisions;
  } catch {
    // Said below, as for any other content
  }
  throw new RunError(`Cannot read the run in '${folder}' as its ${RUNGS} is damaged`);
}

/**
 * Records the decisions on a run.
 *
 * @param folder Its run directory.
 * @param decisions All of them.
 */
export function writeDecisions(folder: string, decisions: readonly Decision[]): void {
  writeWhole(`${folder}/${RUNGS}`, JSON.stringify(decisions, null, 2) + "\n");
}

/**
 * Whether a run was stopped at a rung, and has not gone on since.
 *
 * @param folder Its run directory.
 * @returns Whether it was.
 */
export async function isHalted(folder: string): Promise<boolean> {
  const last = (await readDecisions(folder)).at(-1);
  if (last?.goesOn !== false) return false;
  const [run] = await readStarted([folder]);
  // A spec that halves no more lets it go on
  return run !== undefined && run.metrics !== null && run.config["epochs"] === last.epochs;
}

function isDecision(value: unknown): value is Decision {
  const { epochs, value: metric, rank, of, goesOn } = { ...value as Partial<Decision> };
  return [epochs, rank, of].every(Number.isSafeInteger) && Number.isFinite(metric) && typeof goesOn === "boolean";
}
