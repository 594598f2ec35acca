import { type Expected, ROUNDOFF, TINY } from "../_check.ts";

/**
 * total + scale * the sum of the values.
 *
 * Tolerance: n values summed in any order round at most n - 1 times each, then the product and the sum with the total
 * round, so n + 2 roundoffs of |total| + |scale| sum |values|.
 *
 * @param values What is summed.
 * @param before The total before.
 * @param scale Factor of the sum.
 * @returns The total.
 */
export function sumOracle(values: Float32Array, before: number, scale: number): Expected {
  let sum = 0, magnitude = 0;
  for (const value of values) {
    sum += value;
    magnitude += Math.abs(value);
  }
  const tolerance = (values.length + 2) * ROUNDOFF * (Math.abs(before) + Math.abs(scale) * magnitude) + TINY;
  return { values: Float64Array.of(before + scale * sum), tolerance: Float64Array.of(tolerance) };
}
