import {
  gaussianAttention as kernel,
  gaussianAttentionGradient,
  SCRATCH_FLOATS,
} from "../../kernels/gaussian_attention/gaussian_attention.ts";
import type { Segments } from "./segments.ts";
import type { Tape, Variable } from "./tape.ts";

/** What Gaussian attention takes besides means and deviations. */
export interface GaussianAttentionOptions {
  /** Number of heads. */
  readonly heads: number;
  /** Probability of dropping a weight. */
  readonly rate: number;
  /** Whether means are attended too, and not covariances alone. */
  readonly attendedMean: boolean;
}

/**
 * Causal self-attention between Gaussians (STOSA, WWW 2022): the logit of a pair is minus the squared Wasserstein distance
 * of query and key; means are averaged with the weights and covariances with their squares.
 *
 * @param tape The tape.
 * @param mean Means of queries, keys and values side by side; without `attendedMean` those of values are not read.
 * @param deviation Roots of the covariances of queries and keys, and covariances of values, side by side.
 * @param segments The segments.
 * @param options Heads, dropout, and whether means are attended.
 * @returns Means (undefined without `attendedMean`) and covariances side by side.
 */
export function gaussianAttention(
  tape: Tape,
  mean: Variable,
  deviation: Variable,
  { offsets, count, tokens, cuts }: Segments,
  { heads, rate, attendedMean }: GaussianAttentionOptions,
): Variable {
  const { device } = tape;
  const quads = mean.tensor.stride / 12;
  const output = tape.variable(tokens, 8 * quads), normaliser = tape.empty([tokens * heads]);
  const scratch = tape.empty([SCRATCH_FLOATS * tokens]);
  const scalars = { segments: count, tokens, heads, quads, attended: attendedMean ? 1 : 0, ...tape.dropout(rate) };
  const bound = { mean: mean.tensor, deviation: deviation.tensor, offsets };
  device.launch(kernel, { ...bound, output: output.tensor, normaliser, scratch }, scalars, { cuts });
  tape.record(() =>
    device.launch(
      gaussianAttentionGradient,
      {
        ...bound,
        normaliser,
        output: output.tensor,
        outputGradient: output.gradient!,
        meanGradient: tape.gradientOf(mean).tensor,
        deviationGradient: tape.gradientOf(deviation).tensor,
      },
      scalars,
      { cuts },
    )
  );
  return output;
}
