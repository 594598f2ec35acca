/** A gradient had a value that is not finite. The parameters are no longer of use: go back to a saved state. */
export class NonFiniteError extends Error {
  /** `NonFiniteError`. */
  override name = "NonFiniteError";
  /** The table whose gradient it was. */
  readonly table: string;
  /** The first step with such a value, counted from 1. */
  readonly step: number;

  /**
   * Says which gradient it was.
   *
   * @param table The table whose gradient it was.
   * @param step The first step with such a value.
   */
  constructor(table: string, step: number) {
    super(`Cannot read the state as gradient '${table}' had a value that is not finite: at step ${step}`);
    this.table = table;
    this.step = step;
  }
}

/** A state was used after `sevoStep` had taken it, or after it was disposed of. */
export class StateTakenError extends Error {
  /** `StateTakenError`. */
  override name = "StateTakenError";
}

/** `exact` propagation did not reach its tolerance within `maxIterations`. */
export class ConvergenceError extends Error {
  /** `ConvergenceError`. */
  override name = "ConvergenceError";
}
