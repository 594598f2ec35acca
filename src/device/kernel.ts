/**
 * The contract between a kernel and the two devices: what it is called, what it binds, which scalars it takes, and
 * how its work is cut. The WebGPU device derives the WGSL bindings from it; the cpu device passes the same bindings
 * and scalars, in the same order, to the WebAssembly export of the same name.
 */

/** Element type of a binding as WGSL sees it. Rows are padded to 16 bytes, so tables bind as `vec4f`. */
export type BindingType = "f32" | "u32" | "vec4f" | "atomic<u32>";

/** One buffer of a kernel. `read` buffers may alias each other; a written buffer aliases nothing. */
export interface Binding {
  /** Element type. */
  readonly type: BindingType;
  /** `write` = overwritten without being read; `update` = read and written. */
  readonly access: "read" | "write" | "update";
}

/** Scalars of one launch, by name. */
export type Scalars<Names extends string> = { readonly [Name in Names]: number };

/** How one launch is cut on either device. */
export interface LaunchShape {
  /** Independent pieces of work; the cpu device shares `[0, items)` out among its threads. */
  readonly items: number;
  /** Items a thread takes at a time: enough to outweigh the hand-over, few enough to balance. */
  readonly grain: number;
  /** Workgroups on WebGPU, counted in one dimension; the device folds them over the 65,535 limit. */
  readonly workgroups: number;
}

/** A kernel: one operation, written twice, behind one contract. */
export interface Kernel<Bindings extends string = string, Params extends string = string> {
  /** Name of the WebAssembly export and label of the WebGPU pipeline. */
  readonly name: string;
  /** Buffers in binding order. */
  readonly bindings: { readonly [Name in Bindings]: Binding };
  /** Scalars in the order of the uniform struct `params` and of the WebAssembly arguments. */
  readonly params: { readonly [Name in Params]: "u32" | "f32" };
  /** WGSL without binding declarations: `device/webgpu/` writes those from this contract. */
  readonly wgsl: string;
  /** Shape of a launch with these scalars. */
  readonly shape: (scalars: Scalars<NoInfer<Params>>) => LaunchShape;
}

/**
 * Types a contract by the names it declares, so that a launch that forgets or misspells one does not compile.
 *
 * A kernel of your own runs on `webgpu`. The `cpu` device has the kernels of this package's WebAssembly module and no others;
 * what it is to do in their place can be done in TypeScript, by {@linkcode Device.peek} and {@linkcode Device.write}. WGSL is
 * given the bindings, the struct `params`, the constant `WORKGROUP_SIZE` (256) and
 * `linear_workgroup(workgroup_id, num_workgroups)`, the number of the workgroup.
 *
 * @example
 * ```ts
 * import { defineKernel, openDevice } from "@sevo/sevo";
 * import { assertEquals } from "@std/assert";
 *
 * const double = defineKernel({
 *   name: "double",
 *   bindings: { values: { type: "f32", access: "update" } },
 *   params: { count: "u32" },
 *   wgsl: `
 * @compute @workgroup_size(256)
 * fn main(@builtin(global_invocation_id) id: vec3u) { if (id.x < params.count) { values[id.x] *= 2.0; } }`,
 *   shape: ({ count }) => ({ items: count, grain: 1024, workgroups: Math.ceil(count / 256) }),
 * });
 * await using device = await openDevice("auto");
 * using values = device.upload(Float32Array.of(1, 2, 3));
 * const here = device.peek(values); // null on webgpu
 * if (here) device.write(values, here.map((value) => 2 * value));
 * else device.launch(double, { values }, { count: 3 });
 * assertEquals([...await device.read(values)], [2, 4, 6]);
 * ```
 *
 * @param kernel The contract.
 * @returns The same object.
 */
export function defineKernel<Bindings extends string, Params extends string>(
  kernel: Kernel<Bindings, Params>,
): Kernel<Bindings, Params> {
  return kernel;
}
