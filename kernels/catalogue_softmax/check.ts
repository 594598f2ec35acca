import type { Device } from "../../src/device/device.ts";
import type { Tensor } from "../../src/device/tensor.ts";
import { type CheckResult, Comparison, Draws, type Expected, poison, strideOf, Tensors, unchanged } from "../_check.ts";
import {
  paddedTokens,
  slotLength,
  softmaxGradient,
  softmaxNormaliser,
  softmaxPartials,
  sumChunks,
} from "./catalogue_softmax.ts";
import { gradientOracle, normaliserOracle, partialsOracle, type SoftmaxInput, sumChunksOracle } from "./oracle.ts";

/** Sizes and options of a check of the kernels of the catalogue softmax. */
export interface SoftmaxCase {
  readonly seed: number;
  readonly tokens: number;
  readonly items: number;
  readonly columns: number;
  /** Items of a chunk, a multiple of 64. */
  readonly chunkItems: number;
  /** Bound of the magnitudes of the biases: with large ones, so are logits. */
  readonly bias: number;
  /** Whether all labels are the same two items. */
  readonly repeated: boolean;
}

/** Cases of the self-check. */
export const softmaxCases: readonly SoftmaxCase[] = [
  { seed: 1, tokens: 1, items: 1, columns: 1, chunkItems: 64, bias: 1, repeated: false },
  { seed: 2, tokens: 70, items: 193, columns: 64, chunkItems: 64, bias: 0.1, repeated: false },
  { seed: 3, tokens: 65, items: 131, columns: 33, chunkItems: 128, bias: 60, repeated: true },
];

/** Quads of other parameters before the bias, and elements behind its last quad. */
const BIAS_OFFSET = 3, BEHIND = 5;

/** A case as host arrays. */
export interface SoftmaxDraw extends SoftmaxInput {
  readonly hidden: Float32Array<ArrayBuffer>;
  readonly table: Float32Array<ArrayBuffer>;
  /** The flat tensors of parameters and of their gradients, with the bias at quad `biasOffset`. */
  readonly parameters: Float32Array<ArrayBuffer>;
  readonly gradient: Float32Array<ArrayBuffer>;
  readonly biasOffset: number;
}

/**
 * Draws the rows of a case. What lies behind the bias in its last quad is so large that an item made of it would show.
 *
 * @param draws Where numbers come from.
 * @param options Sizes and options.
 * @returns Host arrays.
 */
export function drawSoftmax(draws: Draws, options: SoftmaxCase): SoftmaxDraw {
  const { tokens, items, columns, repeated } = options, stride = strideOf(columns);
  const hidden = draws.matrix(tokens, columns), table = draws.matrix(items, columns);
  const labels = Uint32Array.from({ length: tokens }, () => {
    return repeated ? items - 1 - draws.integer(Math.min(items, 2)) : draws.integer(items);
  });
  const length = 4 * (BIAS_OFFSET + Math.ceil(items / 4)) + BEHIND;
  const parameters = Float32Array.from({ length }, () => draws.float()).fill(1e30, 4 * BIAS_OFFSET);
  const bias = parameters.subarray(4 * BIAS_OFFSET, 4 * BIAS_OFFSET + items);
  for (let item = 0; item < items; item++) bias[item] = draws.float(options.bias);
  const gradient = Float32Array.from({ length }, () => draws.float());
  return { hidden, table, bias, labels, stride, parameters, gradient, biasOffset: BIAS_OFFSET };
}

/**
 * What a launch leaves in the flat gradient.
 *
 * @param before What was in it.
 * @param bias Expected gradient of the bias.
 * @returns The same values, but for the bias.
 */
export function flatGradient(before: Float32Array, bias: Expected): Expected {
  const expected = unchanged(before);
  expected.values.set(bias.values, 4 * BIAS_OFFSET);
  expected.tolerance.set(bias.tolerance, 4 * BIAS_OFFSET);
  return expected;
}

/**
 * Checks `softmaxPartials` against its oracle: a maximum and a sum by the log-sum-exp that they stand for.
 *
 * @param device The device.
 * @param options Sizes and options.
 * @param kernel The kernel, or one to try in its place.
 * @returns The outcome.
 */
export async function checkSoftmaxPartials(
  device: Device,
  options: SoftmaxCase,
  kernel = softmaxPartials,
): Promise<CheckResult> {
  const { tokens, items, chunkItems } = options, input = drawSoftmax(new Draws(options.seed), options);
  const quads = input.stride / 4, chunks = Math.ceil(items / chunkItems), padded = paddedTokens(tokens);
  using tensors = new Tensors(device);
  const partials = tensors.floats(poison(2 * chunks * padded));
  device.launch(kernel, {
    ...bindRows(tensors, input),
    workspace: tensors.floats(poison(chunks * slotLength(tokens, quads))),
    partials,
  }, { tokens, quads, items, chunkItems, biasOffset: BIAS_OFFSET });
  const actual = await device.read(partials), stands = new Float32Array(chunks * tokens);
  stands.forEach((_, at) => {
    const from = Math.floor(at / tokens) * 2 * padded + at % tokens;
    stands[at] = actual[from]! + Math.log(actual[from + padded]!);
  });
  const comparison = new Comparison();
  comparison.floats("partials", stands, partialsOracle(input, chunkItems));
  return comparison.result(kernel.name, options);
}

/**
 * Checks `softmaxNormaliser` against its oracle, on random partials.
 *
 * @param device The device.
 * @param options Sizes and options.
 * @param kernel The kernel, or one to try in its place.
 * @returns The outcome.
 */
export async function checkSoftmaxNormaliser(
  device: Device,
  options: SoftmaxCase,
  kernel = softmaxNormaliser,
): Promise<CheckResult> {
  const draws = new Draws(options.seed), { tokens } = options, input = drawSoftmax(draws, options);
  const quads = input.stride / 4, chunks = Math.ceil(options.items / options.chunkItems), padded = paddedTokens(tokens);
  const maxima = Float32Array.from({ length: chunks * tokens }, () => draws.float(options.bias));
  const sums = Float32Array.from({ length: chunks * tokens }, () => 1 + draws.integer(100) + draws.float());
  const partials = poison(2 * chunks * padded);
  for (let chunk = 0; chunk < chunks; chunk++) {
    const row = (array: Float32Array) => array.subarray(chunk * tokens, (chunk + 1) * tokens);
    partials.set(row(maxima), 2 * chunk * padded);
    partials.set(row(sums), (2 * chunk + 1) * padded);
  }
  using tensors = new Tensors(device);
  const outputs = { normaliser: tensors.floats(poison(tokens)), losses: tensors.floats(poison(tokens)) };
  device.launch(kernel, {
    ...bindRows(tensors, input),
    labels: tensors.integers(input.labels),
    partials: tensors.floats(partials),
    ...outputs,
  }, { tokens, quads, chunks, biasOffset: BIAS_OFFSET });
  const expected = normaliserOracle(input, { maxima, sums });
  const comparison = new Comparison();
  comparison.floats("normaliser", await device.read(outputs.normaliser), expected.normaliser);
  comparison.floats("losses", await device.read(outputs.losses), expected.losses);
  return comparison.result(kernel.name, options);
}

/**
 * Checks `softmaxGradient` against its oracle, on the normalisers of the case in float32.
 *
 * @param device The device.
 * @param options Sizes and options.
 * @param kernel The kernel, or one to try in its place.
 * @returns The outcome.
 */
export async function checkSoftmaxGradient(
  device: Device,
  options: SoftmaxCase,
  kernel = softmaxGradient,
): Promise<CheckResult> {
  const { tokens, items, chunkItems } = options, input = drawSoftmax(new Draws(options.seed), options);
  const { stride } = input, quads = stride / 4, chunks = Math.ceil(items / chunkItems);
  // One chunk of all items: its log-sum-exp is the normaliser
  const normaliser = Float32Array.from(partialsOracle(input, items).values);
  using tensors = new Tensors(device);
  const workspace = tensors.floats(poison(chunks * slotLength(tokens, quads)));
  const tableGradient = tensors.floats(poison(items * stride), [items, stride]);
  const gradient = tensors.floats(input.gradient);
  device.launch(kernel, {
    ...bindRows(tensors, input),
    labels: tensors.integers(input.labels),
    normaliser: tensors.floats(normaliser),
    workspace,
    tableGradient,
    gradient,
  }, { tokens, quads, items, chunkItems, biasOffset: BIAS_OFFSET });
  const exact = { values: Float64Array.from(normaliser), tolerance: new Float64Array(tokens) };
  const expected = gradientOracle(input, exact, chunkItems), length = tokens * stride;
  const slots = await device.read(workspace), partials = new Float32Array(chunks * length);
  for (let chunk = 0; chunk < chunks; chunk++) {
    const from = chunk * slotLength(tokens, quads);
    partials.set(slots.subarray(from, from + length), chunk * length);
  }
  const comparison = new Comparison();
  comparison.floats("workspace", partials, expected.partials);
  comparison.floats("tableGradient", await device.read(tableGradient), expected.tableGradient);
  comparison.floats("gradient", await device.read(gradient), flatGradient(input.gradient, expected.biasGradient));
  return comparison.result(kernel.name, options);
}

/**
 * Checks `sumChunks` against its oracle.
 *
 * @param device The device.
 * @param options Sizes and options.
 * @param kernel The kernel, or one to try in its place.
 * @returns The outcome.
 */
export async function checkSumChunks(device: Device, options: SoftmaxCase, kernel = sumChunks): Promise<CheckResult> {
  const draws = new Draws(options.seed), { tokens } = options, stride = strideOf(options.columns), quads = stride / 4;
  const chunks = Math.ceil(options.items / options.chunkItems), length = tokens * stride;
  const workspace = poison(chunks * slotLength(tokens, quads)), parts = new Float64Array(chunks * length);
  for (let chunk = 0; chunk < chunks; chunk++) {
    const part = draws.matrix(tokens, options.columns);
    workspace.set(part, chunk * slotLength(tokens, quads));
    parts.set(part, chunk * length);
  }
  using tensors = new Tensors(device);
  const hiddenGradient = tensors.floats(poison(length), [tokens, stride]);
  device.launch(kernel, { workspace: tensors.floats(workspace), hiddenGradient }, { tokens, quads, chunks });
  const expected = sumChunksOracle({ values: parts, tolerance: new Float64Array(parts.length) }, length);
  const comparison = new Comparison();
  comparison.floats("hiddenGradient", await device.read(hiddenGradient), expected);
  return comparison.result(kernel.name, options);
}

function bindRows(
  tensors: Tensors,
  { hidden, table, parameters, stride }: SoftmaxDraw,
): { hidden: Tensor<"f32">; table: Tensor<"f32">; parameters: Tensor<"f32"> } {
  return {
    hidden: tensors.floats(hidden, [hidden.length / stride, stride]),
    table: tensors.floats(table, [table.length / stride, stride]),
    parameters: tensors.floats(parameters),
  };
}
