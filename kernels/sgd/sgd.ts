import { defineKernel } from "../../src/device/kernel.ts";
import { clipWgsl, nonFiniteWgsl, panelsWgsl, rowGradientWgsl, sgdWgsl } from "../wgsl.generated.ts";

/**
 * Stochastic gradient descent with coupled weight decay on `rows` rows of a stack of tables that starts at row
 * `firstRow` of the stack: g += weightDecay * parameter; buffer = momentum * buffer + g; the direction is g without
 * momentum, `buffer` with it, and g + momentum * buffer with `nesterov = 1`. `moment1` holds the buffer and is not
 * touched without momentum. `sparse`, `direct`, `panel`, `scaled`, `clipped`, `limit` and `status` are those of `adam`.
 */
export const sgd = defineKernel({
  name: "sgd",
  bindings: {
    gradient: { type: "vec4f", access: "read" },
    plan: { type: "u32", access: "read" },
    moment1: { type: "vec4f", access: "update" },
    parameter: { type: "vec4f", access: "update" },
    direction: { type: "vec4f", access: "write" },
    scales: { type: "f32", access: "read" },
    status: { type: "atomic<u32>", access: "update" },
  },
  params: {
    rows: "u32",
    firstRow: "u32",
    quads: "u32",
    stackRows: "u32",
    panel: "u32",
    sparse: "u32",
    scaled: "u32",
    clipped: "u32",
    nesterov: "u32",
    direct: "u32",
    step: "u32",
    limit: "f32",
    momentum: "f32",
    learningRate: "f32",
    weightDecay: "f32",
  },
  wgsl: panelsWgsl + nonFiniteWgsl + rowGradientWgsl + clipWgsl + sgdWgsl,
  shape: ({ rows, quads }) => ({ items: rows, grain: 512, workgroups: Math.ceil(rows * quads / 256) }),
});
