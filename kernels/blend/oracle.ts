import { type Expected, expectedZeros, ROUNDOFF, TINY } from "../_check.ts";

/**
 * output = keep * output + scale * input.
 *
 * Tolerance: a product and a sum round, so 2 roundoffs of |keep output| + |scale input|, and one more for their product.
 *
 * @param input What is blended in.
 * @param before The output before.
 * @param keep Factor of the output; 0 does not read it.
 * @param scale Factor of the input.
 * @returns The output.
 */
export function blendOracle(input: Float32Array, before: Float32Array, keep: number, scale: number): Expected {
  const output = expectedZeros(input.length);
  for (let at = 0; at < input.length; at++) {
    const own = keep === 0 ? 0 : keep * before[at]!;
    const other = scale * input[at]!;
    output.values[at] = own + other;
    output.tolerance[at] = 3 * ROUNDOFF * (Math.abs(own) + Math.abs(other)) + TINY;
  }
  return output;
}
