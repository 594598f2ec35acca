import { assertEquals, assertGreater } from "@std/assert";
import { type Device, Graph, type SevoOptions } from "@sevo/sevo";
import { WebGpuDevice } from "../../src/device/webgpu/device.ts";
import { range } from "../data/_fixtures.ts";
import { testOnDevices } from "../_on_devices.ts";
import { ITEMS, TINY_MODELS, type TinyModel } from "./_tiny_models.ts";

const OPTIONS: SevoOptions = {
  rule: "adamw",
  learningRate: 1e-3,
  weightDecay: 0.1,
  propagation: { mode: "neumann", beta: 0.9, layers: 3 },
};

/** Batches of three shapes, as a shuffle gives them. */
const SHAPES = [[[0, 1, 2, 3, 4], [5, 6, 7], [8]], [[3, 1], [4, 1], [5, 8], [2, 6]], [[7]]];

/** Runs `work` with a model under training, all of it: smoothed, with dropout, over batches of three shapes. */
async function withModel(
  device: Device,
  tiny: TinyModel,
  work: (train: (steps: number) => Promise<void>) => Promise<void>,
): Promise<void> {
  using graph = Graph.fromSequences([[0, 1, 2, 3, 4, 5, 6, 7, 8]], { rows: ITEMS + tiny.pads, offset: tiny.pads });
  using model = tiny.create(device, { options: OPTIONS, graph, dropout: 0.2 });
  const batches = SHAPES.map((shape) => tiny.batch(shape));
  let step = 0;
  await work(async (steps) => {
    for (let at = 0; at < steps; at++) model.step(batches[step++ % batches.length]!);
    await device.synchronize();
  });
}

/** Calls of a method during some work. */
async function callsDuring<T extends object>(
  owner: T,
  name: keyof T,
  work: () => Promise<void> | void,
): Promise<number> {
  const method = owner[name] as (...args: unknown[]) => unknown;
  let calls = 0;
  owner[name] = function (this: unknown, ...args: unknown[]) {
    calls++;
    return method.apply(this, args);
  } as T[keyof T];
  try {
    await work();
  } finally {
    owner[name] = method as T[keyof T];
  }
  return calls;
}

for (const tiny of TINY_MODELS) {
  testOnDevices(`a step of ${tiny.name} is one submit, with nothing read back`, async (device) => {
    using graph = Graph.fromSequences([[0, 1, 2, 3]], { rows: ITEMS + tiny.pads, offset: tiny.pads });
    using model = tiny.create(device, { options: OPTIONS, graph, dropout: 0.2 });
    const submits = () => device instanceof WebGpuDevice ? device.submits : 0;
    await device.synchronize();
    for (const shape of [...SHAPES, ...SHAPES]) {
      const batch = tiny.batch(shape), before = [submits(), device.launches] as const;
      const count = () => model.step(batch);
      const reads = await callsDuring(device, "read", async () => {
        if (device.kind === "cpu") return count();
        const maps = await callsDuring(GPUBuffer.prototype, "mapAsync", count);
        assertEquals(maps, 0);
      });
      assertEquals([reads, submits() - before[0]], [0, device.kind === "cpu" ? 0 : 1]);
      assertGreater(device.launches, before[1]);
    }
    // What would be counted is: asking for the loss reads it back
    assertGreater(await callsDuring(device, "read", async () => void await model.meanLoss()), 0);
    if (device.kind === "webgpu") {
      model.step(tiny.batch(SHAPES[0]!));
      assertGreater(await callsDuring(GPUBuffer.prototype, "mapAsync", async () => void await model.meanLoss()), 0);
    }
  });

  testOnDevices(
    `${tiny.name} launches the same kernels in every step of a shape, before and after others`,
    async (device) => {
      await withModel(device, tiny, async (train) => {
        const launches: number[] = [];
        for (const _ of range(9)) {
          const before = device.launches;
          await train(1);
          launches.push(device.launches - before);
        }
        assertEquals(launches.slice(3), [...launches.slice(0, 3), ...launches.slice(0, 3)]);
      });
    },
  );

  testOnDevices(`${tiny.name} holds the same memory over a thousand steps`, async (device) => {
    await withModel(device, tiny, async (train) => {
      await train(10);
      const bytes = device.liveBytes;
      await train(90);
      assertEquals(device.liveBytes, bytes);
      const buffers = device instanceof WebGpuDevice ? device.buffersCreated : 0;
      // A software adapter takes half a minute for a thousand steps of all four models: two of them take fewer there
      const slow = device.kind === "webgpu" && (tiny.name === "bert4rec" || tiny.name === "stosa");
      // The cpu device takes memory from the system by growing it, a page at a time at least
      const grown = await callsDuring(WebAssembly.Memory.prototype, "grow", () => train(slow ? 200 : 900));
      assertEquals([device.liveBytes, grown], [bytes, 0]);
      if (device instanceof WebGpuDevice) assertEquals(device.buffersCreated, buffers);
    });
  });
}

testOnDevices("what the memory test counts does change where tensors are left behind", async (device) => {
  const tensors: Disposable[] = [];
  const buffers = device instanceof WebGpuDevice ? device.buffersCreated : 0;
  const grown = await callsDuring(WebAssembly.Memory.prototype, "grow", () => {
    for (const _ of range(900)) tensors.push(device.empty("f32", [32]));
  });
  assertGreater(device.liveBytes, 900 * 32 * 4 - 1);
  if (device instanceof WebGpuDevice) assertEquals(device.buffersCreated, buffers + 900);
  else assertGreater(grown, 0);
  for (const tensor of tensors) tensor[Symbol.dispose]();
});
