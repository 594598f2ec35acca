/**
 * Trains many runs that a spec describes.
 *
 * @module
 */
import { createHash } from "node:crypto";
import type { Outcome, SweepHost } from "../src/experiments/executor.ts";
import { EXIT } from "../src/experiments/exit.ts";
import { partOf, runsOfPart } from "../src/experiments/parts.ts";
import { type PlannedRun, planOf } from "../src/experiments/plan.ts";
import { readSpec, type Sweep } from "../src/experiments/spec.ts";
import { readIfThere } from "../src/files/read_if_there.ts";
import { writeWhole } from "../src/files/part_file.ts";
import type { ModelDefinition } from "../src/models/define_model.ts";
import { MODELS } from "../src/models/models.ts";
import { suggestion } from "./cli/declaration.ts";
import { variable } from "./cli/environment.ts";
import { RunsFailedError } from "./cli/exit_codes.ts";
import { parseFlags, UsageError } from "./cli/flags.ts";
import { interruptible } from "./cli/interruption.ts";
import { runTask } from "./cli/run_task.ts";
import { TaskLog } from "./cli/task_log.ts";
import { argsOf, startOf } from "./sweep/command.ts";
import { estimateOf } from "./sweep/estimate.ts";
import { executorOf } from "./sweep/executors.ts";
import { specOptions, type SweepFlags, task } from "./sweep/flags.ts";
import { fittingJobs } from "./sweep/jobs.ts";
import { carryOut } from "./sweep/one_run.ts";
import { requestOf, type RunRequest } from "./sweep/requests.ts";
import { othersIn, type Standing, standingsOf } from "./sweep/standing.ts";
import { needsProcess, runWithQueue } from "./sweep/with_queue.ts";
import { SweepProgress } from "./sweep/sweep_progress.ts";

/**
 * Runs the task.
 *
 * @param args Its arguments.
 * @param models The models that there are; by default those of this package.
 */
export async function main(args: readonly string[], models: readonly ModelDefinition[] = MODELS): Promise<void> {
  const parsed = await parseFlags(task, args);
  if (parsed === null) return;
  const { values } = parsed, path = parsed.argument!, text = await textOf(path);
  if (text === null) throw new UsageError(`Cannot run sweep as the spec '${path}' does not exist`);
  const sweep = readSpec(text, specOptions(models, path)), plan = planOf(sweep, models), { out, run } = values;
  if (run !== undefined) return await carryOutNamed(run, plan, sweep, values, models);
  if (values.on === "queue" && !values.dryRun && needsProcess(values.queue, models)) {
    Deno.exit(await runWithQueue(args, values.queue!));
  }
  if (values.attached && values.on !== "queue") {
    throw new UsageError("Cannot run sweep as --attached is for one run: give --run NAME");
  }
  if (await textOf(`${out}/config.json`) !== null) {
    throw new UsageError(`Cannot run sweep as '${out}' is a run directory: name another --out, or the folder above it`);
  }
  const log = new TaskLog(values), chosen = chosenOf(plan, values, log);
  const requests: RunRequest[] = [];
  // The run to start from is read again by each run, and need not be kept for all of them
  for (const each of chosen) requests.push({ ...await requestOf(each, values, models), initial: null });
  const standings = await standingsOf(requests, out, sweep.halve);
  const left = chosen.filter((_, at) => ["new", "started"].includes(standings[at]!.state));
  const jobs = await jobsOf(values, requests);
  log.say(`runs      ${inWords(standings)}, in ${out}`);
  const others = await othersIn(out, plan.map(({ name }) => name));
  if (others.length > 0) log.say(`others    ${others.length} in ${out} are not of this spec, such as ${others[0]}`);
  if (values.dryRun) return showPlan(chosen, standings, estimateOf(standings, jobs, sweep.halve !== null), log);
  if (left.length === 0) return finish(chosen, standings, [], log, out);

  const spec = await copiesOf(text, out);
  const executor = await executorOf(values, jobs);
  if (values.withdraw) return log.say(await executor.withdraw!(left, out));
  if (values.on === "local") log.say(`at once   ${Math.min(jobs, left.length)} of ${left.length} that are left\n`);
  const outcomes = await interruptible(
    `Cannot go on with the sweep in '${out}'`,
    "run it again to go on",
    async (signal) => {
      using progress = new SweepProgress({
        total: chosen.length,
        runs: new Map(left.map(({ name }) => {
          const at = chosen.findIndex((run) => run.name === name);
          return [name, { epochs: standings[at]!.epochs, metric: requests[at]!.evaluation.metric }];
        })),
        isPainted: !values.quiet && values.log === "text",
        log,
      });
      const start = startOf(models), args = argsOf(spec, values);
      const host: SweepHost = {
        out,
        signal,
        command: (name) => [...start, ...args(name)],
        args,
        report: (event) => progress.show(event),
      };
      const outcomes = await executor.run(left, host);
      signal.throwIfAborted();
      return outcomes;
    },
    values.attached,
  );
  if (!values.detach) finish(chosen, standings, outcomes, log, out);
}

/**
 * Copies a spec into the output folder: one copy is for the user, and one, named by its content, for the runs, so that
 * another sweep into the same folder does not change what those that wait are to do.
 */
async function copiesOf(text: string, out: string): Promise<string> {
  const digest = createHash("sha256").update(text).digest("hex").slice(0, 12);
  const own = `${out}/.sweep/spec-${digest}.json`;
  await Deno.mkdir(`${out}/.sweep`, { recursive: true });
  for (const path of [own, `${out}/sweep.json`]) if (await textOf(path) !== text) writeWhole(path, text);
  return own;
}

/** Carries out one run in this process. */
async function carryOutNamed(
  name: string,
  plan: readonly PlannedRun[],
  { halve }: Sweep,
  values: SweepFlags,
  models: readonly ModelDefinition[],
): Promise<void> {
  const run = plan.find((run) => run.name === name);
  if (!run) {
    const near = suggestion(name, plan.map(({ name }) => name));
    throw new UsageError(
      `Cannot run sweep as the spec has no run '${name}': ${near ? `did you mean '${near}'?` : "see --dry-run"}`,
    );
  }
  await interruptible(
    `Cannot go on with '${values.out}/${name}'`,
    "run it again to go on",
    (signal) => carryOut(run, { plan, halve, values, models, signal }),
    values.attached,
  );
}

/** The runs that this process is to see to. */
function chosenOf(plan: readonly PlannedRun[], { only, index, of }: SweepFlags, log: TaskLog): readonly PlannedRun[] {
  const named = only === undefined ? plan : plan.filter(({ name }) => name.includes(only));
  if (named.length === 0) {
    throw new UsageError(
      `Cannot run sweep as no run has '${only}' in its name: there are ${
        plan.slice(0, 3).map(({ name }) => name).join("; ")
      }${plan.length > 3 ? ` and ${plan.length - 3} more` : ""}`,
    );
  }
  const given = { ...index !== undefined && { index }, ...of !== undefined && { of } };
  const part = partOf(given, variable);
  if (part === null) return named;
  log.say(`part      ${part.index} of 0 to ${part.of - 1}${part.by === null ? "" : `, as ${part.by} says`}`);
  return runsOfPart(named, part);
}

/** How many runs there are at a time; elsewhere than on this machine all of them, as far as is known here. */
async function jobsOf({ jobs, device, on }: SweepFlags, requests: readonly RunRequest[]): Promise<number> {
  if (jobs !== undefined) return jobs;
  if (on !== "local") return requests.length;
  return await fittingJobs(new Set(requests.map(({ flags }) => device ?? flags.device)));
}

function showPlan(chosen: readonly PlannedRun[], standings: readonly Standing[], time: string, log: TaskLog): void {
  log.say(`time      ${time}\n`);
  chosen.forEach(({ name, settings }, at) => {
    log.say(`${standings[at]!.state.padEnd(8)}  ${name}`);
    log.tell({ type: "plan", run: name, state: standings[at]!.state, settings });
  });
  log.tell({ type: "estimate", time });
}

/** Says how the sweep ended, and fails where a run did. */
function finish(
  chosen: readonly PlannedRun[],
  standings: readonly Standing[],
  outcomes: readonly Outcome[],
  log: TaskLog,
  out: string,
): void {
  const byName = new Map(outcomes.map((outcome) => [outcome.name, outcome]));
  const states = standings.map(({ name, state }) => byName.get(name)?.status ?? state);
  const count = (wanted: string) => states.filter((state) => state === wanted).length;
  const counts = { done: count("done"), stopped: count("stopped"), failed: count("failed"), again: count("again") };
  log.tell({ type: "sweep", runs: chosen.length, ...counts });
  const bad = chosen.flatMap(({ name }) => byName.get(name) ?? []).filter(({ code }) => code !== 0);
  for (const { name, code, reason = "", log: file } of bad) {
    console.error(`${name}  exit code ${code}: ${reason}${file === undefined ? "" : `\n    all of it: ${file}`}`);
  }
  const failed = bad.find(({ code }) => code !== EXIT.again) ?? bad[0];
  if (failed) {
    const isHeld = bad.every(({ reason }) => reason?.includes(" holds it: "));
    const why = counts.failed > 0
      ? `${counts.failed} of ${chosen.length} runs failed`
      : isHeld
      ? `another process is at ${counts.again} of ${chosen.length} runs, whose results will be in this folder too`
      : `${counts.again} of ${chosen.length} runs did not get to their end`;
    const next = counts.failed > 0 ? "mend what the lines above say, and run it again" : "run it again to go on";
    throw new RunsFailedError(`Cannot finish the sweep in '${out}' as ${why}: ${next}`, failed.code);
  }
  log.say(`\n${counts.done} runs are done${counts.stopped > 0 ? `, ${counts.stopped} are stopped` : ""}: ${out}`);
}

function inWords(standings: readonly Standing[]): string {
  const counts = [...Map.groupBy(standings, ({ state }) => state)].map(([state, { length }]) => `${length} ${state}`);
  return `${standings.length}: ${counts.join(", ") || "none"}`;
}

async function textOf(path: string): Promise<string | null> {
  const bytes = await readIfThere(path);
  return bytes && new TextDecoder().decode(bytes);
}

if (import.meta.main) await runTask(() => main(Deno.args));
