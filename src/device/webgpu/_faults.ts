/**
 * What went wrong since somebody last asked. WebGPU reports errors out of band, and an invalid command does nothing
 * but make what follows invalid too, so this keeps the first error, and prefers one whose cause is known.
 */
export class Faults {
  #error: Error | null = null;
  #explained = false;
  readonly #pending = new Set<Promise<void>>();

  /**
   * Remembers an error unless an earlier one is waiting to be thrown.
   *
   * @param error The error to throw later.
   * @param explained Whether it names its cause; it then takes the place of one that does not.
   */
  record(error: Error, explained: boolean): void {
    if (this.#error !== null && (this.#explained || !explained)) return;
    this.#error = error;
    this.#explained = explained;
  }

  /**
   * Has {@linkcode Faults.settle} wait for an error scope to record its outcome.
   *
   * @param work What to wait for; its own rejection is a fault.
   */
  track(work: Promise<void>): void {
    const settled: Promise<void> = work
      // A scope cannot be popped once the device has gone, and that is reported as a loss
      .catch((error) => this.record(error instanceof Error ? error : new Error(String(error)), false))
      .finally(() => this.#pending.delete(settled));
    this.#pending.add(settled);
  }

  /** Waits until the outcome of every error scope so far is known. */
  async settle(): Promise<void> {
    if (this.#pending.size > 0) await Promise.all(this.#pending);
  }

  /**
   * Throws what has been reported, once.
   *
   * @throws {Error} The first error since the last call.
   */
  throwFirst(): void {
    const error = this.#error;
    this.#error = null;
    this.#explained = false;
    if (error !== null) throw error;
  }
}
