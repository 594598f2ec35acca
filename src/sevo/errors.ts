/**
 * A gradient had a value that is not finite, or a step took a table or its moments out of float32. The parameters are no
 * longer of use: go back to a saved state.
 *
 * @example
 * ```ts
 * import { NonFiniteError, openDevice, sevoInit, sevoStep } from "@sevo/sevo";
 * import { assertEquals, assertRejects } from "@std/assert";
 *
 * await using device = await openDevice("cpu");
 * const options = { rule: "sgd", learningRate: 1, propagation: null } as const;
 * let state = sevoInit(device, { item: { data: new Float32Array(4), shape: [1, 4] } }, options);
 * state = sevoStep(state, { item: new Float32Array([0, NaN, 0, 0]) });
 * const { table, step } = await assertRejects(() => state.read(), NonFiniteError);
 * assertEquals([table, step], ["item", 1]);
 * ```
 */
export class NonFiniteError extends Error {
  /** `NonFiniteError`. */
  override name = "NonFiniteError";
  /** The table that it was about. */
  readonly table: string;
  /** The first step with such a value, counted from 1. */
  readonly step: number;
  /** What had such a value. */
  readonly part: "gradient" | "moments" | "table";

  /**
   * Says what it was.
   *
   * @param table The table that it was about.
   * @param step The first step with such a value.
   * @param part What had such a value; a table's moments are reported with the table where a step moves both at once.
   */
  constructor(table: string, step: number, part: "gradient" | "moments" | "table" = "gradient") {
    const what = part === "gradient"
      ? `gradient '${table}' had a value that is not finite`
      : part === "moments"
      ? `the moments of table '${table}', or the table, left the range of float32`
      : `table '${table}' left the range of float32`;
    super(`Cannot read the state as ${what}: at step ${step}`);
    this.table = table;
    this.step = step;
    this.part = part;
  }
}

/**
 * A state was used after `sevoStep` had taken it, or after it was disposed of.
 *
 * @example
 * ```ts
 * import { openDevice, sevoInit, sevoStep, StateTakenError } from "@sevo/sevo";
 * import { assertThrows } from "@std/assert";
 *
 * await using device = await openDevice("cpu");
 * const options = { rule: "sgd", learningRate: 1, propagation: null } as const;
 * const state = sevoInit(device, { item: { data: new Float32Array(4), shape: [1, 4] } }, options);
 * sevoStep(state, { item: new Float32Array(4) });
 * assertThrows(() => sevoStep(state, { item: new Float32Array(4) }), StateTakenError);
 * ```
 */
export class StateTakenError extends Error {
  /** `StateTakenError`. */
  override name = "StateTakenError";
}

/**
 * `exact` propagation did not reach its tolerance within `maxIterations`, in a step or in `propagate`.
 *
 * @example
 * ```ts
 * import { ConvergenceError, Graph, openDevice, propagate } from "@sevo/sevo";
 * import { assertRejects } from "@std/assert";
 *
 * await using device = await openDevice("cpu");
 * const graph = Graph.fromEdges({ rows: 4, sources: [0, 1, 2], targets: [1, 2, 3] });
 * const propagation = { mode: "exact", beta: 0.99, maxIterations: 1 } as const;
 * await assertRejects(() => propagate(device, graph, new Float32Array([1, 0, 0, 0]), propagation), ConvergenceError);
 * ```
 */
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
