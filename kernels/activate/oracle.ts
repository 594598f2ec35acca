import { type Expected, expectedZeros, ROUNDOFF, TINY } from "../_check.ts";
import { dropoutFactors, type DropoutScalars } from "../_dropout_check.ts";
import { Activation } from "./activate.ts";

/** Where the root stops: sqrt(max(elu(x) + 1, ROOT_LEAST)). */
const ROOT_LEAST = 1e-24;

/** What the rational approximation of erf is off by at most: 4.2e-7 measured, and a quotient of WGSL 5 roundoffs. */
const ERF_ERROR = 4.2e-7 + 5 * ROUNDOFF;

/** Where input and output of a launch lie in their buffers: all counts but `rows` are quads. */
export interface Layout {
  readonly rows: number;
  readonly quads: number;
  readonly inputOffset: number;
  readonly inputStride: number;
  readonly outputOffset: number;
  readonly outputStride: number;
}

/** A number and how far a device may be off. */
export interface Rounded {
  readonly value: number;
  readonly error: number;
}

/** Arrays and scalars of one launch of `activate`. */
export interface ActivateInput extends Layout {
  readonly input: ArrayLike<number>;
  /** `null` where nothing is added. */
  readonly residual: ArrayLike<number> | null;
  /** The output before the launch. */
  readonly before: ArrayLike<number>;
  readonly kind: number;
  readonly dropout: DropoutScalars;
}

/** Arrays and scalars of one launch of `activateGradient`. */
export interface ActivateGradientInput extends Layout {
  readonly input: ArrayLike<number>;
  readonly outputGradient: ArrayLike<number>;
  /** The gradient before the launch. */
  readonly before: ArrayLike<number>;
  readonly kind: number;
  readonly accumulate: boolean;
  readonly dropout: DropoutScalars;
}

/**
 * output = residual + mask * scale * act(input), and between the rows what was there before.
 *
 * Tolerance: what act is off by, and a roundoff each for the product with the scale and the sum, and one for their
 * products. WGSL allows exp(x) 2 (3 + 2 |x|) roundoffs, sqrt 10 and a quotient 5; erf is off by 4.2e-7 at most.
 *
 * @param input Arrays and scalars.
 * @returns The output.
 */
export function activateOracle(input: ActivateInput): Expected {
  const factor = dropoutFactors(input.dropout);
  const expected = unchangedBefore(input.before);
  overElements(input, (element, x, y) => {
    const { value, error } = activationOracle(input.kind, input.input[x]!);
    const own = factor(element) * value, other = input.residual?.[element] ?? 0;
    expected.values[y] = own + other;
    expected.tolerance[y] = factor(element) * error + 3 * ROUNDOFF * (Math.abs(own) + Math.abs(other)) + TINY;
  });
  return expected;
}

/**
 * inputGradient (+)= mask * scale * act'(input) * outputGradient, and between the rows what was there before.
 *
 * Tolerance: what act' is off by, and a roundoff each for the two products and the sum, and one for their products.
 *
 * @param input Arrays and scalars.
 * @returns The gradient.
 */
export function activateGradientOracle(input: ActivateGradientInput): Expected {
  const factor = dropoutFactors(input.dropout);
  const expected = unchangedBefore(input.before);
  overElements(input, (element, x, y) => {
    const { value, error } = input.kind === Activation.identity
      ? { value: 1, error: 0 }
      : slope(input.kind, input.input[x]!);
    const d = factor(element) * input.outputGradient[y]!, own = d * value;
    const other = input.accumulate ? input.before[x]! : 0;
    expected.values[x] = own + other;
    expected.tolerance[x] = Math.abs(d) * error + 4 * ROUNDOFF * (Math.abs(own) + Math.abs(other)) + 2 * TINY;
  });
  return expected;
}

function unchangedBefore(before: ArrayLike<number>): Expected {
  return { ...expectedZeros(before.length), values: Float64Array.from(before) };
}

/** Visits every element with its places in input and output. */
function overElements(
  { rows, quads, inputOffset, inputStride, outputOffset, outputStride }: Layout,
  visit: (element: number, x: number, y: number) => void,
): void {
  for (let row = 0; row < rows; row++) {
    const x = 4 * (inputOffset + row * inputStride), y = 4 * (outputOffset + row * outputStride);
    for (let at = 0; at < 4 * quads; at++) visit(row * 4 * quads + at, x + at, y + at);
  }
}

/**
 * An activation function, in float64.
 *
 * @param kind One of {@linkcode Activation}.
 * @param x Where.
 * @returns Its value.
 */
export function activationOracle(kind: number, x: number): Rounded {
  const e = exponential(x);
  if (kind === Activation.identity) return { value: x, error: 0 };
  if (kind === Activation.relu) return { value: Math.max(x, 0), error: 0 };
  if (kind === Activation.gelu) {
    // The rounding of x / sqrt(2) goes through erf with x erf'(x) < 1/2; then a sum and two products round
    return { value: x * normal(x), error: Math.abs(x) / 2 * (ERF_ERROR + 8 * ROUNDOFF) };
  }
  if (kind === Activation.elu) {
    return x > 0 ? { value: x, error: 0 } : { value: Math.expm1(x), error: e.error + ROUNDOFF };
  }
  const shifted = x > 0 ? { value: x + 1, error: ROUNDOFF * (x + 1) } : e;
  if (kind === Activation.eluPlusOne) return shifted;
  const value = Math.sqrt(Math.max(shifted.value, ROOT_LEAST));
  return { value, error: shifted.error / value + 10 * ROUNDOFF * value };
}

function slope(kind: number, x: number): Rounded {
  const e = exponential(x);
  if (kind === Activation.relu) return { value: x > 0 ? 1 : 0, error: 0 };
  if (kind === Activation.gelu) {
    const half = x * x / 2, value = normal(x), rising = x * Math.exp(-half) / Math.sqrt(2 * Math.PI);
    const error = (3 * half + 2 * (3 + 2 * half) + 6) * ROUNDOFF * Math.abs(rising);
    return { value: value + rising, error: ERF_ERROR / 2 + 4 * ROUNDOFF + error + TINY * Math.abs(x) };
  }
  const rise = x > 0 ? { value: 1, error: 0 } : e;
  if (kind !== Activation.root) return rise;
  const shifted = x > 0 ? x + 1 : e.value, shiftedError = x > 0 ? ROUNDOFF * shifted : e.error + ROUNDOFF * ROOT_LEAST;
  const root = Math.sqrt(Math.max(shifted, ROOT_LEAST)), value = rise.value / (2 * root);
  const error = value * ((e.error + shiftedError) / shifted + 18 * ROUNDOFF) + TINY;
  // Where rounding decides whether it is clamped, either will do
  if (Math.abs(shifted - ROOT_LEAST) <= shiftedError) return { value, error: error + value };
  return shifted < ROOT_LEAST ? { value: 0, error: 0 } : { value, error };
}

function exponential(x: number): Rounded {
  const value = Math.exp(Math.min(x, 0));
  return { value, error: 2 * (3 + 2 * Math.abs(Math.min(x, 0))) * ROUNDOFF * value + TINY };
}

/** The distribution function of the standard normal: its density times a series of positive terms. */
function normal(x: number): number {
  if (x < 0) return 1 - normal(-x);
  let term = x, sum = x;
  for (let n = 3; term > 1e-18 * sum; n += 2) {
    term *= x * x / n;
    sum += term;
  }
  return x > 9 ? 1 : 0.5 + sum * Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);
}
