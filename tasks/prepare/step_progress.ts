import type { PrepareProgress } from "../../src/prepare/options.ts";
import { columns, write } from "../cli/terminal.ts";

/** Milliseconds between two lines on a terminal, the second in the place of the first. */
const PAINT_INTERVAL = 100;
const BAR = 30;

/** Shows on a terminal what is done now and how far that is; elsewhere nothing. */
export class StepProgress implements Disposable {
  readonly #onTerminal = Deno.stderr.isTerminal();
  #step = "";
  #last = -Infinity;

  /**
   * Shows a step.
   *
   * @param progress The step, and how far it is.
   */
  show({ step, done }: PrepareProgress): void {
    if (!this.#onTerminal) return;
    if (step === this.#step && performance.now() - this.#last < PAINT_INTERVAL) return;
    this.#last = performance.now();
    this.#step = step;
    const filled = Math.floor(BAR * done);
    const bar = `[${"#".repeat(filled)}${"-".repeat(BAR - filled)}] ${Math.floor(100 * done)} %`;
    write(`\r${`${bar}  ${step}`.slice(0, columns() - 1)}\x1b[K`);
  }

  /** Takes the line off the terminal. */
  [Symbol.dispose](): void {
    if (this.#step !== "") write("\r\x1b[K");
  }
}
