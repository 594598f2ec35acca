import { defineKernel } from "../../src/device/kernel.ts";
import { clipWgsl, lionWgsl, nonFiniteWgsl, panelsWgsl, rowGradientWgsl } from "../wgsl.generated.ts";

/**
 * Lion (Chen et al., 2023) on `rows` rows of a stack of tables that starts at row `firstRow` of the stack: the direction is
 * the sign of beta1 * moment1 + gain1 * gradient, and then moment1 = beta2 * moment1 + gain2 * gradient. A gain is 1 - beta,
 * which rounds less when it is not computed from the float32 of beta. With `direct = 1` the parameter is shrunk by
 * 1 - learningRate * weightDecay and moved by -learningRate times the direction.
 *
 * An idle row, whose whole gradient is 0, is as any other: its momentum fades, and it moves by the sign of it. A mean below
 * the least normal float32 has the sign 0, as devices may take such a number for 0: so an idle row comes to rest on all.
 *
 * `sparse`, `direct`, `panel`, `scaled`, `clipped`, `limit` and `status` are those of `adam`.
 */
export const lion = defineKernel({
  name: "lion",
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
    direct: "u32",
    step: "u32",
    limit: "f32",
    beta1: "f32",
    gain1: "f32",
    beta2: "f32",
    gain2: "f32",
    learningRate: "f32",
    weightDecay: "f32",
  },
  wgsl: panelsWgsl + nonFiniteWgsl + rowGradientWgsl + clipWgsl + lionWgsl,
  shape: ({ rows, quads }) => ({ items: rows, grain: 512, workgroups: Math.ceil(rows * quads / 256) }),
});
