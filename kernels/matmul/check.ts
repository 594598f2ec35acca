import type { Device } from "../../src/device/device.ts";
import { type CheckResult, Comparison, Draws, poison, strideOf, Tensors } from "../_check.ts";
import { drawDropout } from "../_dropout_check.ts";
import { Activation } from "../activate/activate.ts";
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
  readonly biased: boolean;
  readonly added: boolean;
  /** One of `Activation`. */
  readonly kind: number;
  /** Share of the elements that are dropped. */
  readonly dropout: number;
}

/** Sizes and options of a check of `matmulGradient`. */
export interface MatmulGradientCase extends Pick<MatmulCase, "seed" | "m" | "n" | "k" | "apart" | "biased"> {
  readonly slices: number;
  /** Whether the gradient of x is made, and whether it is added to what is there. */
  readonly inward: boolean;
  readonly accumulate: boolean;
}

const plain = { apart: 0, biased: false, added: false, kind: Activation.identity, dropout: 0 };

/** Cases of the self-check of `matmul`. */
export const matmulCases: readonly MatmulCase[] = [
  { ...plain, seed: 1, m: 1, n: 4, k: 4 },
  { ...plain, seed: 2, m: 100, n: 64, k: 64, biased: true, kind: Activation.relu, dropout: 0.5 },
  { ...plain, seed: 3, m: 67, n: 68, k: 76, apart: 3, added: true, dropout: 0.2 },
  { ...plain, seed: 4, m: 131, n: 132, k: 20, apart: 5, biased: true, added: true },
  { ...plain, seed: 5, m: 8150, n: 8, k: 12, apart: 1, added: true },
];

const whole = { apart: 0, biased: false, slices: 1, inward: true, accumulate: false };

/** Cases of the self-check of `matmulGradient`. */
export const matmulGradientCases: readonly MatmulGradientCase[] = [
  { ...whole, seed: 1, m: 1, n: 4, k: 4 },
  { ...whole, seed: 2, m: 300, n: 64, k: 64, biased: true, slices: 3, accumulate: true },
  { ...whole, seed: 3, m: 259, n: 20, k: 76, apart: 3, biased: true, slices: 5, inward: false },
  { ...whole, seed: 4, m: 67, n: 76, k: 68, apart: 3 },
  { ...whole, seed: 5, m: 8150, n: 12, k: 8, apart: 1, slices: 2, accumulate: true },
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
  const { m, apart, biased, added, kind } = options;
  const n = strideOf(options.n), k = strideOf(options.k);
  const a = place(draws, m, k, apart), b = place(draws, n, k, apart);
  const bias = place(draws, 1, n, apart), addend = draws.matrix(m, n);
  const c = place(draws, m, n, apart, false), dropout = drawDropout(draws, options.dropout);
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
    biased: Number(biased),
    added: Number(added),
    kind,
  };

  using tensors = new Tensors(device);
  const output = tensors.floats(c.data);
  device.launch(kernel, {
    a: tensors.floats(a.data),
    b: tensors.floats(b.data),
    bias: biased ? tensors.floats(bias.data) : null,
    addend: added ? tensors.floats(addend) : null,
    c: output,
  }, { ...scalars, ...dropout });
  const expected = matmulOracle({ ...scalars, a: a.data, b: b.data, bias: bias.data, addend, c: c.data, dropout });
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
  const { m, apart, biased, slices, inward, accumulate } = options;
  const n = strideOf(options.n), k = strideOf(options.k);
  const y = place(draws, m, n, apart), x = place(draws, m, k, apart);
  const weightOffset = draws.integer(apart + 1), weight = poison(4 * weightOffset + n * k + 4 * apart);
  weight.set(draws.matrix(1, n * k), 4 * weightOffset);
  const gradientOffset = draws.integer(apart + 1), biasOffset = gradientOffset + n * k / 4 + draws.integer(apart + 1);
  const sliceStride = biasOffset + n / 4 + draws.integer(apart + 1), before = poison(4 * slices * sliceStride);
  const xBefore = accumulate ? x.data.map(() => draws.float()) : poison(x.data.length);
  const scalars = {
    m,
    n,
    k,
    yOffset: y.offset,
    yStride: y.stride,
    xOffset: x.offset,
    xStride: x.stride,
    weightOffset,
    gradientOffset,
    biasOffset,
    biased: Number(biased),
    slices,
    sliceStride,
    inward: Number(inward),
    accumulate: Number(accumulate),
  };

  using tensors = new Tensors(device);
  const gradient = tensors.floats(before), xGradient = tensors.floats(xBefore);
  device.launch(kernel, {
    y: tensors.floats(y.data),
    x: tensors.floats(x.data),
    weight: inward ? tensors.floats(weight) : null,
    xGradient: inward ? xGradient : null,
    gradient,
  }, scalars);
  const arrays = { y: y.data, x: x.data, weight, gradient: before, xGradient: xBefore };
  const expected = matmulGradientOracle({ ...scalars, ...arrays });
  const comparison = new Comparison();
  comparison.floats("gradient", await device.read(gradient), expected.gradient);
  comparison.floats("xGradient", await device.read(xGradient), expected.xGradient);
  return comparison.result(kernel.name, options);
}
