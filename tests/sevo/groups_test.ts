import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import {
  type Device,
  loadState,
  type Propagation,
  sevoInit,
  type SevoOptions,
  type SevoState,
  sevoStep,
  type StepGraph,
} from "@sevo/sevo";
import { testOnDevices } from "../_on_devices.ts";
import { assertSameBits, matrix, randomGraph, RULES } from "./_fixtures.ts";

const ITEM = { mode: "neumann", beta: 0.9, layers: 3 } as const satisfies Propagation;
const TAG = { mode: "iterative", beta: 0.4, layers: 2 } as const satisfies Propagation;

const TABLES = {
  user: { data: matrix(1, 9, 8), shape: [9, 8] },
  bias: { data: matrix(2, 5, 1), shape: [5, 1] },
  item: { data: matrix(3, 14, 8), shape: [14, 8] },
  tag: { data: matrix(4, 6, 5), shape: [6, 5] },
  position: { data: matrix(5, 3, 12), shape: [3, 12] },
} as const;
type Name = keyof typeof TABLES;

const NAMES = Object.keys(TABLES) as Name[];
const SHARED = { betas: [0.9, 0.98], weightDecay: 0.1, learningRate: 0.02 } as const;

/** The same five tables in one state, and in the four that its groups are. */
const GROUPED: SevoOptions = {
  rule: "adamw",
  ...SHARED,
  groups: [
    { tables: ["item", "user"], propagation: ITEM },
    { tables: ["bias"], weightDecay: 0, learningRate: 0.1 },
    { tables: ["tag"], propagation: TAG, betas: [0.8, 0.9] },
  ],
};
const APART: readonly (readonly [names: readonly Name[], options: SevoOptions])[] = [
  [["item", "user"], { rule: "adamw", ...SHARED, propagation: ITEM }],
  [["bias"], { rule: "adamw", ...SHARED, weightDecay: 0, learningRate: 0.1, propagation: null }],
  [["tag"], { rule: "adamw", ...SHARED, betas: [0.8, 0.9], propagation: TAG }],
  [["position"], { rule: "adamw", ...SHARED, propagation: null }],
];

/** A gradient for each table, with idle rows. */
function gradients(step: number): { [N in Name]: Float32Array } {
  return Object.fromEntries(NAMES.map((name, at) => {
    const { shape: [rows, columns] } = TABLES[name], data = matrix(100 * step + at, rows, columns);
    for (let row = step % 3; row < rows; row += 3) data.fill(0, row * columns, (row + 1) * columns);
    return [name, data];
  })) as { [N in Name]: Float32Array };
}

async function stepped(device: Device, options: SevoOptions, graph: StepGraph, names: readonly Name[], steps = 4) {
  const tables = Object.fromEntries(names.map((name) => [name, TABLES[name]]));
  let state: SevoState = sevoInit<string>(device, tables, options);
  for (let step = 1; step <= steps; step++) {
    const all = gradients(step);
    state = sevoStep(state, Object.fromEntries(names.map((name) => [name, all[name]])), graph);
  }
  const read = await state.read();
  state[Symbol.dispose]();
  return read;
}

testOnDevices("groups of one state are to the bit what states of their own are", async (device) => {
  using items = randomGraph(7, 14 + 9, 60);
  using tags = randomGraph(8, 6, 12);
  const live = device.liveBytes;
  const together = await stepped(device, GROUPED, [items, null, tags], NAMES);
  assertEquals(Object.keys(together), NAMES);
  for (const [names, options] of APART) {
    const graph = names[0] === "item" ? items : names[0] === "tag" ? tags : null;
    const apart = await stepped(device, options, graph, names);
    for (const name of names) assertSameBits(together[name]!, apart[name]!, name);
  }
  for (const graph of [items, tags]) graph[Symbol.dispose]();
  assertEquals(device.liveBytes, live);
});

testOnDevices("a state of groups goes on from its file to the bit", async (device) => {
  using items = randomGraph(7, 14 + 9, 60);
  using tags = randomGraph(8, 6, 12);
  const graphs = [items, null, tags];
  let state: SevoState = sevoInit<string>(device, TABLES, GROUPED);
  for (const step of [1, 2]) state = sevoStep(state, gradients(step), graphs);
  let loaded = loadState(device, await state.save());
  assertEquals(loaded.options, state.options);
  assertEquals(loaded.shapes, state.shapes);
  for (const step of [3, 4]) {
    state = sevoStep(state, gradients(step), graphs);
    loaded = sevoStep(loaded, gradients(step), graphs);
  }
  assertEquals(await loaded.save(), await state.save());
  state[Symbol.dispose]();
  loaded[Symbol.dispose]();
});

testOnDevices(
  "a state that meets another graph gives its idle rows the direction that it needs there",
  async (device) => {
    using first = randomGraph(7, 14, 40);
    using second = randomGraph(9, 14, 60);
    for (const rule of [RULES.adamw!, RULES.momentum!]) {
      const options: SevoOptions = { ...rule, propagation: ITEM };
      let state = sevoInit(device, { item: TABLES.item }, options);
      for (let step = 1; step <= 6; step++) {
        const graph = step % 2 ? first : second;
        // A loaded state has no direction to begin with, and computes that of all rows anew
        using loaded = loadState(device, await state.save());
        state = sevoStep(state, { item: gradients(step).item }, graph);
        using expected = sevoStep(loaded, { item: gradients(step).item }, graph);
        assertSameBits((await state.read()).item, (await expected.read()).item!, `step ${step}`);
      }
      state[Symbol.dispose]();
    }
  },
);

testOnDevices("one graph is enough where one group is smoothed", async (device) => {
  using items = randomGraph(7, 14 + 9, 60);
  const groups = [{ tables: ["bias", "position", "tag"] }, { tables: ["item", "user"], propagation: ITEM }];
  const options: SevoOptions = { rule: "adamw", ...SHARED, groups };
  const one = await stepped(device, options, items, NAMES), each = await stepped(device, options, [null, items], NAMES);
  for (const name of NAMES) assertSameBits(one[name]!, each[name]!, name);
});

testOnDevices(
  "rates of a step are those of the state, and a group's own learning rate is scaled alike",
  async (device) => {
    using items = randomGraph(7, 14 + 9, 60);
    using tags = randomGraph(8, 6, 12);
    const graphs = [items, null, tags];
    const step = async (options: SevoOptions, given: Parameters<typeof sevoStep>[3]) => {
      const state = sevoStep(sevoInit<string>(device, TABLES, options), gradients(1), graphs, given);
      const read = await state.read();
      state[Symbol.dispose]();
      return read;
    };
    const given = await step(GROUPED, { learningRate: 0.01, weightDecay: 0.5, beta: 0.25 });
    const expected = await step({
      ...GROUPED,
      learningRate: 0.01,
      weightDecay: 0.5,
      groups: [
        { tables: ["item", "user"], propagation: { ...ITEM, beta: 0.25 } },
        { tables: ["bias"], weightDecay: 0, learningRate: 0.05 },
        { tables: ["tag"], propagation: { ...TAG, beta: 0.25 }, betas: [0.8, 0.9] },
      ],
    }, {});
    for (const name of NAMES) assertSameBits(given[name]!, expected[name]!, name);
  },
);

testOnDevices("moments() are those of Adam, and those of a group whose rule keeps none are null", async (device) => {
  const options: SevoOptions = {
    rule: "sgd",
    learningRate: 0.1,
    momentum: 0.5,
    groups: [{ tables: ["tag"], momentum: 0 }],
  };
  const { item, tag } = TABLES;
  using state = sevoStep(sevoInit(device, { item, tag }, options), { item: gradients(1).item, tag: gradients(1).tag });
  const { moment1, moment2 } = await state.moments("item");
  assertSameBits(moment1!, gradients(1).item as Float32Array<ArrayBuffer>);
  assertEquals([moment2, await state.moments("tag")], [null, { moment1: null, moment2: null }]);
  using adam = sevoStep(sevoInit(device, { item }, { ...RULES.adam!, weightDecay: 0, propagation: null }), {
    item: gradients(1).item,
  });
  const second = (await adam.moments("item")).moment2!;
  gradients(1).item.forEach((value, at) => assertAlmostEquals(second[at]!, value * value, 1e-6));
});

Deno.test("groups that do not fit are refused", async () => {
  const { openDevice } = await import("@sevo/sevo");
  await using device = await openDevice("cpu", { threads: 1 });
  const init = (options: Partial<SevoOptions>) => () =>
    sevoInit<string>(device, TABLES, { rule: "adamw", learningRate: 0.1, ...options });
  const cases: [Partial<SevoOptions>, string][] = [
    [{}, "Cannot use these options as propagation is missing: null is the plain rule"],
    [{ groups: {} as never }, "Cannot use these options as groups must be an array: current value is an object"],
    [
      { groups: [{ tables: ["item"] }], propagation: ITEM },
      "Cannot use these options as each group has its own propagation: leave out that of all",
    ],
    [
      { groups: [{ tables: ["items"] }] },
      "Cannot use these options as group 0 names table 'items': the tables are 'user', 'bias', 'item', 'tag', 'position'",
    ],
    [{ groups: [{ tables: [] }] }, "Cannot use these options as group 0 must name its tables: current value is []"],
    [
      { groups: [{ tables: ["item"] }, { tables: ["tag", "item"] }] },
      "Cannot use these options as a table is in one group alone: 'item' is in two",
    ],
    [
      { groups: [{ tables: ["item"], lr: 1 } as never] },
      "Cannot use these options as there is no option 'lr': options are 'tables', 'learningRate', 'betas', 'epsilon', " +
      "'weightDecay', 'momentum', 'nesterov', 'propagation', 'correction'",
    ],
    [
      { groups: [{ tables: ["item", "tag"], propagation: ITEM }] },
      "Cannot make a state as tables that are smoothed together must have 8 columns: table 'tag' has 5",
    ],
  ];
  for (const [options, message] of cases) assertEquals(assertThrows(init(options), TypeError).message, message);
  const low = { groups: [{ tables: ["item"], learningRate: -1 }] };
  assertThrows(init(low), RangeError, "learningRate must be >= 0: current value is -1");
  assertEquals(device.liveBytes, 0);

  using items = randomGraph(7, 23, 60);
  using state = sevoInit<string>(device, TABLES, GROUPED);
  const step = (graph: StepGraph) => () => sevoStep(state, gradients(1), graph);
  for (
    const [graph, message] of [
      [items, "Cannot step with one graph as more than one group is smoothed: pass one for each group"],
      [[items], "Cannot step as there must be a graph for each of 3 groups: there are 1"],
      [[items, items, items], "Cannot step with a graph for table 'bias' as its group is not smoothed: pass null"],
      [[null, null, null], "Cannot step as 'neumann' propagation needs a graph: current value is null"],
    ] as const
  ) {
    assertEquals(assertThrows(step(graph), TypeError).message, message);
  }
  assertEquals((await state.read()).item, TABLES.item.data);
  assert(state.step === 0);
});
