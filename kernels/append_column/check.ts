import type { Device } from "../../src/device/device.ts";
import { type CheckResult, Comparison, Draws, poison, Tensors } from "../_check.ts";
import { appendColumn } from "./append_column.ts";
import { appendColumnOracle } from "./oracle.ts";

/** Sizes and options of a check of `appendColumn`. */
export interface AppendColumnCase {
  readonly seed: number;
  readonly rows: number;
  readonly quads: number;
  readonly first: number;
  readonly given: boolean;
}

/** Cases of the self-check. */
export const appendColumnCases: readonly AppendColumnCase[] = [
  { seed: 1, rows: 1, quads: 1, first: 0, given: false },
  { seed: 2, rows: 1500, quads: 16, first: 7, given: true },
];

/**
 * Checks `appendColumn` against its oracle.
 *
 * @param device The device.
 * @param options Sizes and options.
 * @param kernel The kernel, or one to try in its place.
 * @returns The outcome.
 */
export async function checkAppendColumn(
  device: Device,
  options: AppendColumnCase,
  kernel = appendColumn,
): Promise<CheckResult> {
  const draws = new Draws(options.seed);
  const { rows, quads, first, given } = options, stride = 4 * quads, value = draws.float();
  const input = draws.matrix(rows, stride);
  const column = given ? Float32Array.from({ length: first + rows }, () => draws.float()) : null;
  using tensors = new Tensors(device);
  const output = tensors.floats(poison(rows * (stride + 4)), [rows, stride + 4]);
  device.launch(kernel, {
    input: tensors.floats(input, [rows, stride]),
    column: column && tensors.floats(column),
    output,
  }, { rows, quads, first, value, given: Number(given) });
  const comparison = new Comparison();
  const expected = appendColumnOracle({ input, column, rows, stride, first, value });
  comparison.floats("output", await device.read(output), expected);
  return comparison.result(kernel.name, options);
}
