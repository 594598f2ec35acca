import { type Expected, expectedZeros, ROUNDOFF, TINY, unchanged } from "../_check.ts";
import { BLOCK_ROWS, Phase } from "./conjugate_gradient.ts";

/**
 * partials[block] = the sum over the rows of the block of left * right, column by column.
 *
 * Tolerance: a product of n rounds once and is in at most n - 1 sums that do, so n roundoffs of sum |left right|, and one
 * more for their products.
 *
 * @param left First factor.
 * @param right Second factor.
 * @param stride Elements of a row.
 * @returns The partial sums.
 */
export function columnDotsOracle(left: Float32Array, right: Float32Array, stride: number): Expected {
  const rows = left.length / stride;
  const partials = expectedZeros(Math.ceil(rows / BLOCK_ROWS) * stride);
  const magnitudes = new Float64Array(partials.values.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < stride; column++) {
      const to = Math.floor(row / BLOCK_ROWS) * stride + column,
        term = left[row * stride + column]! * right[row * stride + column]!;
      partials.values[to]! += term;
      magnitudes[to]! += Math.abs(term);
    }
  }
  const terms = Math.min(rows, BLOCK_ROWS);
  magnitudes.forEach((magnitude, at) => partials.tolerance[at] = (terms + 1) * ROUNDOFF * magnitude + terms * TINY);
  return partials;
}

/**
 * partials[block] = the largest magnitude in the rows of the block, column by column. Exact.
 *
 * @param input The matrix, finite.
 * @param stride Elements of a row.
 * @returns The partial maxima.
 */
export function columnMaximaOracle(input: Float32Array, stride: number): Expected {
  const partials = expectedZeros(Math.ceil(input.length / stride / BLOCK_ROWS) * stride);
  input.forEach((value, at) => {
    const to = Math.floor(at / stride / BLOCK_ROWS) * stride + at % stride;
    partials.values[to] = Math.max(partials.values[to]!, Math.abs(value));
  });
  return partials;
}

/** What `cgStart` leaves behind. */
export interface CgStartExpected {
  readonly solution: Expected;
  readonly residual: Expected;
  readonly direction: Expected;
  readonly partials: Expected;
}

/**
 * residual = direction = scale * input; solution = 0; partials[block] = the sum of residual^2. Tolerance: a roundoff of
 * the product, and those of a dot product with itself.
 *
 * @param scalars The scalars of the iteration, of which the scale is the fifth row.
 * @param input The matrix.
 * @param stride Elements of a row.
 * @returns What the kernel leaves behind.
 */
export function cgStartOracle(scalars: Float32Array, input: Float32Array, stride: number): CgStartExpected {
  const residual = expectedZeros(input.length);
  input.forEach((value, at) => {
    residual.values[at] = scalars[4 * stride + at % stride]! * value;
    residual.tolerance[at] = ROUNDOFF * Math.abs(residual.values[at]!) + TINY;
  });
  const rounded = Float32Array.from(residual.values);
  const partials = columnDotsOracle(rounded, rounded, stride);
  // Of the scaled elements as rounded, of which a device may have the next
  partials.values.forEach((value, at) => partials.tolerance[at]! += 4 * ROUNDOFF * value + TINY);
  return { solution: expectedZeros(input.length), residual, direction: residual, partials };
}

/**
 * output = keep * output + inverse scale * (factor * solution). Tolerance: 4 roundoffs of the magnitudes for three
 * products and a sum.
 *
 * @param input Arrays and scalars; rows of `stride` elements.
 * @returns The output.
 */
export function cgFinishOracle(input: {
  readonly scalars: Float32Array;
  readonly solution: Float32Array;
  readonly before: Float32Array;
  readonly stride: number;
  readonly keep: number;
  readonly factor: number;
}): Expected {
  const { scalars, solution, before, stride, keep, factor } = input;
  const output = expectedZeros(before.length);
  before.forEach((value, at) => {
    const kept = keep === 0 ? 0 : keep * value, own = factor * scalars[5 * stride + at % stride]! * solution[at]!;
    output.values[at] = kept + own;
    // What comes of a value that is not finite is left open
    const error = 4 * ROUNDOFF * (Math.abs(kept) + Math.abs(own)) + TINY;
    output.tolerance[at] = Number.isFinite(Math.fround(kept + own)) ? error : Infinity;
  });
  return output;
}

/** What `cgStep` leaves behind. */
export interface CgStepExpected {
  readonly solution: Expected;
  readonly residual: Expected;
  readonly partials: Expected;
}

/**
 * solution += alpha * direction; residual -= alpha * image; partials[block] = the sum of residual^2.
 *
 * Tolerance: 3 roundoffs of the magnitudes for a product and a sum; for the sums of squares that of the residuals,
 * through the derivative, and that of a dot product.
 *
 * @param input Arrays, rows of `stride` elements.
 * @param stride Elements of a row.
 * @returns What the kernel leaves behind.
 */
export function cgStepOracle(
  input: {
    readonly scalars: Float32Array;
    readonly direction: Float32Array;
    readonly image: Float32Array;
    readonly solution: Float32Array;
    readonly residual: Float32Array;
  },
  stride: number,
): CgStepExpected {
  const { scalars, direction, image } = input;
  const length = direction.length, rows = length / stride, terms = Math.min(rows, BLOCK_ROWS);
  const solution = expectedZeros(length), residual = expectedZeros(length);
  const partials = expectedZeros(Math.ceil(rows / BLOCK_ROWS) * stride);
  for (let at = 0; at < length; at++) {
    const column = at % stride, alpha = scalars[2 * stride + column]!;
    const moved = alpha * direction[at]!, taken = alpha * image[at]!, r = input.residual[at]! - taken;
    solution.values[at] = input.solution[at]! + moved;
    solution.tolerance[at] = 3 * ROUNDOFF * (Math.abs(input.solution[at]!) + Math.abs(moved)) + TINY;
    const error = 3 * ROUNDOFF * (Math.abs(input.residual[at]!) + Math.abs(taken)) + TINY;
    residual.values[at] = r;
    residual.tolerance[at] = error;
    const to = Math.floor(at / stride / BLOCK_ROWS) * stride + column;
    partials.values[to]! += r * r;
    partials.tolerance[to]! += 2 * Math.abs(r) * error + error * error + (terms + 1) * ROUNDOFF * r * r + TINY;
  }
  return { solution, residual, partials };
}

/**
 * direction = residual + beta * direction. Tolerance: 3 roundoffs of the magnitudes for a product and a sum.
 *
 * @param scalars The scalars of the iteration, of which beta is the fourth row.
 * @param residual The residual.
 * @param before The direction before.
 * @param stride Elements of a row.
 * @returns The direction.
 */
export function cgDirectionOracle(
  scalars: Float32Array,
  residual: Float32Array,
  before: Float32Array,
  stride: number,
): Expected {
  const direction = expectedZeros(before.length);
  before.forEach((value, at) => {
    const kept = scalars[3 * stride + at % stride]! * value;
    direction.values[at] = residual[at]! + kept;
    direction.tolerance[at] = 3 * ROUNDOFF * (Math.abs(residual[at]!) + Math.abs(kept)) + TINY;
  });
  return direction;
}

/**
 * The scalars after one phase: see `cgScalars`.
 *
 * Tolerance: n partial sums round n - 1 times; the product and the quotient add what they round, of which WGSL allows a
 * quotient 5.
 *
 * @param input Arrays and scalars; rows of `stride` elements.
 * @returns The scalars, the turn and the status word.
 */
export function cgScalarsOracle(input: {
  readonly partials: Float32Array;
  readonly scalars: Float32Array;
  readonly turns: number;
  readonly status: number;
  readonly stride: number;
  readonly phase: number;
  readonly turn: number;
  readonly step: number;
  readonly tolerance: number;
}): { scalars: Expected; turns: number; status: number } {
  const { partials, stride, phase, tolerance } = input;
  const blocks = partials.length / stride;
  const scalars = unchanged(input.scalars);
  let { status, turns } = input;
  if (phase >= Phase.step && turns < input.turn) return { scalars, turns, status };
  if (phase === Phase.check) return { scalars, turns, status: status === 0 ? input.step : status };
  for (let column = 0; column < stride; column++) {
    const set = (row: number, value: number, error: number) => {
      scalars.values[row * stride + column] = value;
      scalars.tolerance[row * stride + column] = error + TINY;
    };
    let sum = 0, magnitude = 0;
    for (let block = 0; block < blocks; block++) {
      sum += partials[block * stride + column]!;
      magnitude += Math.abs(partials[block * stride + column]!);
    }
    let sumError = blocks * ROUNDOFF * magnitude;
    const residual = input.scalars[column]!, open = residual > input.scalars[stride + column]!;
    if (phase === Phase.scale) {
      let maximum = 0;
      for (let block = 0; block < blocks; block++) maximum = Math.max(maximum, partials[block * stride + column]!);
      // Below 2^-126 it takes that for the exponent, above 2^126 that
      const exponent = Math.min(126, Math.max(-126, maximum === 0 ? -126 : Math.floor(Math.log2(maximum))));
      set(4, 2 ** -exponent, -TINY);
      set(5, maximum === Infinity ? Infinity : 2 ** exponent, -TINY);
    } else if (phase === Phase.start) {
      if (sum > 0) turns = 1;
      set(0, sum, sumError);
      set(1, tolerance ** 2 * sum, tolerance ** 2 * (sumError + 3 * ROUNDOFF * Math.abs(sum)));
    } else if (phase === Phase.step) {
      const alpha = open && sum !== 0 ? residual / sum : 0;
      set(2, alpha, Math.abs(alpha) * (sumError / Math.max(Math.abs(sum) - sumError, 0) + 6 * ROUNDOFF) || 0);
    } else if (phase === Phase.direction) {
      if (open && !Number.isFinite(Math.fround(sum))) [sum, sumError] = [Math.fround(3e38), 0];
      const beta = open ? sum / residual : 0;
      set(3, beta, open ? sumError / residual + 6 * ROUNDOFF * Math.abs(beta) : 0);
      set(0, sum, sumError);
      if (sum > input.scalars[stride + column]!) turns = input.turn + 1;
    }
  }
  return { scalars, turns, status };
}
