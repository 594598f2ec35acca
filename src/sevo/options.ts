import { type Bounds, checkOptions, checkType, isWithin, rangeOf, shown } from "../options.ts";

const ACTION = "Cannot use these options";

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

/** Options of `sevoInit`. */
export interface SevoOptions {
  /** What turns a gradient into a direction. */
  readonly rule: "adamw" | "adam" | "sgd";
  /** Step size. */
  readonly learningRate: number;
  /** Decay rates of the moments of adam and adamw, in [0, 1). Default [0.9, 0.999]. */
  readonly betas?: readonly [number, number];
  /** Added to the root of the second moment, positive. Default 1e-8. */
  readonly epsilon?: number;
  /** Weight decay: decoupled for adamw, added to the gradient for adam and sgd. Default 0. */
  readonly weightDecay?: number;
  /** sgd: momentum, in [0, 1). Default 0. */
  readonly momentum?: number;
  /** sgd: Nesterov momentum. Default false. */
  readonly nesterov?: boolean;
  /** How the direction is smoothed; null for the plain rule. */
  readonly propagation: Propagation | null;
  /** adamw: whether rows whose whole gradient is 0 keep their corrected moments. Default: whether it propagates. */
  readonly correction?: boolean;
}

/** {@linkcode Propagation} with its defaults filled in. */
export type ResolvedPropagation = Required<Propagation>;

/** {@linkcode SevoOptions} with its defaults filled in. */
export interface ResolvedOptions extends Required<Omit<SevoOptions, "propagation">> {
  /** How the direction is smoothed; null for the plain rule. */
  readonly propagation: ResolvedPropagation | null;
}

const OPTIONS: readonly (keyof SevoOptions)[] = [
  "rule",
  "learningRate",
  "betas",
  "epsilon",
  "weightDecay",
  "momentum",
  "nesterov",
  "propagation",
  "correction",
];

const PROPAGATION_OPTIONS: readonly (keyof Propagation)[] = ["mode", "beta", "layers", "tolerance", "maxIterations"];

/** Iterations of `exact` at most: a step of so many takes seconds already on a small graph. */
const MOST_ITERATIONS = 10_000;

/** What the numbers may be, as given and as the float32 that kernels take. */
export const OPTION_BOUNDS = {
  learningRate: { min: 0 },
  betas: { min: 0, below: 1 },
  epsilon: { above: 0 },
  weightDecay: { min: 0 },
  momentum: { min: 0, below: 1 },
  beta: { min: 0, below: 1 },
  layers: { integer: true, min: 0 },
  // Its square is what residuals are compared with
  tolerance: { min: 1e-18, below: 1 },
  maxIterations: { integer: true, min: 1, max: MOST_ITERATIONS },
} as const satisfies Readonly<Record<string, Bounds>>;

/**
 * Checks options and fills in their defaults.
 *
 * @param options Options as given.
 * @returns All options.
 * @throws {TypeError} If an option or a name is unknown, or an option is of another type.
 * @throws {RangeError} If a number is out of range.
 */
export function resolveOptions(options: SevoOptions): ResolvedOptions {
  checkOptions(ACTION, options, OPTIONS);
  const {
    rule,
    learningRate,
    betas = [0.9, 0.999],
    epsilon = 1e-8,
    weightDecay = 0,
    momentum = 0,
    nesterov = false,
    propagation,
    correction = rule === "adamw" && propagation !== null,
  } = options;
  checkName("rule", rule, ["adamw", "adam", "sgd"]);
  if (propagation === undefined) {
    throw new TypeError(`${ACTION} as propagation is missing: null is the plain rule`);
  }
  if (!Array.isArray(betas) || betas.length !== 2) {
    throw new TypeError(`${ACTION} as betas must be two numbers: current value is ${shown(betas)}`);
  }
  const [beta1, beta2] = betas;
  // Only what is made of them, in float64, goes to a kernel.
  checkRange("betas[0]", beta1, OPTION_BOUNDS.betas, beta1);
  checkRange("betas[1]", beta2, OPTION_BOUNDS.betas, beta2);
  checkRange("epsilon", epsilon, OPTION_BOUNDS.epsilon);
  checkRange("weightDecay", weightDecay, OPTION_BOUNDS.weightDecay);
  checkLearningRate(learningRate, rule === "adamw" ? weightDecay : 0);
  checkRange("momentum", momentum, OPTION_BOUNDS.momentum);
  checkType(ACTION, "nesterov", nesterov, "boolean");
  checkType(ACTION, "correction", correction, "boolean");
  if (rule !== "sgd" && (momentum !== 0 || nesterov)) {
    throw new TypeError(`${ACTION} as momentum and nesterov belong to sgd: the rule is '${rule}'`);
  }
  if (nesterov && Math.fround(momentum) === 0) {
    throw new RangeError(`${ACTION} as nesterov needs a momentum above 0: current value is ${momentum}`);
  }
  if (correction && (rule !== "adamw" || propagation === null)) {
    throw new TypeError(`${ACTION} as correction belongs to adamw with propagation`);
  }
  return {
    rule,
    learningRate,
    // A copy, as the caller may change theirs.
    betas: [beta1, beta2],
    epsilon,
    weightDecay,
    momentum,
    nesterov,
    propagation: propagation === null ? null : resolvePropagation(propagation),
    correction,
  };
}

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
  checkRange("beta", beta, OPTION_BOUNDS.beta);
  checkRange("layers", layers, OPTION_BOUNDS.layers);
  checkRange("tolerance", tolerance, OPTION_BOUNDS.tolerance);
  const needed = iterationBound(Math.fround(beta), tolerance);
  if (mode === "exact" && needed > MOST_ITERATIONS && propagation.maxIterations === undefined) {
    throw new RangeError(
      `${ACTION} as beta is so near 1 that 'exact' propagation may need ${needed} iterations: expected at most ` +
        `${MOST_ITERATIONS}, or a maxIterations: current value is ${beta}`,
    );
  }
  const { maxIterations = Math.min(needed, MOST_ITERATIONS) } = propagation;
  checkRange("maxIterations", maxIterations, OPTION_BOUNDS.maxIterations);
  return { mode, beta, layers, tolerance, maxIterations };
}

/**
 * Checks a learning rate.
 *
 * @param value The learning rate.
 * @param decay The decoupled weight decay that it is multiplied with; 0 if there is none.
 * @throws {TypeError} If it is no number.
 * @throws {RangeError} If it is negative, or it or its product with the decay is not finite as a float32.
 */
export function checkLearningRate(value: number, decay: number): void {
  checkRange("learningRate", value, OPTION_BOUNDS.learningRate);
  if (Number.isFinite(Math.fround(value * decay))) return;
  throw new RangeError(
    `${ACTION} as learningRate times weightDecay must be finite in float32: current value is ${value} times ${decay}`,
  );
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

function checkName(what: string, value: string, names: readonly string[]): void {
  if (names.includes(value)) return;
  const list = names.map((name) => `'${name}'`).join(", ");
  throw new TypeError(`${ACTION} as ${what} must be one of ${list}: current value is ${shown(value)}`);
}

/** Kernels take a number as float32, which may be 0, 1 or infinite where the number itself is not. */
function checkRange(
  what: string,
  value: number,
  bounds: Bounds,
  taken?: number,
): void {
  checkType(ACTION, what, value, "number");
  const single = taken ?? (bounds.integer ? value : Math.fround(value));
  const within = isWithin(bounds, value);
  if (within && isWithin(bounds, single)) return;
  const { integer, min, max, above, below } = bounds;
  const open = min !== undefined ? `>= ${min}` : above === 0 ? "positive" : `> ${above}`;
  const range = max === undefined && below === undefined ? open : rangeOf(bounds);
  const finite = within && !Number.isFinite(single) ? " and finite" : "";
  throw new RangeError(
    `${ACTION} as ${what} must be ${integer ? "an integer " : ""}${range}${finite}${within ? " in float32" : ""}: ` +
      `current value is ${value}`,
  );
}
