import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertInstanceOf,
  assertNotStrictEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { DeviceLostError, type Tensor } from "../../src/device/device.ts";
import type { Kernel } from "../../src/device/kernel.ts";
import type { HostArray } from "../../src/device/shape.ts";
import { openWebGpuDevice, WebGpuDevice } from "../../src/device/webgpu/device.ts";
import { requestAdapter, requestDevice } from "../../src/device/webgpu/_adapter.ts";
import { BufferPool, type PooledBuffer } from "../../src/device/webgpu/_buffer_pool.ts";
import { Faults } from "../../src/device/webgpu/_faults.ts";
import { generateWgsl } from "../../src/device/webgpu/_wgsl.ts";
import { webgpuAvailable } from "../_devices.ts";

/** y <- a x + y, by whole vectors. */
const saxpy: Kernel<"x" | "y", "count" | "a"> = {
  name: "saxpy",
  bindings: { x: { type: "vec4f", access: "read" }, y: { type: "vec4f", access: "update" } },
  params: { count: "u32", a: "f32" },
  wgsl: `
@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) id: vec3u,
  @builtin(num_workgroups) count: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = linear_workgroup(id, count) * WORKGROUP_SIZE + lane;
  if (i < params.count) { y[i] += params.a * x[i]; }
}`,
  shape: ({ count }) => ({ items: count, grain: 1024, workgroups: Math.ceil(count / 256) }),
};

/** Counts workgroups, and the sum of their numbers, in two ways. */
const counter: Kernel<"total" | "seen", "groups"> = {
  name: "counter",
  bindings: { total: { type: "atomic<u32>", access: "update" }, seen: { type: "u32", access: "update" } },
  params: { groups: "u32" },
  wgsl: `
@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) id: vec3u,
  @builtin(num_workgroups) count: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let group = linear_workgroup(id, count);
  if (lane == 0u && group < params.groups) {
    atomicAdd(&total[0], 1u);
    seen[group] += group;
  }
}`,
  shape: ({ groups }) => ({ items: groups, grain: 1024, workgroups: groups }),
};

/** Writes 1 to the outputs it is told to. */
const optional: Kernel<"a" | "b" | "first" | "second", "which"> = {
  name: "optional",
  bindings: {
    a: { type: "f32", access: "read" },
    b: { type: "f32", access: "read" },
    first: { type: "f32", access: "write" },
    second: { type: "f32", access: "write" },
  },
  params: { which: "u32" },
  wgsl: `
@compute @workgroup_size(1)
fn main() {
  if ((params.which & 1u) != 0u) { first[0] = 1.0 + a[0]; }
  if ((params.which & 2u) != 0u) { second[0] = 2.0 + b[0]; }
}`,
  shape: () => ({ items: 1, grain: 1, workgroups: 1 }),
};

/** No scalars at all. */
const increment: Kernel<"x", never> = {
  name: "increment",
  bindings: { x: { type: "u32", access: "update" } },
  params: {},
  wgsl: "@compute @workgroup_size(1) fn main() { x[0] += 1u; }",
  shape: () => ({ items: 1, grain: 1, workgroups: 1 }),
};

async function open(): Promise<WebGpuDevice> {
  const device = await openWebGpuDevice({ allowSoftware: true });
  assert(device !== null);
  return device;
}

/** Registers a test that opens a device and checks that it disposes of all its tensors. */
function test(name: string, run: (device: WebGpuDevice) => void | Promise<void>): void {
  Deno.test({
    name: `webgpu: ${name}`,
    ignore: !webgpuAvailable,
    async fn() {
      await using device = await open();
      await run(device);
      if (!device.lost) {
        await device.synchronize();
        assertEquals(device.liveBytes, 0);
      }
    },
  });
}

function ramp(length: number): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length }, (_, i) => i + 1);
}

/** Launches saxpy over all of two tensors. */
function addTo(device: WebGpuDevice, x: Tensor<"f32">, y: Tensor<"f32">, a = 1): void {
  device.launch(saxpy, { x, y }, { count: Math.ceil(y.size / 4), a });
}

Deno.test("generateWgsl() declares bindings and scalars in order", () => {
  assertEquals(
    generateWgsl({ ...saxpy, wgsl: "// body" }),
    `const WORKGROUP_SIZE: u32 = 256u;
fn linear_workgroup(id: vec3u, count: vec3u) -> u32 { return id.x + id.y * count.x; }
@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;
struct Params { count: u32, a: f32 }
@group(0) @binding(2) var<uniform> params: Params;
// body`,
  );
});

/** A pool on a GPU that has no memory, and what it destroyed. */
function poorPool(): { pool: BufferPool; faults: Faults; destroyed: PooledBuffer[] } {
  const gpu = {
    pushErrorScope() {},
    popErrorScope: () => Promise.resolve({ message: "Not enough memory left" }),
    createBuffer: () => ({ destroy() {} }),
  } as unknown as GPUDevice;
  const faults = new Faults(), destroyed: PooledBuffer[] = [];
  const pool = new BufferPool(gpu, faults, {
    label: "test",
    usage: 0,
    maxBytes: 1024,
    allowance: () => 4096,
    adapter: "Toaster",
    destroy: (buffer) => destroyed.push(buffer),
  });
  return { pool, faults, destroyed };
}

Deno.test("BufferPool reports memory that ran out by its bytes, and does not keep the buffer", async () => {
  const { pool, faults, destroyed } = poorPool();
  const buffer = pool.acquire(1000);
  faults.record(new Error("Validation error that follows from it"), false);
  await faults.settle();
  assertThrows(
    () => faults.throwFirst(),
    RangeError,
    "Cannot allocate 1024 bytes as adapter 'Toaster' is out of memory: 0 bytes are in use (Not enough memory left)",
  );
  faults.throwFirst();
  pool.release(buffer);
  assertEquals([destroyed, pool.freeBytes, pool.usedBytes], [[buffer], 0, 0]);
});

Deno.test("BufferPool never hands out a buffer whose memory ran out after it was given back", async () => {
  const { pool, faults, destroyed } = poorPool();
  const [kept, first, second] = [pool.acquire(1000), pool.acquire(1000), pool.acquire(16)];
  let evicted = 0;
  first.dependents.add({ evict: () => evicted++ });
  pool.release(first);
  pool.release(second);
  await faults.settle();
  assertEquals([destroyed, evicted, pool.freeBytes, pool.usedBytes], [[first, second], 1, 0, 1024]);
  assertNotStrictEquals(pool.acquire(1000), first);
  pool.release(kept);
  assertEquals([destroyed.length, pool.freeBytes, pool.usedBytes], [3, 0, 1024]);
  // Closed before the outcome is known: there is nothing left to destroy
  pool.close();
  await faults.settle();
  assertEquals(destroyed.length, 3);
});

test("describes its adapter and opens with its limits", async (device) => {
  const adapter = await requestAdapter();
  assert(adapter !== null);
  assertEquals(device.kind, "webgpu");
  assertEquals(device.limits.maxStorageBufferBindingSize, adapter.limits.maxStorageBufferBindingSize);
  assertEquals(device.limits.maxComputeInvocationsPerWorkgroup, adapter.limits.maxComputeInvocationsPerWorkgroup);
  assertEquals(device.gpu.features.has("timestamp-query"), false, "nothing uses it");
  const software = device.adapterInfo.isFallbackAdapter;
  assertStringIncludes(device.description, software ? "software" : "hardware");
  if (software) assertEquals(await openWebGpuDevice({ allowSoftware: false }), null);
});

test("uploads, reads and pads", async (device) => {
  for (const shape of [[0], [1], [5], [8], [0, 3], [3, 0], [1, 1], [3, 4], [7, 5], [2, 3]] as const) {
    const data = ramp(shape.length === 2 ? shape[0] * shape[1] : shape[0]);
    using tensor = device.upload(data, shape);
    assertEquals(device.liveBytes, tensor.size * 4);
    assertEquals(await device.read(tensor), data);
    assertEquals(tensor.shape, shape);
  }
  const shared = new Float32Array(new SharedArrayBuffer(12));
  shared.set([1, 2, 3]);
  using unshared = device.upload(shared);
  assertEquals(await device.read(unshared), ramp(3));
  const integers = new Uint32Array([0, 1, 2 ** 32 - 1]);
  using tensor = device.upload(integers);
  assertEquals(await device.read(tensor), integers);
  assertThrows(() => device.upload(integers, [2, 2]), TypeError, "has 4 elements: data has 3");
  assertThrows(() => device.upload([1] as unknown as Float32Array), TypeError, "Array");
  assertThrows(() => device.empty("f32", [-1]), RangeError, "[-1]");
});

test("keeps padding zero in memory that was in use before", async (device) => {
  const poison = new Float32Array(32).fill(7);
  const seen = async (make: () => Tensor<"f32">) => {
    // All at once, so that whichever buffer is next in line is poisoned
    const poisoned = Array.from({ length: 8 }, () => device.upload(poison, [4, 8]));
    for (const each of poisoned) each.dispose();
    using tensor = make();
    using whole = device.zeros("f32", [32]);
    addTo(device, tensor, whole);
    return await device.read(whole);
  };
  const padded = Float32Array.from({ length: 32 }, (_, i) => i % 4 === 3 ? 0 : i - Math.floor(i / 4) + 1);
  assertEquals(await seen(() => device.upload(ramp(24), [8, 3])), padded);
  assertEquals(await seen(() => device.zeros("f32", [8, 3])), new Float32Array(32));
  assertEquals((await seen(() => device.upload(ramp(29)))).slice(28), Float32Array.of(29, 0, 0, 0));
  using rewritten = device.upload(ramp(12), [4, 3]);
  device.write(rewritten, ramp(12).fill(2));
  using sum = device.zeros("f32", [16]);
  addTo(device, rewritten, sum);
  assertEquals(await device.read(sum), Float32Array.from({ length: 16 }, (_, i) => i % 4 === 3 ? 0 : 2));
});

test("launches, with scalars of their own each", async (device) => {
  using x = device.upload(ramp(1003 * 4), [1003, 4]);
  using y = device.zeros("f32", [1003, 4]);
  for (let a = 1; a <= 5; a++) addTo(device, x, y, a / 4);
  const result = await device.read(y);
  for (const [i, value] of result.entries()) assertAlmostEquals(value, (i + 1) * 3.75, 1e-6 * value);
  assertEquals(device.launches, 5);
});

test("copies and clears in order", async (device) => {
  using one = device.upload(ramp(8).fill(1));
  using x = device.upload(ramp(8));
  const copies = device.batch(() => {
    const before = device.copy(x);
    addTo(device, one, x);
    const between = device.copy(x);
    device.clear(x);
    addTo(device, one, x);
    return [before, between] as const;
  });
  using before = copies[0];
  using between = copies[1];
  assertEquals(await device.read(before), ramp(8));
  assertEquals(await device.read(between), ramp(8).map((v) => v + 1));
  assertEquals(await device.read(x), ramp(8).fill(1));
});

test("submits a batch once, and as much of it as there is if it throws", async (device) => {
  using one = device.upload(ramp(8).fill(1));
  using x = device.zeros("f32", [8]);
  await device.synchronize();
  const before = device.submits;
  const value = device.batch(() => {
    for (let i = 0; i < 10; i++) addTo(device, one, x);
    return device.batch(() => {
      using extra = device.upload(ramp(8).fill(2));
      addTo(device, extra, x);
      assertEquals(device.submits, before);
      return "value";
    });
  });
  assertEquals(value, "value");
  assertEquals(device.submits, before + 1);
  assertThrows(
    () =>
      device.batch(() => {
        addTo(device, one, x);
        throw new Error("stop");
      }),
    Error,
    "stop",
  );
  assertEquals(device.submits, before + 2);
  addTo(device, one, x); // The batch is closed: this is submitted at once
  assertEquals(device.submits, before + 3);
  assertEquals(await device.read(x), ramp(8).fill(14));
});

test("runs batches of a thousand launches, and of more than a submit holds", async (device) => {
  using one = device.upload(ramp(4).fill(1));
  using x = device.zeros("f32", [4]);
  await device.synchronize();
  const before = device.submits;
  device.batch(() => {
    for (let i = 0; i < 1000; i++) addTo(device, one, x, i % 2 === 0 ? 2 : 1);
  });
  assertEquals(device.submits, before + 1);
  assertEquals(await device.read(x), ramp(4).fill(1500));
  device.batch(() => {
    for (let i = 0; i < 5000; i++) addTo(device, one, x, -1);
  });
  assertEquals(await device.read(x), ramp(4).fill(-3500));
  assertEquals(device.dispatches, 6000);
});

test("never lets a host write overtake recorded launches", async (device) => {
  using sum = device.zeros("f32", [4]);
  using x = device.upload(ramp(4).fill(1));
  await device.synchronize();
  const before = device.submits;
  device.batch(() => {
    addTo(device, x, sum); // 1
    device.write(x, ramp(4).fill(10)); // Must not be seen by the launch above
    addTo(device, x, sum); // 11
    device.write(x, ramp(4).fill(100));
    device.write(x, ramp(4).fill(200));
    addTo(device, x, sum); // 211
    for (let i = 0; i < 3; i++) {
      using temporary = device.upload(ramp(4).fill(1000)); // Nor may this take memory in use above
      addTo(device, temporary, sum);
    }
    using zeros = device.zeros("f32", [4]);
    addTo(device, zeros, sum);
    device.write(sum, ramp(4).fill(5)); // The result so far is dropped
    addTo(device, x, sum); // 205
  });
  assertEquals(device.submits, before + 1);
  assertEquals(await device.read(sum), ramp(4).fill(205));
  // Recorded, not submitted, and not in a batch
  const reading = device.read(sum);
  device.write(sum, ramp(4).fill(6));
  assertEquals(await reading, ramp(4).fill(205));
  assertEquals(await device.read(sum), ramp(4).fill(6));
});

test("sees every value of a chain of temporaries in one batch", async (device) => {
  using sum = device.zeros("f32", [64]);
  let expected = 0;
  device.batch(() => {
    for (let i = 1; i <= 100; i++) {
      using x = i % 3 === 0 ? device.upload(ramp(64).fill(i)) : device.zeros("f32", [64]);
      if (i % 3 === 1) device.write(x, ramp(64).fill(i));
      if (i % 3 === 2) device.clear(x);
      using copy = device.copy(x);
      addTo(device, copy, sum);
      if (i % 3 !== 2) expected += i;
    }
  });
  assertEquals(await device.read(sum), ramp(64).fill(expected));
});

test("reuses memory", async (device) => {
  const step = () =>
    device.batch(() => {
      using x = device.upload(ramp(1000));
      using y = device.zeros("f32", [1000]);
      using z = device.copy(y);
      addTo(device, x, y);
      addTo(device, y, z);
    });
  for (let i = 0; i < 3; i++) step();
  const created = device.buffersCreated;
  for (let i = 0; i < 100; i++) step();
  assertEquals(device.buffersCreated, created);
  assertEquals(device.liveBytes, 0);
  await device.synchronize();
});

test("bounds what it keeps, and destroys what a batch still uses only later", async (device) => {
  using sum = device.zeros("f32", [4]);
  device.batch(() => {
    // 300 sizes of 1 MiB and more, one at a time: far more than may lie about
    for (let i = 0; i < 300; i++) {
      using x = device.zeros("f32", [2 ** 18 + i * 2 ** 15]);
      using one = device.upload(ramp(4).fill(1));
      device.launch(saxpy, { x, y: sum }, { count: 1, a: 1 });
      device.launch(saxpy, { x: one, y: sum }, { count: 1, a: 1 });
    }
  });
  assert(device.freeBytes < 2 ** 27, `${device.freeBytes} bytes are free`);
  assertEquals(await device.read(sum), ramp(4).fill(300));
});

test("uploads in chunks", async (device) => {
  const data = Float32Array.from({ length: 9_000_001 }, (_, i) => i % 65_521);
  using x = device.upload(data);
  const read: HostArray<"f32"> = await device.read(x);
  assertEquals(read.length, data.length);
  assert(read.every((value, i) => value === data[i]));
});

test("folds launches over the limit of one dimension", async (device) => {
  for (const groups of [65_535, 65_536, 200_001]) {
    using total = device.zeros("u32", [1]);
    using seen = device.zeros("u32", [groups]);
    device.launch(counter, { total, seen }, { groups });
    const [counts, numbers] = await Promise.all([device.read(total), device.read(seen)]);
    assertEquals(counts[0], groups);
    assert(numbers.every((value, i) => value === i));
  }
  assertThrows(
    () => device.launch({ ...increment, shape: () => ({ items: 1, grain: 1, workgroups: -1 }) }, { x: null }, {}),
    RangeError,
    "workgroups must be a count: -1",
  );
  assertThrows(
    () => device.launch({ ...increment, shape: () => ({ items: 1, grain: 1, workgroups: 2 ** 40 }) }, { x: null }, {}),
    RangeError,
    "at most",
  );
});

test("counts launches without work, and does not dispatch them", (device) => {
  using x = device.zeros("f32", [0, 4]);
  using y = device.zeros("f32", [0, 4]);
  addTo(device, x, y);
  assertEquals([device.launches, device.dispatches], [1, 0]);
});

test("binds nothing where it is told so", async (device) => {
  using a = device.upload(Float32Array.of(10));
  using first = device.zeros("f32", [1]);
  using second = device.zeros("f32", [1]);
  device.launch(optional, { a, b: null, first, second: null }, { which: 1 });
  device.launch(optional, { a: null, b: a, first: null, second }, { which: 2 });
  device.launch(optional, { a: null, b: null, first: null, second: null }, { which: 0 });
  device.launch(optional, { a, b: a, first: null, second: null }, { which: 3 });
  assertEquals(await device.read(first), Float32Array.of(11));
  assertEquals(await device.read(second), Float32Array.of(12));
});

test("launches kernels without scalars", async (device) => {
  using x = device.zeros("u32", [1]);
  device.batch(() => {
    for (let i = 0; i < 3; i++) device.launch(increment, { x }, {});
  });
  assertEquals(await device.read(x), Uint32Array.of(3));
});

test("refuses written tensors that alias", (device) => {
  using x = device.zeros("f32", [4]);
  assertThrows(
    () => addTo(device, x, x),
    TypeError,
    "Cannot launch kernel 'saxpy' as it writes 'y', which is also bound as 'x'",
  );
  assertEquals(device.launches, 0);
});

test("refuses bindings and scalars of another type", async (device) => {
  using x = device.zeros("u32", [4]);
  using y = device.zeros("f32", [4]);
  assertThrows(
    () => device.launch(saxpy, { x, y }, { count: 1, a: 1 }),
    TypeError,
    "Cannot launch kernel 'saxpy' as 'x' must hold f32: current value is u32",
  );
  assertThrows(
    () => device.launch(saxpy, { y } as never, { count: 1, a: 1 }),
    TypeError,
    "Cannot launch kernel 'saxpy' as a binding is missing: 'x'",
  );
  assertThrows(() => device.launch(saxpy, { x: y, y: null }, { count: 1.5, a: 1 }), RangeError, "'count'");
  assertThrows(() => device.launch(saxpy, { x: y, y: null }, { count: -1, a: 1 }), RangeError, ": -1");
  assertThrows(() => device.launch(saxpy, { x: y, y: null }, { count: 1 } as never), TypeError, "'a'");
  assertThrows(() => device.write(y, Uint32Array.of(1, 2, 3, 4) as never), TypeError, "of type f32: data is u32");
  assertThrows(() => device.write(y, ramp(5)), TypeError, "has 4 elements: data has 5");
  await device.synchronize();
});

test("refuses disposed tensors and those of another device", async (device) => {
  await using other = await open();
  using y = device.zeros("f32", [4]);
  using foreign = other.zeros("f32", [4]);
  const x = device.zeros("f32", [4]);
  x.dispose();
  x.dispose();
  assert(x.disposed);
  assertThrows(() => addTo(device, x, y), ReferenceError, "Cannot launch kernel 'saxpy' as 'x' was disposed");
  assertThrows(() => device.write(x, ramp(4)), ReferenceError, "disposed: its shape was [4]");
  assertThrows(() => device.copy(x), ReferenceError);
  assertThrows(() => device.clear(x), ReferenceError);
  await assertRejects(() => device.read(x), ReferenceError, "Cannot read as the tensor is disposed");
  assertThrows(
    () => addTo(device, foreign, y),
    TypeError,
    "Cannot launch kernel 'saxpy' as 'x' belongs to another device",
  );
  await assertRejects(() => device.read(foreign), TypeError, other.description);
});

test("refuses tensors that the adapter cannot bind", (device) => {
  const limit = device.limits.maxStorageBufferBindingSize!;
  assertThrows(
    () => device.empty("f32", [limit / 16 + 1, 3]),
    RangeError,
    `Cannot allocate a tensor of ${limit + 16} bytes as this adapter binds at most`,
  );
  assertEquals(device.liveBytes, 0);
});

test("runs one kernel on two devices", async (device) => {
  await using other = await open();
  for (const each of [device, other, device]) {
    using x = each.upload(ramp(6));
    using y = each.upload(ramp(6));
    addTo(each, x, y, 2);
    assertEquals(await each.read(y), ramp(6).map((v) => 3 * v));
  }
});

test("says where WGSL does not compile", async (device) => {
  const bad = { ...increment, name: "bad", wgsl: "@compute @workgroup_size(1)\nfn main() { x[0] = 1.5u; }" };
  using x = device.zeros("u32", [1]);
  device.launch(bad, { x }, {}); // Not known yet
  const error = await assertRejects(
    () => device.read(x),
    Error,
    "Cannot launch kernel 'bad' as its WGSL does not compile",
  );
  assertStringIncludes(error.message, "line 5:");
  assertStringIncludes(error.message, "5 | fn main() { x[0] = 1.5u; }");
  assertThrows(() => device.launch(bad, { x }, {}), Error, "Cannot launch kernel 'bad' as its WGSL does not compile");
  await assertRejects(() => device.prepare([bad]), Error, "Cannot launch kernel 'bad' as its WGSL does not compile");
  // And goes on with the kernels that do
  device.launch(increment, { x }, {});
  assertEquals(await device.read(x), Uint32Array.of(1));
});

test("prepares kernels", async (device) => {
  await device.prepare([saxpy, counter, optional, increment]);
  const entry = { ...increment, name: "entry", wgsl: "@compute @workgroup_size(1) fn other() { x[0] = 1u; }" };
  await assertRejects(
    () => device.prepare([entry]),
    Error,
    "Cannot launch kernel 'entry' as its WGSL does not compile",
  );
  const mismatch = { ...increment, name: "wide", wgsl: "@compute @workgroup_size(4096) fn main() { x[0] = 1u; }" };
  await assertRejects(() => device.prepare([mismatch]), Error, "Cannot launch kernel 'wide'");
  const allowed = device.limits.maxStorageBuffersPerShaderStage!;
  const bindings = Object.fromEntries(Array.from({ length: allowed + 1 }, (_, i) => [`x${i}`, optional.bindings.a]));
  await assertRejects(
    () => device.prepare([{ ...increment, name: "many", bindings }]),
    RangeError,
    `Cannot launch kernel 'many' as this adapter binds at most ${allowed} storage buffers: the kernel binds ${
      allowed + 1
    }`,
  );
});

test("reports errors of WebGPU itself at the next read, once", async (device) => {
  using x = device.upload(ramp(4));
  device.gpu.createBuffer({ label: "huge", size: 2 ** 52, usage: GPUBufferUsage.STORAGE });
  await assertRejects(() => device.read(x), Error, "Cannot go on as WebGPU reports an error: Buffer size");
  assertEquals(await device.read(x), ramp(4));
  device.gpu.createBuffer({ label: "huge", size: 2 ** 52, usage: GPUBufferUsage.STORAGE });
  await assertRejects(() => device.synchronize(), Error, "Cannot go on");
  await device.synchronize();
});

test("reads together", async (device) => {
  using x = device.upload(ramp(7));
  const before = device.submits;
  const all = await Promise.all(Array.from({ length: 20 }, () => device.read(x)));
  assertEquals(device.submits, before + 1);
  for (const each of all) assertEquals(each, ramp(7));
  const inBatch = device.batch(() => {
    const read = device.read(x);
    addTo(device, x, device.zeros("f32", [7]));
    return read;
  });
  assertEquals(await inBatch, ramp(7));
  assert(device.liveBytes > 0);
  await device[Symbol.asyncDispose]();
});

test("says that it is disposed, whatever is asked", async (device) => {
  const x = device.upload(ramp(4));
  const y = device.zeros("f32", [4]);
  const reading = device.read(x);
  const rejection = assertRejects(() => reading, DeviceLostError, "Cannot read as the device is disposed");
  await device[Symbol.asyncDispose]();
  await device[Symbol.asyncDispose]();
  await rejection;
  assert(device.lost);
  const isGone = "the device is disposed";
  await assertRejects(() => device.read(x), DeviceLostError, isGone);
  await assertRejects(() => device.synchronize(), DeviceLostError, isGone);
  await assertRejects(() => device.prepare([saxpy]), DeviceLostError, isGone);
  for (
    const call of [
      () => device.empty("f32", [1]),
      () => device.zeros("f32", [1]),
      () => device.upload(ramp(1)),
      () => device.write(x, ramp(4)),
      () => device.copy(x),
      () => device.clear(x),
      () => addTo(device, x, y),
      () => device.batch(() => 0),
    ]
  ) assertInstanceOf(assertThrows(call, DeviceLostError, isGone), Error);
  x.dispose();
  y.dispose();
  assertEquals(device.liveBytes, 0);
});

Deno.test({
  name: "webgpu: says that it was lost, also to a read under way",
  ignore: !webgpuAvailable,
  async fn() {
    const adapter = await requestAdapter();
    assert(adapter !== null);
    const gpu = await requestDevice(adapter);
    await using device = new WebGpuDevice(adapter.info, gpu);
    const x = device.upload(ramp(4));
    const reading = assertRejects(() => device.read(x), DeviceLostError, "Cannot read as the device was lost");
    gpu.destroy();
    await reading;
    assertThrows(() => device.launch(saxpy, { x, y: null }, { count: 1, a: 1 }), DeviceLostError, "was lost");
    x.dispose();
  },
});

Deno.test({
  name: "webgpu: says that it was lost, whatever is asked and whenever it was, and gives memory back quietly",
  ignore: !webgpuAvailable,
  async fn() {
    const adapter = await requestAdapter();
    assert(adapter !== null);
    const calls: ((device: WebGpuDevice, x: Tensor<"f32">) => unknown)[] = [
      (device, x) => device.read(x),
      (device) => device.synchronize(),
      (device) => device.prepare([saxpy]),
      (device, x) => Promise.all([device.read(x), device.synchronize(), device.read(x)]),
      (device, x) => device.batch(() => device.read(x)),
      (device, x) => device.upload(ramp(5)) && device.read(x),
      (device, x) => device.copy(x) && device.synchronize(),
    ];
    for (let trial = 0; trial < 28; trial++) {
      const gpu = await requestDevice(adapter);
      await using device = new WebGpuDevice(adapter.info, gpu);
      const x = device.upload(ramp(4)), call = calls[trial % calls.length]!;
      // In mid-wait, for which there is no moment that always is: from at once to later than any wait
      const lost = new Promise((resolve) => setTimeout(resolve, trial / 2)).then(() => gpu.destroy());
      const error = await assertRejects(async () => {
        for (;;) await call(device, x);
      });
      assertInstanceOf(error, DeviceLostError, `call ${trial % calls.length}: ${error}`);
      assertThrows(() => device.upload(ramp(4)), DeviceLostError);
      assertThrows(() => device.batch(() => addTo(device, x, x)), DeviceLostError);
      x.dispose();
      await lost;
    }
  },
});
