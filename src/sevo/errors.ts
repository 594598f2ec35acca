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

/** `exact` propagation did not reach its tolerance within `maxIterations`, in a step or in `propagate`. */
export class ConvergenceError extends RangeError {
  /** `ConvergenceError`. */
  override name = "ConvergenceError";
}

/**
 * The error of a propagation that did not converge, in a step or alone.
 *
 * @param propagation Its tolerance, and the iterations that were not enough.
 * @returns The error.
 */
export function unconverged(
  { tolerance, maxIterations }: { readonly tolerance: number; readonly maxIterations: number },
): ConvergenceError {
  return new ConvergenceError(
    `Cannot propagate to the tolerance ${tolerance} as maxIterations is too small: current value is ${maxIterations}`,
  );
}
