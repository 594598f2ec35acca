import type { Device } from "../../src/device/device.ts";
import { type CheckResult, Draws } from "../_check.ts";
import { checkRule, type RuleCase } from "../_rule_check.ts";
import { sgdOracle } from "./oracle.ts";
import { sgd } from "./sgd.ts";

/** Sizes and options of a check of `sgd`. */
export interface SgdCase extends RuleCase {
  readonly nesterov: boolean;
  readonly momentum: number;
}

const plain = {
  panel: 1024,
  sparse: false,
  nonFinite: false,
  scaled: false,
  nesterov: false,
  direct: false,
  momentum: 0,
  weightDecay: 0,
};

/** Cases of the self-check. */
export const sgdCases: readonly SgdCase[] = [
  { ...plain, seed: 1, rows: 1, columns: 1, firstRow: 0, step: 1 },
  {
    ...plain,
    seed: 2,
    rows: 700,
    columns: 64,
    firstRow: 11,
    step: 4,
    sparse: true,
    scaled: true,
    panel: 8,
    momentum: 0.9,
  },
  { ...plain, seed: 3, rows: 97, columns: 130, firstRow: 5, step: 5, direct: true, weightDecay: 0.1, clip: "value" },
  {
    ...plain,
    seed: 4,
    rows: 60,
    columns: 33,
    firstRow: 2,
    step: 7,
    panel: 2,
    nesterov: true,
    momentum: 0.5,
    weightDecay: 0.01,
  },
  { ...plain, seed: 5, rows: 50, columns: 20, firstRow: 3, step: 8, nonFinite: true },
  { ...plain, seed: 6, rows: 50, columns: 20, firstRow: 3, step: 8, large: true, momentum: 0.9, weightDecay: 3e38 },
];

/**
 * Checks `sgd` against its oracle.
 *
 * @param device The device.
 * @param options Sizes and options.
 * @param kernel The kernel, or one to try in its place.
 * @returns The outcome.
 */
export async function checkSgd(device: Device, options: SgdCase, kernel = sgd): Promise<CheckResult> {
  const { nesterov } = options, learningRate = Math.fround(0.1);
  const rates = { momentum: Math.fround(options.momentum), weightDecay: Math.fround(options.weightDecay) };
  return await checkRule(
    device,
    options,
    new Draws(options.seed),
    kernel.name,
    { element: sgdOracle({ nesterov, ...rates }), learningRate, decoupled: 0 },
    // Without momentum the buffer is neither read nor written
    (value) => rates.momentum === 0 ? NaN : value,
    ({ moment: moment1, ...tensors }, scalars) =>
      device.launch(kernel, { ...tensors, moment1 }, {
        ...scalars,
        ...rates,
        nesterov: Number(nesterov),
        learningRate,
      }),
  );
}
