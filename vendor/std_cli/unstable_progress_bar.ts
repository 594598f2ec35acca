/**
 * A stand-in for `jsr:@std/cli/unstable-progress-bar`: see `vendor/README.md`.
 *
 * @module
 */

/** What a line of a progress bar may say. */
export interface ProgressBarFormatter {
  /** Time since the start as `mm:ss`. */
  styledTime: string;
  /** The value and the end as amounts of data: `0.40/97.66 KiB`. */
  styledData: (fractions?: number) => string;
  /** The bar: `###-------`. */
  progressBar: string;
  /** Milliseconds since the start. */
  time: number;
  /** The `time` of the line before. */
  previousTime: number;
  /** How far it is. */
  value: number;
  /** The `value` of the line before. */
  previousValue: number;
  /** Where it ends. */
  max: number;
}

/** How a progress bar looks and where it goes. */
export interface ProgressBarOptions {
  /** Where it is written; by default `Deno.stderr.writable`. */
  writable?: WritableStream<Uint8Array>;
  /** Where it starts; by default 0. */
  value?: number;
  /** Where it ends. */
  max: number;
  /** Length of the bar in characters; by default 50. */
  barLength?: number;
  /** Character of what is done; by default `#`. */
  fillChar?: string;
  /** Character of what is to be done; by default `-`. */
  emptyChar?: string;
  /** Whether the line is removed at the end; by default it stays. */
  clear?: boolean;
  /** Makes the line; by default `[mm:ss] [###-------] [0.24/97.6 KiB]`. */
  formatter?: (formatter: ProgressBarFormatter) => string;
  /** Whether the writable is left open at the end; by default it is. */
  keepOpen?: boolean;
  /** Milliseconds between two lines; by default 1000. */
  refreshMilliseconds?: number;
}

const CLEAR_LINE = "\r\x1b[K";
const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

function dataOf(value: number, max: number, fractions = 2): string {
  const unit = Math.min(Math.max(Math.floor(Math.log2(max || 1) / 10), 0), UNITS.length - 1);
  const scale = 1024 ** unit;
  return `${(value / scale).toFixed(fractions)}/${(max / scale).toFixed(fractions)} ${UNITS[unit]}`;
}

/** A line on a terminal that says how far a task is, written again every second. */
export class ProgressBar {
  /** How far it is. */
  value: number;
  /** Where it ends. */
  max: number;
  readonly #options: ProgressBarOptions;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #start = Date.now();
  readonly #encoder = new TextEncoder();
  #previousTime = 0;
  #previousValue: number;

  /** @param options How it looks and where it goes. */
  constructor(options: ProgressBarOptions) {
    this.value = this.#previousValue = options.value ?? 0;
    this.max = options.max;
    this.#options = options;
    this.#writer = (options.writable ?? Deno.stderr.writable).getWriter();
    this.#timer = setInterval(() => this.#print(), options.refreshMilliseconds ?? 1000);
    this.#print();
  }

  async #write(text: string): Promise<void> {
    try {
      await this.#writer.write(this.#encoder.encode(text));
    } catch {
      // Whoever read the progress has gone; the work that it tells of goes on.
    }
  }

  #print(): Promise<void> {
    const { barLength = 50, fillChar = "#", emptyChar = "-", formatter } = this.#options;
    const { value, max } = this;
    const time = Date.now() - this.#start;
    const filled = Math.trunc(Math.min(Math.max(value / max, 0), 1) * barLength);
    const pad = (part: number) => String(Math.trunc(part)).padStart(2, "0");
    const parts: ProgressBarFormatter = {
      styledTime: `${pad(time / 60_000)}:${pad(time / 1000 % 60)}`,
      styledData: (fractions) => dataOf(value, max, fractions),
      progressBar: fillChar.repeat(filled) + emptyChar.repeat(barLength - filled),
      time,
      previousTime: this.#previousTime,
      value,
      previousValue: this.#previousValue,
      max,
    };
    const line = formatter?.(parts) ?? `[${parts.styledTime}] [${parts.progressBar}] [${parts.styledData()}]`;
    this.#previousTime = time;
    this.#previousValue = value;
    return this.#write(CLEAR_LINE + line);
  }

  /**
   * Writes the last line, or removes it, and lets go of the writable.
   *
   * @returns When all is written.
   */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    if (this.#options.clear) {
      await this.#write(CLEAR_LINE);
    } else {
      await this.#print();
      await this.#write("\n");
    }
    if (this.#options.keepOpen ?? true) this.#writer.releaseLock();
    else await this.#writer.close().catch(() => {});
  }
}
