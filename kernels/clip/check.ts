import type { Device } from "../../src/device/device.ts";
import { type CheckResult, Comparison, Draws, poison, strideOf, Tensors } from "../_check.ts";
import { drawGradient, type GradientCase, planOf } from "../_row_gradient_check.ts";
import { BLOCK_ROWS, clipFactor, squaredNorm } from "./clip.ts";
import { clipFactorOracle, squaredNormOracle } from "./oracle.ts";

/** Sizes and options of a check of `squaredNorm`. */
export interface SquaredNormCase extends GradientCase {
  readonly seed: number;
  readonly firstPartial: number;
}

/** Options of a check of `clipFactor`. */
export interface ClipFactorCase {
  readonly seed: number;
  /** Number of partial sums. */
  readonly count: number;
  readonly clipNorm: number;
  /** Whether one of them is infinite. */
  readonly infinite?: boolean;
}

/** Cases of the self-check. */
export const squaredNormCases: readonly SquaredNormCase[] = [
  { seed: 1, rows: 1, columns: 1, firstPartial: 0, sparse: false, nonFinite: false },
  { seed: 2, rows: 64, columns: 64, firstPartial: 3, sparse: false, nonFinite: false },
  { seed: 3, rows: 200, columns: 33, firstPartial: 1, sparse: true, nonFinite: false },
];

/** Cases of the self-check. */
export const clipFactorCases: readonly ClipFactorCase[] = [
  { seed: 1, count: 1, clipNorm: 1e-3 },
  { seed: 2, count: 1000, clipNorm: 5 },
  { seed: 3, count: 10, clipNorm: 3e38 },
  { seed: 4, count: 300, clipNorm: 1, infinite: true },
];

/** Partial sums of other tables, which the kernel must leave alone. */
const BEHIND = 2;

/**
 * Checks `squaredNorm` against its oracle.
 *
 * @param device The device.
 * @param options Sizes and options.
 * @param kernel The kernel, or one to try in its place.
 * @returns The outcome.
 */
export async function checkSquaredNorm(
  device: Device,
  options: SquaredNormCase,
  kernel = squaredNorm,
): Promise<CheckResult> {
  const draws = new Draws(options.seed), { rows, columns, sparse, firstPartial } = options;
  const stride = strideOf(columns), gradient = drawGradient(draws, options), plan = planOf(gradient);
  const expected = squaredNormOracle(gradient, rows, stride), count = Math.ceil(rows / BLOCK_ROWS);
  const before = poison(firstPartial + count + BEHIND);
  using tensors = new Tensors(device);
  const partials = tensors.floats(before);
  device.launch(kernel, {
    gradient: tensors.floats(gradient.gradient, [gradient.gradient.length / stride, stride]),
    plan: plan && tensors.integers(plan),
    partials,
  }, { rows, quads: stride / 4, sparse: Number(sparse), firstPartial });
  const after = await device.read(partials), comparison = new Comparison();
  comparison.floats("partials", after.slice(firstPartial, firstPartial + count), expected);
  const bits = (values: Float32Array<ArrayBuffer>) => {
    const words = new Uint32Array(values.buffer);
    return Uint32Array.of(...words.subarray(0, firstPartial), ...words.subarray(firstPartial + count));
  };
  comparison.integers("partials of others", bits(after), bits(before));
  return comparison.result(kernel.name, options);
}

/**
 * Checks `clipFactor` against its oracle.
 *
 * @param device The device.
 * @param options Options.
 * @param kernel The kernel, or one to try in its place.
 * @returns The outcome.
 */
export async function checkClipFactor(
  device: Device,
  { count, infinite = false, ...options }: ClipFactorCase,
  kernel = clipFactor,
): Promise<CheckResult> {
  const draws = new Draws(options.seed), clipNorm = Math.fround(options.clipNorm);
  const sums = Float32Array.from({ length: count }, () => draws.float() ** 2);
  if (infinite) sums[draws.integer(count)] = Infinity;
  using tensors = new Tensors(device);
  const status = tensors.integers(Uint32Array.of(7, 9, 0));
  device.launch(kernel, { partials: tensors.floats(sums), status }, { count, clipNorm });
  const after = await device.read(status), comparison = new Comparison();
  comparison.integers("status", after.subarray(0, 2), [7, 9]);
  const factor = new Float32Array(after.buffer).slice(2), expected = clipFactorOracle(sums, clipNorm);
  if (infinite) comparison.integers("a factor that is no number", Uint32Array.of(Number(Number.isNaN(factor[0]))), [1]);
  else comparison.floats("factor", factor, expected);
  return comparison.result(kernel.name, { count, infinite, ...options });
}
