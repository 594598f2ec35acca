/**
 * Clipping by the norm of all gradients together (Pascanu et al., 2013), in two steps and without reading back: the
 * sums of squares of some rows each, of one table after the other, and the factor that they make.
 *
 * @module
 */
import { defineKernel } from "../../src/device/kernel.ts";
import { clipFactorWgsl, rowGradientWgsl, squaredNormWgsl } from "../wgsl.generated.ts";

/** Rows whose squares are summed together. */
export const BLOCK_ROWS = 64;

/**
 * partials[firstPartial + b] = the sum of the squares of the gradient of rows 64 b to 64 b + 63. `plan` and `sparse` are
 * those of `adam`.
 */
export const squaredNorm = defineKernel({
  name: "squaredNorm",
  bindings: {
    gradient: { type: "vec4f", access: "read" },
    plan: { type: "u32", access: "read" },
    partials: { type: "f32", access: "update" },
  },
  params: { rows: "u32", quads: "u32", sparse: "u32", firstPartial: "u32" },
  wgsl: rowGradientWgsl + squaredNormWgsl,
  shape: ({ rows }) => ({ items: Math.ceil(rows / BLOCK_ROWS), grain: 8, workgroups: Math.ceil(rows / BLOCK_ROWS) }),
});

/**
 * The third word of `status`, as the bits of a float: min(1, clipNorm / sqrt(the sum of `count` partials)). NaN where that
 * sum is not finite, so that the step is reported and not lost. The other words are left alone.
 */
export const clipFactor = defineKernel({
  name: "clipFactor",
  bindings: {
    partials: { type: "f32", access: "read" },
    status: { type: "atomic<u32>", access: "update" },
  },
  params: { count: "u32", clipNorm: "f32" },
  wgsl: clipFactorWgsl,
  shape: () => ({ items: 1, grain: 1, workgroups: 1 }),
});
