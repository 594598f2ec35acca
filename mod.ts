/**
 * SEvo: an optimizer that smooths every embedding update over a graph of related items (NeurIPS 2024), on WebGPU and,
 * where there is no GPU, on WebAssembly SIMD.
 *
 * ```ts
 * import { Graph, openDevice, sevoInit, sevoStep } from "@sevo/sevo";
 * import { assert } from "@std/assert";
 *
 * await using device = await openDevice("auto");
 * const graph = Graph.fromSequences([[0, 1, 2], [2, 1, 3]], { rows: 4 });
 * let state = sevoInit(device, { item: { data: new Float32Array(4 * 8), shape: [4, 8] } }, {
 *   rule: "adamw",
 *   learningRate: 1e-3,
 *   propagation: { mode: "neumann", beta: 0.99, layers: 3 },
 * });
 * state = sevoStep(state, { item: new Float32Array(4 * 8).fill(0.1) }, graph);
 * const { item } = await state.read();
 * assert(item.every((value) => value < 0));
 * ```
 *
 * @module
 */
export { type Bound, type Device, type DeviceKind, DeviceLostError, type LaunchOptions } from "./src/device/device.ts";
export {
  type Binding,
  type BindingType,
  defineKernel,
  type Kernel,
  type LaunchShape,
  type Scalars,
} from "./src/device/kernel.ts";
export { type DeviceOptions, NoAdapterError, openDevice } from "./src/device/open_device.ts";
export { type RowRange, Tensor } from "./src/device/device.ts";
export { type DType, type HostArray, type Shape } from "./src/device/shape.ts";
export * from "./src/graph/mod.ts";
export * from "./src/sevo/mod.ts";
