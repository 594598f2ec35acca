/**
 * Attention between Gaussian embeddings by their Wasserstein distance (Fan et al., STOSA, WWW 2022), inside each segment
 * of a packed batch, without a stored L x L matrix.
 *
 * A row of `mean` is query | key | value means; a row of `deviation` is the root of the covariance of the query | that of
 * the key | the covariance of the value, not its root. Each part has `quads` quads, of which a head has `quads / heads`.
 * The squared distance of query i and key j is |mq_i - mk_j|^2 + |rq_i - rk_j|^2 over the head's columns, the logit is
 * minus that over sqrt(w) with w the width of a head, and a query attends no later key. With w_ij the softmax under
 * dropout, the covariance of the output is the sum over j of w_ij^2 cv_j, and its mean that of w_ij mv_j.
 *
 * Dropout: the mask of query token t (of the batch), head h and key j (of the segment) is word j & 3 of the draw at index
 * j >> 2, row t * heads + h.
 *
 * @module
 */
import { defineKernel } from "../../src/device/kernel.ts";
import {
  distanceWgsl,
  gaussianAttentionGradientWgsl,
  gaussianAttentionWgsl,
  packedWgsl,
  philoxWgsl,
} from "../wgsl.generated.ts";

/** Queries of one workgroup. */
const BLOCK = 16;

/** Floats of `scratch` for each token: four rows of logits of a segment, rounded up to whole quads. */
export const SCRATCH_FLOATS = 8;

const params = {
  segments: "u32",
  tokens: "u32",
  heads: "u32",
  quads: "u32",
  attended: "u32",
  seed: "u32",
  step: "u32",
  site: "u32",
  threshold: "u32",
  scale: "f32",
} as const;

/**
 * Rows of `output` are mean | covariance; with `attended = 0` the mean is left as it is. normaliser[i * heads + h] is the
 * log-sum-exp of the logits. `scratch` holds {@linkcode SCRATCH_FLOATS} floats for each token; the webgpu device needs none.
 */
export const gaussianAttention = defineKernel({
  name: "gaussianAttention",
  bindings: {
    mean: { type: "vec4f", access: "read" },
    deviation: { type: "vec4f", access: "read" },
    offsets: { type: "u32", access: "read" },
    output: { type: "vec4f", access: "update" },
    normaliser: { type: "f32", access: "write" },
    scratch: { type: "f32", access: "update" },
  },
  params,
  wgsl: philoxWgsl + packedWgsl + distanceWgsl + gaussianAttentionWgsl,
  shape: ({ segments, tokens, heads }) => ({
    items: segments,
    grain: 2,
    workgroups: Math.ceil(tokens / BLOCK) * heads,
  }),
});

/**
 * The gradients of `mean` and `deviation`. `normaliser` and `output` are what {@linkcode gaussianAttention} wrote: what the
 * softmax takes off each row is 2 dc_i . c_i + dm_i . m_i, which spares a pass over the keys. With `attended = 0` the mean
 * halves of `output` and `outputGradient` are not read, and the value part of `meanGradient` is left as it is.
 */
export const gaussianAttentionGradient = defineKernel({
  name: "gaussianAttentionGradient",
  bindings: {
    mean: { type: "vec4f", access: "read" },
    deviation: { type: "vec4f", access: "read" },
    offsets: { type: "u32", access: "read" },
    normaliser: { type: "f32", access: "read" },
    output: { type: "vec4f", access: "read" },
    outputGradient: { type: "vec4f", access: "read" },
    meanGradient: { type: "vec4f", access: "update" },
    deviationGradient: { type: "vec4f", access: "write" },
  },
  params,
  wgsl: philoxWgsl + packedWgsl + distanceWgsl + gaussianAttentionGradientWgsl,
  shape: ({ segments, tokens, heads }) => ({
    items: segments,
    grain: 1,
    workgroups: Math.ceil(tokens / BLOCK) * heads,
  }),
});
