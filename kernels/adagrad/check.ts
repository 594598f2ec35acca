import type { Device } from "../../src/device/device.ts";
import { type CheckResult, Draws } from "../_check.ts";
import { checkRule, type RuleCase } from "../_rule_check.ts";
import { adagrad } from "./adagrad.ts";
import { adagradOracle } from "./oracle.ts";

const plain = {
  panel: 1024,
  sparse: false,
  nonFinite: false,
  scaled: false,
  direct: false,
  weightDecay: 0,
};

/** Cases of the self-check. */
export const adagradCases: readonly RuleCase[] = [
  { ...plain, seed: 1, rows: 1, columns: 1, firstRow: 0, step: 1 },
  { ...plain, seed: 2, rows: 700, columns: 64, firstRow: 11, step: 4, sparse: true, scaled: true, panel: 8 },
  { ...plain, seed: 3, rows: 97, columns: 130, firstRow: 5, step: 5, direct: true, weightDecay: 0.1, clip: "value" },
  { ...plain, seed: 4, rows: 60, columns: 33, firstRow: 2, step: 7, panel: 2, weightDecay: 0.01, clip: "norm" },
  { ...plain, seed: 5, rows: 50, columns: 20, firstRow: 3, step: 8, nonFinite: true },
  { ...plain, seed: 6, rows: 50, columns: 20, firstRow: 3, step: 8, large: true },
];

/**
 * Checks `adagrad` against its oracle.
 *
 * @param device The device.
 * @param options Sizes and options.
 * @param kernel The kernel, or one to try in its place.
 * @returns The outcome.
 */
export async function checkAdagrad(device: Device, options: RuleCase, kernel = adagrad): Promise<CheckResult> {
  const learningRate = Math.fround(0.1), epsilon = Math.fround(1e-8), weightDecay = Math.fround(options.weightDecay);
  return await checkRule(
    device,
    options,
    new Draws(options.seed),
    kernel.name,
    { element: adagradOracle(weightDecay, epsilon), learningRate, decoupled: 0 },
    (value) => value * value,
    ({ moment: moment2, ...tensors }, scalars) =>
      device.launch(kernel, { ...tensors, moment2 }, { ...scalars, epsilon, learningRate, weightDecay }),
  );
}
