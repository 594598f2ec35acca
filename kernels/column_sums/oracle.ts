import { type Expected, expectedZeros, ROUNDOFF, TINY } from "../_check.ts";

/** Rows that are summed before their sum joins that of the others, at most. */
const BLOCK_ROWS = 64;

/** Arrays and scalars of one launch; all counts but `rows` are quads. */
export interface ColumnSumsInput {
  readonly input: ArrayLike<number>;
  /** The output before the launch. */
  readonly before: ArrayLike<number>;
  readonly rows: number;
  readonly stride: number;
  readonly firstQuad: number;
  readonly quads: number;
  readonly outputOffset: number;
  readonly accumulate: boolean;
}

/**
 * output (+)= the sums of the columns in the range, as before elsewhere.
 *
 * Tolerance: of numbers summed in blocks, each rounds as often as its block is long, and then as often as there are
 * blocks, and once more for the sum with the output, so that many roundoffs of the sum of the magnitudes, and one for
 * their products.
 *
 * @param input Arrays and scalars.
 * @returns The output.
 */
export function columnSumsOracle(input: ColumnSumsInput): Expected {
  const { rows, stride, firstQuad, quads, outputOffset, accumulate, before } = input;
  const roundings = Math.min(rows, BLOCK_ROWS) + Math.ceil(rows / BLOCK_ROWS) + 2;
  const output: Expected = { ...expectedZeros(before.length), values: Float64Array.from(before) };
  for (let column = 0; column < 4 * quads; column++) {
    let sum = accumulate ? before[4 * outputOffset + column]! : 0, magnitude = Math.abs(sum);
    for (let row = 0; row < rows; row++) {
      const value = input.input[4 * (row * stride + firstQuad) + column]!;
      sum += value;
      magnitude += Math.abs(value);
    }
    output.values[4 * outputOffset + column] = sum;
    output.tolerance[4 * outputOffset + column] = roundings * ROUNDOFF * magnitude + TINY;
  }
  return output;
}
