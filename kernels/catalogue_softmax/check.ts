import type { Device, Tensor } from "../../src/device/device.ts";
import { type CheckResult, Comparison, Draws, type Expected, poison, strideOf, Tensors, unchanged } from "../_check.ts";
import {
  paddedTokens,
  partLength,
  softmaxGradient,
  softmaxNormaliser,
  softmaxPartials,
  sumChunks,
  tilesLength,
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
  /** Tokens of a launch, a multiple of 64. */
  readonly most: number;
  /** Bound of the magnitudes of the biases: with large ones, so are logits. */
  readonly bias: number;
  /** Whether all labels are the same two items. */
  readonly repeated: boolean;
}

/** Cases of the self-check. */
export const softmaxCases: readonly SoftmaxCase[] = [
  { seed: 1, tokens: 1, items: 1, columns: 1, chunkItems: 64, most: 64, bias: 1, repeated: false },
  { seed: 2, tokens: 70, items: 193, columns: 64, chunkItems: 64, most: 64, bias: 0.1, repeated: false },
  { seed: 3, tokens: 65, items: 131, columns: 33, chunkItems: 128, most: 128, bias: 60, repeated: true },
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
export function drawSoftmax(draws: Draws, options: Omit<SoftmaxCase, "most">): SoftmaxDraw {
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
  const { items, chunkItems } = options, input = drawSoftmax(new Draws(options.seed), options);
  const quads = input.stride / 4, chunks = Math.ceil(items / chunkItems);
  using tensors = new Tensors(device);
  const rows = bindRows(tensors, input), workspace = tensors.floats(poisonedWorkspace(options, quads));
  const stands = new Float32Array(chunks * options.tokens);
  for (const { firstToken, tokens } of launches(options)) {
    const padded = paddedTokens(tokens), partials = tensors.floats(poison(2 * chunks * padded));
    const sizes = { firstToken, tokens, quads, items, chunkItems, biasOffset: BIAS_OFFSET };
    device.launch(kernel, { ...rows, workspace, partials }, sizes);
    const actual = await device.read(partials);
    for (let at = 0; at < chunks * tokens; at++) {
      const chunk = Math.floor(at / tokens), token = at % tokens, from = chunk * 2 * padded + token;
      stands[chunk * options.tokens + firstToken + token] = actual[from]! + Math.log(actual[from + padded]!);
    }
  }
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
  const quads = input.stride / 4, chunks = Math.ceil(options.items / options.chunkItems);
  const maxima = Float32Array.from({ length: chunks * tokens }, () => draws.float(options.bias));
  const sums = Float32Array.from({ length: chunks * tokens }, () => 1 + draws.integer(100) + draws.float());
  using tensors = new Tensors(device);
  const rows = bindRows(tensors, input), labels = tensors.integers(input.labels);
  const outputs = { normaliser: tensors.floats(poison(tokens)), losses: tensors.floats(poison(tokens)) };
  for (const launch of launches(options)) {
    const { firstToken } = launch, padded = paddedTokens(launch.tokens), partials = poison(2 * chunks * padded);
    for (let chunk = 0; chunk < chunks; chunk++) {
      const from = chunk * tokens + firstToken, past = from + launch.tokens;
      partials.set(maxima.subarray(from, past), 2 * chunk * padded);
      partials.set(sums.subarray(from, past), (2 * chunk + 1) * padded);
    }
    const bindings = { ...rows, labels, partials: tensors.floats(partials), ...outputs };
    device.launch(kernel, bindings, { ...launch, quads, chunks, biasOffset: BIAS_OFFSET });
  }
  const expected = normaliserOracle(input, { maxima, sums });
  const comparison = new Comparison();
  comparison.floats("normaliser", await device.read(outputs.normaliser), expected.normaliser);
  comparison.floats("losses", await device.read(outputs.losses), expected.losses);
  return comparison.result(kernel.name, options);
}

/**
 * Checks `softmaxGradient`, after `softmaxPartials`, against its oracle, on the normalisers of the case in float32.
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
  const { items, chunkItems } = options, input = drawSoftmax(new Draws(options.seed), options);
  const { stride } = input, quads = stride / 4, chunks = Math.ceil(items / chunkItems);
  // One chunk of all items: its log-sum-exp is the normaliser
  const normaliser = Float32Array.from(partialsOracle(input, items).values);
  using tensors = new Tensors(device);
  const rows = bindRows(tensors, input), workspace = tensors.floats(poisonedWorkspace(options, quads));
  const tableGradient = tensors.floats(poison(items * stride), [items, stride]);
  const gradient = tensors.floats(input.gradient), share = 1 / options.tokens;
  const inputs = { ...rows, labels: tensors.integers(input.labels), normaliser: tensors.floats(normaliser) };
  const parts = new Float32Array(chunks * options.tokens * stride);
  for (const { firstToken, tokens } of launches(options)) {
    const sizes = { firstToken, tokens, quads, items, chunkItems, biasOffset: BIAS_OFFSET };
    const partials = tensors.floats(poison(2 * chunks * paddedTokens(tokens)));
    device.launch(softmaxPartials, { ...rows, workspace, partials }, sizes);
    device.launch(kernel, { ...inputs, workspace, tableGradient, gradient }, { ...sizes, share });
    const actual = await device.read(workspace);
    for (let chunk = 0; chunk < chunks; chunk++) {
      const from = chunk * partLength(tokens, quads), to = (chunk * options.tokens + firstToken) * stride;
      parts.set(actual.subarray(from, from + tokens * stride), to);
    }
  }
  const exact = { values: Float64Array.from(normaliser), tolerance: new Float64Array(options.tokens) };
  const expected = gradientOracle(input, exact, chunkItems);
  const comparison = new Comparison();
  comparison.floats("workspace", parts, expected.partials);
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
  const draws = new Draws(options.seed), stride = strideOf(options.columns), quads = stride / 4;
  const chunks = Math.ceil(options.items / options.chunkItems), length = options.tokens * stride;
  const parts = draws.matrix(chunks * options.tokens, options.columns);
  using tensors = new Tensors(device);
  const hiddenGradient = tensors.floats(poison(length), [options.tokens, stride]);
  for (const { firstToken, tokens } of launches(options)) {
    const workspace = poisonedWorkspace(options, quads);
    for (let chunk = 0; chunk < chunks; chunk++) {
      const from = (chunk * options.tokens + firstToken) * stride;
      workspace.set(parts.subarray(from, from + tokens * stride), chunk * partLength(tokens, quads));
    }
    const bindings = { workspace: tensors.floats(workspace), hiddenGradient };
    device.launch(kernel, bindings, { firstToken, tokens, quads, chunks });
  }
  const expected = sumChunksOracle(
    { values: Float64Array.from(parts), tolerance: new Float64Array(parts.length) },
    length,
  );
  const comparison = new Comparison();
  comparison.floats("hiddenGradient", await device.read(hiddenGradient), expected);
  return comparison.result(kernel.name, options);
}

/** The tokens of each launch of a case. */
function launches({ tokens, most }: SoftmaxCase): { firstToken: number; tokens: number }[] {
  const count = Math.ceil(tokens / most);
  return Array.from(
    { length: count },
    (_, at) => ({ firstToken: at * most, tokens: Math.min(most, tokens - at * most) }),
  );
}

function poisonedWorkspace({ tokens, most, items, chunkItems }: SoftmaxCase, quads: number): Float32Array<ArrayBuffer> {
  const largest = Math.min(tokens, most), chunk = partLength(largest, quads) + tilesLength(largest, quads, chunkItems);
  return poison(Math.ceil(items / chunkItems) * chunk);
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
