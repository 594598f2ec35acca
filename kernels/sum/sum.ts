import { defineKernel } from "../../src/device/kernel.ts";
import { sumWgsl } from "../wgsl.generated.ts";

/** total[0] += scale * the sum of `values`, in an order that depends on `count` alone. */
export const sum = defineKernel({
  name: "sum",
  bindings: {
    values: { type: "f32", access: "read" },
    total: { type: "f32", access: "update" },
  },
  params: { count: "u32", scale: "f32" },
  wgsl: sumWgsl,
  shape: () => ({ items: 1, grain: 1, workgroups: 1 }),
});
