import type { Device } from "../../src/device/device.ts";
import { type CheckResult, Draws } from "../_check.ts";
import { checkRule, type RuleCase } from "../_rule_check.ts";
import { lion } from "./lion.ts";
import { lionOracle } from "./oracle.ts";

/** Sizes and options of a check of `lion`. */
export interface LionCase extends RuleCase {
  readonly beta1: number;
  readonly beta2: number;
}

const plain = {
  panel: 1024,
  sparse: false,
  nonFinite: false,
  scaled: false,
  direct: false,
  weightDecay: 0,
  beta1: 0.9,
  beta2: 0.99,
};

/** Cases of the self-check. */
export const lionCases: readonly LionCase[] = [
  { ...plain, seed: 1, rows: 1, columns: 1, firstRow: 0, step: 1 },
  { ...plain, seed: 2, rows: 700, columns: 64, firstRow: 11, step: 4, sparse: true, scaled: true, panel: 8 },
  { ...plain, seed: 3, rows: 97, columns: 130, firstRow: 5, step: 5, direct: true, weightDecay: 0.5, clip: "value" },
  { ...plain, seed: 4, rows: 60, columns: 33, firstRow: 2, step: 7, panel: 2, beta1: 0.5, clip: "norm" },
  { ...plain, seed: 5, rows: 50, columns: 20, firstRow: 3, step: 8, nonFinite: true },
  { ...plain, seed: 6, rows: 50, columns: 20, firstRow: 3, step: 8, large: true, direct: true, weightDecay: 3 },
];

/**
 * Checks `lion` against its oracle.
 *
 * @param device The device.
 * @param options Sizes and options.
 * @param kernel The kernel, or one to try in its place.
 * @returns The outcome.
 */
export async function checkLion(device: Device, options: LionCase, kernel = lion): Promise<CheckResult> {
  const { beta1, beta2, large } = options;
  // A sign is at most 1: only so long a step takes the table beyond float32
  const learningRate = Math.fround(large ? 1e38 : 0.1);
  const rates = {
    beta1: Math.fround(beta1),
    gain1: Math.fround(1 - beta1),
    beta2: Math.fround(beta2),
    gain2: Math.fround(1 - beta2),
  };
  const weightDecay = Math.fround(options.weightDecay);
  return await checkRule(
    device,
    options,
    new Draws(options.seed),
    kernel.name,
    { element: lionOracle(rates), learningRate, decoupled: weightDecay },
    (value) => value,
    ({ moment: moment1, ...tensors }, scalars) =>
      device.launch(kernel, { ...tensors, moment1 }, { ...scalars, ...rates, learningRate, weightDecay }),
  );
}
