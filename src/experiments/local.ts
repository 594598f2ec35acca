import { TextLineStream } from "./_line_stream.ts";
import { parseJson } from "../json.ts";
import { AGAIN, type Executor, type Outcome, outcomeOf, type SweepHost } from "./executor.ts";
import type { PlannedRun } from "./plan.ts";

/** How often a run is tried again that may succeed when it is repeated. */
const REPEATS = 3;

/** Milliseconds before a run is tried again where nothing else is left to do, times the attempts so far. */
const PAUSE = 2000;

/** How many runs there are at a time, and with what. */
export interface LocalOptions {
  /** Runs at a time. */
  readonly jobs: number;
  /** Threads that they share; null where each takes what it likes. */
  readonly cores: number | null;
}

/** A run that is to be started. */
interface Waiting {
  readonly name: string;
  readonly attempt: number;
}

/**
 * Runs a plan as processes of this machine. One that ends with 75 of its own accord is tried again up to three times,
 * after the others.
 */
export class LocalExecutor implements Executor {
  readonly #options: LocalOptions;
  #running = 0;

  /** @param options How many runs there are at a time. */
  constructor(options: LocalOptions) {
    this.#options = options;
  }

  /**
   * Carries out runs.
   *
   * @param plan The runs that are not finished.
   * @param host Where, and by which commands.
   * @returns How each ended; those that were not begun when the sweep was asked to end are left out.
   */
  async run(plan: readonly PlannedRun[], host: SweepHost): Promise<Outcome[]> {
    const waiting: Waiting[] = plan.map(({ name }) => ({ name, attempt: 1 })), outcomes: Outcome[] = [];
    await Deno.mkdir(`${host.out}/.sweep`, { recursive: true });
    const work = async () => {
      for (let next = waiting.shift(); next !== undefined && !host.signal.aborted; next = waiting.shift()) {
        if (next.attempt > 1) await pause(PAUSE * (next.attempt - 1), host.signal);
        if (host.signal.aborted) break;
        const outcome = await this.#carryOut(next, waiting.length, host);
        if (outcome.status === "again" && next.attempt <= REPEATS && !host.signal.aborted) {
          waiting.push({ name: next.name, attempt: next.attempt + 1 });
          host.report({ type: "repeat", name: next.name, reason: outcome.reason ?? "" });
        } else {
          outcomes.push(outcome);
          host.report({ type: "end", outcome });
        }
      }
    };
    await Promise.all(Array.from({ length: Math.min(this.#options.jobs, plan.length) }, work));
    return outcomes;
  }

  async #carryOut({ name }: Waiting, left: number, host: SweepHost): Promise<Outcome> {
    const { jobs, cores } = this.#options, log = `${host.out}/.sweep/${name}.log`;
    // Towards the end there are fewer runs than jobs, and more threads for each
    const beside = Math.min(jobs, ++this.#running + left);
    const threads = cores === null ? [] : ["--threads", `${Math.max(1, Math.floor(cores / beside))}`];
    host.report({ type: "start", name });
    const [program, ...args] = host.command(name);
    const child = new Deno.Command(program!, {
      args: [...args, "--attached", "--log", "json", ...threads],
      stdin: "piped", // Its end tells the run where this process is gone
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const end = () => {
      try {
        child.kill("SIGTERM");
      } catch {
        // It has ended meanwhile
      }
    };
    host.signal.addEventListener("abort", end);
    if (host.signal.aborted) end();
    try {
      const [reason] = await Promise.all([lastWords(child.stderr, log), tell(child.stdout, name, host)]);
      const { code, signal } = await child.status;
      // Whoever killed it may not do so again
      const outcome = signal !== null && !host.signal.aborted
        ? await outcomeOf(host.out, name, AGAIN, { reason: `it was ended by ${signal}`, log })
        : await outcomeOf(host.out, name, signal === null ? code : AGAIN, { reason, log });
      if (code === 0) await Deno.remove(log).catch(() => {});
      return outcome;
    } finally {
      this.#running--;
      host.signal.removeEventListener("abort", end);
      await child.stdin.close().catch(() => {});
    }
  }
}

/** Tells of the events that a run prints, a JSON object a line. */
async function tell(stdout: ReadableStream<Uint8Array>, name: string, { report }: SweepHost): Promise<void> {
  for await (const line of stdout.pipeThrough(new TextLineStream())) {
    let event;
    try {
      event = parseJson(line);
    } catch {
      continue; // A line that a library has printed
    }
    if (isEvent(event)) report({ type: "progress", name, event });
  }
}

type Progress = Extract<Parameters<SweepHost["report"]>[0], { type: "progress" }>["event"];

function isEvent(value: unknown): value is Progress {
  const type = (value as { readonly type?: unknown } | null)?.type;
  return type === "epoch" || type === "evaluation";
}

/** Writes standard error to a file, and gives the line that says why the run failed. */
async function lastWords(stderr: ReadableStream<Uint8Array>, path: string): Promise<string> {
  using file = await Deno.open(path, { write: true, create: true, truncate: true });
  let last = "", error = "";
  for await (const line of stderr.pipeThrough(new TextLineStream())) {
    await file.write(new TextEncoder().encode(`${line}\n`));
    if (line.startsWith("error: ")) error = line.slice("error: ".length);
    if (line.trim() !== "") last = line.trim();
  }
  return error || last;
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    }, { once: true });
  });
}
