import { type Expected, expectedZeros, ROUNDOFF, TINY } from "../_check.ts";
import { gradientAt, type GradientData } from "../_row_gradient_check.ts";
import { BLOCK_ROWS } from "./clip.ts";

/**
 * The sum of squares of each block of rows.
 *
 * Tolerance: a square rounds once and doubles what its gradient is off by, and n of them round at most n - 1 times each in
 * their sum.
 *
 * @param gradient The gradient.
 * @param rows Rows of the table.
 * @param stride Elements of a stored row.
 * @returns A sum for each block.
 */
export function squaredNormOracle(gradient: GradientData, rows: number, stride: number): Expected {
  const partials = expectedZeros(Math.ceil(rows / BLOCK_ROWS));
  for (let row = 0; row < rows; row++) {
    const block = Math.floor(row / BLOCK_ROWS);
    for (let column = 0; column < stride; column++) {
      const { value, error } = gradientAt(gradient, stride, row, column);
      partials.values[block]! += value * value;
      const slack = 2 * Math.abs(value) * error + error * error + BLOCK_ROWS * stride * ROUNDOFF * value * value;
      partials.tolerance[block]! += slack + TINY;
    }
  }
  // A square beyond float32 is left open
  partials.values.forEach((sum, at) => {
    if (!Number.isFinite(Math.fround(sum + partials.tolerance[at]!))) partials.tolerance[at] = Infinity;
  });
  return partials;
}

/**
 * min(1, clipNorm / sqrt(sum of partials)).
 *
 * Tolerance: the sum of n rounds n - 1 times, its root halves that, and WGSL allows the root 10 roundoffs and the quotient 5.
 *
 * @param partials The sums of squares.
 * @param clipNorm The norm at most.
 * @returns The factor; NaN where the sum is not finite.
 */
export function clipFactorOracle(partials: Float32Array, clipNorm: number): Expected {
  const square = partials.reduce((sum, value) => sum + value, 0), norm = Math.sqrt(square);
  const finite = Number.isFinite(Math.fround(square));
  const factor = finite ? Math.min(1, clipNorm / norm) : NaN;
  return {
    values: Float64Array.of(factor),
    tolerance: Float64Array.of(finite ? (partials.length / 2 + 16) * ROUNDOFF * factor : 0),
  };
}
