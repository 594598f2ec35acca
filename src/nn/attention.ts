import { attention as kernel, attentionGradient, SCRATCH_FLOATS } from "../../kernels/attention/attention.ts";
import type { ParameterTensors } from "./parameters.ts";
import type { Segments } from "./segments.ts";
import type { Tape, Variable } from "./tape.ts";

/** What attention takes besides queries, keys and values. */
export interface AttentionOptions {
  /** Number of heads. */
  readonly heads: number;
  /** Whether a token attends to itself and those before it alone. */
  readonly causal: boolean;
  /** Probability of dropping a weight. */
  readonly rate: number;
  /** Name of the bias of queries, keys and values, end to end. */
  readonly bias: string;
  /**
   * What tokens attend to besides: each segment stands for one left-padded to so many tokens with zero vectors, whose keys
   * and values are the biases. Default 0: to no pads.
   */
  readonly paddedLength?: number;
}

/**
 * Multi-head self-attention inside each segment (Vaswani et al., 2017). No S x S matrix is stored; pads are one term in
 * closed form.
 *
 * @example
 * ```ts
 * import { openDevice } from "@sevo/sevo";
 * import { attention, ParameterLayout, segmentsOf, Tape, Variable } from "@sevo/sevo/models";
 * import { assertEquals } from "@std/assert";
 *
 * await using device = await openDevice("cpu");
 * using tape = new Tape(device, null);
 * const bias = { data: new Float32Array(12), shape: [12] }, layout = new ParameterLayout({ bias });
 * const parameters = tape.upload(layout.pack({ bias }), [layout.rows, layout.columns]);
 * // One segment of two tokens; queries and keys are 0, so that the second attends to both alike
 * const values = [[2, 4, 6, 8], [0, 0, 0, 0]].flatMap((row) => [0, 0, 0, 0, 0, 0, 0, 0, ...row]);
 * const qkv = new Variable(tape.upload(Float32Array.from(values), [2, 12]));
 * const y = attention(tape, { parameters, gradient: null, layout }, qkv, segmentsOf(tape, new Uint32Array([0, 2])), {
 *   heads: 1,
 *   causal: true,
 *   rate: 0,
 *   bias: "bias",
 * });
 * assertEquals([...await device.read(y.tensor)], [2, 4, 6, 8, 1, 2, 3, 4]);
 * ```
 *
 * @param tape The tape.
 * @param parameters Where the bias of pads lies.
 * @param qkv Queries, keys and values side by side.
 * @param segments The segments.
 * @param options Heads, causality, dropout and pads.
 * @returns The attended values.
 */
export function attention(
  tape: Tape,
  { parameters, gradient, layout }: ParameterTensors,
  qkv: Variable,
  segments: Segments,
  { heads, causal, rate, bias: name, paddedLength = 0 }: AttentionOptions,
): Variable {
  const { device } = tape;
  const { offsets, count, tokens, cuts } = segments;
  const quads = qkv.tensor.stride / 12;
  const output = tape.variable(tokens, 4 * quads), normaliser = tape.empty([tokens * heads]);
  const bias = paddedLength > 0 ? parameters : null, biasOffset = layout.offset(name);
  const scalars = {
    segments: count,
    tokens,
    heads,
    quads,
    causal: causal ? 1 : 0,
    length: paddedLength,
    biasOffset,
    ...tape.dropout(rate),
  };
  const scratch = tape.empty([SCRATCH_FLOATS * tokens]);
  device.launch(
    kernel,
    { qkv: qkv.tensor, bias, offsets, output: output.tensor, normaliser, scratch },
    scalars,
    { cuts },
  );
  if (!tape.training) return output;
  const sums = tape.sumsInto(gradient!), pads = bias && sums.reserve(count, 2 * quads);
  // The key bias adds the same to all logits of a query, so softmax is blind to it and its gradient is 0: of what rounding
  // leaves of that, Adam would make whole steps
  sums.clear({ offset: biasOffset + quads, quads });
  if (pads) sums.add({ offset: biasOffset + 2 * quads, quads }, { ...pads, offset: pads.offset + quads });
  tape.record(() =>
    device.launch(
      attentionGradient,
      {
        qkv: qkv.tensor,
        bias,
        offsets,
        normaliser,
        output: output.tensor,
        outputGradient: output.gradient!,
        qkvGradient: tape.gradientOf(qkv).tensor,
        padGradient: pads && sums.partials,
      },
      { ...scalars, padOffset: pads?.offset ?? 0 },
      { cuts },
    )
  );
  return output;
}
