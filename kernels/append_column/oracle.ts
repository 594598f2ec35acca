import { type Expected, expectedZeros } from "../_check.ts";

/** Arrays and scalars of one launch; rows of `stride` elements. */
export interface AppendColumnInput {
  readonly input: Float32Array;
  readonly column: Float32Array | null;
  readonly rows: number;
  readonly stride: number;
  readonly first: number;
  readonly value: number;
}

/**
 * Copies, so exact.
 *
 * @param input Arrays and scalars.
 * @returns Rows of `stride + 4` elements.
 */
export function appendColumnOracle({ input, column, rows, stride, first, value }: AppendColumnInput): Expected {
  const expected = expectedZeros(rows * (stride + 4));
  for (let row = 0; row < rows; row++) {
    expected.values.set(input.subarray(row * stride, (row + 1) * stride), row * (stride + 4));
    expected.values[row * (stride + 4) + stride] = column ? column[first + row]! : value;
  }
  return expected;
}
