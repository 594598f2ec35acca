import type { Device } from "../../src/device/device.ts";
import { type CheckResult, Comparison, Draws, poison, Tensors } from "../_check.ts";
import { gru, gruGradient } from "./gru.ts";
import { gruGradientOracle, gruOracle } from "./oracle.ts";

/** Sizes of a check of `gruGradient`. */
export interface GruGradientCase {
  readonly seed: number;
  readonly segments: number;
  /** Longest segment at most. */
  readonly longest: number;
  /** Shortest segment at least. */
  readonly shortest: number;
  readonly quads: number;
  /** Bound of the magnitude of the weights, times the square root of the width. */
  readonly scale: number;
}

/** Sizes and options of a check of `gru`. */
export interface GruCase extends GruGradientCase {
  /** Whether the gates are kept for the backward. */
  readonly keep: boolean;
}

/** Cases of the self-check of `gruGradient`. */
export const gruGradientCases: readonly GruGradientCase[] = [
  { seed: 1, segments: 1, longest: 2, shortest: 2, quads: 1, scale: 1 },
  { seed: 2, segments: 37, longest: 20, shortest: 1, quads: 16, scale: 2 },
  { seed: 3, segments: 6, longest: 7, shortest: 0, quads: 19, scale: 2 },
];

/** Cases of the self-check of `gru`. */
export const gruCases: readonly GruCase[] = gruGradientCases.map((options, at) => ({ ...options, keep: at !== 2 }));

/** Quads of other parameters before the weights. */
const WEIGHT_OFFSET = 3;

function drawLayout(draws: Draws, { segments, longest, shortest, quads, scale }: GruGradientCase) {
  const width = 4 * quads;
  const lengths = Array.from({ length: segments }, () => shortest + draws.integer(longest - shortest + 1));
  lengths.sort((a, b) => b - a);
  const offsets = new Uint32Array(segments + 1);
  lengths.forEach((length, at) => offsets[at + 1] = offsets[at]! + length);
  const parameters = draws.matrix(1, 4 * WEIGHT_OFFSET + 3 * width * width, scale / Math.sqrt(width));
  return { parameters, offsets, quads, weightOffset: WEIGHT_OFFSET, width, tokens: offsets[segments]! };
}

/**
 * Checks `gru` against its oracle, each step from the state that the device came to before it.
 *
 * @param device The device.
 * @param options Sizes and options.
 * @param kernel The kernel, or one to try in its place.
 * @returns The outcome.
 */
export async function checkGru(device: Device, options: GruCase, kernel = gru): Promise<CheckResult> {
  const draws = new Draws(options.seed), { segments, keep } = options;
  const { width, tokens, ...layout } = drawLayout(draws, options), { quads, weightOffset } = layout;
  // Now and then so far out that gates are 0 or 1
  const input = draws.matrix(tokens, 3 * width, 2).map((value) => draws.integer(50) === 0 ? 100 * value : value);
  using tensors = new Tensors(device);
  const states = tensors.floats(poison(tokens * width), [tokens, width]);
  const gates = keep ? tensors.floats(poison(4 * tokens * width), [tokens, 4 * width]) : null;
  const last = tensors.floats(poison(segments * width), [segments, width]);
  device.launch(kernel, {
    input: tensors.floats(input, [tokens, 3 * width]),
    parameters: tensors.floats(layout.parameters),
    offsets: tensors.integers(layout.offsets),
    states,
    gates,
    last,
  }, { segments, quads, weightOffset, keep: keep ? 1 : 0 });
  const [actualStates, actualLast, actualGates] = await Promise.all([
    device.read(states),
    device.read(last),
    gates && device.read(gates),
  ]);
  const expected = gruOracle({ ...layout, input }, actualStates);
  const comparison = new Comparison();
  comparison.floats("states", actualStates, expected.states);
  if (actualGates) comparison.floats("gates", actualGates, expected.gates);
  comparison.floats("last", actualLast, expected.last);
  return comparison.result(kernel.name, options);
}

/**
 * Checks `gruGradient` against its oracle, each step from the gradients that the device came to after it.
 *
 * @param device The device.
 * @param options Sizes.
 * @param kernel The kernel, or one to try in its place.
 * @returns The outcome.
 */
export async function checkGruGradient(
  device: Device,
  options: GruGradientCase,
  kernel = gruGradient,
): Promise<CheckResult> {
  const draws = new Draws(options.seed), { segments } = options;
  const { width, tokens, ...layout } = drawLayout(draws, options), { quads, weightOffset } = layout;
  const states = draws.matrix(tokens, width), lastGradient = draws.matrix(segments, width);
  const gates = draws.matrix(tokens, 4 * width);
  // r and z are sigmoids, n and gh_n have either sign
  gates.forEach((value, at) => at % (4 * width) < 2 * width && (gates[at] = Math.abs(value)));
  using tensors = new Tensors(device);
  const inputGradient = tensors.floats(poison(3 * tokens * width), [tokens, 3 * width]);
  const hiddenGradient = tensors.floats(poison(3 * tokens * width), [tokens, 3 * width]);
  device.launch(kernel, {
    parameters: tensors.floats(layout.parameters),
    offsets: tensors.integers(layout.offsets),
    states: tensors.floats(states, [tokens, width]),
    gates: tensors.floats(gates, [tokens, 4 * width]),
    lastGradient: tensors.floats(lastGradient, [segments, width]),
    inputGradient,
    hiddenGradient,
    scratch: tensors.floats(poison(segments * width), [segments, width]),
  }, { segments, quads, weightOffset });
  const [ofInput, ofHidden] = await Promise.all([device.read(inputGradient), device.read(hiddenGradient)]);
  const expected = gruGradientOracle({ ...layout, states, gates, lastGradient }, ofHidden);
  const comparison = new Comparison();
  comparison.floats("inputGradient", ofInput, expected.inputGradient);
  comparison.floats("hiddenGradient", ofHidden, expected.hiddenGradient);
  return comparison.result(kernel.name, options);
}
