import { attention as kernel, attentionGradient, SCRATCH_FLOATS } from "../../kernels/attention/attention.ts";
import { columnSums } from "../../kernels/column_sums/column_sums.ts";
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
  /**
   * What tokens attend to besides: each segment stands for one left-padded to `length` with zero vectors, whose keys and
   * values are the last two thirds of the bias `bias`.
   */
  readonly pads?: { readonly length: number; readonly bias: string };
}

/**
 * Multi-head self-attention inside each segment (Vaswani et al., 2017). No S x S matrix is stored; pads are one term in
 * closed form.
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
  { heads, causal, rate, pads }: AttentionOptions,
): Variable {
  const { device } = tape;
  const { offsets, count, tokens, cuts } = segments;
  const quads = qkv.tensor.stride / 12;
  const output = tape.variable(tokens, 4 * quads), normaliser = tape.empty([tokens * heads]);
  const bias = pads ? parameters : null, biasOffset = pads ? layout.offset(pads.bias) : 0;
  const scalars = {
    ...{ segments: count, tokens, heads, quads, causal: causal ? 1 : 0, length: pads?.length ?? 0, biasOffset },
    ...tape.dropout(rate),
  };
  const scratch = tape.empty([SCRATCH_FLOATS * tokens]);
  device.launch(
    kernel,
    { qkv: qkv.tensor, bias, offsets, output: output.tensor, normaliser, scratch },
    scalars,
    { cuts },
  );
  tape.record(() => {
    const padGradient = pads ? tape.empty([count, 8 * quads]) : null;
    device.launch(
      attentionGradient,
      {
        ...{ qkv: qkv.tensor, bias, offsets, normaliser, output: output.tensor, outputGradient: output.gradient! },
        ...{ qkvGradient: tape.gradientOf(qkv).tensor, padGradient },
      },
      scalars,
      { cuts },
    );
    // The linear layer that made queries, keys and values has yet to write the bias' gradient: pads add theirs after it
    if (padGradient) {
      tape.afterwards(() =>
        device.launch(columnSums, { input: padGradient, output: gradient }, {
          ...{ rows: count, stride: 2 * quads, firstQuad: 0, quads: 2 * quads, outputOffset: biasOffset + quads },
          accumulate: 1,
        })
      );
    }
  });
  return output;
}
