import { pause } from "./_pause.ts";
import { cancel, statesOf } from "./_slurm_commands.ts";
import { RunEvents } from "./_run_events.ts";
import { submissionsOf, submitRuns, type SubmittedRun } from "./_slurm_submission.ts";
import { type Executor, type Outcome, outcomeOf, type SweepHost } from "./executor.ts";
import { EXIT } from "./exit.ts";
import type { PlannedRun } from "./plan.ts";

export { sbatchOptions, SlurmError } from "./_slurm_commands.ts";

/** Milliseconds between two looks at the output folder. */
const LOOK = 1000;

/** Milliseconds between two questions to Slurm: its controller serves the whole cluster. */
const ASK = 20_000;

/** How a sweep is submitted. */
export interface SlurmOptions {
  /** Further options of sbatch. */
  readonly options: readonly string[];
  /** Runs at a time; null for as many as Slurm likes. */
  readonly limit: number | null;
  /** Whether to end when all is submitted, in place of waiting for it. */
  readonly detach: boolean;
  /** Milliseconds between two questions to Slurm; 20 seconds by default. */
  readonly ask?: number;
}

/**
 * Submits a plan to Slurm as one job array, and follows it by what it writes into the output folder, which is on a file
 * system that the nodes see too. What was submitted by an earlier call and is still there is not submitted again.
 */
export class SlurmExecutor implements Executor {
  readonly #options: SlurmOptions;

  /** @param options How it is submitted. */
  constructor(options: SlurmOptions) {
    this.#options = options;
  }

  /**
   * Carries out runs.
   *
   * @param plan The runs that are not finished.
   * @param host Where, and by which commands.
   * @returns How each ended; those that go on without this process are left out.
   * @throws {SlurmError} If Slurm does not take them.
   */
  async run(plan: readonly PlannedRun[], host: SweepHost): Promise<Outcome[]> {
    const { options, limit, detach, ask = ASK } = this.#options;
    const before = await stillThere(plan, host.out), known = new Set(before.map(({ name }) => name));
    const runs = plan.filter(({ name }) => !known.has(name)).map(({ name }) => ({ name, command: host.command(name) }));
    const submitted = runs.length > 0
      ? await submitRuns({ runs, out: host.out, options, limit })
      : { runs: [], jobs: [], folder: null };
    if (before.length > 0) host.report({ type: "note", text: `${before.length} runs are in Slurm already` });
    if (runs.length > 0) {
      host.report({ type: "note", text: `${runs.length} runs submitted to Slurm as job ${submitted.jobs.join(", ")}` });
    }
    if (detach) return [];
    const outcomes = await follow([...before, ...submitted.runs], host, ask);
    if (outcomes.length === plan.length && outcomes.every(({ code }) => code === 0)) {
      if (submitted.folder !== null) await Deno.remove(submitted.folder, { recursive: true });
    }
    if (host.signal.aborted && outcomes.length < plan.length) {
      host.report({ type: "note", text: "the jobs go on in Slurm: --withdraw ends them" });
    }
    return outcomes;
  }

  /**
   * Ends what was submitted, waiting or running.
   *
   * @param plan The runs that are not finished.
   * @param out The output folder.
   * @returns What was done, in words.
   */
  async withdraw(plan: readonly PlannedRun[], out: string): Promise<string> {
    const there = await stillThere(plan, out);
    await cancel(there.map(({ task }) => task));
    return `${there.length} runs taken back from Slurm`;
  }
}

/** Runs that an earlier call submitted and that have not ended; what is left of other submissions goes. */
async function stillThere(plan: readonly PlannedRun[], out: string): Promise<SubmittedRun[]> {
  const submissions = await submissionsOf(out), asked = new Set(plan.map(({ name }) => name));
  if (submissions.size === 0) return [];
  const jobs = [...submissions.values()].flat().map(({ task }) => task.split("_")[0]!);
  const states = await statesOf([...new Set(jobs)]);
  const found = new Map<string, SubmittedRun>();
  for (const [folder, runs] of submissions) {
    // Where Slurm does not answer, it will not take anything now either, and sbatch says why
    const alive = runs.filter(({ task }) => states === null || states.get(task)?.ended === false);
    if (alive.length === 0) await Deno.remove(folder, { recursive: true });
    for (const run of alive) if (asked.has(run.name)) found.set(run.name, run);
  }
  return [...found.values()];
}

/** Waits for runs to end. */
async function follow(runs: readonly SubmittedRun[], host: SweepHost, ask: number): Promise<Outcome[]> {
  const open = new Map(runs.map((run) => [run.name, run])), missing = new Set<string>();
  const events = new RunEvents(host.out, host.report), outcomes: Outcome[] = [];
  const end = async (run: SubmittedRun, code: number, why?: string) => {
    const outcome = await endOf(host.out, run, code, why);
    open.delete(run.name);
    events.leave(run.name);
    outcomes.push(outcome);
    host.report({ type: "end", outcome });
  };
  let asked = performance.now();
  while (open.size > 0 && !host.signal.aborted) {
    await pause(LOOK, host.signal);
    for (const run of open.values()) {
      const code = await codeOf(run);
      if (code === null && await isThere(run.started)) events.follow(run.name);
      if (code === null) continue;
      events.follow(run.name);
      await events.tell();
      await end(run, code);
    }
    await events.tell();
    if (performance.now() - asked < ask || open.size === 0) continue;
    asked = performance.now();
    const states = await statesOf([...new Set(Array.from(open.values(), ({ task }) => task.split("_")[0]!))]);
    if (states === null) continue; // The controller is away for a while
    for (const run of [...open.values()]) {
      const { state, ended } = states.get(run.task) ?? { state: "no longer known to it", ended: true };
      if (!ended) missing.delete(run.name);
      // What a node wrote last may come later than the state: it has until the next question
      else if (missing.has(run.name)) await end(run, EXIT.again, `Slurm says that it is ${state}`);
      else missing.add(run.name);
    }
  }
  return outcomes;
}

/** How a run ended, and why. */
async function endOf(out: string, { name, words }: SubmittedRun, code: number, why?: string): Promise<Outcome> {
  if (code === EXIT.done) return await outcomeOf(out, name, code);
  const own = `${out}/.sweep/${name}.log`, said = await linesOf(own);
  const error = said.findLast((line) => line.startsWith("error: "))?.slice("error: ".length);
  const slurm = (await linesOf(words)).map((line) => /^slurmstepd[^:]*: error: (.*)/.exec(line)?.[1])
    .findLast((line) => line !== undefined);
  // A run knows that it was interrupted, and Slurm by whom
  const known = code === EXIT.again ? slurm ?? error : error ?? slurm;
  const reason = known ?? why ?? said.at(-1) ?? `exit code ${code}`;
  return await outcomeOf(out, name, code, { reason, log: said.length > 0 ? own : words });
}

async function codeOf({ ended }: SubmittedRun): Promise<number | null> {
  const [line] = await linesOf(ended);
  return line === undefined ? null : Number(line);
}

async function linesOf(path: string): Promise<string[]> {
  try {
    return (await Deno.readTextFile(path)).split("\n").map((line) => line.trim()).filter((line) => line !== "");
  } catch {
    return []; // It is not there, or not yet
  }
}

function isThere(path: string): Promise<boolean> {
  return Deno.stat(path).then(() => true, () => false);
}
