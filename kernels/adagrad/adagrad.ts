import { defineKernel } from "../../src/device/kernel.ts";
import { adagradWgsl, clipWgsl, nonFiniteWgsl, panelsWgsl, rowGradientWgsl } from "../wgsl.generated.ts";

/**
 * Adagrad (Duchi et al., 2011) with coupled weight decay on `rows` rows of a stack of tables that starts at row `firstRow`
 * of the stack: g += weightDecay * parameter; moment2 += g^2; the direction is g / (sqrt(moment2) + epsilon). With
 * `direct = 1` the parameter is moved by -learningRate times the direction. Without decay an idle row, whose whole gradient
 * is 0, stays as it is.
 *
 * `sparse`, `direct`, `panel`, `scaled`, `clipped`, `limit` and `status` are those of `adam`.
 */
export const adagrad = defineKernel({
  name: "adagrad",
  bindings: {
    gradient: { type: "vec4f", access: "read" },
    plan: { type: "u32", access: "read" },
    moment2: { type: "vec4f", access: "update" },
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
    direct: "u32",
    step: "u32",
    limit: "f32",
    epsilon: "f32",
    learningRate: "f32",
    weightDecay: "f32",
  },
  wgsl: panelsWgsl + nonFiniteWgsl + rowGradientWgsl + clipWgsl + adagradWgsl,
  shape: ({ rows, quads }) => ({ items: rows, grain: 512, workgroups: Math.ceil(rows * quads / 256) }),
});
