import type { TrainingEvent } from "../training/train.ts";
import { EXIT } from "./exit.ts";
import { isHalted } from "./halving.ts";
import type { PlannedRun } from "./plan.ts";

/** How a run of a sweep ended. */
export interface Outcome {
  /** Its name. */
  readonly name: string;
  /** Exit code of its command: see docs/batch-jobs.md. */
  readonly code: number;
  /**
   * `done`: it has its result. `stopped`: it lagged behind and goes on no more. `failed`: the same again will not succeed.
   * `again`: the same again may succeed.
   */
  readonly status: "done" | "stopped" | "failed" | "again";
  /** Why it failed, in one line. */
  readonly reason?: string;
  /** Where all that it said is to be read. */
  readonly log?: string;
}

/** What is told of a sweep while it runs. */
export type SweepEvent =
  | { readonly type: "start"; readonly name: string }
  | { readonly type: "progress"; readonly name: string; readonly event: TrainingEvent }
  | { readonly type: "repeat"; readonly name: string; readonly reason: string }
  | { readonly type: "note"; readonly text: string }
  | { readonly type: "end"; readonly outcome: Outcome };

/** What whoever carries out a plan is given. */
export interface SweepHost {
  /** The output folder: that of a run is `${out}/${name}`, and state of one's own goes to `${out}/.sweep/`. */
  readonly out: string;
  /** Aborted where the sweep is asked to end. */
  readonly signal: AbortSignal;
  /**
   * The command of a run, which may be killed and repeated. Flags may follow: `--threads 2`, `--log json`, and
   * `--attached`, with which the end of its standard input asks it to end.
   *
   * @param name Name of the run.
   * @returns Program and arguments; to be started in the folder that the sweep was started in.
   */
  command(name: string): string[];
  /**
   * The same as arguments of sweep, for whoever has a program of its own on another machine.
   *
   * @param name Name of the run.
   * @returns The arguments.
   */
  args(name: string): string[];
  /**
   * Tells of the sweep.
   *
   * @param event What happened.
   */
  report(event: SweepEvent): void;
}

/** Who carries out a plan: processes of this machine, a cluster, workers of a queue. */
export interface Executor {
  /**
   * Carries out runs. None of them stops the others by failing.
   *
   * @param plan The runs that are not finished.
   * @param host Where, and by which commands.
   * @returns How each ended; those that were not begun when the sweep was asked to end are left out.
   */
  run(plan: readonly PlannedRun[], host: SweepHost): Promise<Outcome[]>;
  /**
   * Takes back runs that go on without this process.
   *
   * @param plan The runs that are not finished.
   * @param out The output folder.
   * @returns What was done, in words.
   */
  withdraw?(plan: readonly PlannedRun[], out: string): Promise<string>;
}

/**
 * How a run ended, by the exit code of its command and what is in its folder.
 *
 * @param out The output folder of the sweep.
 * @param name Name of the run.
 * @param code The exit code.
 * @param details What else is known.
 * @returns The outcome.
 */
export async function outcomeOf(
  out: string,
  name: string,
  code: number,
  details: Pick<Outcome, "reason" | "log"> = {},
): Promise<Outcome> {
  if (code === EXIT.again) return { name, code, status: "again", ...details };
  if (code !== EXIT.done) return { name, code, status: "failed", ...details };
  return { name, code, status: await isHalted(`${out}/${name}`) ? "stopped" : "done" };
}
