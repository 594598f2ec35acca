import type { Input } from "./input/input.ts";
import type { PrepareOptions } from "./options.ts";

/** Steps of preparing, and the part of the time that each takes of a log of fifty million lines. */
const STEPS = {
  "reading": 0.4,
  "sorting out the lines": 0.2,
  "filtering rarely seen users and items": 0.15,
  "numbering users and items": 0.05,
  "splitting": 0.15,
  "writing": 0.05,
} as const;

/** Tells how far preparing is, and ends it where it is to end. */
export class Progress {
  readonly #options: PrepareOptions;
  readonly #read = new Map<Input, number>();
  readonly #bytes: number;

  /**
   * @param options Who is told, and who ends it.
   * @param inputs The files that will be read.
   */
  constructor(options: PrepareOptions, inputs: readonly Input[]) {
    this.#options = options;
    this.#bytes = inputs.reduce((sum, { size }) => sum + (size ?? 0), 0);
  }

  /**
   * Begins a step.
   *
   * @param step The step.
   */
  begin(step: keyof typeof STEPS): void {
    const names = Object.keys(STEPS) as (keyof typeof STEPS)[];
    this.#tell(step, names.slice(0, names.indexOf(step)).reduce((sum, name) => sum + STEPS[name], 0));
  }

  /**
   * Takes note of bytes that were read.
   *
   * @param input The file.
   * @param bytes Its bytes so far.
   */
  read(input: Input, bytes: number): void {
    this.#read.set(input, bytes);
    const sum = [...this.#read.values()].reduce((total, each) => total + each, 0);
    this.#tell("reading", this.#bytes === 0 ? 0 : STEPS.reading * Math.min(1, sum / this.#bytes));
  }

  #tell(step: string, done: number): void {
    this.#options.signal?.throwIfAborted();
    this.#options.onProgress?.({ step, done });
  }
}
