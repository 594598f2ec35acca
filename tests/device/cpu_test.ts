import { assert, assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import {
  type Device,
  DeviceLostError,
  type DeviceOptions,
  Graph,
  type LaunchOptions,
  openDevice,
  sevoInit,
  sevoStep,
} from "@sevo/sevo";
import { blend } from "../../kernels/blend/blend.ts";
import { generatedDataset } from "../../src/data/generated.ts";
import { rankTargets, topItems } from "../../src/recommend/mod.ts";
import { mfBpr } from "../../src/models/mod.ts";
import { train } from "../../src/training/train.ts";
import { testOnDevices } from "../_on_devices.ts";
import {
  assertSameBits,
  everyOptions,
  idleGradient,
  matrix,
  randomGraph,
  runSteps,
  uniforms,
} from "../sevo/_fixtures.ts";

const THREADS = [1, 2, 5] as const;

/** Runs the same work on the cpu with 1, 2 and 5 threads and asserts the same result. */
async function assertSameForAnyThreads<T>(work: (device: Device) => Promise<T>, label: string): Promise<void> {
  const results: T[] = [];
  for (const threads of THREADS) {
    await using device = await openDevice("cpu", { threads });
    results.push(await work(device));
  }
  for (const [at, threads] of THREADS.entries()) assertEquals(results[at], results[0], `${label}: ${threads} threads`);
}

Deno.test("cpu gives the same bits for 1, 2 and 5 threads in every rule and mode", async () => {
  // Wide enough that every kernel is cut into several pieces: rows over one grain, a hub, and a padded width.
  const shape = [3000, 9] as const;
  const edges = uniforms(4);
  const ends = Array.from({ length: 9000 }, () => Math.floor(edges() * shape[0]));
  const sources = [...ends, ...Array(1500).fill(17)], targets = [...ends.toReversed(), ...ends.slice(0, 1500)];
  const gradients = [1, 2, 3].map((seed) => idleGradient(seed, ...shape));
  const rows = Uint32Array.from(ends.slice(0, 2000));
  const sparse = { rows, values: matrix(9, rows.length, shape[1]) };
  const results = new Map<string, Float32Array<ArrayBuffer>>();
  for (const threads of THREADS) {
    await using device = await openDevice("cpu", { threads });
    assertEquals(device.description, `cpu: WebAssembly SIMD, ${threads} thread${threads === 1 ? "" : "s"}`);
    using graph = Graph.fromEdges({ rows: shape[0], sources, targets });
    for (const [label, options] of everyOptions()) {
      const result = await runSteps(device, options, graph, shape, [...gradients, sparse]);
      const first = results.get(label);
      if (first) assertSameBits(result, first, `${label}: ${threads} threads`);
      else results.set(label, result);
    }
  }
});

Deno.test("cpu gives the same ranks and top items for 1, 2 and 5 threads", async () => {
  const users = 500, items = 700, columns = 10;
  const exclusions = Array.from(
    { length: users },
    (_, user) => [user % items, (user + 300) % items].sort((a, b) => a - b),
  );
  const excluded = {
    offsets: Uint32Array.from({ length: users + 1 }, (_, user) => 2 * user),
    items: Uint32Array.from(exclusions.flat()),
  };
  const targets = Uint32Array.from({ length: users }, (_, user) => (7 * user) % items);
  await assertSameForAnyThreads(async (device) => {
    using queries = device.upload(matrix(1, users, columns), [users, columns]);
    using table = device.upload(matrix(2, items, columns), [items, columns]);
    const from = { tensor: queries, firstRow: 0, rows: users }, to = { tensor: table, firstRow: 0, rows: items };
    return [await rankTargets(from, to, targets, excluded), await topItems(from, to, 20, excluded)];
  }, "ranking");
});

Deno.test("cpu trains to the same bits for 1, 2 and 5 threads", async () => {
  const dataset = generatedDataset({ users: 300, items: 200, seed: 3 });
  const settings = { dimension: 20, epochs: 2, batch: 512, evalEvery: 1, learningRate: 0.01 };
  for (const graph of ["item", "user-item"] as const) {
    await assertSameForAnyThreads((device) => train(device, dataset, mfBpr, { ...settings, graph }), `graph ${graph}`);
  }
});

Deno.test("cpu keeps its live bytes over 1,000 steps", async () => {
  await using device = await openDevice("cpu", { threads: 2 });
  using graph = randomGraph(1, 50, 200);
  const shape = [50, 6] as const;
  const gradient = { rows: Uint32Array.from([1, 4, 1]), values: matrix(2, 3, 6) };
  let state = sevoInit(device, { item: { data: matrix(1, ...shape), shape } }, {
    rule: "adamw",
    learningRate: 1e-3,
    propagation: { mode: "neumann", beta: 0.9, layers: 3 },
  });
  const step = () => state = sevoStep(state, { item: gradient }, graph);
  step();
  const live = device.liveBytes;
  for (let count = 1; count < 1000; count++) step();
  assertEquals(device.liveBytes, live);
  assertEquals(state.step, 1000);
  state[Symbol.dispose]();
  graph[Symbol.dispose]();
  assertEquals(device.liveBytes, 0);
});

Deno.test("cpu takes the memory of disposed tensors again", async () => {
  await using device = await openDevice("cpu", { threads: 1 });
  // 256 MiB a turn: fresh memory each time would be at the end of the 4 GiB after sixteen.
  for (let turn = 0; turn < 40; turn++) {
    using tensor = device.empty("f32", [2 ** 26]);
    assertEquals(device.liveBytes, 2 ** 28);
    tensor.dispose();
    assertEquals([tensor.disposed, device.liveBytes], [true, 0]);
    tensor.dispose(); // a second time gives nothing back
    assertEquals(device.liveBytes, 0);
  }
});

Deno.test("cpu gives zeros for zeros() and for the padding of memory used before", async () => {
  await using device = await openDevice("cpu", { threads: 1 });
  device.upload(new Float32Array(64).fill(7)).dispose();
  using zeros = device.zeros("f32", [16, 4]);
  assertEquals(await device.read(zeros), new Float32Array(64));
  zeros.dispose();
  device.upload(new Float32Array(64).fill(7)).dispose();
  using padded = device.upload(new Float32Array(16).fill(1), [16, 1]);
  using state = sevoInit(device, { item: { data: new Float32Array(16).fill(1), shape: [16, 1] } }, {
    rule: "sgd",
    learningRate: 1,
    propagation: null,
  });
  using next = sevoStep(state, { item: padded });
  assertEquals((await next.read()).item, new Float32Array(16));
});

Deno.test("cpu throws when a disposed tensor, another device's tensor or a disposed device is used", async () => {
  const device = await openDevice("cpu", { threads: 2 });
  await using other = await openDevice("cpu", { threads: 1 });
  const tensor = device.zeros("f32", [4]), foreign = other.zeros("f32", [4]), kept = device.zeros("f32", [4]);
  tensor.dispose();
  const disposed = "Cannot use a tensor as it was disposed";
  assertEquals((await assertRejects(() => device.read(tensor), ReferenceError)).message, disposed);
  assertEquals(assertThrows(() => device.write(tensor, new Float32Array(4)), ReferenceError).message, disposed);
  assertEquals(assertThrows(() => device.copy(tensor), ReferenceError).message, disposed);
  const another = "Cannot use a tensor on the cpu device as it belongs to another device";
  assertEquals((await assertRejects(() => device.read(foreign), TypeError)).message, another);
  assertEquals(assertThrows(() => device.clear(foreign), TypeError).message, another);
  assertEquals(
    assertThrows(() => device.write(kept, new Float32Array(3)), TypeError).message,
    "Cannot write as shape [4] has 4 elements: data has 3",
  );
  assertEquals(
    assertThrows(() => device.empty("f32", [-1]), RangeError).message,
    "Cannot make a tensor as lengths must be non-negative integers: current value is [-1]",
  );

  await device[Symbol.asyncDispose]();
  await device[Symbol.asyncDispose]();
  const lost = "Cannot use the cpu device as it was disposed";
  assertEquals(assertThrows(() => device.empty("f32", [1]), DeviceLostError).message, lost);
  assertEquals(assertThrows(() => device.upload(new Float32Array(1)), DeviceLostError).message, lost);
  assertEquals((await assertRejects(() => device.read(kept), DeviceLostError)).message, lost);
  kept.dispose(); // its memory went with the device
  foreign.dispose();
});

Deno.test("cpu leaves no bytes behind when a copy or an upload fails", async () => {
  await using device = await openDevice("cpu", { threads: 1 });
  const tensor = device.zeros("f32", [4]);
  tensor.dispose();
  assertThrows(() => device.copy(tensor), ReferenceError);
  assertThrows(() => device.upload(new Float32Array(3), [4]), TypeError);
  assertEquals(device.liveBytes, 0);
});

Deno.test("cpu throws a RangeError when memory runs out, and goes on", async () => {
  await using device = await openDevice("cpu", { threads: 2 });
  using before = device.upload(Float32Array.from([1, 2, 3]));
  const live = device.liveBytes;
  for (const length of [2 ** 30, 2 ** 40]) {
    const error = assertThrows(() => device.empty("f32", [length]), RangeError);
    assert(error.message.startsWith(`Cannot allocate ${4 * length} bytes as the cpu device holds at most 4 GiB: `));
  }
  assertEquals(device.liveBytes, live);
  assertEquals([...await device.read(before)], [1, 2, 3]);
  using after = device.copy(before);
  assertEquals([...await device.read(after)], [1, 2, 3]);
});

Deno.test("openDevice() refuses a number of threads that is none", async () => {
  for (const threads of [0, -1, 1.5, NaN, 257]) {
    const { message } = await assertRejects(() => openDevice("cpu", { threads }), RangeError);
    assertEquals(
      message,
      `Cannot open the cpu device as threads must be an integer in [1, 256]: current value is ${threads}`,
    );
  }
  const error = await assertRejects(() => openDevice("tpu" as "cpu"), TypeError);
  assertEquals(
    error.message,
    "Cannot open a device as the kind must be 'auto', 'cpu' or 'webgpu': current value is 'tpu'",
  );
});

Deno.test("openDevice() refuses options that do not exist or are of another type", async () => {
  const cases: [options: unknown, message: string][] = [
    [{ thread: 1 }, "there is no option 'thread': did you mean 'threads'?"],
    [{ Threads: 1 }, "there is no option 'Threads': did you mean 'threads'?"],
    [{ adapter: 1 }, "there is no option 'adapter': options are 'threads'"],
    [{ threads: "2" }, "threads must be a number: current value is '2'"],
    [{ threads: null }, "threads must be a number: current value is null"],
    [null, "the options must be an object: current value is null"],
    [2, "the options must be an object: current value is 2"],
  ];
  for (const [options, message] of cases) {
    for (const kind of ["auto", "cpu", "webgpu"] as const) {
      const error = await assertRejects(() => openDevice(kind, options as DeviceOptions), TypeError);
      assertEquals(error.message, `Cannot open a device as ${message}`);
    }
  }
  await using device = await openDevice("cpu", { threads: undefined } as unknown as DeviceOptions);
  assertEquals(device.kind, "cpu");
});

testOnDevices("launch() refuses options that do not exist or are of another type", (device) => {
  using input = device.zeros("f32", [4]);
  using output = device.zeros("f32", [4]);
  const launch = (options: unknown) => () =>
    device.launch(blend, { input, output }, { quads: 1, keep: 0, scale: 1 }, options as LaunchOptions);
  const cases: [options: unknown, message: string][] = [
    [{ cut: new Uint32Array(2) }, "there is no option 'cut': did you mean 'cuts'?"],
    [{ cuts: [0, 1] }, "cuts must be a Uint32Array: current value is [0, 1]"],
    [null, "the options must be an object: current value is null"],
  ];
  for (const [options, message] of cases) {
    assertEquals(assertThrows(launch(options), TypeError).message, `Cannot launch kernel 'blend' as ${message}`);
  }
  launch(undefined)();
  launch({ cuts: undefined })();
  launch({ cuts: Uint32Array.from([0, 1]) })();
});

Deno.test("cpu refuses work and cuts that are no count, which it would wait for for ever", async () => {
  for (const threads of [1, 2]) {
    await using device = await openDevice("cpu", { threads });
    using input = device.zeros("f32", [4, 4]);
    using output = device.zeros("f32", [4, 4]);
    const launch = (quads: number, cuts?: number[]) => () =>
      device.launch(blend, { input, output }, { quads, keep: 0, scale: 1 }, cuts && { cuts: Uint32Array.from(cuts) });
    for (const quads of [NaN, -1, 0.5, Infinity, 2 ** 32]) assertThrows(launch(quads), RangeError, "as its items must");
    for (const cuts of [[], [0], [1, 4], [0, 5], [0, 3], Array.from({ length: 5000 }, (_, at) => Math.min(at, 4))]) {
      assertThrows(launch(4, cuts), RangeError, "as cuts must be 2 to 4097 items from 0 to 4");
    }
    assertThrows(launch(4, [0, 3, 2, 4]), RangeError, "as cuts must ascend: cut 2 is 2 after 3");
    launch(4, [0, 2, 2, 4])();
    launch(0, [0, 0])();
  }
});

Deno.test("cpu shows at once what a launch has done", async () => {
  await using device = await openDevice("cpu", { threads: 2 });
  using input = device.upload(Float32Array.from([1, 2, 3, 4, 5, 6]), [2, 3]);
  using output = device.zeros("f32", [2, 3]);
  device.launch(blend, { input, output }, { quads: 2, keep: 0, scale: 2 });
  assertEquals([...device.peek(output)!], [2, 4, 6, 8, 10, 12]);
  output.dispose();
  assertThrows(() => device.peek(output), ReferenceError);
});

Deno.test("cpu runs on one thread without SharedArrayBuffer, to the same bits", async () => {
  const shape = [2000, 5] as const;
  const run = async (device: Device) => {
    using graph = randomGraph(3, shape[0], 6000);
    return await runSteps(
      device,
      { rule: "adamw", learningRate: 0.01, propagation: { mode: "neumann", beta: 0.9, layers: 3 } },
      graph,
      shape,
      [idleGradient(1, ...shape), idleGradient(2, ...shape)],
    );
  };
  await using threaded = await openDevice("cpu", { threads: 2 });
  const expected = await run(threaded);
  const shared = Object.getOwnPropertyDescriptor(globalThis, "SharedArrayBuffer")!;
  delete (globalThis as { SharedArrayBuffer?: unknown }).SharedArrayBuffer;
  try {
    await using alone = await openDevice("cpu", { threads: 2 });
    assertEquals(alone.description, "cpu: WebAssembly SIMD, 1 thread");
    assertSameBits(await run(alone), expected);
  } finally {
    Object.defineProperty(globalThis, "SharedArrayBuffer", shared);
  }
});

/** Runs a script in a process of its own, without any permission unless given; killed after ten seconds. */
async function runScript(body: string, ...permissions: string[]): Promise<{ code: number; output: string }> {
  const path = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    const source = `import { openDevice } from ${JSON.stringify(import.meta.resolve("../../mod.ts"))};\n${body}`;
    await Deno.writeTextFile(path, source);
    const command = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--quiet",
        "--no-prompt",
        ...permissions,
        "--config",
        new URL("../../deno.json", import.meta.url).pathname,
        path,
      ],
      stdout: "piped",
      stderr: "piped",
      signal: AbortSignal.timeout(10_000),
    });
    const { code, stdout, stderr } = await command.output();
    return { code, output: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) };
  } finally {
    await Deno.remove(path);
  }
}

const USE = `using tensor = device.upload(new Float32Array([1, 2]));
using copy = device.copy(tensor);
console.log(...await device.read(copy));`;

Deno.test("a process that disposes of its cpu device ends by itself, and needs no permission", async () => {
  assertEquals(await runScript(`await using device = await openDevice("cpu", { threads: 3 });\n${USE}`), {
    code: 0,
    output: "1 2\n",
  });
});

Deno.test("a process that never disposes of its cpu device ends by itself", async () => {
  assertEquals(await runScript(`const device = await openDevice("cpu", { threads: 3 });\n${USE}`), {
    code: 0,
    output: "1 2\n",
  });
});

Deno.test("a process that fails with an open cpu device ends by itself", async () => {
  const { code, output } = await runScript(
    `const device = await openDevice("cpu", { threads: 3 });\nthrow new Error("no");`,
  );
  assertEquals(code, 1);
  assert(output.includes("Error: no"));
});

Deno.test({
  name: "cpu keeps its threads through seconds of work on the host",
  ignore: Deno.build.os !== "linux", // where threads can be counted
  fn: async () => {
    // Training that only awaits reads never gives the event loop a turn: no message from a worker arrives meanwhile.
    const script = `const device = await openDevice("cpu", { threads: 3 });
const workers = () => Array.from(Deno.readDirSync("/proc/self/task"), ({ name }) => {
  try {
    return Deno.readTextFileSync("/proc/self/task/" + name + "/comm");
  } catch {
    return ""; // it has ended meanwhile
  }
}).filter((name) => name.startsWith("worker")).length;
console.log(workers());
for (const start = performance.now(); performance.now() - start < 3000;);
import { Graph, propagate } from ${JSON.stringify(import.meta.resolve("../../mod.ts"))};
const graph = Graph.fromEdges({ rows: 5000, sources: [0], targets: [1] });
for (let turn = 0; turn < 50; turn++) {
  await propagate(device, graph, new Float32Array(5000 * 8), { mode: "neumann", beta: 0.5, layers: 2 });
}
console.log(workers());
Deno.exit(0);`;
    assertEquals(await runScript(script, "--allow-all"), { code: 0, output: "2\n2\n" });
  },
});

Deno.test("cpu starts no more threads than are of use, and gives the same bits for any number asked for", async () => {
  const shape = [3000, 9] as const, cores = navigator.hardwareConcurrency;
  const run = async (threads: number) => {
    await using device = await openDevice("cpu", { threads });
    const count = Math.min(threads, Math.max(8, 2 * cores));
    assertEquals(device.description, `cpu: WebAssembly SIMD, ${count} thread${count === 1 ? "" : "s"}`);
    using graph = randomGraph(3, shape[0], 9000);
    return await runSteps(
      device,
      { rule: "adamw", learningRate: 0.01, propagation: { mode: "neumann", beta: 0.9, layers: 3 } },
      graph,
      shape,
      Array.from({ length: 20 }, (_, seed) => idleGradient(seed, ...shape)),
    );
  };
  const expected = await run(1);
  for (const threads of [3, 8, 9, 32, 256]) assertSameBits(await run(threads), expected, `${threads} threads`);
});

Deno.test({
  name: "cpu starts one worker a launch where all have gone, and no more than are of use",
  ignore: Deno.build.os !== "linux", // where threads can be counted
  fn: async () => {
    const script = `const device = await openDevice("cpu", { threads: 256 });
const workers = () => Array.from(Deno.readDirSync("/proc/self/task"), ({ name }) => {
  try {
    return Deno.readTextFileSync("/proc/self/task/" + name + "/comm");
  } catch {
    return ""; // it has ended meanwhile
  }
}).filter((name) => name.startsWith("worker")).length;
const most = Math.max(8, 2 * navigator.hardwareConcurrency) - 1;
if (workers() !== most) console.log(workers(), "in place of", most);
while (workers() > 0) await new Promise((resolve) => setTimeout(resolve, 200));
import { blend } from ${JSON.stringify(import.meta.resolve("../../kernels/blend/blend.ts"))};
const input = device.zeros("f32", [20000, 4]), output = device.zeros("f32", [20000, 4]);
const launch = () => device.launch(blend, { input, output }, { quads: 20000, keep: 0, scale: 1 });
launch();
console.log(workers());
launch();
console.log(workers());
for (let turn = 0; turn < most; turn++) launch();
if (workers() !== most) console.log(workers(), "in place of", most);
Deno.exit(0);`;
    assertEquals(await runScript(script, "--allow-all"), { code: 0, output: "1\n2\n" });
  },
});

Deno.test("cpu devices live side by side", async () => {
  await using one = await openDevice("cpu", { threads: 2 });
  await using two = await openDevice("cpu", { threads: 2 });
  const work = async (device: Device) => {
    using graph = randomGraph(1, 2000, 5000);
    return await runSteps(
      device,
      { rule: "sgd", learningRate: 0.1, propagation: { mode: "neumann", beta: 0.9, layers: 2 } },
      graph,
      [2000, 8],
      [matrix(2, 2000, 8)],
    );
  };
  const [first, second] = await Promise.all([work(one), work(two)]);
  assertSameBits(first, second);
  assertInstanceOf(first, Float32Array);
});

Deno.test("cpu refuses a kernel that its module does not have, and says what to do", async () => {
  await using device = await openDevice("cpu", { threads: 2 });
  using input = device.zeros("f32", [8, 4]);
  using output = device.zeros("f32", [8, 4]);
  const { message } = assertThrows(
    () => device.launch({ ...blend, name: "foreign" }, { input, output }, { quads: 8, keep: 1, scale: 1 }),
    TypeError,
  );
  assertEquals(
    message,
    "Cannot launch kernel 'foreign' as the cpu device has the kernels of its module alone: use webgpu, or peek() and " +
      "write() on the cpu",
  );
});
