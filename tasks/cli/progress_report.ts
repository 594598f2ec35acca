import { ProgressBar } from "@std/cli/unstable-progress-bar";
import type { TrainingEvent } from "../../src/training/train.ts";

/** Milliseconds between two plain lines. */
const LINE_INTERVAL = 5000;

/**
 * Shows how a training run comes along: on a terminal a bar with epoch, loss and time left, elsewhere plain lines, one
 * every few seconds and one for the last epoch.
 */
export class ProgressReport implements AsyncDisposable {
  readonly #label: string;
  readonly #epochs: number;
  readonly #start = performance.now();
  readonly #bar: ProgressBar | null;
  readonly #done: number;
  #epoch: number;
  #loss = NaN;
  #valid = NaN;
  #lastLine = -Infinity;

  /**
   * @param label What is trained.
   * @param epochs How many epochs it will be.
   * @param done How many of them were trained before.
   */
  constructor(label: string, epochs: number, done = 0) {
    this.#done = this.#epoch = done;
    this.#label = label;
    this.#epochs = epochs;
    this.#bar = Deno.stderr.isTerminal() && epochs > 0
      ? new ProgressBar({
        max: epochs,
        value: done,
        barLength: 30,
        clear: true,
        keepOpen: true,
        formatter: ({ progressBar }) => `${this.#label} ${progressBar} ${this.#line()}`,
      })
      : null;
  }

  /**
   * Takes note of an event.
   *
   * @param event What happened.
   */
  show(event: TrainingEvent): void {
    if (event.type === "evaluation") {
      if (event.split !== "valid") return;
      this.#valid = event.metrics["ndcg@10"]!;
      if (event.epoch === this.#epochs && event.epoch > 0) this.#printLine();
      return;
    }
    this.#epoch = event.epoch;
    this.#loss = event.loss;
    if (this.#bar) this.#bar.value = event.epoch;
    // The last epoch gets its line with its validation, right after this.
    if (event.epoch < this.#epochs && performance.now() - this.#lastLine >= LINE_INTERVAL) this.#printLine();
  }

  #printLine(): void {
    if (this.#bar) return;
    this.#lastLine = performance.now();
    console.log(`${this.#label}  ${this.#line()}`);
  }

  /**
   * Ends the report.
   *
   * @param line What to say of the result.
   */
  async finish(line: string): Promise<void> {
    await this.#bar?.stop();
    console.log(line);
  }

  /** Takes the bar off the terminal, where training failed before its end. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#bar?.stop();
  }

  #line(): string {
    const perEpoch = (performance.now() - this.#start) / (this.#epoch - this.#done);
    const left = perEpoch * (this.#epochs - this.#epoch);
    const valid = Number.isNaN(this.#valid) ? "" : `  valid NDCG@10 ${this.#valid.toFixed(4)}`;
    return `epoch ${this.#epoch}/${this.#epochs}  loss ${this.#loss.toFixed(4)}${valid}  ${duration(left)} left`;
  }
}

/**
 * A duration for people: `4 s`, `3 min 20 s`, `2 h 5 min`.
 *
 * @param milliseconds The duration.
 * @returns The words.
 */
export function duration(milliseconds: number): string {
  if (!Number.isFinite(milliseconds)) return "?";
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor(seconds % 3600 / 60)} min`;
}
