import type { Device } from "../../src/device/device.ts";
import { drawDropout, drawOffsets } from "../_attention_check.ts";
import { type CheckResult, Comparison, Draws, poison, Tensors } from "../_check.ts";
import { gaussianAttention, gaussianAttentionGradient, SCRATCH_FLOATS } from "./gaussian_attention.ts";
import { gaussianAttentionGradientOracle, gaussianAttentionOracle, type GaussianInput } from "./oracle.ts";

/** Sizes and options of a check of `gaussianAttention` and `gaussianAttentionGradient`. */
export interface GaussianCase {
  readonly seed: number;
  readonly segments: number;
  /** Tokens of a segment at most. */
  readonly longest: number;
  readonly heads: number;
  /** Quads of a head. */
  readonly headQuads: number;
  /** Whether the output has a mean. */
  readonly attended: boolean;
  /** Share of the probabilities that dropout drops. */
  readonly dropout: number;
  /** Bound of the magnitude of the elements. */
  readonly scale: number;
}

/** Cases of the self-check. */
export const gaussianCases: readonly GaussianCase[] = [
  { seed: 1, segments: 1, longest: 1, heads: 1, headQuads: 1, attended: true, dropout: 0, scale: 1 },
  { seed: 2, segments: 20, longest: 12, heads: 4, headQuads: 4, attended: false, dropout: 0.3, scale: 1 },
  { seed: 3, segments: 3, longest: 70, heads: 1, headQuads: 16, attended: true, dropout: 0.2, scale: 0.3 },
  { seed: 4, segments: 5, longest: 30, heads: 2, headQuads: 19, attended: true, dropout: 0, scale: 0.5 },
];

/**
 * Draws the arrays and scalars of a case.
 *
 * @param options Sizes and options.
 * @returns The input, and the random numbers to go on with.
 */
export function drawGaussian(
  options: GaussianCase,
): GaussianInput & { readonly mean: Float32Array; readonly deviation: Float32Array; readonly draws: Draws } {
  const draws = new Draws(options.seed);
  const { heads, attended, scale } = options, width = heads * options.headQuads * 4;
  const offsets = drawOffsets(draws, options.segments, options.longest), tokens = offsets.at(-1)!;
  return {
    draws,
    mean: draws.matrix(tokens, 3 * width, scale),
    deviation: draws.matrix(tokens, 3 * width, scale).map(Math.abs),
    offsets,
    heads,
    width,
    attended,
    dropout: drawDropout(draws, options.dropout),
  };
}

function scalarsOf({ offsets, heads, width, attended, dropout }: GaussianInput) {
  const sizes = { segments: offsets.length - 1, tokens: offsets.at(-1)!, heads, quads: width / 4 };
  return { ...sizes, attended: Number(attended), ...dropout };
}

/**
 * Checks `gaussianAttention` against its oracle.
 *
 * @param device The device.
 * @param options Sizes and options.
 * @param kernel The kernel, or one to try in its place.
 * @returns The outcome.
 */
export async function checkGaussianAttention(
  device: Device,
  options: GaussianCase,
  kernel = gaussianAttention,
): Promise<CheckResult> {
  const input = drawGaussian(options), { offsets, heads, width } = input, tokens = offsets.at(-1)!;
  using tensors = new Tensors(device);
  const outputs = {
    output: tensors.floats(poison(tokens * 2 * width), [tokens, 2 * width]),
    normaliser: tensors.floats(poison(tokens * heads)),
  };
  device.launch(kernel, {
    mean: tensors.floats(input.mean, [tokens, 3 * width]),
    deviation: tensors.floats(input.deviation, [tokens, 3 * width]),
    offsets: tensors.integers(offsets),
    ...outputs,
    scratch: device.kind === "cpu" ? tensors.floats(poison(tokens * SCRATCH_FLOATS)) : null,
  }, scalarsOf(input));
  const expected = gaussianAttentionOracle(input);
  const comparison = new Comparison();
  const [output, normaliser] = await Promise.all([device.read(outputs.output), device.read(outputs.normaliser)]);
  comparison.floats("normaliser", normaliser, expected.normaliser);
  comparison.floats("output", output, expected.output);
  return comparison.result(kernel.name, options);
}

/**
 * Checks `gaussianAttentionGradient` against its oracle.
 *
 * @param device The device.
 * @param options Sizes and options.
 * @param kernel The kernel, or one to try in its place.
 * @returns The outcome.
 */
export async function checkGaussianAttentionGradient(
  device: Device,
  options: GaussianCase,
  kernel = gaussianAttentionGradient,
): Promise<CheckResult> {
  const drawn = drawGaussian(options), { offsets, width, draws } = drawn, tokens = offsets.at(-1)!;
  const forward = gaussianAttentionOracle(drawn);
  const input = {
    ...drawn,
    normaliser: Float32Array.from(forward.normaliser.values),
    output: Float32Array.from(forward.output.values),
    outputGradient: draws.matrix(tokens, 2 * width, options.scale),
  };
  // What must not be read would show
  if (!options.attended) {
    for (let token = 0; token < tokens; token++) {
      input.outputGradient.set(poison(width), token * 2 * width);
    }
  }
  using tensors = new Tensors(device);
  const outputs = {
    meanGradient: tensors.floats(poison(tokens * 3 * width), [tokens, 3 * width]),
    deviationGradient: tensors.floats(poison(tokens * 3 * width), [tokens, 3 * width]),
  };
  device.launch(kernel, {
    mean: tensors.floats(input.mean, [tokens, 3 * width]),
    deviation: tensors.floats(input.deviation, [tokens, 3 * width]),
    offsets: tensors.integers(offsets),
    normaliser: tensors.floats(input.normaliser),
    output: tensors.floats(input.output, [tokens, 2 * width]),
    outputGradient: tensors.floats(input.outputGradient, [tokens, 2 * width]),
    ...outputs,
  }, scalarsOf(input));
  const expected = gaussianAttentionGradientOracle(input);
  const comparison = new Comparison();
  const names = ["meanGradient", "deviationGradient"] as const;
  const floats = await Promise.all(names.map((name) => device.read(outputs[name])));
  names.forEach((name, at) => comparison.floats(name, floats[at]!, expected[name]));
  return comparison.result(kernel.name, options);
}
