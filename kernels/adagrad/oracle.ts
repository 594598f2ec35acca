import { ROUNDOFF, TINY } from "../_check.ts";
import type { ElementRule } from "../_rule_check.ts";

/**
 * g += weightDecay * parameter; moment += g^2; direction = g / (sqrt(moment) + epsilon).
 *
 * Tolerance: each operation rounds once, on magnitudes that are bounded by the sum of those of its terms, and errors of
 * the terms go through the derivative. WGSL allows sqrt 10 roundoffs and a quotient 5.
 *
 * @param weightDecay Weight decay.
 * @param epsilon Added to the root.
 * @returns What becomes of one element.
 */
export function adagradOracle(weightDecay: number, epsilon: number): ElementRule {
  return ({ value, magnitude, error }, parameter, moment) => {
    const decay = weightDecay * parameter, g = value + decay;
    const gError = error + 3 * ROUNDOFF * (magnitude + Math.abs(decay)) + TINY;
    const v = moment + g * g;
    const vError = gError * (2 * Math.abs(g) + gError) + 3 * ROUNDOFF * v + TINY;
    const root = Math.sqrt(v), divisor = root + epsilon, d = g / divisor;
    // Whichever is less: what the derivative says, or all of the root of the error, where v is near 0
    const rootError = Math.min(Math.sqrt(vError), vError / root || Infinity) + 10 * ROUNDOFF * root;
    const divisorError = rootError + 2 * ROUNDOFF * divisor;
    const dError = (gError + Math.abs(d) * divisorError) / Math.max(divisor - divisorError, 0) +
      6 * ROUNDOFF * Math.abs(d) + TINY + (Number.isFinite(Math.fround(v)) ? 0 : Infinity);
    return { moment: { value: v, error: vError }, direction: { value: d, error: dError } };
  };
}
