import { defineKernel } from "../../src/device/kernel.ts";
import { columnSumsWgsl } from "../wgsl.generated.ts";

/** Quads of columns that are summed together: a cache line on the cpu device. */
const ITEM_QUADS = 4;

/** Quads that a thread of the cpu device takes at a time. */
const GRAIN_QUADS = 2048;

/** Quads of columns that one workgroup sums: with 128 lanes to each, what is loaded together are whole sectors. */
const WORKGROUP_QUADS = 2;

/**
 * output[outputOffset + q] (+)= the sum over all rows of input[row * stride + firstQuad + q] for q < `quads`, added where
 * `accumulate = 1`. All but `rows` count quads. The rest of `output` is left alone.
 */
export const columnSums = defineKernel({
  name: "columnSums",
  bindings: {
    input: { type: "vec4f", access: "read" },
    output: { type: "vec4f", access: "update" },
  },
  params: { rows: "u32", stride: "u32", firstQuad: "u32", quads: "u32", outputOffset: "u32", accumulate: "u32" },
  wgsl: columnSumsWgsl,
  shape: ({ rows, quads }) => ({
    items: Math.ceil(quads / ITEM_QUADS),
    grain: Math.ceil(GRAIN_QUADS / (ITEM_QUADS * Math.max(1, rows))),
    workgroups: Math.ceil(quads / WORKGROUP_QUADS),
  }),
});
