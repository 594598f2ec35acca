import { defineKernel } from "../../src/device/kernel.ts";
import wgsl from "./sum.wgsl" with { type: "text" };

/** total[0] += scale * the sum of `values`, in an order that depends on `count` alone. */
export const sum = defineKernel({
  name: "sum",
  bindings: {
    values: { type: "f32", access: "read" },
    total: { type: "f32", access: "update" },
  },
  params: { count: "u32", scale: "f32" },
  wgsl,
  shape: () => ({ items: 1, grain: 1, workgroups: 1 }),
});
