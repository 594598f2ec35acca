import {
  connectionTo,
  DelayedError,
  hangUp,
  type Job,
  probe,
  QUEUE,
  reasonOf,
  UnrecoverableError,
  Worker,
} from "./_bullmq.ts";
import { pause } from "./_pause.ts";
import { failureOf, type QueuedRun, queuedRunOf } from "./_queued_run.ts";
import { runProcess } from "./_run_process.ts";
import type { SweepEvent } from "./executor.ts";
import { EXIT } from "./exit.ts";
import type { QueueAddress } from "./queue_address.ts";

/** Exit codes after which no machine would fare better. */
const FOR_GOOD: readonly number[] = [EXIT.usage, EXIT.data, EXIT.diverged];

/** How often a run may lose its worker before it is taken for what ends them. */
const LOSSES = 10;

/** How often workers may take a run whose folders they do not see. */
const BLIND = 20;

/** Milliseconds until a run is tried again that can be repeated: at first, and at most. */
const AGAIN_AFTER = { first: 1000, most: 30_000 };

/** What a worker is. */
export interface WorkerOptions {
  /** The queue. */
  readonly address: QueueAddress;
  /** Program and arguments that those of `sweep` follow. */
  readonly start: readonly string[];
  /** Flags of each run beside those of its sweep. */
  readonly flags: readonly string[];
  /** Runs at a time. */
  readonly jobs: number;
  /** Seconds after which a worker that is not heard of has died, and its runs are another's. */
  readonly lostAfter: number;
  /** Minutes without a run after which it ends; null where it waits for ever. */
  readonly idle: number | null;
  /** Variables of the environment that a run does not get as they are. */
  readonly variables: Record<string, string>;
  /** Aborted where the worker is asked to end. */
  readonly signal: AbortSignal;
  /** Tells what happens to runs. */
  report(event: SweepEvent): void;
}

/**
 * Takes runs from a queue, and carries each out as a process of this machine, until it is asked to end.
 *
 * @param options The worker.
 * @returns When it was asked to end and all its runs are back on the queue, or when it was idle for so long.
 * @throws {QueueError} If the queue does not let us in.
 * @throws {QueueAwayError} If it does not answer at first. Later it is waited for.
 */
export async function work(options: WorkerOptions): Promise<void> {
  const { address, jobs, lostAfter, idle, signal, report } = options;
  await probe(address);
  const over = new AbortController();
  // Processes, not what the queue is still to be told of them
  const running = new Set<string>();
  const worker = new Worker(QUEUE, (job, token) => carryOut(job, token!, options, running), {
    connection: connectionTo(address, over.signal),
    concurrency: jobs,
    lockDuration: lostAfter * 1000,
    stalledInterval: lostAfter * 1000,
    maxStalledCount: LOSSES,
  });
  let isAway = false;
  const away = (why: string) => {
    if (!isAway) report({ type: "note", text: `the queue at ${address} does not answer: ${why}` });
    isAway = true;
  };
  worker.on("error", (error) => {
    // A run that another worker has taken meanwhile, or that the queue has forgotten, is in its run directory all the same
    if (!/job|lock/i.test(error.message)) away(reasonOf(error));
  });
  worker.on("ready", () => {
    if (isAway) report({ type: "note", text: `the queue at ${address} is back` });
    isAway = false;
  });
  try {
    await untilIdle(running, idle, signal);
  } finally {
    // Where the queue is away, whoever comes back to it finds these runs without a worker
    await hangUp(worker, over, untilNone(running));
  }
}

/** Carries out one run. */
async function carryOut(
  job: Job,
  token: string,
  options: WorkerOptions,
  running: Set<string>,
): Promise<{ code: number }> {
  const { start, flags, signal, report, variables } = options;
  const run = queuedRunOf(job.data);
  if (run === null) throw new UnrecoverableError(failureOf(EXIT.usage, "what is on the queue is no run of a sweep"));
  const { name, out, args, folder } = run;
  if (!await seesFolders(run)) {
    const reason = `the worker${where()} does not see ${out} and ${folder}`;
    if (job.attemptsStarted >= BLIND) throw new UnrecoverableError(failureOf(EXIT.usage, reason));
    return await again(job, token, reason, report);
  }
  report({ type: "start", name });
  const host = { out, signal, report, command: () => [...start, ...args], args: () => [...args] };
  running.add(job.id!);
  const ended = await runProcess(name, host, flags, { folder, variables }).finally(() => running.delete(job.id!));
  const { code, signal: killer, reason, log } = ended;
  if (signal.aborted && code !== EXIT.done) return await again(job, token, reason, report, 0);
  if (code === EXIT.again && killer === null) return await again(job, token, reason, report);
  if (code === EXIT.done) {
    report({ type: "end", outcome: { name, code, status: "done" } });
    return { code };
  }
  // What kills a run, such as the want of memory, is a failure
  const shown = killer === null ? code : EXIT.fault,
    words = failureOf(shown, reason),
    isForGood = FOR_GOOD.includes(shown);
  const isLast = isForGood || job.attemptsMade + 1 >= (job.opts.attempts ?? 1);
  report(
    isLast
      ? { type: "end", outcome: { name, code: shown, status: "failed", reason, log } }
      : { type: "repeat", name, reason },
  );
  throw isForGood ? new UnrecoverableError(words) : new Error(words);
}

/** Puts a run back, to be tried again after a while that grows from time to time. */
async function again(
  job: Job,
  token: string,
  reason: string,
  report: WorkerOptions["report"],
  delay: number = Math.min(AGAIN_AFTER.most, AGAIN_AFTER.first * 1.5 ** (job.attemptsStarted - 1)),
): Promise<never> {
  report({ type: "repeat", name: (job.data as QueuedRun).name, reason });
  await job.moveToDelayed(Date.now() + delay, token);
  throw new DelayedError();
}

async function seesFolders({ out, folder }: QueuedRun): Promise<boolean> {
  const isFolder = (path: string) => Deno.stat(path).then(({ isDirectory }) => isDirectory, () => false);
  return await isFolder(out) && await isFolder(folder);
}

/** This machine, where its name may be asked for. */
function where(): string {
  const { state } = Deno.permissions.querySync({ name: "sys", kind: "hostname" });
  return state === "granted" ? ` on ${Deno.hostname()}` : "";
}

async function untilIdle(running: ReadonlySet<string>, idle: number | null, signal: AbortSignal): Promise<void> {
  let since = performance.now();
  while (!signal.aborted) {
    await pause(500, signal);
    if (running.size > 0) since = performance.now();
    if (idle !== null && performance.now() - since >= idle * 60_000) return;
  }
}

async function untilNone(running: ReadonlySet<string>): Promise<void> {
  while (running.size > 0) await new Promise((resolve) => setTimeout(resolve, 50));
}
