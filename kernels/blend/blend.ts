import { defineKernel } from "../../src/device/kernel.ts";
import { blendWgsl } from "../wgsl.generated.ts";

/** output = keep * output + scale * input, element by element. `keep = 0` does not read `output`. */
export const blend = defineKernel({
  name: "blend",
  bindings: {
    input: { type: "vec4f", access: "read" },
    output: { type: "vec4f", access: "update" },
  },
  params: { quads: "u32", keep: "f32", scale: "f32" },
  wgsl: blendWgsl,
  shape: ({ quads }) => ({ items: quads, grain: 8192, workgroups: Math.ceil(quads / 256) }),
});
