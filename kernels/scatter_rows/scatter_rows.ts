import { defineKernel } from "../../src/device/kernel.ts";
import { panelsWgsl, scatterRowsWgsl } from "../wgsl.generated.ts";

/**
 * output[rows[i]] = keep * output[rows[i]] + factor * input[i], for `count` different rows. `keep = 0` does not read
 * `output`, `factor = 0` does not read `input`, and `keep = 0` with `factor = 1` copies to the bit. `output` has
 * `outputRows` rows in panels of `panel` quads, and `input` is row-major.
 */
export const scatterRows = defineKernel({
  name: "scatterRows",
  bindings: {
    rows: { type: "u32", access: "read" },
    input: { type: "vec4f", access: "read" },
    output: { type: "vec4f", access: "update" },
  },
  params: { count: "u32", quads: "u32", outputRows: "u32", panel: "u32", keep: "f32", factor: "f32" },
  wgsl: panelsWgsl + scatterRowsWgsl,
  shape: ({ count, quads }) => ({
    items: count,
    grain: Math.ceil(2048 / quads),
    workgroups: Math.ceil(count * quads / 256),
  }),
});
