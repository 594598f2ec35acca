import { connectionTo, hangUp, probe, QUEUE, Queue } from "./_bullmq.ts";
import { pause } from "./_pause.ts";
import { idOf, type QueuedRun, readFailure } from "./_queued_run.ts";
import { RunEvents } from "./_run_events.ts";
import { type Executor, type Outcome, outcomeOf, type SweepHost } from "./executor.ts";
import type { PlannedRun } from "./plan.ts";
import type { QueueAddress } from "./queue_address.ts";

/** Milliseconds between two looks at the queue. */
const LOOK = 1000;

/** Runs that are asked for at once. */
const AT_ONCE = 200;

/** How often a run is tried that fails in a way that another machine might not. */
const ATTEMPTS = 3;

/** Milliseconds until it is tried again, and twice that the time after. */
const BACKOFF = 1000;

/** Milliseconds without an answer before that is said. */
const SILENCE = 3000;

/** How a sweep is put on a queue. */
export interface QueueOptions {
  /** The queue. */
  readonly address: QueueAddress;
  /** Whether to end when all is on the queue, in place of waiting for it. */
  readonly detach: boolean;
}

/**
 * Puts the runs of a plan on a queue, from where workers take them, and follows them by the queue and by what they write
 * into the output folder. A queue that forgets them, as Redis without persistence does when it is started again, gets them
 * again.
 */
export class QueueExecutor implements Executor {
  readonly #options: QueueOptions;

  /** @param options Which queue. */
  constructor(options: QueueOptions) {
    this.#options = options;
  }

  /**
   * Carries out runs.
   *
   * @param plan The runs that are not finished.
   * @param host Where, and by which commands.
   * @returns How each ended; those that go on without this process are left out.
   * @throws {QueueError} If the queue does not let us in.
   * @throws {QueueAwayError} If it does not answer at first. Later it is waited for.
   */
  async run(plan: readonly PlannedRun[], host: SweepHost): Promise<Outcome[]> {
    const { address, detach } = this.#options;
    return await withQueue(address, async (queue) => {
      const out = await Deno.realPath(host.out), folder = Deno.cwd();
      const runs = plan.map(({ name }): QueuedRun => ({ name, out, folder, args: host.args(name) }));
      const already = await forgetEnded(queue, runs);
      await put(queue, runs);
      if (already > 0) host.report({ type: "note", text: `${already} runs are on the queue already` });
      host.report({ type: "note", text: `${runs.length - already} runs put on the queue at ${address}` });
      if (await workersOf(queue) === 0) {
        host.report({ type: "note", text: `no worker is there yet: deno task worker --queue ${address} starts one` });
      }
      if (detach) return [];
      const outcomes = await follow(queue, runs, host, address);
      if (host.signal.aborted && outcomes.length < plan.length) {
        host.report({ type: "note", text: "the runs stay on the queue: --withdraw takes them off" });
      }
      return outcomes;
    });
  }

  /**
   * Takes runs off the queue that no worker has begun.
   *
   * @param plan The runs that are not finished.
   * @param folder The output folder.
   * @returns What was done, in words.
   * @throws {QueueError} If the queue does not let us in.
   * @throws {QueueAwayError} If it does not answer.
   */
  async withdraw(plan: readonly PlannedRun[], folder: string): Promise<string> {
    const out = await Deno.realPath(folder);
    return await withQueue(this.#options.address, async (queue) => {
      let gone = 0, running = 0;
      await eachOf(plan, async ({ name }) => {
        const id = idOf(out, name), state = await queue.getJobState(id);
        if (state === "unknown") return;
        // One that a worker has is not removed
        if (await queue.remove(id) === 1) gone++;
        else running++;
      });
      return `${gone} runs taken off the queue${running > 0 ? `; ${running} are with workers, and go on` : ""}`;
    });
  }
}

/** Uses the queue, and closes it. */
async function withQueue<T>(address: QueueAddress, use: (queue: Queue) => Promise<T>): Promise<T> {
  await probe(address);
  const over = new AbortController(), queue = new Queue(QUEUE, { connection: connectionTo(address, over.signal) });
  // What it was asked for waits until the connection is back, which is told of where it is waited for
  queue.on("error", () => {});
  try {
    return await use(queue);
  } finally {
    await hangUp(queue, over);
  }
}

/** Takes runs off the queue that had ended, so that they can be put there again. */
async function forgetEnded(queue: Queue, runs: readonly QueuedRun[]): Promise<number> {
  let there = 0;
  await eachOf(runs, async ({ out, name }) => {
    const id = idOf(out, name), state = await queue.getJobState(id);
    if (state === "completed" || state === "failed") await queue.remove(id);
    else if (state !== "unknown") there++;
  });
  return there;
}

/** Puts runs on the queue; one that is there stays as it is. */
async function put(queue: Queue, runs: readonly QueuedRun[]): Promise<void> {
  for (let first = 0; first < runs.length; first += AT_ONCE) {
    await queue.addBulk(
      runs.slice(first, first + AT_ONCE).map((run) => ({
        name: "run",
        data: run,
        opts: {
          jobId: idOf(run.out, run.name),
          attempts: ATTEMPTS,
          backoff: { type: "exponential", delay: BACKOFF },
          // What is done is known by its run directory
          removeOnComplete: { age: 3600 },
        },
      })),
    );
  }
}

/** Waits for runs to end. */
async function follow(
  queue: Queue,
  runs: readonly QueuedRun[],
  host: SweepHost,
  address: QueueAddress,
): Promise<Outcome[]> {
  const open = new Map(runs.map((run) => [run.name, run])), outcomes: Outcome[] = [];
  const events = new RunEvents(host.out, host.report);
  const look = async (run: QueuedRun): Promise<QueuedRun[]> => {
    const { name, out } = run, state = await queue.getJobState(idOf(out, name));
    if (state === "unknown") return [run];
    if (state === "active") events.follow(name);
    if (state !== "completed" && state !== "failed") return [];
    const outcome = state === "completed" ? await outcomeOf(host.out, name, 0) : await failed(queue, run, host);
    events.follow(name);
    await events.tell();
    events.leave(name);
    open.delete(name);
    outcomes.push(outcome);
    host.report({ type: "end", outcome });
    return [];
  };
  while (open.size > 0 && !host.signal.aborted) {
    const forgotten: QueuedRun[] = [];
    const looking = eachOf([...open.values()], async (run) => void forgotten.push(...await look(run)));
    await waitFor(looking, host, address);
    if (host.signal.aborted) break;
    if (forgotten.length > 0) {
      host.report({ type: "note", text: `the queue has forgotten ${forgotten.length} runs: they are put on it again` });
      await waitFor(put(queue, forgotten), host, address);
    }
    await events.tell();
    if (open.size > 0) await pause(LOOK, host.signal);
  }
  return outcomes;
}

/** How a run failed for good. */
async function failed(queue: Queue, { name, out }: QueuedRun, host: SweepHost): Promise<Outcome> {
  const job = await queue.getJob(idOf(out, name));
  const { code, reason } = readFailure(job?.failedReason ?? "it failed"), log = `${host.out}/.sweep/${name}.log`;
  const hasLog = await Deno.stat(log).then(() => true, () => false);
  return { name, code, status: "failed", reason, ...hasLog && { log } };
}

/** Waits for the queue to answer, however long it takes, and says where it does not. */
async function waitFor(answer: Promise<void>, { signal, report }: SweepHost, address: QueueAddress): Promise<void> {
  const silent = setTimeout(
    () => report({ type: "note", text: `the queue at ${address} does not answer: waiting for it` }),
    SILENCE,
  );
  const asked = new AbortController(), aborted = pause(2 ** 31 - 1, AbortSignal.any([signal, asked.signal]));
  try {
    await Promise.race([answer, aborted]);
  } finally {
    clearTimeout(silent);
    asked.abort();
    // Nobody waits for it any more
    answer.catch(() => {});
  }
}

async function workersOf(queue: Queue): Promise<number> {
  try {
    return await queue.getWorkersCount();
  } catch {
    return NaN; // Not every server tells
  }
}

/** Does something to many runs, a few at a time. */
async function eachOf<T>(runs: readonly T[], use: (run: T) => Promise<void>): Promise<void> {
  for (let first = 0; first < runs.length; first += AT_ONCE) {
    await Promise.all(runs.slice(first, first + AT_ONCE).map(use));
  }
}
