import type { Device } from "../../src/device/device.ts";
import { type CheckResult, Comparison, Draws, poison, strideOf, Tensors } from "../_check.ts";
import { matmul, matmulGradient } from "./matmul.ts";
import { matmulGradientOracle, matmulOracle } from "./oracle.ts";

/** Sizes and options of a check of `matmul`. */
export interface MatmulCase {
  readonly seed: number;
  readonly m: number;
  /** Columns of the output and of the input, rounded up to quads. */
  readonly n: number;
  readonly k: number;
  /** Quads in front of operands, between their rows and behind them, at most: all of them poison. */
  readonly apart: number;
  readonly transposed: boolean;
  readonly biased: boolean;
  readonly added: boolean;
  readonly accumulate: boolean;
}

/** Sizes and options of a check of `matmulGradient`. */
export type MatmulGradientCase = Pick<MatmulCase, "seed" | "m" | "n" | "k" | "apart" | "biased">;

const plain = { apart: 0, transposed: false, biased: false, added: false, accumulate: false };

/** Cases of the self-check of `matmul`. */
export const matmulCases: readonly MatmulCase[] = [
  { ...plain, seed: 1, m: 1, n: 4, k: 4 },
  { ...plain, seed: 2, m: 100, n: 64, k: 64, transposed: true, biased: true },
  { ...plain, seed: 3, m: 67, n: 68, k: 76, apart: 3, added: true, accumulate: true },
  { ...plain, seed: 4, m: 131, n: 132, k: 20, apart: 5, transposed: true, biased: true, added: true },
];

/** Cases of the self-check of `matmulGradient`. */
export const matmulGradientCases: readonly MatmulGradientCase[] = [
  { seed: 1, m: 1, n: 4, k: 4, apart: 0, biased: false },
  { seed: 2, m: 300, n: 64, k: 64, apart: 0, biased: true },
  { seed: 3, m: 259, n: 20, k: 76, apart: 3, biased: true },
];

/** A buffer with a matrix somewhere in it. */
interface Placed {
  readonly data: Float32Array<ArrayBuffer>;
  /** Quads in front of the matrix, and from one row to the next. */
  readonly offset: number;
  readonly stride: number;
}

/** Draws a matrix into a larger buffer of poison, or leaves all of it poison. */
function place(draws: Draws, rows: number, columns: number, apart: number, filled = true): Placed {
  const offset = draws.integer(apart + 1), stride = columns / 4 + draws.integer(apart + 1);
  const data = poison((offset + rows * stride + draws.integer(apart + 1)) * 4);
  if (filled) {
    for (let row = 0; row < rows; row++) {
      const at = (offset + row * stride) * 4;
      for (let column = 0; column < columns; column++) data[at + column] = draws.float();
    }
  }
  return { data, offset, stride };
}

/**
 * Checks `matmul` against its oracle.
 *
 * @param device The device.
 * @param options Sizes and options.
 * @param kernel The kernel, or one to try in its place.
 * @returns The outcome.
 */
export async function checkMatmul(device: Device, options: MatmulCase, kernel = matmul): Promise<CheckResult> {
  const draws = new Draws(options.seed);
  const { m, apart, transposed, biased, added, accumulate } = options;
  const n = strideOf(options.n), k = strideOf(options.k);
  const a = place(draws, m, k, apart), b = place(draws, transposed ? n : k, transposed ? k : n, apart);
  const bias = place(draws, 1, n, apart), addend = draws.matrix(m, n);
  const c = place(draws, m, n, apart, accumulate);
  const scalars = {
    m,
    n,
    k,
    aOffset: a.offset,
    aStride: a.stride,
    bOffset: b.offset,
    bStride: b.stride,
    biasOffset: bias.offset,
    cOffset: c.offset,
    cStride: c.stride,
    transposed: Number(transposed),
    biased: Number(biased),
    added: Number(added),
    accumulate: Number(accumulate),
  };

  using tensors = new Tensors(device);
  const output = tensors.floats(c.data);
  device.launch(kernel, {
    a: tensors.floats(a.data),
    b: tensors.floats(b.data),
    bias: biased ? tensors.floats(bias.data) : null,
    addend: added ? tensors.floats(addend) : null,
    c: output,
  }, scalars);
  const expected = matmulOracle({ ...scalars, a: a.data, b: b.data, bias: bias.data, addend, c: c.data });
  const comparison = new Comparison();
  comparison.floats("c", await device.read(output), expected);
  return comparison.result(kernel.name, options);
}

/**
 * Checks `matmulGradient` against its oracle.
 *
 * @param device The device.
 * @param options Sizes and options.
 * @param kernel The kernel, or one to try in its place.
 * @returns The outcome.
 */
export async function checkMatmulGradient(
  device: Device,
  options: MatmulGradientCase,
  kernel = matmulGradient,
): Promise<CheckResult> {
  const draws = new Draws(options.seed);
  const { m, apart, biased } = options;
  const n = strideOf(options.n), k = strideOf(options.k);
  const y = place(draws, m, n, apart), x = place(draws, m, k, apart);
  const weightOffset = draws.integer(apart + 1), biasOffset = weightOffset + n * k / 4 + draws.integer(apart + 1);
  const before = poison(biasOffset * 4 + n + draws.integer(apart + 1) * 4);
  const scalars = {
    m,
    n,
    k,
    yOffset: y.offset,
    yStride: y.stride,
    xOffset: x.offset,
    xStride: x.stride,
    weightOffset,
    biasOffset,
    biased: Number(biased),
  };

  using tensors = new Tensors(device);
  const gradient = tensors.floats(before);
  device.launch(kernel, { y: tensors.floats(y.data), x: tensors.floats(x.data), gradient }, scalars);
  const expected = matmulGradientOracle({ ...scalars, y: y.data, x: x.data, gradient: before });
  const comparison = new Comparison();
  comparison.floats("gradient", await device.read(gradient), expected);
  return comparison.result(kernel.name, options);
}
