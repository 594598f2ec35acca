import { assertEquals, assertGreaterOrEqual, assertThrows } from "@std/assert";
import { type Device, Graph, loadState, openDevice, propagate, type Propagation, sevoInit, sevoStep } from "@sevo/sevo";
import { TrainedWeights } from "../../src/models/trained_weights.ts";
import { testOnDevices } from "../_on_devices.ts";
import { assertSameBits, everyOptions, matrix } from "./_fixtures.ts";

const ALLOCATING = ["empty", "zeros", "upload", "copy"] as const;

/**
 * Runs `work` again and again, the first time failing its first allocation, the next time its second, until it gets
 * through. What a run allocated that failed must be gone.
 */
async function failEach(device: Device, work: () => unknown): Promise<number> {
  const live = device.liveBytes;
  for (let allowed = 0;; allowed++) {
    let count = 0, depth = 0;
    for (const name of ALLOCATING) {
      // deno-lint-ignore no-explicit-any -- any of the four, with its own arguments
      const original = device[name].bind(device) as (...args: any[]) => unknown;
      Object.defineProperty(device, name, {
        configurable: true,
        value: (...args: unknown[]) => {
          // One may call another: that is one allocation.
          if (depth === 0 && count++ === allowed) throw new RangeError("no memory");
          depth++;
          try {
            return original(...args);
          } finally {
            depth--;
          }
        },
      });
    }
    try {
      await work();
      return allowed;
    } catch (error) {
      assertEquals((error as Error).message, "no memory");
      assertEquals(device.liveBytes - live, 0, `bytes left behind by allocations before number ${allowed + 1}`);
    } finally {
      for (const name of ALLOCATING) delete (device as Partial<Device>)[name];
    }
  }
}

/** A graph with a hub, so that the partial sums are among what is allocated. */
function star(leaves: number): Graph {
  return Graph.fromEdges({
    rows: leaves + 1,
    sources: new Uint32Array(leaves),
    targets: Uint32Array.from({ length: leaves }, (_, leaf) => leaf + 1),
  });
}

const ROWS = 601;
const TABLES = {
  user: { data: matrix(1, 200, 4), shape: [200, 4] as const },
  item: { data: matrix(2, ROWS - 200, 4), shape: [ROWS - 200, 4] as const },
};
const GRADIENTS = {
  user: { rows: new Uint32Array([3, 3]), values: matrix(3, 2, 4) },
  item: matrix(4, ROWS - 200, 4),
};

testOnDevices("sevoInit(), loadState() and steps that find no memory give back what they had found", async (device) => {
  using graph = star(ROWS - 1);
  graph.on(device);
  for (const [, options] of everyOptions()) {
    const own = options.propagation && graph;
    const initial = await failEach(device, () => sevoInit(device, TABLES, options)[Symbol.dispose]());
    assertGreaterOrEqual(initial, 5);
    using state = sevoInit(device, TABLES, options);
    using expected = sevoStep(state, GRADIENTS, own, { donate: false });
    await failEach(device, () => sevoStep(state, GRADIENTS, own, { donate: false })[Symbol.dispose]());
    let next = state;
    await failEach(device, () => next = sevoStep(state, GRADIENTS, own));
    // None of the failures took it
    const saved = await expected.save();
    assertEquals(await next.save(), saved);
    await failEach(device, () => loadState(device, saved)[Symbol.dispose]());
    next[Symbol.dispose]();
  }
});

testOnDevices("a graph that finds no memory on a device gives back what it had found", async (device) => {
  for (const graph of [star(ROWS - 1), star(20)]) {
    const uploads = await failEach(device, () => graph.on(device));
    assertEquals(uploads, graph.rows > 512 ? 6 : 3);
    const live = device.liveBytes;
    graph.on(device);
    assertEquals(device.liveBytes, live);
    graph[Symbol.dispose]();
  }
});

testOnDevices("propagate() that finds no memory gives back what it had found", async (device) => {
  using graph = star(ROWS - 1);
  graph.on(device);
  const data = matrix(1, ROWS, 4);
  const modes: Propagation[] = [
    { mode: "neumann", beta: 0.9, layers: 4 },
    { mode: "neumann", beta: 0 },
    { mode: "exact", beta: 0.5 },
  ];
  for (const propagation of modes) {
    const expected = await propagate(device, graph, data, propagation);
    let result = expected;
    await failEach(device, async () => result = await propagate(device, graph, data, propagation));
    assertSameBits(result, expected);
  }
});

testOnDevices("weights under training that find no memory give back what they had found", async (device) => {
  using graph = star(ROWS - 1);
  graph.on(device);
  const weights = { ...TABLES, bias: { data: matrix(5, 3, 4), shape: [3, 4] as const } };
  const [, options] = [...everyOptions()].at(-3)!;
  const groups = [{ tables: ["user", "item"], graph: options.propagation ? graph : null }];
  const make = () => new TrainedWeights(device, weights, { options, groups });
  await failEach(device, () => make()[Symbol.dispose]());
  using trained = make();
  const saved = await trained.save();
  await failEach(device, () => trained.restore(saved));
  assertEquals(await trained.save(), saved);
});

Deno.test("a step that fails after it has taken the state keeps none of its memory", async () => {
  await using device = await openDevice("cpu", { threads: 1 });
  const rows = 40, shape = [rows, 8] as const;
  using values = device.upload(matrix(2, 4, 8), [4, 8]);
  // Offsets that lie far beyond the end of the plan
  using plan = device.upload(Uint32Array.from({ length: rows + 1 + 4 }, (_, at) => at <= rows ? 0x03ffffff + at : 0));
  const live = device.liveBytes;
  for (const donate of [true, false]) {
    const options = { rule: "sgd", learningRate: 0.1, propagation: null } as const;
    using state = sevoInit(device, { item: { data: matrix(1, ...shape), shape } }, options);
    const held = device.liveBytes;
    assertThrows(() => sevoStep(state, { item: { plan, values } }, null, { donate }), RangeError);
    assertEquals(device.liveBytes, donate ? live : held);
  }
  assertEquals(device.liveBytes, live);
});
