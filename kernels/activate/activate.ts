/**
 * Activation functions with dropout and a residual, on a range of the columns of a matrix, and their gradient. The mask
 * of a quad is the draw at its linear index in the matrix, row * stride + firstQuad + q, made again by the gradient.
 *
 * @module
 */
import { defineKernel } from "../../src/device/kernel.ts";
import philoxWgsl from "../_philox.wgsl" with { type: "text" };
import activateWgsl from "./activate.wgsl" with { type: "text" };
import activateGradientWgsl from "./activate_gradient.wgsl" with { type: "text" };
import activationWgsl from "./_activation.wgsl" with { type: "text" };

/** Activation functions: the values of `kind`. GELU is the exact one, by erf; `root` is sqrt(max(elu(x) + 1, 1e-24)). */
export const Activation = { identity: 0, relu: 1, gelu: 2, elu: 3, eluPlusOne: 4, root: 5 } as const;

/** Quads that a thread of the cpu device takes at a time. */
const GRAIN_QUADS = 2048;

/**
 * output = residual + dropout(act(input)), the residual only where `added = 1`, in the columns of `quads` quads from
 * `firstQuad` on; the others are left alone. `stride` is quads of a row, of all three matrices.
 */
export const activate = defineKernel({
  name: "activate",
  bindings: {
    input: { type: "vec4f", access: "read" },
    residual: { type: "vec4f", access: "read" },
    output: { type: "vec4f", access: "update" },
  },
  params: {
    rows: "u32",
    stride: "u32",
    firstQuad: "u32",
    quads: "u32",
    kind: "u32",
    added: "u32",
    seed: "u32",
    step: "u32",
    site: "u32",
    threshold: "u32",
    scale: "f32",
  },
  wgsl: philoxWgsl + activationWgsl + activateWgsl,
  shape: ({ rows, quads }) => ({
    items: rows,
    grain: Math.ceil(GRAIN_QUADS / quads),
    workgroups: Math.ceil(rows * quads / 256),
  }),
});

/**
 * inputGradient (+)= mask * scale * act'(input) * outputGradient in the same columns, added where `accumulate = 1`. With
 * `kind = 0` the input is not read.
 */
export const activateGradient = defineKernel({
  name: "activateGradient",
  bindings: {
    input: { type: "vec4f", access: "read" },
    outputGradient: { type: "vec4f", access: "read" },
    inputGradient: { type: "vec4f", access: "update" },
  },
  params: {
    rows: "u32",
    stride: "u32",
    firstQuad: "u32",
    quads: "u32",
    kind: "u32",
    accumulate: "u32",
    seed: "u32",
    step: "u32",
    site: "u32",
    threshold: "u32",
    scale: "f32",
  },
  wgsl: philoxWgsl + activationWgsl + activateGradientWgsl,
  shape: ({ rows, quads }) => ({
    items: rows,
    grain: Math.ceil(GRAIN_QUADS / quads),
    workgroups: Math.ceil(rows * quads / 256),
  }),
});
