import type { TrainingEvent } from "../../src/training/train.ts";
import { DEFAULT_METRIC, type MetricName } from "../../src/recommend/metric_name.ts";
import { columns, write } from "./terminal.ts";

/** Milliseconds between two plain lines. */
const LINE_INTERVAL = 5000;

/** Milliseconds between two lines on a terminal, the second in the place of the first. */
const PAINT_INTERVAL = 100;

/** Characters of the bar at its shortest and at its longest. */
const BAR = { min: 6, max: 30 };

/** How far a training run is; a part that is not known yet is left out. */
export interface Progress {
  /** What is trained. */
  readonly label: string;
  /** Epochs trained. */
  readonly epoch: number;
  /** Epochs to train. */
  readonly epochs: number;
  /** Mean loss of the last epoch. */
  readonly loss?: number | undefined;
  /** The metric that picks the best epoch. */
  readonly metric: MetricName;
  /** That metric of the last validation. */
  readonly valid?: number | undefined;
  /** Milliseconds until the last epoch. */
  readonly left?: number | undefined;
}

function partsOf({ epoch, epochs, loss, metric, valid, left }: Progress) {
  return {
    epoch: `epoch ${epoch}/${epochs}`,
    loss: loss === undefined ? "" : `  loss ${loss.toFixed(4)}`,
    valid: valid === undefined ? "" : `  valid ${metric.toUpperCase()} ${valid.toFixed(4)}`,
    left: left === undefined ? "" : `  ${duration(left)} left`,
  };
}

/**
 * Says in one line of a terminal how far a training run is: `sevo-adamw seed 1 [##--------] epoch 1/5  loss 0.6931`.
 *
 * A part that does not fit is left out. They are asked in the order of what matters: the epoch, the time left, the label,
 * a short bar, the validation, the loss. The bar then takes the room that remains.
 *
 * @param progress How far it is.
 * @param columns Greatest length of the line.
 * @returns The line.
 */
export function progressLine(progress: Progress, columns: number): string {
  const { epoch, loss, valid, left } = partsOf(progress);
  let room = columns - epoch.length;
  const fitting = (part: string): string => {
    if (part.length > room) return "";
    room -= part.length;
    return part;
  };
  const shownLeft = fitting(left);
  const label = fitting(`${progress.label} `);
  const shortest = fitting(`[${"-".repeat(BAR.min)}] `);
  const shownValid = fitting(valid);
  const shownLoss = fitting(loss);
  const bar = shortest === "" ? "" : barOf(progress, Math.min(BAR.max, BAR.min + room));
  return `${label}${bar}${epoch}${shownLoss}${shownValid}${shownLeft}`.slice(0, Math.max(0, columns));
}

function barOf({ epoch, epochs }: Progress, length: number): string {
  const filled = Math.floor(length * Math.min(1, epoch / epochs));
  return `[${"#".repeat(filled)}${"-".repeat(length - filled)}] `;
}

/** What a progress report can be told. */
export interface ProgressOptions {
  /** The metric that picks the best epoch. */
  readonly metric?: MetricName;
  /** Says a line; to standard output by default. */
  readonly say?: (line: string) => void;
}

/**
 * Shows how a training run comes along: on a terminal a bar with epoch, loss and time left, elsewhere plain lines, one
 * every few seconds and one for the last epoch.
 */
export class ProgressReport implements Disposable {
  readonly #label: string;
  readonly #epochs: number;
  readonly #start = performance.now();
  readonly #onTerminal: boolean;
  readonly #done: number;
  readonly #metric: MetricName;
  readonly #say: (line: string) => void;
  #epoch: number;
  #loss: number | undefined;
  #valid: number | undefined;
  #lastLine = -Infinity;
  #painted = false;

  /**
   * @param label What is trained.
   * @param epochs How many epochs it will be.
   * @param done How many of them were trained before.
   * @param options The metric that picks the best epoch, and who says lines.
   */
  constructor(label: string, epochs: number, done = 0, options: ProgressOptions = {}) {
    const { metric = DEFAULT_METRIC, say = (line) => console.log(line) } = options;
    this.#say = say;
    this.#metric = metric;
    this.#done = this.#epoch = done;
    this.#label = label;
    this.#epochs = epochs;
    this.#onTerminal = Deno.stderr.isTerminal() && epochs > 0;
    this.#paint();
  }

  /**
   * Takes note of an event.
   *
   * @param event What happened.
   */
  show(event: TrainingEvent): void {
    if (event.type === "evaluation") {
      if (event.split !== "valid") return;
      this.#valid = event.metrics[this.#metric]!;
      this.#paint();
      if (event.epoch === this.#epochs && event.epoch > 0) this.#printLine();
      return;
    }
    this.#epoch = event.epoch;
    this.#loss = event.loss;
    this.#paint();
    // The last epoch gets its line with its validation, right after this.
    if (event.epoch < this.#epochs && performance.now() - this.#lastLine >= LINE_INTERVAL) this.#printLine();
  }

  #printLine(): void {
    if (this.#onTerminal) return;
    this.#lastLine = performance.now();
    const { epoch, loss, valid, left } = partsOf(this.#progress());
    this.#say(`${this.#label}  ${epoch}${loss}${valid}${left}`);
  }

  #paint(): void {
    if (!this.#onTerminal || performance.now() - this.#lastLine < PAINT_INTERVAL) return;
    this.#lastLine = performance.now();
    this.#painted = true;
    // The last column stays free: a terminal whose line is full is about to go on to the next.
    write(`\r${progressLine(this.#progress(), columns() - 1)}\x1b[K`);
  }

  #clear(): void {
    if (this.#painted) write("\r\x1b[K");
    this.#painted = false;
  }

  /**
   * Ends the report.
   *
   * @param line What to say of the result.
   */
  finish(line: string): void {
    this.#clear();
    this.#say(line);
  }

  /** Takes the bar off the terminal, where training failed before its end. */
  [Symbol.dispose](): void {
    this.#clear();
  }

  #progress(): Progress {
    const trained = this.#epoch - this.#done;
    const perEpoch = (performance.now() - this.#start) / trained;
    return {
      label: this.#label,
      epoch: this.#epoch,
      epochs: this.#epochs,
      loss: this.#loss,
      metric: this.#metric,
      valid: this.#valid,
      left: trained > 0 ? perEpoch * (this.#epochs - this.#epoch) : undefined,
    };
  }
}

/**
 * A duration for people: `4 s`, `3 min 20 s`, `2 h 5 min`.
 *
 * @param milliseconds The duration.
 * @returns The words.
 */
export function duration(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor(seconds % 3600 / 60)} min`;
}
