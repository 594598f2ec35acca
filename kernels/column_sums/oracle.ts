import { type Expected, expectedZeros, ROUNDOFF, TINY } from "../_check.ts";
import type { SummedRange } from "./column_sums.ts";

/** Rows that are summed before their sum joins that of the others, at most. */
const BLOCK_ROWS = 64;

/** Arrays and ranges of one launch. */
export interface ColumnSumsInput {
  readonly input: ArrayLike<number>;
  /** The output before the launch. */
  readonly before: ArrayLike<number>;
  readonly ranges: readonly SummedRange[];
}

/**
 * output (+)= the sums of the columns of the matrices of each range, as before elsewhere.
 *
 * Tolerance: of numbers summed in blocks, each rounds as often as its block is long, and then as often as there are
 * blocks, and once more for the sum with the output, so that many roundoffs of the sum of the magnitudes, and one for
 * their products.
 *
 * @param input Arrays and ranges.
 * @returns The output.
 */
export function columnSumsOracle({ input, before, ranges }: ColumnSumsInput): Expected {
  const output: Expected = { ...expectedZeros(before.length), values: Float64Array.from(before) };
  for (const { offset, quads, accumulate, matrices } of ranges) {
    const blocks = matrices.reduce((sum, { rows }) => sum + Math.ceil(rows / BLOCK_ROWS), 0);
    const roundings = Math.max(0, ...matrices.map(({ rows }) => Math.min(rows, BLOCK_ROWS))) + blocks + 2;
    for (let column = 0; column < 4 * quads; column++) {
      const at = 4 * offset + column;
      let sum = accumulate ? before[at]! : 0, magnitude = Math.abs(sum);
      for (const matrix of matrices) {
        for (let row = 0; row < matrix.rows; row++) {
          const value = input[4 * (matrix.offset + row * matrix.stride) + column]!;
          sum += value;
          magnitude += Math.abs(value);
        }
      }
      output.values[at] = sum;
      output.tolerance[at] = roundings * ROUNDOFF * magnitude + TINY;
    }
  }
  return output;
}
