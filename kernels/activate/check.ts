import type { Device } from "../../src/device/device.ts";
import { type CheckResult, Comparison, Draws, poison, Tensors } from "../_check.ts";
import { drawDropout } from "../_dropout_check.ts";
import { activate, activateGradient, Activation } from "./activate.ts";
import { activateGradientOracle, activateOracle, type Layout } from "./oracle.ts";

/** Sizes and options of a check of `activate` or `activateGradient`. */
export interface ActivateCase extends Layout {
  readonly seed: number;
  readonly kind: number;
  /** Whether a residual is added, or the gradient to what is there. */
  readonly added: boolean;
  /** Share of the elements that are dropped. */
  readonly dropout: number;
  /** Bound of the magnitude of the input. */
  readonly scale: number;
}

const { identity, relu, gelu, elu, eluPlusOne, root } = Activation;

/** Cases of the self-check. */
export const activateCases: readonly ActivateCase[] = [
  {
    seed: 1,
    rows: 1,
    quads: 1,
    inputOffset: 0,
    inputStride: 1,
    outputOffset: 0,
    outputStride: 1,
    kind: relu,
    added: false,
    dropout: 0,
    scale: 1,
  },
  {
    seed: 2,
    rows: 300,
    quads: 16,
    inputOffset: 0,
    inputStride: 16,
    outputOffset: 0,
    outputStride: 16,
    kind: gelu,
    added: true,
    dropout: 0.5,
    scale: 5,
  },
  {
    seed: 3,
    rows: 41,
    quads: 11,
    inputOffset: 5,
    inputStride: 19,
    outputOffset: 2,
    outputStride: 13,
    kind: identity,
    added: true,
    dropout: 0.2,
    scale: 1,
  },
  {
    seed: 4,
    rows: 30,
    quads: 5,
    inputOffset: 3,
    inputStride: 8,
    outputOffset: 0,
    outputStride: 5,
    kind: elu,
    added: false,
    dropout: 0,
    scale: 90,
  },
  {
    seed: 5,
    rows: 30,
    quads: 4,
    inputOffset: 0,
    inputStride: 4,
    outputOffset: 4,
    outputStride: 8,
    kind: eluPlusOne,
    added: true,
    dropout: 0,
    scale: 3,
  },
  {
    seed: 6,
    rows: 97,
    quads: 3,
    inputOffset: 0,
    inputStride: 3,
    outputOffset: 0,
    outputStride: 3,
    kind: root,
    added: false,
    dropout: 0.9,
    scale: 70,
  },
];

/** Rows behind those of the launch, which the kernels must leave alone. */
const ROWS_BEHIND = 2;

/**
 * Checks `activate` against its oracle.
 *
 * @param device The device.
 * @param options Sizes and options.
 * @param kernel The kernel, or one to try in its place.
 * @returns The outcome.
 */
export async function checkActivate(device: Device, options: ActivateCase, kernel = activate): Promise<CheckResult> {
  const draws = new Draws(options.seed);
  const { rows, quads, inputOffset, inputStride, outputOffset, outputStride, kind, added } = options;
  const layout = { rows, quads, inputOffset, inputStride, outputOffset, outputStride };
  const input = drawInput(draws, options);
  const residual = added ? draws.matrix(rows, 4 * quads) : null;
  const before = poison(4 * (rows + ROWS_BEHIND) * outputStride);
  const dropout = drawDropout(draws, options.dropout);

  using tensors = new Tensors(device);
  const output = tensors.floats(before);
  device.launch(
    kernel,
    { input: tensors.floats(input), residual: residual && tensors.floats(residual), output },
    { ...layout, kind, added: Number(added), ...dropout },
  );
  const expected = activateOracle({ ...layout, kind, input, residual, before, dropout });
  const comparison = new Comparison();
  comparison.floats("output", await device.read(output), expected);
  return comparison.result(kernel.name, options);
}

/**
 * Checks `activateGradient` against its oracle.
 *
 * @param device The device.
 * @param options Sizes and options.
 * @param kernel The kernel, or one to try in its place.
 * @returns The outcome.
 */
export async function checkActivateGradient(
  device: Device,
  options: ActivateCase,
  kernel = activateGradient,
): Promise<CheckResult> {
  const draws = new Draws(options.seed);
  const { rows, quads, inputOffset, inputStride, outputOffset, outputStride, kind, added: accumulate } = options;
  const layout = { rows, quads, inputOffset, inputStride, outputOffset, outputStride };
  const input = drawInput(draws, options), outputGradient = draws.matrix(rows + ROWS_BEHIND, 4 * outputStride);
  const before = accumulate ? draws.matrix(rows + ROWS_BEHIND, 4 * inputStride) : poison(input.length);
  const dropout = drawDropout(draws, options.dropout);

  using tensors = new Tensors(device);
  const inputGradient = tensors.floats(before);
  device.launch(
    kernel,
    {
      input: kind === identity ? null : tensors.floats(input),
      outputGradient: tensors.floats(outputGradient),
      inputGradient,
    },
    { ...layout, kind, accumulate: Number(accumulate), ...dropout },
  );
  const expected = activateGradientOracle({ ...layout, kind, input, outputGradient, before, accumulate, dropout });
  const comparison = new Comparison();
  comparison.floats("inputGradient", await device.read(inputGradient), expected);
  return comparison.result(kernel.name, options);
}

function drawInput(draws: Draws, { rows, inputStride, scale }: ActivateCase): Float32Array<ArrayBuffer> {
  const input = draws.matrix(rows + ROWS_BEHIND, 4 * inputStride, scale);
  // Where the slopes of most of them jump
  for (let at = 7; at < input.length; at += 31) input[at] = 0;
  return input;
}
