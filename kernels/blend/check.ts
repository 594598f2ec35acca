import type { Device } from "../../src/device/device.ts";
import { type CheckResult, Comparison, Draws, poison, Tensors } from "../_check.ts";
import { blend } from "./blend.ts";
import { blendOracle } from "./oracle.ts";

/** Sizes and options of a check of `blend`. */
export interface BlendCase {
  readonly seed: number;
  readonly quads: number;
  readonly keep: number;
  readonly scale: number;
}

/** Cases of the self-check. */
export const blendCases: readonly BlendCase[] = [
  { seed: 1, quads: 1, keep: 0, scale: 1 },
  { seed: 2, quads: 255, keep: 0.75, scale: -0.1 },
  { seed: 3, quads: 20_001, keep: 1, scale: 1e-3 },
];

/**
 * Checks `blend` against its oracle.
 *
 * @param device The device.
 * @param options Sizes and options.
 * @param kernel The kernel, or one to try in its place.
 * @returns The outcome.
 */
export async function checkBlend(device: Device, options: BlendCase, kernel = blend): Promise<CheckResult> {
  const draws = new Draws(options.seed);
  const { quads } = options, keep = Math.fround(options.keep), scale = Math.fround(options.scale);
  const input = draws.matrix(quads, 4);
  const before = keep === 0 ? poison(quads * 4) : draws.matrix(quads, 4);
  using tensors = new Tensors(device);
  const output = tensors.floats(before);
  device.launch(kernel, { input: tensors.floats(input), output }, { quads, keep, scale });
  const comparison = new Comparison();
  comparison.floats("output", await device.read(output), blendOracle(input, before, keep, scale));
  return comparison.result(kernel.name, options);
}
