import { defineKernel } from "../../src/device/kernel.ts";
import wgsl from "./propagate.wgsl" with { type: "text" };

/**
 * One layer of propagation, a sparse-times-dense product with its epilogue fused in:
 *
 *     output = keep * output + neighbour * (A source) + own * addend
 *
 * `A` is in compressed sparse rows. A column index of `sourceRows` or more means a row of `partials`: that is how a
 * hub row, whose edges were summed in pieces by an earlier launch of this same kernel, collects the pieces. A row's
 * edges are either all of one kind or all of the other. `keep = 0` does not read `output`; `own = 0` does not read
 * `addend`. Edges are summed in the order stored, so neither threads nor workgroups change a bit.
 *
 * Least traffic: 8 bytes and one row gathered per edge, one row written per row, and one read each for `addend`
 * and `output` where used.
 */
export const propagate = defineKernel({
  name: "propagate",
  bindings: {
    rowOffsets: { type: "u32", access: "read" },
    columns: { type: "u32", access: "read" },
    values: { type: "f32", access: "read" },
    source: { type: "vec4f", access: "read" },
    partials: { type: "vec4f", access: "read" },
    addend: { type: "vec4f", access: "read" },
    output: { type: "vec4f", access: "update" },
  },
  params: { rows: "u32", sourceRows: "u32", quads: "u32", keep: "f32", neighbour: "f32", own: "f32" },
  wgsl,
  shape: ({ rows, quads }) => ({ items: rows, grain: 256, workgroups: Math.ceil(rows * quads / 256) }),
});
