import type { Device } from "../../src/device/device.ts";
import { type CheckResult, Comparison, Draws, poison, Tensors } from "../_check.ts";
import { layerNorm, layerNormGradient } from "./layer_norm.ts";
import { layerNormGradientOracle, layerNormOracle } from "./oracle.ts";

/** Sizes and options of a check of `layerNorm` or `layerNormGradient`. */
export interface LayerNormCase {
  readonly seed: number;
  readonly rows: number;
  readonly quads: number;
  /** Quads of `parameters` before the weight, between weight and bias, and around the partial sums. */
  readonly gap: number;
  readonly epsilon: number;
  /** What the elements of a row lie around. */
  readonly shift: number;
  /** Rows whose share of the gradients of weight and bias is summed together. */
  readonly blockRows: number;
  /** Whether the gradient is added to what is there. */
  readonly accumulate: boolean;
}

/** Cases of the self-check. */
export const layerNormCases: readonly LayerNormCase[] = [
  { seed: 1, rows: 1, quads: 1, gap: 0, epsilon: 1e-5, shift: 0, blockRows: 64, accumulate: false },
  { seed: 2, rows: 200, quads: 16, gap: 3, epsilon: 1e-8, shift: 0.3, blockRows: 16, accumulate: true },
  { seed: 3, rows: 67, quads: 33, gap: 0, epsilon: 1e-12, shift: 100, blockRows: 64, accumulate: false },
  { seed: 4, rows: 65, quads: 300, gap: 1, epsilon: 1e-5, shift: -2, blockRows: 5, accumulate: true },
];

/**
 * Checks `layerNorm` against its oracle.
 *
 * @param device The device.
 * @param options Sizes and options.
 * @param kernel The kernel, or one to try in its place.
 * @returns The outcome.
 */
export async function checkLayerNorm(device: Device, options: LayerNormCase, kernel = layerNorm): Promise<CheckResult> {
  const { rows, quads, gap } = options, width = 4 * quads, epsilon = Math.fround(options.epsilon);
  const { input, parameters } = drawArrays(new Draws(options.seed), options);
  const scalars = { rows, quads, weightOffset: gap, biasOffset: 2 * gap + quads, epsilon };
  using tensors = new Tensors(device);
  const output = tensors.floats(poison(rows * width), [rows, width]), statistics = tensors.floats(poison(2 * rows));
  device.launch(kernel, {
    input: tensors.floats(input, [rows, width]),
    parameters: tensors.floats(parameters),
    output,
    statistics,
  }, scalars);
  const expected = layerNormOracle({ input, parameters, ...scalars });
  const comparison = new Comparison();
  comparison.floats("output", await device.read(output), expected.output);
  comparison.floats("statistics", await device.read(statistics), expected.statistics);
  return comparison.result(kernel.name, options);
}

/**
 * Checks `layerNormGradient` against its oracle.
 *
 * @param device The device.
 * @param options Sizes and options.
 * @param kernel The kernel, or one to try in its place.
 * @returns The outcome.
 */
export async function checkLayerNormGradient(
  device: Device,
  options: LayerNormCase,
  kernel = layerNormGradient,
): Promise<CheckResult> {
  const draws = new Draws(options.seed);
  const { rows, quads, gap, accumulate, epsilon, blockRows } = options,
    width = 4 * quads,
    shape = [rows, width] as const;
  const blocks = Math.ceil(rows / blockRows);
  const { input, parameters } = drawArrays(draws, options);
  const outputGradient = draws.matrix(rows, width);
  const before = accumulate ? draws.matrix(rows, width) : poison(rows * width);
  const offsets = { weightOffset: gap, biasOffset: 2 * gap + quads };
  const forward = layerNormOracle({ input, parameters, rows, quads, ...offsets, epsilon });
  const statistics = Float32Array.from(forward.statistics.values);

  using tensors = new Tensors(device);
  const inputGradient = tensors.floats(before, shape);
  const partialBefore = poison(4 * gap + blocks * 2 * width + 4 * gap), partial = tensors.floats(partialBefore);
  device.launch(kernel, {
    input: tensors.floats(input, shape),
    parameters: tensors.floats(parameters),
    statistics: tensors.floats(statistics),
    outputGradient: tensors.floats(outputGradient, shape),
    inputGradient,
    partial,
  }, { rows, quads, weightOffset: gap, partialOffset: gap, blockRows, accumulate: Number(accumulate) });
  const expected = layerNormGradientOracle({
    input,
    parameters,
    statistics,
    outputGradient,
    before,
    partial: partialBefore,
    partialOffset: gap,
    blockRows,
    rows,
    quads,
    weightOffset: gap,
    accumulate,
  });
  const comparison = new Comparison();
  comparison.floats("inputGradient", await device.read(inputGradient), expected.inputGradient);
  comparison.floats("partial", await device.read(partial), expected.partial);
  return comparison.result(kernel.name, options);
}

/** Every seventh row is constant. */
function drawArrays(draws: Draws, { rows, quads, gap, shift }: LayerNormCase) {
  const width = 4 * quads, input = draws.matrix(rows, width).map((value) => value + shift);
  for (let row = 3; row < rows; row += 7) input.fill(shift, row * width, (row + 1) * width);
  const parameters = poison(4 * (2 * gap + 2 * quads));
  parameters.set(draws.matrix(1, width), 4 * gap);
  parameters.set(draws.matrix(1, width), 4 * (2 * gap + quads));
  return { input, parameters };
}
