import type { Device } from "../../src/device/device.ts";
import { type CheckResult, Comparison, Draws, poison, Tensors } from "../_check.ts";
import { columnSums, type SummedMatrix, type SummedRange, sumsPlan } from "./column_sums.ts";
import { columnSumsOracle } from "./oracle.ts";

/** Sizes and options of a check of `columnSums`. */
export interface ColumnSumsCase {
  readonly seed: number;
  /** The ranges: quads of each, and rows of its matrices. */
  readonly ranges: readonly {
    readonly quads: number;
    readonly accumulate: boolean;
    readonly rows: readonly number[];
  }[];
  /** Quads around matrices, between their rows and around ranges, at most: all of them poison. */
  readonly apart: number;
}

/** Cases of the self-check. */
export const columnSumsCases: readonly ColumnSumsCase[] = [
  { seed: 1, apart: 0, ranges: [{ quads: 1, accumulate: false, rows: [1] }] },
  {
    seed: 2,
    apart: 3,
    ranges: [
      { quads: 15, accumulate: true, rows: [2999] },
      { quads: 130, accumulate: false, rows: [] },
      { quads: 33, accumulate: false, rows: [64, 1, 0, 200] },
    ],
  },
  {
    seed: 3,
    apart: 1,
    ranges: [{ quads: 1024, accumulate: false, rows: [8] }, { quads: 16, accumulate: true, rows: [19, 512] }],
  },
];

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
  const draws = new Draws(options.seed), gap = () => draws.integer(options.apart + 1);
  let inputEnd = 0, outputEnd = 0;
  const ranges = options.ranges.map(({ quads, accumulate, rows }): SummedRange => {
    const matrices = rows.map((rows): SummedMatrix => {
      const offset = inputEnd + gap(), stride = quads + gap();
      inputEnd = offset + rows * stride;
      return { offset, stride, rows };
    });
    const offset = outputEnd + gap();
    outputEnd = offset + quads;
    return { offset, quads, accumulate, matrices };
  });
  const input = poison(4 * (inputEnd + gap() + 1)), before = poison(4 * (outputEnd + gap() + 1));
  for (const { offset, quads, accumulate, matrices } of ranges) {
    if (accumulate) before.set(draws.matrix(1, 4 * quads), 4 * offset);
    for (const matrix of matrices) {
      for (let row = 0; row < matrix.rows; row++) {
        input.set(draws.matrix(1, 4 * quads), 4 * (matrix.offset + row * matrix.stride));
      }
    }
  }
  const { words, scalars } = sumsPlan(ranges);
  using tensors = new Tensors(device);
  const output = tensors.floats(before);
  device.launch(kernel, { input: tensors.floats(input), plan: tensors.integers(words), output }, scalars);
  const comparison = new Comparison();
  comparison.floats("output", await device.read(output), columnSumsOracle({ input, before, ranges }));
  return comparison.result(kernel.name, { ...options, ranges: JSON.stringify(options.ranges) });
}
