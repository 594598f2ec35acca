import { layerNorm as kernel, layerNormGradient } from "../../kernels/layer_norm/layer_norm.ts";
import type { ParameterTensors } from "./parameters.ts";
import type { Tape, Variable } from "./tape.ts";

/**
 * Rows whose share of the gradients of scale and shift is summed together: on a GPU those that a workgroup takes at a time,
 * for as many workgroups as there can be.
 */
const BLOCK_ROWS = { cpu: 64, webgpu: 16 } as const;

/**
 * Layer normalisation (Ba et al., 2016) of each row, with a learnt scale and shift.
 *
 * @example
 * ```ts
 * import { openDevice } from "@sevo/sevo";
 * import { InitialWeights, layerNorm, ParameterLayout, Tape, Variable } from "@sevo/sevo/models";
 * import { assertEquals } from "@std/assert";
 *
 * await using device = await openDevice("cpu");
 * using tape = new Tape(device, null);
 * const weights = new InitialWeights(1).norm("norm", 4).done(), layout = new ParameterLayout(weights);
 * const parameters = tape.upload(layout.pack(weights), [layout.rows, layout.columns]);
 * const x = new Variable(tape.upload(new Float32Array([1, -1, 1, -1]), [1, 4]));
 * const y = layerNorm(tape, { parameters, gradient: null, layout }, x, "norm", 1e-12);
 * assertEquals([...await device.read(y.tensor)], [1, -1, 1, -1]);
 * ```
 *
 * @param tape The tape.
 * @param parameters Scales and shifts: `<name>.weight` and `<name>.bias`.
 * @param x The input.
 * @param name Name of the layer.
 * @param epsilon Added to the variance.
 * @returns The normalised rows.
 */
export function layerNorm(
  tape: Tape,
  { parameters, gradient, layout }: ParameterTensors,
  x: Variable,
  name: string,
  epsilon: number,
): Variable {
  const { device } = tape;
  const rows = x.tensor.shape[0], quads = x.tensor.stride / 4;
  const output = tape.variable(rows, 4 * quads), statistics = tape.empty([2 * rows]);
  const weightOffset = layout.offset(`${name}.weight`), biasOffset = layout.offset(`${name}.bias`);
  device.launch(kernel, { input: x.tensor, parameters, output: output.tensor, statistics }, {
    rows,
    quads,
    weightOffset,
    biasOffset,
    epsilon,
  });
  if (!tape.training) return output;
  const blockRows = BLOCK_ROWS[device.kind], sums = tape.sumsInto(gradient!);
  const partial = sums.reserve(Math.ceil(rows / blockRows), 2 * quads);
  sums.add({ offset: weightOffset, quads }, partial);
  sums.add({ offset: biasOffset, quads }, { ...partial, offset: partial.offset + quads });
  tape.record(() => {
    const { tensor: inputGradient, accumulate } = tape.gradientOf(x);
    device.launch(layerNormGradient, {
      input: x.tensor,
      parameters,
      statistics,
      outputGradient: output.gradient!,
      inputGradient,
      partial: sums.partials,
    }, { rows, quads, weightOffset, partialOffset: partial.offset, blockRows, accumulate });
  });
  return output;
}
