import type { Device } from "../../src/device/device.ts";
import { type CheckResult, Comparison, Draws, poison, Tensors } from "../_check.ts";
import { columnSums } from "./column_sums.ts";
import { columnSumsOracle } from "./oracle.ts";

/** Sizes and options of a check of `columnSums`. */
export interface ColumnSumsCase {
  readonly seed: number;
  readonly rows: number;
  readonly stride: number;
  readonly firstQuad: number;
  readonly quads: number;
  readonly outputOffset: number;
  readonly accumulate: boolean;
}

/** Cases of the self-check. */
export const columnSumsCases: readonly ColumnSumsCase[] = [
  { seed: 1, rows: 1, stride: 1, firstQuad: 0, quads: 1, outputOffset: 0, accumulate: false },
  { seed: 2, rows: 2999, stride: 17, firstQuad: 1, quads: 15, outputOffset: 2, accumulate: true },
  { seed: 3, rows: 47, stride: 128, firstQuad: 0, quads: 128, outputOffset: 7, accumulate: false },
];

/** Quads of the output behind the sums, which the kernel must leave alone. */
const QUADS_BEHIND = 5;

/**
 * Checks `columnSums` against its oracle.
 *
 * @param device The device.
 * @param options Sizes and options.
 * @param kernel The kernel, or one to try in its place.
 * @returns The outcome.
 */
export async function checkColumnSums(
  device: Device,
  options: ColumnSumsCase,
  kernel = columnSums,
): Promise<CheckResult> {
  const draws = new Draws(options.seed);
  const { rows, stride, firstQuad, quads, outputOffset, accumulate } = options;
  const input = draws.matrix(rows, 4 * stride);
  const before = poison(4 * (outputOffset + quads + QUADS_BEHIND));
  if (accumulate) before.set(draws.matrix(1, 4 * quads), 4 * outputOffset);
  const scalars = { rows, stride, firstQuad, quads, outputOffset };
  using tensors = new Tensors(device);
  const output = tensors.floats(before);
  device.launch(kernel, { input: tensors.floats(input, [rows, 4 * stride]), output }, {
    ...scalars,
    accumulate: Number(accumulate),
  });
  const comparison = new Comparison();
  comparison.floats("output", await device.read(output), columnSumsOracle({ ...scalars, input, before, accumulate }));
  return comparison.result(kernel.name, options);
}
