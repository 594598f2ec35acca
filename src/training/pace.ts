/** When a training run is to end early, and how often it is to be saved. */
export interface StopOptions {
  /** Asks it to end: it saves a checkpoint and throws the reason of the signal. */
  readonly signal?: AbortSignal;
  /** Seconds that it may take to reach the end of its epoch then; else it is saved in the middle. 8 by default. */
  readonly grace?: number;
  /** Minutes between two checkpoints, besides those after validations; none by default. */
  readonly checkpointEvery?: number;
}

/** Milliseconds of work between two looks at what has happened meanwhile. */
const LOOK = 50;

/** Decides after each step whether a run is to be saved in the middle of its epoch. */
export class Pace {
  readonly #signal: AbortSignal | undefined;
  readonly #grace: number;
  readonly #every: number;
  #looked = performance.now();
  #saved = performance.now();

  /** @param options When it ends early, and how often it is saved. */
  constructor({ signal, grace = 8, checkpointEvery = Infinity }: StopOptions = {}) {
    this.#signal = signal;
    this.#grace = 1000 * grace;
    this.#every = 60_000 * checkpointEvery;
  }

  /** Whether it is to end. */
  get isEnding(): boolean {
    return this.#signal?.aborted ?? false;
  }

  /** Takes note that it was saved. */
  saved(): void {
    this.#saved = performance.now();
  }

  /**
   * Lets the world in now and then, as a signal is heard only while nothing is computed.
   *
   * @param left How much of the epoch is left, as a multiple of what was done since `begun`.
   * @param begun When that began.
   * @returns Whether the run is to be saved now.
   */
  async isDue(left: number, begun: number): Promise<boolean> {
    const before = performance.now();
    if (before - this.#looked < LOOK) return false;
    await new Promise((resolve) => setTimeout(resolve, 0));
    const now = this.#looked = performance.now();
    if (this.isEnding) return left * (now - begun) > this.#grace;
    return now - this.#saved >= this.#every;
  }

  /**
   * Ends the run if it is to end.
   *
   * @throws The reason of the signal.
   */
  throwIfEnding(): void {
    this.#signal?.throwIfAborted();
  }
}
