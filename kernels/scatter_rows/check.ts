import type { Device } from "../../src/device/device.ts";
import { type CheckResult, Comparison, Draws, strideOf, Tensors } from "../_check.ts";
import { fromPanels, toPanels } from "../_panels.ts";
import { scatterRowsOracle } from "./oracle.ts";
import { scatterRows } from "./scatter_rows.ts";

/** Sizes and options of a check of `scatterRows`. */
export interface ScatterRowsCase {
  readonly seed: number;
  /** Rows of the output. */
  readonly outputRows: number;
  readonly columns: number;
  /** Quads of a panel of the output. */
  readonly panel: number;
  readonly keep: number;
  readonly factor: number;
}

/** Cases of the self-check. */
export const scatterRowsCases: readonly ScatterRowsCase[] = [
  { seed: 1, outputRows: 1, columns: 1, panel: 1024, keep: 0, factor: 1 },
  { seed: 2, outputRows: 300, columns: 64, panel: 8, keep: 0, factor: 0 },
  { seed: 3, outputRows: 40, columns: 33, panel: 2, keep: 1, factor: 0.01 },
];

/**
 * Checks `scatterRows` against its oracle, with about half of the rows in no order.
 *
 * @param device The device.
 * @param options Sizes and options.
 * @param kernel The kernel, or one to try in its place.
 * @returns The outcome.
 */
export async function checkScatterRows(
  device: Device,
  options: ScatterRowsCase,
  kernel = scatterRows,
): Promise<CheckResult> {
  const draws = new Draws(options.seed), { outputRows, columns } = options;
  const stride = strideOf(columns), quads = stride / 4, panel = Math.min(options.panel, quads);
  const keep = Math.fround(options.keep), factor = Math.fround(options.factor);
  const picked = Array.from({ length: outputRows }, (_, row) => row).filter(() => draws.integer(2) === 0);
  const rows = Uint32Array.from(picked.length > 0 ? picked.reverse() : [outputRows - 1]);
  const input = factor === 0 ? null : draws.matrix(rows.length, columns);
  const before = draws.matrix(outputRows, columns);
  using tensors = new Tensors(device);
  const output = tensors.floats(toPanels(before, quads, panel), [outputRows, stride]);
  device.launch(kernel, {
    rows: tensors.integers(rows),
    input: input && tensors.floats(input, [rows.length, stride]),
    output,
  }, { count: rows.length, quads, outputRows, panel, keep, factor });
  const comparison = new Comparison();
  const expected = scatterRowsOracle({ rows, input, before, stride, keep, factor });
  comparison.floats("output", fromPanels(await device.read(output), quads, panel), expected);
  return comparison.result(kernel.name, options);
}
