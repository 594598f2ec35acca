import type { Device } from "../../src/device/device.ts";
import { type CheckResult, Comparison, Draws, poison, Tensors } from "../_check.ts";
import { sumOracle } from "./oracle.ts";
import { sum } from "./sum.ts";

/** Sizes and options of a check of `sum`. */
export interface SumCase {
  readonly seed: number;
  readonly count: number;
  readonly scale: number;
}

/** Cases of the self-check. */
export const sumCases: readonly SumCase[] = [
  { seed: 1, count: 1, scale: 1 },
  { seed: 2, count: 257, scale: -0.5 },
  { seed: 3, count: 5000, scale: 1 / 5000 },
];

/**
 * Checks `sum` against its oracle.
 *
 * @param device The device.
 * @param options Sizes and options.
 * @param kernel The kernel, or one to try in its place.
 * @returns The outcome.
 */
export async function checkSum(device: Device, options: SumCase, kernel = sum): Promise<CheckResult> {
  const draws = new Draws(options.seed);
  const { count } = options, scale = Math.fround(options.scale), before = draws.float();
  const values = Float32Array.from({ length: count }, () => draws.float());
  // What lies past `count` must not be summed
  const stored = poison(count + 5);
  stored.set(values);
  using tensors = new Tensors(device);
  const total = tensors.floats(Float32Array.of(before));
  device.launch(kernel, { values: tensors.floats(stored), total }, { count, scale });
  const comparison = new Comparison();
  comparison.floats("total", await device.read(total), sumOracle(values, before, scale));
  return comparison.result(kernel.name, options);
}
