/**
 * Scaled dot-product attention of several heads (Vaswani et al., 2017) inside each segment of a packed batch. The L x L
 * matrix of a segment is never stored: the forward kernel leaves the log-sum-exp of each row of logits, from which the
 * backward one makes the probabilities again (Dao et al., FlashAttention, 2022).
 *
 * A row of `qkv` is query | key | value, each of `quads` quads of which a head has `quads / heads`. The logit of query i
 * and key j is q_i . k_j / sqrt(w) with w the width of a head; with `causal = 1` a query attends no later key.
 *
 * Pads: with `length > 0` a segment of L tokens stands for one of `length` whose first P = length - L positions are pads
 * that every query attends. A pad's key is b_k and its value b_v, the bias of the projection: `bias` holds
 * b_q | b_k | b_v from quad `biasOffset` on. All of them are one term: P exp(q . b_k / sqrt(w)) of the sum of exponentials.
 *
 * Dropout acts on the probabilities. The mask of query token t (of the batch), head h and the key at position p (of the
 * padded segment) is word p & 3 of the draw at index p >> 2, row t * heads + h.
 *
 * @module
 */
import { defineKernel } from "../../src/device/kernel.ts";
import { attentionGradientWgsl, attentionWgsl, packedWgsl, padsWgsl, philoxWgsl } from "../wgsl.generated.ts";

/** Queries of one workgroup. */
const BLOCK = 16;

/** Floats of `scratch` for each token: four rows of logits of a segment, rounded up to whole quads at both ends. */
export const SCRATCH_FLOATS = 8;

const params = {
  segments: "u32",
  tokens: "u32",
  heads: "u32",
  quads: "u32",
  causal: "u32",
  length: "u32",
  biasOffset: "u32",
  seed: "u32",
  step: "u32",
  site: "u32",
  threshold: "u32",
  scale: "f32",
} as const;

/**
 * output[i] = sum over j of dropout(p_ij) v_j, and normaliser[i * heads + h] = the log-sum-exp of the logits, pads
 * included. `bias` may be null with `length = 0`. `scratch` holds {@linkcode SCRATCH_FLOATS} floats for each token; the
 * webgpu device needs none.
 */
export const attention = defineKernel({
  name: "attention",
  bindings: {
    qkv: { type: "vec4f", access: "read" },
    bias: { type: "vec4f", access: "read" },
    offsets: { type: "u32", access: "read" },
    output: { type: "vec4f", access: "write" },
    normaliser: { type: "f32", access: "write" },
    scratch: { type: "f32", access: "update" },
  },
  params,
  wgsl: philoxWgsl + packedWgsl + padsWgsl + attentionWgsl,
  shape: ({ segments, tokens, heads }) => ({
    items: segments,
    grain: 2,
    workgroups: Math.ceil(tokens / BLOCK) * heads,
  }),
});

/**
 * The gradient of `qkv`, and of b_k and b_v through the pads of each segment: row s of a matrix in
 * `padGradient`, from quad `padOffset` on, is that of b_k | that of b_v, to be summed over the segments; the rest of it is
 * left alone. `padGradient` and `bias` may be null with `length = 0`. `normaliser` and
 * `output` are what {@linkcode attention} wrote.
 */
export const attentionGradient = defineKernel({
  name: "attentionGradient",
  bindings: {
    qkv: { type: "vec4f", access: "read" },
    bias: { type: "vec4f", access: "read" },
    offsets: { type: "u32", access: "read" },
    normaliser: { type: "f32", access: "read" },
    output: { type: "vec4f", access: "read" },
    outputGradient: { type: "vec4f", access: "read" },
    qkvGradient: { type: "vec4f", access: "write" },
    padGradient: { type: "vec4f", access: "update" },
  },
  params: { ...params, padOffset: "u32" },
  wgsl: philoxWgsl + packedWgsl + padsWgsl + attentionGradientWgsl,
  shape: ({ segments, tokens, heads, length }) => ({
    items: segments,
    grain: 1,
    workgroups: (Math.ceil(tokens / BLOCK) + (length > 0 ? segments : 0)) * heads,
  }),
});
