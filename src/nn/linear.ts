import { NO_DROPOUT } from "../../kernels/_dropout.ts";
import { activateGradient, Activation } from "../../kernels/activate/activate.ts";
import { matmul, matmulGradient } from "../../kernels/matmul/matmul.ts";
import { weightGradientPlace } from "./_weight_gradient.ts";
import { passOn } from "./activation.ts";
import type { ParameterTensors } from "./parameters.ts";
import { type Columns, columnsOf, type Tape, type Variable } from "./tape.ts";

/** What a linear layer takes besides its input. */
export interface LinearOptions {
  /** Name of the weight, `[outputs, inputs]` or more rows. */
  readonly weight: string;
  /** Name of the bias; none if omitted. */
  readonly bias?: string;
  /** Columns of the output. */
  readonly outputs: number;
  /** First row of the weight, and element of the bias, that are used. Default 0. */
  readonly firstOutput?: number;
  /** Function of each element of the output: one whose slope its own value tells, so that no other is kept. Default identity. */
  readonly kind?: "identity" | "relu";
  /** Probability of dropping an element after the function. By default there is no place where elements are dropped. */
  readonly rate?: number;
  /** Added to the output. Not with relu, whose slope the sum does not tell. */
  readonly residual?: Variable;
  /** Where the output goes; by default to a variable of its own. */
  readonly into?: Columns;
}

/**
 * y = dropout(f(x W^T + b)) + residual, in one launch.
 *
 * @example
 * ```ts
 * import { openDevice } from "@sevo/sevo";
 * import { linear, ParameterLayout, Tape, Variable } from "@sevo/sevo/models";
 * import { assertEquals } from "@std/assert";
 *
 * await using device = await openDevice("cpu");
 * using tape = new Tape(device, null);
 * const weights = {
 *   weight: { data: Float32Array.from({ length: 16 }, (_, at) => at % 5 === 0 ? 2 : 0), shape: [4, 4] }, // 2 I
 *   bias: { data: new Float32Array([1, 1, 1, 1]), shape: [4] },
 * };
 * const layout = new ParameterLayout(weights);
 * const parameters = tape.upload(layout.pack(weights), [layout.rows, layout.columns]);
 * const x = new Variable(tape.upload(new Float32Array([1, 2, 3, 4]), [1, 4]));
 * const options = { weight: "weight", bias: "bias", outputs: 4 };
 * const y = linear(tape, { parameters, gradient: null, layout }, x, options);
 * assertEquals([...await device.read(y.tensor)], [3, 5, 7, 9]);
 * ```
 *
 * @param tape The tape.
 * @param parameters Weights and biases.
 * @param x The input, or some of its columns.
 * @param options Weight, bias, and where the output goes.
 * @returns The variable that holds the output.
 * @throws {TypeError} If a residual is to be added to relu.
 */
export function linear(
  tape: Tape,
  { parameters, gradient, layout }: ParameterTensors,
  x: Variable | Columns,
  { weight, bias, outputs, firstOutput = 0, kind = "identity", rate, residual, into }: LinearOptions,
): Variable {
  if (kind === "relu" && residual) {
    throw new TypeError("Cannot add a residual to relu in a linear layer: add it by activation()");
  }
  const { device } = tape;
  const input = columnsOf(x), m = input.variable.tensor.shape[0], k = input.count, n = outputs;
  const output = into ?? columnsOf(tape.variable(m, n));
  const weightOffset = layout.offset(weight) + firstOutput * k / 4;
  const biasOffset = bias === undefined ? 0 : layout.offset(bias) + firstOutput / 4;
  const biased = bias === undefined ? 0 : 1;
  const strides = { xOffset: input.first / 4, xStride: input.variable.tensor.stride / 4 };
  const yOffset = output.first / 4, yStride = output.variable.tensor.stride / 4;
  const dropout = rate === undefined ? NO_DROPOUT : tape.dropout(rate);
  device.launch(matmul, {
    a: input.variable.tensor,
    b: parameters,
    bias: biased ? parameters : null,
    addend: residual?.tensor ?? null,
    c: output.variable.tensor,
  }, {
    m,
    n,
    k,
    aOffset: strides.xOffset,
    aStride: strides.xStride,
    bOffset: weightOffset,
    bStride: k / 4,
    biasOffset,
    cOffset: yOffset,
    cStride: yStride,
    biased,
    added: residual ? 1 : 0,
    kind: Activation[kind],
    ...dropout,
  });
  if (!tape.training) return output.variable;
  const layer = { m, n, k, weightOffset, biasOffset: bias === undefined ? null : biasOffset };
  const place = weightGradientPlace(tape, gradient!, layer);
  tape.record(() => {
    const { tensor: y, gradient: dy } = output.variable;
    let slopes = dy!;
    if (kind !== "identity" || dropout.threshold > 0) {
      slopes = tape.empty(y.shape);
      const layout = { inputOffset: yOffset, inputStride: yStride, outputOffset: yOffset, outputStride: yStride };
      device.launch(activateGradient, {
        input: kind === "identity" ? null : y,
        outputGradient: dy!,
        inputGradient: slopes,
      }, { rows: m, quads: n / 4, ...layout, kind: Activation[kind], ...dropout, accumulate: 0 });
    }
    const dx = tape.gradientOf(input.variable, input.first);
    device.launch(matmulGradient, {
      y: slopes,
      x: input.variable.tensor,
      weight: parameters,
      xGradient: dx.tensor,
      gradient: place.tensor(),
    }, { m, n, k, yOffset, yStride, ...strides, weightOffset, ...place.scalars, inward: 1, accumulate: dx.accumulate });
    if (residual) passOn(tape, output.variable, residual);
  });
  return output.variable;
}
