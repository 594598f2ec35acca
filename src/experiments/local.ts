import { pause } from "./_pause.ts";
import { runProcess } from "./_run_process.ts";
import { type Executor, type Outcome, outcomeOf, type SweepHost } from "./executor.ts";
import { EXIT } from "./exit.ts";
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
    const { jobs, cores } = this.#options;
    // Towards the end there are fewer runs than jobs, and more threads for each
    const beside = Math.min(jobs, ++this.#running + left);
    const threads = cores === null ? [] : ["--threads", `${Math.max(1, Math.floor(cores / beside))}`];
    host.report({ type: "start", name });
    try {
      const { code, signal, reason, log } = await runProcess(name, host, threads);
      // Whoever killed it may not do so again
      return await outcomeOf(host.out, name, signal === null ? code : EXIT.again, { reason, log });
    } finally {
      this.#running--;
    }
  }
}
