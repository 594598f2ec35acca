import { assert, assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import {
  type Device,
  Graph,
  loadState,
  NonFiniteError,
  openDevice,
  propagate,
  type Propagation,
  sevoInit,
  type SevoOptions,
  sevoStep,
} from "@sevo/sevo";
import { encodeChecked } from "../../src/checked_safetensors.ts";
import { decodeSafetensors } from "../../src/safetensors.ts";
import { testOnDevices } from "../_on_devices.ts";
import { assertSameBits, everyOptions, matrix, randomGraph, RULES } from "./_fixtures.ts";

const SHAPE = [4, 8] as const;
const PLAIN: SevoOptions = { rule: "sgd", learningRate: 0.1, propagation: null };
const NEUMANN: Propagation = { mode: "neumann", beta: 0.9, layers: 3 };

function start(device: Device, options: SevoOptions, data = matrix(1, ...SHAPE)) {
  return sevoInit(device, { item: { data, shape: SHAPE } }, options);
}

function assertRefused(work: () => unknown, message: string): void {
  assertEquals(assertThrows(work, RangeError).message, message);
}

testOnDevices("tables without columns or without rows are refused", async (device) => {
  const empty = new Float32Array(0), live = device.liveBytes;
  for (const [, options] of everyOptions()) {
    assertRefused(
      () => sevoInit(device, { item: { data: empty, shape: [4, 0] } }, options),
      "Cannot make a state as table 'item' must have columns: it has 0",
    );
    assertRefused(
      () => sevoInit(device, { item: { data: empty, shape: [0, 4] } }, options),
      "Cannot make a state as its tables must have rows: they have 0",
    );
  }
  for (const shape of [[-4, -8], [0.5, 64], [NaN, 8]] as const) {
    assertRefused(
      () => sevoInit(device, { item: { data: matrix(1, ...SHAPE), shape } }, PLAIN),
      `Cannot make a state as the shape of table 'item' must be of counts: current value is [${shape.join(", ")}]`,
    );
  }
  using graph = randomGraph(1, 4, 8);
  using none = Graph.fromEdges({ rows: 0, sources: [], targets: [] });
  for (const propagation of [NEUMANN, { mode: "exact", beta: 0.5 }, { ...NEUMANN, beta: 0 }] as const) {
    const columns = await assertRejects(() => propagate(device, graph, empty, propagation), RangeError);
    assertEquals(columns.message, "Cannot propagate as data must have at least one column: current value is 0");
    const rows = await assertRejects(() => propagate(device, none, empty, propagation), RangeError);
    assertEquals(rows.message, "Cannot propagate as the graph must have rows: current value is 0");
  }
  assertEquals(device.liveBytes, live);
});

testOnDevices("a table without rows may stand beside others", async (device) => {
  using graph = randomGraph(2, 4, 8);
  const tables = {
    user: { data: new Float32Array(0), shape: [0, 8] as const },
    item: { data: matrix(1, ...SHAPE), shape: SHAPE },
  };
  for (const [, options] of everyOptions()) {
    const own = options.propagation && graph;
    using alone = sevoStep(start(device, options), { item: matrix(2, ...SHAPE) }, own);
    using both = sevoStep(
      sevoInit(device, tables, options),
      { user: new Float32Array(0), item: matrix(2, ...SHAPE) },
      own,
    );
    assertSameBits((await both.read()).item, (await alone.read()).item);
  }
});

Deno.test("options are refused that are out of range as the float32 that kernels take", async () => {
  await using device = await openDevice("cpu", { threads: 1 });
  const cases: [Partial<SevoOptions>, string][] = [
    [{ learningRate: 1e39 }, "learningRate must be >= 0 and finite in float32: current value is 1e+39"],
    [{ weightDecay: 1e39 }, "weightDecay must be >= 0 and finite in float32: current value is 1e+39"],
    [{ rule: "adam", epsilon: 1e-46 }, "epsilon must be positive in float32: current value is 1e-46"],
    [{ rule: "adam", epsilon: 1e39 }, "epsilon must be positive and finite in float32: current value is 1e+39"],
    [{ momentum: 1 - 2 ** -30 }, "momentum must be in [0, 1) in float32: current value is 0.9999999990686774"],
    [{ momentum: 1e-50, nesterov: true }, "nesterov needs a momentum above 0: current value is 1e-50"],
    [
      { propagation: { ...NEUMANN, beta: 1 - 2 ** -30 } },
      "beta must be in [0, 1) in float32: current value is 0.9999999990686774",
    ],
    [
      { propagation: { mode: "exact", beta: 0.5, tolerance: 1e-19 } },
      "tolerance must be in [1e-18, 1): current value is 1e-19",
    ],
    [
      { propagation: { mode: "exact", beta: 0.5, tolerance: 1 - 2 ** -30 } },
      "tolerance must be in [1e-18, 1) in float32: current value is 0.9999999990686774",
    ],
    [
      { rule: "adamw", learningRate: 1e20, weightDecay: 1e20 },
      "learningRate times weightDecay must be finite in float32: current value is 100000000000000000000 times 100000000000000000000",
    ],
    [
      { rule: "lion", learningRate: 1e20, weightDecay: 1e20 },
      "learningRate times weightDecay must be finite in float32: current value is 100000000000000000000 times 100000000000000000000",
    ],
  ];
  for (const [options, message] of cases) {
    assertRefused(() => start(device, { ...PLAIN, ...options }), `Cannot use these options as ${message}`);
  }
  using state = start(device, { ...RULES.adamw!, weightDecay: 1e20, propagation: null });
  for (const learningRate of [1e39, 1e20]) {
    assertThrows(() => sevoStep(state, { item: matrix(2, ...SHAPE) }, null, { learningRate }), RangeError);
  }
  // The decay rates of moments never go to a kernel.
  start(device, { rule: "adam", learningRate: 0.1, betas: [0.9, 1 - 2 ** -40], propagation: null })[Symbol.dispose]();
});

testOnDevices("values that are not finite are refused where they enter, by table and row", async (device) => {
  const live = device.liveBytes;
  for (const value of [NaN, Infinity, -Infinity]) {
    const data = matrix(1, ...SHAPE);
    data[21] = value;
    const tables = {
      user: { data: matrix(2, ...SHAPE), shape: SHAPE },
      item: { data, shape: SHAPE },
    };
    const message = `Cannot make a state as table 'item' must be finite: row 2 has ${value}`;
    assertRefused(() => sevoInit(device, tables, PLAIN), message);
  }
  assertEquals(device.liveBytes, live);
  let saved: Uint8Array;
  {
    using state = sevoStep(start(device, { ...RULES.adamw!, propagation: null }), { item: matrix(2, ...SHAPE) });
    saved = await state.save();
  }
  const file = decodeSafetensors(saved);
  const cases = [
    ["table.item", NaN, "table 'item' must be finite: row 3 has NaN"],
    ["moment1.item", Infinity, "moment1 of table 'item' must be finite: row 3 has Infinity"],
    ["moment2.item", NaN, "moment2 of table 'item' must be finite and not negative: row 3 has NaN"],
    ["moment2.item", -1, "moment2 of table 'item' must be finite and not negative: row 3 has -1"],
  ] as const;
  for (const [name, value, why] of cases) {
    const data = Float32Array.from(file.tensors[name]!.data as Float32Array);
    data[31] = value;
    const bytes = encodeChecked({ ...file, tensors: { ...file.tensors, [name]: { data, shape: SHAPE } } });
    assertEquals(
      assertThrows(() => loadState(device, bytes), SyntaxError).message,
      `Cannot load a state as the file is not a saved state: Cannot make a state as ${why}`,
    );
  }
  const far = encodeChecked({ ...file, metadata: { ...file.metadata, step: `${2 ** 32}` } });
  assertThrows(() => loadState(device, far), SyntaxError, "its step");
  const last = encodeChecked({ ...file, metadata: { ...file.metadata, step: `${2 ** 32 - 1}` } });
  using state = loadState(device, last);
  assertThrows(() => sevoStep(state, { item: matrix(2, ...SHAPE) }), RangeError, "at most 4294967295 steps");
});

Deno.test("weights whose sum leaves float32 are refused", () => {
  const ends = { rows: 3, sources: [0, 1, 1], targets: [1, 2, 2] };
  assertRefused(
    () => Graph.fromEdges({ ...ends, weights: [1, 3e38, 3e38] }),
    "Cannot build a graph as the weights between rows 1 and 2 must have a sum that is finite in float32: " +
      `current value is ${2 * Math.fround(3e38)}`,
  );
  // The degree of a row may be beyond it: only the quotient is stored.
  const graph = Graph.fromEdges({ ...ends, targets: [1, 2, 0], weights: [3e38, 3e38, 1] });
  assert(graph.values.every((value) => value > 0 && value <= 1));
});

/** Whether everything that a state would be saved with is finite. */
function allFinite(bytes: Uint8Array): boolean {
  return Object.values(decodeSafetensors(bytes).tensors).every(({ data }) =>
    data.every((value) => Number.isFinite(Number(value)))
  );
}

testOnDevices("a step that takes moments or tables out of float32 never goes unreported", async (device) => {
  using graph = randomGraph(2, 4, 8);
  for (const [label, options] of everyOptions()) {
    for (const scale of [1e10, 1e20, 3e38]) {
      for (const learningRate of [0.1, 1e20]) {
        let state = start(device, { ...options, learningRate, weightDecay: 0 });
        for (let step = 0; step < 2; step++) {
          state = sevoStep(state, { item: matrix(2, ...SHAPE, scale) }, options.propagation && graph);
        }
        try {
          assert(allFinite(await state.save()), `${label}, gradients of ${scale}, rate ${learningRate}`);
        } catch (error) {
          assertInstanceOf(error, NonFiniteError);
          await assertRejects(() => state.read(), NonFiniteError, error.message);
        }
        state[Symbol.dispose]();
      }
    }
  }
});

testOnDevices("a report names the table, what of it, and the step, the last one too", async (device) => {
  const tables = {
    user: { data: matrix(1, ...SHAPE), shape: SHAPE },
    item: { data: matrix(2, ...SHAPE), shape: SHAPE },
  };
  using graph = Graph.fromEdges({ rows: 8, sources: [0, 1, 4, 5], targets: [1, 2, 5, 6] });
  const good = { user: matrix(3, ...SHAPE), item: matrix(4, ...SHAPE) };
  const cases: [options: SevoOptions, scale: number, part: string][] = [
    [{ ...RULES.adam!, propagation: null }, 1e20, "moments"],
    [{ ...RULES.adamw!, propagation: NEUMANN }, 1e20, "moments"],
    [{ ...RULES.adagrad!, propagation: null }, 1e20, "moments"],
    [{ ...RULES.adagrad!, propagation: NEUMANN }, 1e20, "moments"],
    [{ ...RULES.momentum!, weightDecay: 0, learningRate: 1e10, propagation: null }, 1e30, "moments"],
    [{ ...PLAIN, learningRate: 1e10, propagation: NEUMANN }, 1e30, "table"],
    [{ ...PLAIN, learningRate: 1e10, propagation: { mode: "exact", beta: 0.5 } }, 1e30, "table"],
    [{ ...PLAIN, learningRate: 1e10, propagation: { mode: "iterative", beta: 0.3, layers: 1 } }, 1e30, "table"],
  ];
  for (const [options, scale, part] of cases) {
    let state = sevoInit(device, tables, options);
    const run = (gradients: typeof good) => state = sevoStep(state, gradients, options.propagation && graph);
    run(good);
    await state.check();
    run({ ...good, item: matrix(5, ...SHAPE, scale) });
    const error = await assertRejects(() => state.read(), NonFiniteError);
    assertEquals([error.table, error.part, error.step], ["item", part, 2]);
    state[Symbol.dispose]();
  }
});

testOnDevices("a report under way is not lost to the step that takes the state, nor to its end", async (device) => {
  using graph = randomGraph(2, 4, 8);
  const options: SevoOptions = { ...PLAIN, learningRate: 1e10, propagation: NEUMANN };
  for (const end of [true, false]) {
    const bad = sevoStep(start(device, options), { item: matrix(2, ...SHAPE, 1e30) }, graph);
    const report = assertRejects(
      () => bad.check(),
      NonFiniteError,
      "table 'item' left the range of float32: at step 1",
    );
    if (end) bad[Symbol.dispose]();
    else sevoStep(bad, { item: matrix(2, ...SHAPE) }, graph)[Symbol.dispose]();
    await report;
  }
});
