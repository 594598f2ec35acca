import { Philox, Stream } from "../../src/philox.ts";
import {
  add,
  dotOf,
  type Dropout,
  dropoutRow,
  type Floats,
  magnitudeOf,
  probabilitiesOf,
  softmaxOf,
} from "../_attention_check.ts";
import { type Expected, expectedZeros, ROUNDOFF, TINY } from "../_check.ts";

/** Arrays and scalars of one launch of `gaussianAttention`. */
export interface GaussianInput {
  /** Rows of query | key | value means. */
  readonly mean: Floats;
  /** Rows of the root of the covariance of query | of key | the covariance of the value. */
  readonly deviation: Floats;
  readonly offsets: Uint32Array;
  readonly heads: number;
  /** Elements of a part of a row. */
  readonly width: number;
  /** Whether the output has a mean. */
  readonly attended: boolean;
  readonly dropout: Dropout;
}

/** What `gaussianAttention` writes. */
export interface GaussianExpected {
  readonly output: Expected;
  readonly normaliser: Expected;
}

/** Arrays of one launch of `gaussianAttentionGradient`, besides those of the forward one. */
export interface GaussianGradientInput extends GaussianInput {
  readonly normaliser: Floats;
  readonly output: Floats;
  readonly outputGradient: Floats;
}

/** What `gaussianAttentionGradient` writes. */
export interface GaussianGradientExpected {
  readonly meanGradient: Expected;
  readonly deviationGradient: Expected;
}

/** A part of a row that one head sees. */
interface Part {
  readonly mean: Float64Array;
  readonly deviation: Float64Array;
}

/** One query of one head with the keys that it may attend, from the first of its segment on. */
interface Row {
  readonly head: number;
  readonly token: number;
  readonly first: number;
  /** Tokens of the segment. */
  readonly count: number;
  readonly query: Part;
  readonly keys: readonly Part[];
  readonly values: readonly Part[];
  readonly logits: Float64Array;
  /** How far a float32 logit may be off. */
  readonly errors: Float64Array;
  /** Factors of the probabilities under dropout. */
  readonly factors: Float64Array;
}

function* rows({ mean, deviation, offsets, heads, width, dropout }: GaussianInput): Generator<Row> {
  const headWidth = width / heads, philox = new Philox(dropout.seed, Stream.dropout);
  for (let segment = 0; segment + 1 < offsets.length; segment++) {
    const first = offsets[segment]!, count = offsets[segment + 1]! - first;
    for (let head = 0; head < heads; head++) {
      const part = (token: number, which: number): Part => {
        const at = (token * 3 + which) * width + head * headWidth;
        const of = (rows: Floats) => Float64Array.from(rows.subarray(at, at + headWidth));
        return { mean: of(mean), deviation: of(deviation) };
      };
      for (let i = 0; i < count; i++) {
        const query = part(first + i, 0);
        const keys = Array.from({ length: i + 1 }, (_, j) => part(first + j, 1));
        const values = Array.from({ length: i + 1 }, (_, j) => part(first + j, 2));
        const logits = Float64Array.from(keys, (key) => {
          const means = query.mean.map((x, c) => x - key.mean[c]!);
          const deviations = query.deviation.map((x, c) => x - key.deviation[c]!);
          return -(dotOf(means, means) + dotOf(deviations, deviations)) / Math.sqrt(headWidth);
        });
        // Every term of a distance is positive, and rounds three times before it is added
        const errors = logits.map((logit) => (2 * headWidth + 8) * ROUNDOFF * Math.abs(logit));
        const factors = dropoutRow(philox, dropout, i + 1, (first + i) * heads + head);
        yield { head, token: first + i, first, count, query, keys, values, logits, errors, factors };
      }
    }
  }
}

/**
 * With w_ij = dropout(softmax(-distance_ij / sqrt(w))): sum_j w_ij mv_j and sum_j w_ij^2 cv_j.
 *
 * Tolerance: that of the probabilities, twice for their squares, and one roundoff of each term for each of the others.
 *
 * @param input Arrays and scalars.
 * @returns The output and the log-sum-exp of each row of logits. The mean half is NaN where it is not written.
 */
export function gaussianAttentionOracle(input: GaussianInput): GaussianExpected {
  const { offsets, heads, width, attended } = input, headWidth = width / heads, tokens = offsets.at(-1)!;
  const output = expectedZeros(tokens * 2 * width), normaliser = expectedZeros(tokens * heads);
  for (const { head, token, values, logits, errors, factors } of rows(input)) {
    const softmax = softmaxOf(logits, errors);
    const at = token * 2 * width + head * headWidth;
    add(normaliser, token * heads + head, softmax.normaliser, softmax.normaliserError);
    values.forEach(({ mean, deviation: covariance }, j) => {
      const weight = softmax.probabilities[j]! * factors[j]!, square = weight * weight;
      const error = softmax.errors[j]! + 4 * ROUNDOFF, sums = (values.length + 4) * ROUNDOFF;
      for (let c = 0; c < headWidth; c++) {
        if (attended) add(output, at + c, weight * mean[c]!, bound(weight, error + sums, mean[c]!));
        const squareError = 2 * error + error * error + sums;
        add(output, at + width + c, square * covariance[c]!, bound(square, squareError, covariance[c]!));
      }
    });
    if (!attended) output.values.fill(NaN, at, at + headWidth);
  }
  return { output, normaliser };
}

/** How far a weight times x may be off where the weight is, relatively, and may be taken for 0. */
function bound(weight: number, error: number, x: number): number {
  return (weight * error + 4 * TINY) * Math.abs(x) + TINY;
}

/**
 * With dw_ij = 2 w_ij dc_i . cv_j + dm_i . mv_j, m_ij the factor of dropout and p_ij the softmax: the gradient of a
 * distance is -p_ij (m_ij dw_ij - sum_k w_ik dw_ik) / sqrt(w), and that sum is 2 dc_i . c_i + dm_i . m_i.
 *
 * Tolerance: each product rounds once, each sum once for each term, on the magnitudes of the terms.
 *
 * @param input Arrays and scalars.
 * @returns The gradients. The value part of the means' is NaN where it is not written.
 */
export function gaussianAttentionGradientOracle(input: GaussianGradientInput): GaussianGradientExpected {
  const { offsets, heads, width, attended } = input, headWidth = width / heads, tokens = offsets.at(-1)!;
  const meanGradient = expectedZeros(tokens * 3 * width), deviationGradient = expectedZeros(tokens * 3 * width);
  for (const { head, token, first, count, query, keys, values, logits, errors, factors } of rows(input)) {
    const softmax = probabilitiesOf(logits, errors, input.normaliser[token * heads + head]!);
    const half = (rows: Floats, which: 0 | 1) => {
      const at = (token * 2 + which) * width + head * headWidth;
      return Float64Array.from({ length: headWidth }, (_, c) => which === 1 || attended ? rows[at + c]! : 0);
    };
    const dMean = half(input.outputGradient, 0), dCovariance = half(input.outputGradient, 1);
    const mean = half(input.output, 0), covariance = half(input.output, 1);
    const dots = (headWidth + 4) * ROUNDOFF, terms = count + 10;
    const delta = 2 * dotOf(dCovariance, covariance) + dotOf(dMean, mean);
    const deltaError = dots * (2 * magnitudeOf(dCovariance, covariance) + magnitudeOf(dMean, mean));
    keys.forEach((key, j) => {
      const value = values[j]!, factor = factors[j]!, probability = softmax.probabilities[j]!;
      const weight = probability * factor, error = softmax.errors[j]! + 2 * ROUNDOFF;
      const ofCovariance = 2 * weight * dotOf(dCovariance, value.deviation), ofMean = dotOf(dMean, value.mean);
      const dWeight = ofCovariance + ofMean;
      const dWeightError = 2 * weight * dots * magnitudeOf(dCovariance, value.deviation) +
        dots * magnitudeOf(dMean, value.mean) + Math.abs(ofCovariance) * error;
      const slope = -2 * probability * (factor * dWeight - delta) / Math.sqrt(headWidth);
      const magnitude = 2 * (factor * (Math.abs(ofCovariance) + Math.abs(ofMean)) + Math.abs(delta)) /
        Math.sqrt(headWidth);
      const slopeError = 2 * probability * (factor * dWeightError + deltaError) / Math.sqrt(headWidth) +
        (probability * (error + terms * ROUNDOFF) + TINY) * magnitude + TINY;
      const at = (row: number, which: number) => (row * 3 + which) * width + head * headWidth;
      const queryAt = at(token, 0), keyAt = at(first + j, 1), valueAt = at(first + j, 2);
      for (let c = 0; c < headWidth; c++) {
        const apart = query.mean[c]! - key.mean[c]!, deviationApart = query.deviation[c]! - key.deviation[c]!;
        const meanError = slopeError * Math.abs(apart) + TINY;
        const deviationError = slopeError * Math.abs(deviationApart) + TINY;
        add(meanGradient, queryAt + c, slope * apart, meanError);
        add(meanGradient, keyAt + c, -slope * apart, meanError);
        add(deviationGradient, queryAt + c, slope * deviationApart, deviationError);
        add(deviationGradient, keyAt + c, -slope * deviationApart, deviationError);
        const sums = terms * ROUNDOFF, squareError = 2 * error + error * error + sums;
        add(meanGradient, valueAt + c, weight * dMean[c]!, bound(weight, error + sums, dMean[c]!));
        const square = weight * weight;
        add(deviationGradient, valueAt + c, square * dCovariance[c]!, bound(square, squareError, dCovariance[c]!));
      }
    });
    if (!attended) {
      const at = (token * 3 + 2) * width + head * headWidth;
      meanGradient.values.fill(NaN, at, at + headWidth);
    }
  }
  return { meanGradient, deviationGradient };
}
