import { defineKernel } from "../../src/device/kernel.ts";
import { appendColumnWgsl } from "../wgsl.generated.ts";

/**
 * output[row] = [input[row], c, 0, 0, 0] with c = column[first + row] where `given`, else `value`: a bias by row becomes
 * a column, which a dot product with [.., 1, 0, 0, 0] adds.
 */
export const appendColumn = defineKernel({
  name: "appendColumn",
  bindings: {
    input: { type: "vec4f", access: "read" },
    column: { type: "f32", access: "read" },
    output: { type: "vec4f", access: "write" },
  },
  params: { rows: "u32", quads: "u32", first: "u32", value: "f32", given: "u32" },
  wgsl: appendColumnWgsl,
  shape: ({ rows, quads }) => ({ items: rows, grain: 512, workgroups: Math.ceil(rows * (quads + 1) / 256) }),
});
