import { type Expected, ROUNDOFF, TINY, unchanged } from "../_check.ts";

/** Arrays and scalars of one launch; rows of `stride` elements. */
export interface ScatterRowsInput {
  readonly rows: Uint32Array;
  readonly input: Float32Array | null;
  readonly before: Float32Array;
  readonly stride: number;
  readonly keep: number;
  readonly factor: number;
}

/**
 * output[rows[i]] = keep * output[rows[i]] + factor * input[i].
 *
 * Tolerance: two products and a sum round once each; nothing rounds where rows are copied.
 *
 * @param input Arrays and scalars.
 * @returns The output.
 */
export function scatterRowsOracle({ rows, input, before, stride, keep, factor }: ScatterRowsInput): Expected {
  const output = unchanged(before);
  rows.forEach((row, from) => {
    for (let column = 0; column < stride; column++) {
      const at = row * stride + column;
      const kept = keep === 0 ? 0 : keep * before[at]!,
        added = factor === 0 ? 0 : factor * input![from * stride + column]!;
      output.values[at] = kept + added;
      const copied = keep === 0 && (factor === 0 || factor === 1);
      output.tolerance[at] = copied ? 0 : 3 * ROUNDOFF * (Math.abs(kept) + Math.abs(added)) + TINY;
    }
  });
  return output;
}
