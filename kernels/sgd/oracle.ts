import { ROUNDOFF, TINY } from "../_check.ts";
import type { ElementRule } from "../_rule_check.ts";

/** What `sgd` takes besides the step size. */
export interface SgdRates {
  readonly nesterov: boolean;
  readonly momentum: number;
  readonly weightDecay: number;
}

/**
 * g += weightDecay * parameter; buffer = momentum * buffer + g; the direction is g without momentum, which leaves the buffer
 * alone, `buffer` with it, and g + momentum * buffer with `nesterov`.
 *
 * Tolerance: each product and each sum rounds once, on magnitudes bounded by the sum of those of the terms.
 *
 * @param rates Momentum and decay.
 * @returns What becomes of one element.
 */
export function sgdOracle({ nesterov, momentum, weightDecay }: SgdRates): ElementRule {
  return (own, parameter, before) => {
    const g = own.value + weightDecay * parameter;
    const magnitude = own.magnitude + Math.abs(weightDecay * parameter);
    const error = own.error + 3 * ROUNDOFF * magnitude + TINY;
    if (momentum === 0) return { moment: null, direction: { value: g, error } };
    const kept = momentum * before, bufferMagnitude = Math.abs(kept) + magnitude;
    const buffer = { value: kept + g, error: error + 3 * ROUNDOFF * bufferMagnitude + TINY };
    if (!nesterov) return { moment: buffer, direction: buffer };
    const rounding = 3 * ROUNDOFF * (magnitude + momentum * bufferMagnitude);
    return {
      moment: buffer,
      direction: { value: g + momentum * buffer.value, error: error + momentum * buffer.error + rounding },
    };
  };
}
