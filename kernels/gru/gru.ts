/**
 * The recurrence of a gated recurrent unit (Cho et al., EMNLP 2014) in PyTorch's form, one layer without biases, over
 * packed segments. For a token with gi = x W_ih^T and, for the state h before it, gh = h W_hh^T, each in three parts:
 *
 *     r = sigmoid(gi_r + gh_r),   z = sigmoid(gi_z + gh_z),   n = tanh(gi_n + r gh_n),   h' = (1 - z) n + z h
 *
 * The state before a segment's first token is 0. Segments must come longest first: those that advance together are
 * then of about one length.
 *
 * @module
 */
import { defineKernel } from "../../src/device/kernel.ts";
import { gruGradientWgsl, gruWgsl } from "../wgsl.generated.ts";

/** Segments that advance together on the cpu device. */
const BLOCK = 8;

/** Segments that one workgroup advances. */
const WORKGROUP_SEGMENTS = 4;

function shape({ segments }: { readonly segments: number }) {
  return { items: Math.ceil(segments / BLOCK), grain: 1, workgroups: Math.ceil(segments / WORKGROUP_SEGMENTS) };
}

/**
 * States of all tokens from `input` (tokens x 3H: gi). W_hh is `parameters` from quad `weightOffset` on (3H x H).
 * `states[t]` is the state before token t, `last[s]` that after segment s (0 if it is empty), and `gates[t]` (4H wide)
 * is r | z | n | gh_n, for the backward; where `keep` is 0, `gates` is not used.
 */
export const gru = defineKernel({
  name: "gru",
  bindings: {
    input: { type: "f32", access: "read" },
    parameters: { type: "vec4f", access: "read" },
    offsets: { type: "u32", access: "read" },
    states: { type: "f32", access: "write" },
    gates: { type: "f32", access: "write" },
    last: { type: "f32", access: "write" },
  },
  params: { segments: "u32", quads: "u32", weightOffset: "u32", keep: "u32" },
  wgsl: gruWgsl,
  shape,
});

/**
 * Backward of {@linkcode gru} through time, from the gradient of each segment's last state: `inputGradient` is that of
 * gi and `hiddenGradient` that of gh, both tokens x 3H; they differ in the n part, which is the former times r. So
 * hiddenGradient^T states is the gradient of W_hh. `scratch` (segments x H) holds nothing before and after.
 */
export const gruGradient = defineKernel({
  name: "gruGradient",
  bindings: {
    parameters: { type: "f32", access: "read" },
    offsets: { type: "u32", access: "read" },
    states: { type: "f32", access: "read" },
    gates: { type: "f32", access: "read" },
    lastGradient: { type: "f32", access: "read" },
    inputGradient: { type: "f32", access: "write" },
    hiddenGradient: { type: "f32", access: "write" },
    scratch: { type: "f32", access: "update" },
  },
  params: { segments: "u32", quads: "u32", weightOffset: "u32" },
  wgsl: gruGradientWgsl,
  shape,
});
