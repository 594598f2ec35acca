import { type Bounds, checkType, shown } from "../options.ts";
import { ACTION, checkName, checkRange } from "./_checks.ts";
import { type Propagation, type ResolvedPropagation, resolvePropagation } from "./propagation_options.ts";

/** The name of a rule. */
export type RuleName = "adamw" | "adam" | "sgd" | "lion" | "adagrad";

/** The rules, and whether the weight decay of each is apart from the gradient. */
const DECAYS_APART: Readonly<Record<RuleName, boolean>> = {
  adamw: true,
  adam: false,
  sgd: false,
  lion: true,
  adagrad: false,
};

/** How tables are moved: the rule, its rates, and how its direction is smoothed. */
export interface RuleOptions {
  /** What turns a gradient into a direction. */
  readonly rule: RuleName;
  /** Step size. */
  readonly learningRate: number;
  /**
   * Decay rates, in [0, 1): of the two moments of adam and adamw, by default [0.9, 0.999]; of lion, of the mean that its
   * direction is the sign of and of the momentum that it keeps, by default [0.9, 0.99].
   */
  readonly betas?: readonly [number, number];
  /** adam, adamw, adagrad: added to the root of the second moment, positive. Default 1e-8. */
  readonly epsilon?: number;
  /** Weight decay: decoupled for adamw and lion, added to the gradient for the others. Default 0. */
  readonly weightDecay?: number;
  /** sgd: momentum, in [0, 1). Default 0. */
  readonly momentum?: number;
  /** sgd: Nesterov momentum. Default false. */
  readonly nesterov?: boolean;
  /** How the direction is smoothed; null for the plain rule. */
  readonly propagation: Propagation | null;
  /**
   * adamw alone: whether rows whose whole gradient is 0 keep their corrected moments. Default: whether it propagates. Such
   * rows follow the formula in the other rules: under lion their momentum fades and they move by its sign.
   */
  readonly correction?: boolean;
}

/** {@linkcode RuleOptions} with its defaults filled in. */
export interface ResolvedRule extends Required<Omit<RuleOptions, "propagation">> {
  /** How the direction is smoothed; null for the plain rule. */
  readonly propagation: ResolvedPropagation | null;
}

/** Names of all of {@linkcode RuleOptions}. */
export const RULE_OPTIONS: readonly (keyof RuleOptions)[] = [
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

/** What the numbers may be, as given and as the float32 that kernels take. */
export const RULE_BOUNDS = {
  learningRate: { min: 0 },
  betas: { min: 0, below: 1 },
  epsilon: { above: 0 },
  weightDecay: { min: 0 },
  momentum: { min: 0, below: 1 },
} as const satisfies Readonly<Record<string, Bounds>>;

/**
 * Checks the options of a rule and fills in their defaults.
 *
 * @param options Options as given, of known names.
 * @returns All of them.
 * @throws {TypeError} If an option or a name is unknown, or an option is of another type.
 * @throws {RangeError} If a number is out of range.
 */
export function resolveRule(options: RuleOptions): ResolvedRule {
  const {
    rule,
    learningRate,
    betas = rule === "lion" ? [0.9, 0.99] : [0.9, 0.999],
    epsilon = 1e-8,
    weightDecay = 0,
    momentum = 0,
    nesterov = false,
    propagation,
    correction = rule === "adamw" && propagation !== null,
  } = options;
  checkName("rule", rule, Object.keys(DECAYS_APART));
  if (propagation === undefined) {
    throw new TypeError(`${ACTION} as propagation is missing: null is the plain rule`);
  }
  if (!Array.isArray(betas) || betas.length !== 2) {
    throw new TypeError(`${ACTION} as betas must be two numbers: current value is ${shown(betas)}`);
  }
  const [beta1, beta2] = betas;
  // Only what is made of them, in float64, goes to a kernel.
  checkRange("betas[0]", beta1, RULE_BOUNDS.betas, beta1);
  checkRange("betas[1]", beta2, RULE_BOUNDS.betas, beta2);
  checkRange("epsilon", epsilon, RULE_BOUNDS.epsilon);
  checkRange("weightDecay", weightDecay, RULE_BOUNDS.weightDecay);
  checkLearningRate(learningRate, decaysApart(rule) ? weightDecay : 0);
  checkRange("momentum", momentum, RULE_BOUNDS.momentum);
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
 * Whether the weight decay of a rule is apart from the gradient: the table is shrunk, whatever the direction.
 *
 * @param rule The rule.
 * @returns Whether it is.
 */
export function decaysApart(rule: RuleName): boolean {
  return DECAYS_APART[rule];
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
  checkRange("learningRate", value, RULE_BOUNDS.learningRate);
  if (Number.isFinite(Math.fround(value * decay))) return;
  throw new RangeError(
    `${ACTION} as learningRate times weightDecay must be finite in float32: current value is ${value} times ${decay}`,
  );
}
