import type { Device } from "../../src/device/device.ts";
import { drawDropout, drawOffsets } from "../_attention_check.ts";
import { type CheckResult, Comparison, Draws, poison, Tensors, unchanged } from "../_check.ts";
import { attention, attentionGradient, SCRATCH_FLOATS } from "./attention.ts";
import { attentionGradientOracle, type AttentionInput, attentionOracle } from "./oracle.ts";

/** Sizes and options of a check of `attention` and `attentionGradient`. */
export interface AttentionCase {
  readonly seed: number;
  readonly segments: number;
  /** Tokens of a segment at most. */
  readonly longest: number;
  readonly heads: number;
  /** Quads of a head. */
  readonly headQuads: number;
  readonly causal: boolean;
  /** Positions that a padded segment has more than the longest one may; -1 for no pads. */
  readonly room: number;
  /** Share of the probabilities that dropout drops. */
  readonly dropout: number;
  /** Bound of the magnitude of the elements. */
  readonly scale: number;
}

/** Quads in front of the gradients through pads, which the kernel must leave alone. */
const PAD_OFFSET = 3;

/** Cases of the self-check. */
export const attentionCases: readonly AttentionCase[] = [
  { seed: 1, segments: 1, longest: 1, heads: 1, headQuads: 1, causal: false, room: -1, dropout: 0, scale: 1 },
  { seed: 2, segments: 20, longest: 12, heads: 4, headQuads: 4, causal: true, room: 5, dropout: 0.3, scale: 1 },
  { seed: 3, segments: 3, longest: 70, heads: 1, headQuads: 16, causal: false, room: -1, dropout: 0.2, scale: 1 },
  { seed: 4, segments: 5, longest: 30, heads: 2, headQuads: 19, causal: true, room: 0, dropout: 0, scale: 2 },
];

/**
 * Draws the arrays and scalars of a case.
 *
 * @param options Sizes and options.
 * @returns The input, and the random numbers to go on with.
 */
export function drawAttention(
  options: AttentionCase,
): AttentionInput & { readonly qkv: Float32Array; readonly bias: Float32Array; readonly draws: Draws } {
  const draws = new Draws(options.seed);
  const { heads, causal, scale } = options, width = heads * options.headQuads * 4;
  const offsets = drawOffsets(draws, options.segments, options.longest);
  const biasOffset = draws.integer(9);
  return {
    draws,
    qkv: draws.matrix(offsets.at(-1)!, 3 * width, scale),
    bias: draws.matrix(1, biasOffset * 4 + 3 * width, scale),
    offsets,
    heads,
    width,
    causal,
    biasOffset,
    length: options.room < 0 ? 0 : options.longest + options.room,
    dropout: drawDropout(draws, options.dropout),
  };
}

function scalarsOf({ offsets, heads, width, causal, length, biasOffset, dropout }: AttentionInput) {
  const sizes = { segments: offsets.length - 1, tokens: offsets.at(-1)!, heads, quads: width / 4 };
  return { ...sizes, causal: Number(causal), length, biasOffset, ...dropout };
}

/**
 * Checks `attention` against its oracle.
 *
 * @param device The device.
 * @param options Sizes and options.
 * @param kernel The kernel, or one to try in its place.
 * @returns The outcome.
 */
export async function checkAttention(
  device: Device,
  options: AttentionCase,
  kernel = attention,
): Promise<CheckResult> {
  const input = drawAttention(options), { offsets, heads, width, length } = input, tokens = offsets.at(-1)!;
  using tensors = new Tensors(device);
  const outputs = {
    output: tensors.floats(poison(tokens * width), [tokens, width]),
    normaliser: tensors.floats(poison(tokens * heads)),
  };
  device.launch(kernel, {
    qkv: tensors.floats(input.qkv, [tokens, 3 * width]),
    bias: length > 0 ? tensors.floats(input.bias) : null,
    offsets: tensors.integers(offsets),
    ...outputs,
    scratch: device.kind === "cpu" ? tensors.floats(poison(tokens * SCRATCH_FLOATS)) : null,
  }, scalarsOf(input));
  const expected = attentionOracle(input);
  const comparison = new Comparison();
  const [output, normaliser] = await Promise.all([device.read(outputs.output), device.read(outputs.normaliser)]);
  comparison.floats("normaliser", normaliser, expected.normaliser);
  comparison.floats("output", output, expected.output);
  return comparison.result(kernel.name, options);
}

/**
 * Checks `attentionGradient` against its oracle.
 *
 * @param device The device.
 * @param options Sizes and options.
 * @param kernel The kernel, or one to try in its place.
 * @returns The outcome.
 */
export async function checkAttentionGradient(
  device: Device,
  options: AttentionCase,
  kernel = attentionGradient,
): Promise<CheckResult> {
  const drawn = drawAttention(options), { offsets, width, length, draws } = drawn, tokens = offsets.at(-1)!;
  const forward = attentionOracle(drawn);
  const input = {
    ...drawn,
    normaliser: Float32Array.from(forward.normaliser.values),
    output: Float32Array.from(forward.output.values),
    outputGradient: draws.matrix(tokens, width, options.scale),
  };
  const padsBefore = poison(4 * PAD_OFFSET + (options.segments + 1) * 2 * width);
  using tensors = new Tensors(device);
  const outputs = {
    qkvGradient: tensors.floats(poison(tokens * 3 * width), [tokens, 3 * width]),
    padGradient: length > 0 ? tensors.floats(padsBefore) : null,
  };
  device.launch(kernel, {
    qkv: tensors.floats(input.qkv, [tokens, 3 * width]),
    bias: length > 0 ? tensors.floats(input.bias) : null,
    offsets: tensors.integers(offsets),
    normaliser: tensors.floats(input.normaliser),
    output: tensors.floats(input.output, [tokens, width]),
    outputGradient: tensors.floats(input.outputGradient, [tokens, width]),
    ...outputs,
  }, { ...scalarsOf(input), padOffset: PAD_OFFSET });
  const expected = attentionGradientOracle(input);
  const comparison = new Comparison();
  comparison.floats("qkvGradient", await device.read(outputs.qkvGradient), expected.qkvGradient);
  if (outputs.padGradient) {
    const pads = unchanged(padsBefore), { values, tolerance } = expected.padGradient;
    pads.values.set(values, 4 * PAD_OFFSET);
    pads.tolerance.set(tolerance, 4 * PAD_OFFSET);
    comparison.floats("padGradient", await device.read(outputs.padGradient), pads);
  }
  return comparison.result(kernel.name, options);
}
