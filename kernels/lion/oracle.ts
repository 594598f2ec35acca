import { ROUNDOFF, TINY } from "../_check.ts";
import type { ElementRule, Gradient, Rounded } from "../_rule_check.ts";

/** Decay rates of the two means, and what each takes in. */
export interface LionRates {
  readonly beta1: number;
  readonly gain1: number;
  readonly beta2: number;
  readonly gain2: number;
}

/**
 * direction = sign(beta1 moment + gain1 g), where less than the least normal float32 has the sign 0;
 * moment = beta2 moment + gain2 g.
 *
 * Tolerance: of a mean, each product and the sum round once, and what is below the least normal float32 may be taken for 0.
 * A sign is right, unless the mean is nearer to where it changes than its own error: there it is left open.
 *
 * @param rates The decay rates.
 * @returns What becomes of one element.
 */
export function lionOracle({ beta1, gain1, beta2, gain2 }: LionRates): ElementRule {
  return (g, _parameter, moment) => {
    const mean = weighted(beta1, moment, gain1, g);
    const [low, sign, high] = [-mean.error, 0, mean.error].map((off) => signOf(mean.value + off));
    return {
      moment: weighted(beta2, moment, gain2, g),
      direction: { value: sign!, error: low === high ? 0 : 2 },
    };
  };
}

function weighted(beta: number, moment: number, gain: number, g: Gradient): Rounded {
  const kept = beta * moment, taken = gain * g.value, value = kept + taken;
  const lost = [kept, taken, value].map(Math.abs).filter((part) => part < TINY).reduce((sum, part) => sum + part, 0);
  return { value, error: gain * g.error + 3 * ROUNDOFF * (Math.abs(kept) + gain * g.magnitude) + lost };
}

function signOf(value: number): number {
  if (Number.isNaN(value)) return NaN;
  return Number(value >= TINY) - Number(value <= -TINY);
}
