/**
 * A kernel of your own: it rounds a table to bfloat16, in place, so that it can be stored in half the bytes.
 *
 * On webgpu a kernel is a contract and its WGSL. The cpu device has the WebAssembly kernels of the package and no others;
 * there a launch has run when it returns, so `peek` and `write` do the same in TypeScript.
 *
 *     deno run examples/kernel_of_your_own.ts
 *     deno run examples/kernel_of_your_own.ts webgpu
 */
import { defineKernel, type Device, openDevice, type Tensor } from "@sevo/sevo";

/** The contract: buffers and scalars by name, and how many workgroups do the work. `linear_workgroup` comes with it. */
const roundTable = defineKernel({
  name: "roundTable",
  // Rows are padded to quads of four elements, which are what a table is made of here
  bindings: { table: { type: "vec4f", access: "update" } },
  params: { quads: "u32" },
  wgsl: `
@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) id: vec3u,
  @builtin(num_workgroups) count: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let at = linear_workgroup(id, count) * WORKGROUP_SIZE + lane;
  if (at >= params.quads) { return; }
  let bits = bitcast<vec4u>(table[at]);
  table[at] = bitcast<vec4f>((bits + 0x7fffu + ((bits >> vec4u(16u)) & vec4u(1u))) & vec4u(0xffff0000u));
}`,
  shape: ({ quads }) => ({ items: quads, grain: 1024, workgroups: Math.ceil(quads / 256) }),
});

/** Rounds all elements of a finite table to the nearest bfloat16, ties to even. */
export function roundToBfloat16(device: Device, table: Tensor<"f32">): void {
  const elements = device.peek(table);
  if (elements === null) return device.launch(roundTable, { table }, { quads: table.size / 4 });
  const bits = new Uint32Array(elements.buffer);
  for (let at = 0; at < bits.length; at++) bits[at] = (bits[at]! + 0x7fff + (bits[at]! >>> 16 & 1)) & 0xffff0000;
  device.write(table, elements);
}

if (import.meta.main) {
  await using device = await openDevice(Deno.args[0] === "webgpu" ? "webgpu" : "cpu");
  using table = device.upload(Float32Array.of(1 / 3, Math.PI, -1e-3, 65_537, 1, 0), [2, 3]);
  roundToBfloat16(device, table);
  console.log(device.description.split(":")[0], [...await device.read(table)]);
}
