import { assert } from "@std/assert";

/** The step: its square and the roundoff of float64 over it are both near 1e-11. */
const STEP = 3e-6;

/**
 * Fails unless a gradient is what central differences of the forward operation say, all of it in float64.
 *
 * @param forward The operation; called with one element changed at a time.
 * @param at Where its gradient was taken.
 * @param outputGradient The gradient of the loss with respect to its output.
 * @param gradient The gradient of the loss with respect to `at`, to be checked.
 */
export function assertCentralDifferences(
  forward: (input: Float64Array) => ArrayLike<number>,
  at: ArrayLike<number>,
  outputGradient: ArrayLike<number>,
  gradient: ArrayLike<number>,
): void {
  const loss = (input: Float64Array) => {
    const output = forward(input);
    let sum = 0;
    for (let index = 0; index < output.length; index++) {
      // An element that no gradient comes from may be poison
      if (outputGradient[index] !== 0) sum += output[index]! * outputGradient[index]!;
    }
    return sum;
  };
  const input = Float64Array.from(at);
  for (let index = 0; index < input.length; index++) {
    const value = input[index]!;
    input[index] = value + STEP;
    const above = loss(input);
    input[index] = value - STEP;
    const below = loss(input);
    input[index] = value;
    const slope = (above - below) / (2 * STEP), is = gradient[index]!;
    assert(
      Math.abs(slope - is) <= 1e-7 * (1 + Math.abs(slope)),
      `Gradient [${index}] is ${is}: central differences say ${slope}`,
    );
  }
}
