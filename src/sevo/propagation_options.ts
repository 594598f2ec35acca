import { type Bounds, checkOptions } from "../options.ts";
import { ACTION, checkName, checkRange } from "./_checks.ts";

/** How a change of the tables is smoothed over the graph. */
export interface Propagation {
  /**
   * - `neumann`: (1-b)/(1-b^(L+1)) * sum of (b A)^l X for l = 0..L, SEvo's own: direction-aware for every b < 1
   * - `iterative`: y <- b A y + (1-b) X, L times from y = X; direction-aware for b < 1/2 alone
   * - `exact`: (1-b) (I - b A)^-1 X, solved by conjugate gradients
   */
  readonly mode: "neumann" | "iterative" | "exact";
  /** Weight b of the graph, in [0, 1). */
  readonly beta: number;
  /** Number L of layers; not used by `exact`. Default 3. */
  readonly layers?: number;
  /** `exact`: residual to reach, relative to the right-hand side, column by column, from 1e-18. Default 1e-6. */
  readonly tolerance?: number;
  /**
   * `exact`: iterations at most, up to 10,000. By default as many as reach `tolerance` on any graph; a `beta` so near 1
   * that these are more needs a number here.
   */
  readonly maxIterations?: number;
}

/** {@linkcode Propagation} with its defaults filled in. */
export type ResolvedPropagation = Required<Propagation>;

const PROPAGATION_OPTIONS: readonly (keyof Propagation)[] = ["mode", "beta", "layers", "tolerance", "maxIterations"];

/** Iterations of `exact` at most: a step of so many takes seconds already on a small graph. */
const MOST_ITERATIONS = 10_000;

/** What the numbers may be. */
export const PROPAGATION_BOUNDS = {
  beta: { min: 0, below: 1 },
  layers: { integer: true, min: 0 },
  // Its square is what residuals are compared with
  tolerance: { min: 1e-18, below: 1 },
  maxIterations: { integer: true, min: 1, max: MOST_ITERATIONS },
} as const satisfies Readonly<Record<string, Bounds>>;

/**
 * Checks a propagation and fills in its defaults.
 *
 * @param propagation Propagation as given.
 * @returns All of it.
 * @throws {TypeError} If an option or the mode is unknown, or an option is of another type.
 * @throws {RangeError} If a number is out of range.
 */
export function resolvePropagation(propagation: Propagation): ResolvedPropagation {
  checkOptions(ACTION, propagation, PROPAGATION_OPTIONS, "propagation");
  const { mode, beta, layers = 3, tolerance = 1e-6 } = propagation;
  checkName("propagation mode", mode, ["neumann", "iterative", "exact"]);
  checkRange("beta", beta, PROPAGATION_BOUNDS.beta);
  checkRange("layers", layers, PROPAGATION_BOUNDS.layers);
  checkRange("tolerance", tolerance, PROPAGATION_BOUNDS.tolerance);
  const needed = iterationBound(Math.fround(beta), tolerance);
  if (mode === "exact" && needed > MOST_ITERATIONS && propagation.maxIterations === undefined) {
    throw new RangeError(
      `${ACTION} as beta is so near 1 that 'exact' propagation may need ${needed} iterations: expected at most ` +
        `${MOST_ITERATIONS}, or a maxIterations: current value is ${beta}`,
    );
  }
  const { maxIterations = Math.min(needed, MOST_ITERATIONS) } = propagation;
  checkRange("maxIterations", maxIterations, PROPAGATION_BOUNDS.maxIterations);
  return { mode, beta, layers, tolerance, maxIterations };
}

/**
 * Iterations after which conjugate gradients have reached the tolerance whatever the graph: the eigenvalues of I - bA
 * lie in [1 - b, 1 + b], so with k = (1 + b)/(1 - b) the error in the energy norm falls below
 * 2 ((sqrt k - 1)/(sqrt k + 1))^n, and the residual below sqrt(k) times that.
 */
function iterationBound(beta: number, tolerance: number): number {
  const root = Math.sqrt((1 + beta) / (1 - beta));
  const rate = (root - 1) / (root + 1);
  return rate === 0 ? 1 : Math.ceil(Math.log(tolerance / (2 * root)) / Math.log(rate)) + 1;
}
