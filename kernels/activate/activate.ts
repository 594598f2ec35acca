/**
 * Activation functions with dropout and a residual, and their gradient. Input and output begin at quad `offset` of their
 * buffers and their rows are `stride` quads apart, so that they may be columns of wider matrices. The mask of a quad is the
 * draw at its index, row * quads + q, made again by the gradient.
 *
 * @module
 */
import { defineKernel } from "../../src/device/kernel.ts";
import { activateGradientWgsl, activateWgsl, activationWgsl, philoxWgsl } from "../wgsl.generated.ts";

/** Activation functions: the values of `kind`. GELU is the exact one, by erf; `root` is sqrt(max(elu(x) + 1, 1e-24)). */
export const Activation = { identity: 0, relu: 1, gelu: 2, elu: 3, eluPlusOne: 4, root: 5 } as const;

/** Quads that a thread of the cpu device takes at a time. */
const GRAIN_QUADS = 2048;

/**
 * output = residual + dropout(act(input)), the residual, a matrix with nothing between its rows, only where `added = 1`.
 * What lies between the rows of the output is left alone.
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
    quads: "u32",
    inputOffset: "u32",
    inputStride: "u32",
    outputOffset: "u32",
    outputStride: "u32",
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
 * inputGradient (+)= mask * scale * act'(input) * outputGradient, added where `accumulate = 1`. Input and its gradient
 * have one layout, output and its gradient the other. With `kind = 0` the input is not read.
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
    quads: "u32",
    inputOffset: "u32",
    inputStride: "u32",
    outputOffset: "u32",
    outputStride: "u32",
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
