import type { Outcome, SweepEvent } from "../../src/experiments/executor.ts";
import type { RankingMetrics } from "../../src/recommend/metrics.ts";
import { DEFAULT_METRIC, type MetricName } from "../../src/recommend/metric_name.ts";
import { duration, type Progress, progressLine } from "../cli/progress_report.ts";
import { metricsLine } from "../cli/results.ts";
import type { TaskLog } from "../cli/task_log.ts";
import { columns, write } from "../cli/terminal.ts";

/** Milliseconds between two pictures on a terminal. */
const PAINT_INTERVAL = 200;

/** What is known of the runs before they start. */
export interface SweepProgressOptions {
  /** Runs of the sweep, finished or not. */
  readonly total: number;
  /** Those of them that are to be carried out now: epochs and metric by name. */
  readonly runs: ReadonlyMap<string, { readonly epochs: number; readonly metric: MetricName }>;
  /** Whether lines are painted where there is a terminal. */
  readonly isPainted: boolean;
  /** What is said. */
  readonly log: TaskLog;
}

/** A run that is under way. */
interface Running extends Pick<Progress, "epoch" | "loss" | "valid"> {
  readonly begun: number;
  readonly first: number | null;
  readonly test: RankingMetrics | null;
}

/**
 * Shows how a sweep comes along: on a terminal a line for each run that is under way and one for all, elsewhere a line for
 * each that has ended.
 */
export class SweepProgress implements Disposable {
  readonly #options: SweepProgressOptions;
  readonly #running = new Map<string, Running>();
  readonly #begun = performance.now();
  readonly #onTerminal: boolean;
  #ended = 0;
  #lines = 0;
  #painted = -Infinity;

  /** @param options What is known of the runs. */
  constructor(options: SweepProgressOptions) {
    this.#options = options;
    this.#onTerminal = options.isPainted && Deno.stderr.isTerminal();
  }

  /**
   * Takes note of an event.
   *
   * @param event What happened.
   */
  show(event: SweepEvent): void {
    const { tell } = this.#options.log;
    switch (event.type) {
      case "start":
        tell({ type: "start", run: event.name });
        this.#running.set(event.name, { begun: performance.now(), first: null, epoch: 0, test: null });
        break;
      case "progress":
        tell({ ...event.event, run: event.name });
        this.#note(event);
        break;
      case "repeat":
        tell({ type: "repeat", run: event.name, reason: event.reason });
        this.#running.delete(event.name);
        this.#say(`${event.name}  will be tried again: ${event.reason}`);
        break;
      case "note":
        tell({ type: "note", text: event.text });
        this.#say(event.text);
        break;
      case "end":
        this.#end(event.outcome);
    }
    this.#paint(event.type !== "progress");
  }

  #note({ name, event }: Extract<SweepEvent, { type: "progress" }>): void {
    const before = this.#running.get(name);
    if (!before) return;
    const first = before.first ?? event.epoch;
    if (event.type === "epoch") {
      this.#running.set(name, {
        ...before,
        first: Math.min(first, event.epoch - 1),
        epoch: event.epoch,
        loss: event.loss,
      });
    } else if (event.split === "valid") {
      const { metric = DEFAULT_METRIC } = this.#options.runs.get(name) ?? {};
      this.#running.set(name, { ...before, first, epoch: event.epoch, valid: event.metrics[metric] });
    } else {
      this.#running.set(name, { ...before, test: event.metrics });
    }
  }

  #end({ name, status, code, reason, log }: Outcome): void {
    const test = this.#running.get(name)?.test;
    this.#running.delete(name);
    if (status !== "again") this.#ended++;
    this.#options.log.tell({ type: "outcome", run: name, status, code, ...reason && { reason }, ...log && { log } });
    const result = status === "done" || status === "stopped"
      ? test ? `  test  ${metricsLine(test)}` : ""
      : `: ${reason}`;
    const count = status === "again" ? "" : `  (${this.#done()} of ${this.#options.total})`;
    this.#say(`${name}  ${WORDS[status]}${result}${count}`);
  }

  #done(): number {
    const { total, runs } = this.#options;
    return total - runs.size + this.#ended;
  }

  #say(line: string): void {
    this.#clear();
    this.#options.log.say(line);
  }

  #paint(now: boolean): void {
    if (!this.#onTerminal || (!now && performance.now() - this.#painted < PAINT_INTERVAL)) return;
    this.#painted = performance.now();
    this.#clear();
    // The last column stays free: a terminal whose line is full is about to go on to the next
    const width = columns() - 1, lines = [...this.#running].map(([name, run]) => this.#lineOf(name, run, width));
    const left = this.#ended === 0 ? "" : `  ${duration(this.#left())} left`;
    lines.push(`${this.#done()} of ${this.#options.total} runs have ended, under way: ${this.#running.size}${left}`);
    write(lines.map((line) => `${line.slice(0, width)}\n`).join(""));
    this.#lines = lines.length;
  }

  #lineOf(name: string, { begun, first, epoch, loss, valid }: Running, width: number): string {
    const { epochs, metric } = this.#options.runs.get(name)!, trained = epoch - (first ?? epoch);
    const left = trained > 0 ? (performance.now() - begun) / trained * (epochs - epoch) : undefined;
    return progressLine({ label: name, epoch, epochs, loss, metric, valid, left }, width);
  }

  /** Milliseconds until the last run ends, where those to come take as long as those that have ended. */
  #left(): number {
    return (performance.now() - this.#begun) / this.#ended * (this.#options.runs.size - this.#ended);
  }

  #clear(): void {
    if (this.#lines > 0) write(`\x1b[${this.#lines}A\r\x1b[J`);
    this.#lines = 0;
  }

  /** Takes the lines of runs off the terminal. */
  [Symbol.dispose](): void {
    this.#clear();
  }
}

const WORDS: Readonly<Record<Outcome["status"], string>> = {
  done: "is done",
  stopped: "is stopped",
  failed: "has failed",
  again: "is not done",
};
