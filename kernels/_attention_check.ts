/**
 * What the oracles and checks of the attention kernels share: packed segments, dropout of probabilities, and the softmax
 * with what rounding may do to it.
 *
 * @module
 */
import type { Philox } from "../src/philox.ts";
import { type Draws, type Expected, ROUNDOFF, TINY } from "./_check.ts";

/** Numbers of either precision. */
export type Floats = Float32Array | Float64Array;

/** Scalars of the dropout of one launch. */
export interface Dropout {
  readonly seed: number;
  readonly step: number;
  readonly site: number;
  readonly threshold: number;
  readonly scale: number;
}

/**
 * Lengths of random segments, end to end; now and then one is empty, but not the last.
 *
 * @param draws Random numbers.
 * @param segments Number of segments.
 * @param longest Tokens of a segment at most.
 * @returns Where each begins, and the number of tokens.
 */
export function drawOffsets(draws: Draws, segments: number, longest: number): Uint32Array<ArrayBuffer> {
  const offsets = new Uint32Array(segments + 1);
  for (let segment = 0; segment < segments; segment++) {
    const empty = segment + 1 < segments && draws.integer(8) === 0;
    offsets[segment + 1] = offsets[segment]! + (empty ? 0 : 1 + draws.integer(longest));
  }
  return offsets;
}

/**
 * Scalars of dropout.
 *
 * @param draws Random numbers.
 * @param share The share of elements to drop.
 * @returns The scalars.
 */
export function drawDropout(draws: Draws, share: number): Dropout {
  return {
    seed: draws.integer(2 ** 32),
    step: draws.integer(1000),
    site: draws.integer(20),
    threshold: Math.floor(share * 2 ** 32),
    scale: Math.fround(1 / (1 - share)),
  };
}

/**
 * Factors of a row of probabilities under dropout.
 *
 * @param philox The stream of dropout under the seed.
 * @param dropout Scalars.
 * @param length Length of the row.
 * @param row Last word of the counter.
 * @returns The scale, or 0, of each.
 */
export function dropoutRow(
  philox: Philox,
  { step, site, threshold, scale }: Dropout,
  length: number,
  row: number,
): Float64Array {
  return Float64Array.from({ length }, (_, p) => {
    const word = philox.draw(p >> 2, step, site, row)[p & 3]!;
    return word >= threshold ? scale : 0;
  });
}

/**
 * The dot product of two rows.
 *
 * @param a One row.
 * @param b The other.
 * @returns Their dot product.
 */
export function dotOf(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, x, at) => sum + x * b[at]!, 0);
}

/**
 * The magnitude that rounding of a dot product is relative to.
 *
 * @param a One row.
 * @param b The other.
 * @returns The sum of the magnitudes of the products.
 */
export function magnitudeOf(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, x, at) => sum + Math.abs(x * b[at]!), 0);
}

/** A softmax with what rounding may do to it. */
export interface Softmax {
  readonly normaliser: number;
  readonly normaliserError: number;
  readonly probabilities: Float64Array;
  /** Relative errors of the probabilities. */
  readonly errors: Float64Array;
}

/**
 * The softmax of logits that are off by `errors` at most.
 *
 * An exponential exp(s - m), of a rounded difference, is off relatively by the error of s and by the roundoffs of the
 * difference and of exp, for which WGSL allows 2 (3 + 2 |x|) of them. Where keys are taken tile by tile it is multiplied
 * by exp(m - m') whenever the maximum m grows, which adds as much again, for each tile, and |m - m'| never sum up to more
 * than the distance of s from the maximum. The sum of them is off by the mean of their errors, weighted by the
 * probabilities, and its own roundings. WGSL allows log an absolute 8 roundoffs near 1 and 6 relative ones elsewhere.
 *
 * @param logits The logits.
 * @param logitErrors How far they may be off.
 * @returns The probabilities and the log-sum-exp.
 */
export function softmaxOf(logits: Float64Array, logitErrors: Float64Array): Softmax {
  const top = logits.reduce((a, b) => Math.max(a, b)), count = logits.length, tiles = Math.ceil(count / 16) + 1;
  const exponentials = logits.map((logit) => Math.exp(logit - top));
  const sum = exponentials.reduce((a, b) => a + b, 0);
  const probabilities = exponentials.map((e) => e / sum);
  const own = logits.map((logit, at) => logitErrors[at]! + (8 * (tiles + 1) + 10 * (top - logit)) * ROUNDOFF);
  const sumError = Math.expm1(own.reduce((error, e, at) => error + probabilities[at]! * e, 0)) + count * ROUNDOFF;
  const normaliser = top + Math.log(sum);
  return {
    normaliser,
    normaliserError: sumError + (8 + 6 * Math.log(sum) + 4 * (Math.abs(top) + Math.abs(normaliser))) * ROUNDOFF + TINY,
    probabilities,
    errors: own.map((e) => Math.expm1(e + sumError + 8 * ROUNDOFF)),
  };
}

/**
 * The softmax that the backward kernel makes of logits and a given normaliser, with the errors of its probabilities.
 *
 * @param logits The logits.
 * @param logitErrors How far they may be off.
 * @param normaliser The log-sum-exp.
 * @returns Probabilities and their relative errors.
 */
export function probabilitiesOf(
  logits: Float64Array,
  logitErrors: Float64Array,
  normaliser: number,
): Pick<Softmax, "probabilities" | "errors"> {
  return {
    probabilities: logits.map((logit) => Math.exp(logit - normaliser)),
    errors: logits.map((logit, at) =>
      Math.expm1(
        logitErrors[at]! +
          (8 + 6 * Math.abs(logit - normaliser) + 2 * (Math.abs(logit) + Math.abs(normaliser))) * ROUNDOFF,
      )
    ),
  };
}

/**
 * Adds to an element and its tolerance.
 *
 * @param expected What the oracle expects.
 * @param at The element.
 * @param value What to add.
 * @param error How far that may be off.
 */
export function add({ values, tolerance }: Expected, at: number, value: number, error: number): void {
  values[at]! += value;
  tolerance[at]! += error;
}
