import { columnSums } from "../../kernels/column_sums/column_sums.ts";
import { LAYER_NORM_BLOCK_ROWS, layerNorm as kernel, layerNormGradient } from "../../kernels/layer_norm/layer_norm.ts";
import type { ParameterTensors } from "./parameters.ts";
import type { Tape, Variable } from "./tape.ts";

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
 * @param shared Whether another layer of the pass has the same parameters and runs backward before this one.
 * @returns The normalised rows.
 */
export function layerNorm(
  tape: Tape,
  { parameters, gradient, layout }: ParameterTensors,
  x: Variable,
  name: string,
  epsilon: number,
  shared = false,
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
  tape.record(() => {
    const blocks = Math.ceil(rows / LAYER_NORM_BLOCK_ROWS), partial = tape.empty([blocks, 8 * quads]);
    const { tensor: inputGradient, accumulate } = tape.gradientOf(x);
    device.launch(layerNormGradient, {
      input: x.tensor,
      parameters,
      statistics,
      outputGradient: output.gradient!,
      inputGradient,
      partial,
    }, { rows, quads, weightOffset, accumulate });
    const addUp = (firstQuad: number, count: number, outputOffset: number) =>
      device.launch(columnSums, { input: partial, output: gradient }, {
        rows: blocks,
        stride: 2 * quads,
        firstQuad,
        quads: count,
        outputOffset,
        accumulate: shared ? 1 : 0,
      });
    if (biasOffset === weightOffset + quads) {
      addUp(0, 2 * quads, weightOffset);
    } else {
      addUp(0, quads, weightOffset);
      addUp(quads, quads, biasOffset);
    }
  });
  return output;
}
