import { assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { Graph, growRows, openDevice, sevoInit, type SevoOptions, sevoStep, StateTakenError } from "@sevo/sevo";
import { testOnDevices } from "../_on_devices.ts";
import { assertSameBits, matrix, MODES, RULES } from "./_fixtures.ts";

const USERS = 5, ITEMS = 9, NEW_USERS = 2, NEW_ITEMS = 3, WIDTH = 6;
const TABLES = {
  user: { data: matrix(1, USERS, WIDTH), shape: [USERS, WIDTH] },
  item: { data: matrix(2, ITEMS, WIDTH), shape: [ITEMS, WIDTH] },
  bias: { data: matrix(3, 4, 1), shape: [4, 1] },
} as const;

/** Edges among the rows that there are, as rows of the stack with so many users. */
function oldGraph(users: number, rows: number): Graph {
  const pairs = Array.from({ length: 20 }, (_, at) => [at % USERS, users + at * 7 % ITEMS] as const);
  return Graph.fromEdges({ rows, sources: pairs.map(([user]) => user), targets: pairs.map(([, item]) => item) });
}

const OPTIONS: SevoOptions = {
  ...RULES.adamw!,
  ema: 0.5,
  groups: [{ tables: ["user", "item"], propagation: MODES[1]! }, { tables: ["bias"], learningRate: 0.5 }],
};

function gradients(step: number, users = USERS, items = ITEMS) {
  // The rows that there were have the same gradients, and the new ones none
  const grown = (seed: number, rows: number, old: number) => {
    const data = new Float32Array(rows * WIDTH);
    data.set(matrix(seed, old, WIDTH));
    return data;
  };
  return {
    user: grown(10 * step, users, USERS),
    item: grown(10 * step + 1, items, ITEMS),
    bias: matrix(10 * step + 2, 4, 1),
  };
}

testOnDevices(
  "growRows() leaves old rows, moments and averages as they are, and steps go on to the bit",
  async (device) => {
    const users = USERS + NEW_USERS, items = ITEMS + NEW_ITEMS;
    using before = oldGraph(USERS, USERS + ITEMS);
    using after = oldGraph(users, users + items);
    const start = () => {
      let state = sevoInit(device, TABLES, OPTIONS);
      for (const step of [1, 2]) state = sevoStep(state, gradients(step), [before, null]);
      return state;
    };
    let old = start();
    const given = { rows: NEW_ITEMS, data: matrix(77, NEW_ITEMS, WIDTH) };
    let state = await growRows(start(), { user: { rows: NEW_USERS, data: matrix(78, NEW_USERS, WIDTH) }, item: given });
    assertEquals([state.step, state.rows], [2, users + items + 4]);
    const head = (data: Float32Array<ArrayBuffer>, rows: number) => data.slice(0, rows * WIDTH);
    const compare = async () => {
      const [now, then, mean, meant] = await Promise.all([state.read(), old.read(), state.average(), old.average()]);
      for (const [name, rows] of [["user", USERS], ["item", ITEMS]] as const) {
        assertSameBits(head(now[name], rows), then[name]);
        assertSameBits(head(mean[name], rows), meant[name]);
        const [grown, kept] = [await state.moments(name), await old.moments(name)];
        for (const moment of ["moment1", "moment2"] as const) {
          assertSameBits(head(grown[moment]!, rows), kept[moment]!);
          assertEquals(new Set(grown[moment]!.slice(rows * WIDTH)), new Set([0]));
        }
      }
      assertSameBits(now.bias, then.bias);
    };
    await compare();
    assertSameBits((await state.read()).item.slice(ITEMS * WIDTH), given.data);
    assertSameBits((await state.average()).item.slice(ITEMS * WIDTH), given.data);
    for (const step of [3, 4]) {
      old = sevoStep(old, gradients(step), [before, null]);
      state = sevoStep(state, gradients(step, users, items), [after, null]);
      await compare();
    }
    old[Symbol.dispose]();
    state[Symbol.dispose]();
    for (const graph of [before, after]) graph[Symbol.dispose]();
    assertEquals(device.liveBytes, 0);
  },
);

testOnDevices(
  "growRows() makes rows without data of their neighbours, and rows that nothing leads to 0",
  async (device) => {
    const item = { data: Float32Array.of(3, 0, 0, 4), shape: [2, 2] as const };
    const state = sevoInit(device, { item }, { ...RULES.sgd!, propagation: MODES[1]! });
    // Row 2 between both, row 3 beside row 2 alone, row 4 beside nothing
    using graph = Graph.fromEdges({ rows: 5, sources: [0, 1, 2], targets: [2, 2, 3] });
    using grown = await growRows(state, { item: { rows: 3 } }, graph);
    const found = (await grown.read()).item, length = (row: number) => Math.hypot(found[2 * row]!, found[2 * row + 1]!);
    assertEquals([...found.slice(0, 4)], [3, 0, 0, 4]);
    for (const row of [2, 3]) assertAlmostEquals(length(row), 3.5, 1e-5);
    assertEquals(length(4), 0);
    assertEquals(state.step, 0);
    await assertRejects(() => state.read(), StateTakenError);
  },
);

Deno.test("growRows() refuses what does not fit, and leaves the state usable", async () => {
  await using device = await openDevice("cpu", { threads: 1 });
  using graph = oldGraph(USERS, USERS + ITEMS);
  using state = sevoInit(device, TABLES, OPTIONS);
  const cases: [Parameters<typeof growRows<"user" | "item" | "bias">>[1], Graph | null, typeof TypeError, string][] = [
    [{ items: { rows: 1 } } as never, null, TypeError, "there is no option 'items': did you mean 'item'?"],
    [{ item: { rows: -1 } }, null, RangeError, "rows of 'item' must be a count: current value is -1"],
    [{ item: { rows: "1" } as never }, null, TypeError, "rows of 'item' must be a number: current value is '1'"],
    [
      { item: { rows: 1, data: new Float32Array(5) } },
      null,
      TypeError,
      "data of 'item' has 5 elements: expected 1 rows of 6",
    ],
    [
      { item: { rows: 1, data: new Float32Array(6).fill(NaN) } },
      null,
      RangeError,
      "data of 'item' must be finite: row 0 has NaN",
    ],
    [
      { item: { rows: 1 } },
      null,
      TypeError,
      "new rows of 'user' without data are made of their neighbours: give a graph",
    ],
    [
      { bias: { rows: 1 } },
      null,
      TypeError,
      "new rows of 'bias' without data are made of their neighbours: give a graph",
    ],
  ];
  for (const [growth, over, kind, message] of cases) {
    const error = await assertRejects(() => growRows(state, growth, over), kind);
    assertEquals(error.message, `Cannot grow a state as ${message}`);
  }
  await assertRejects(
    () => growRows(state, { item: { rows: 1 } }, graph),
    RangeError,
    "the graph has 14 rows: expected 15",
  );
  assertSameBits((await state.read()).item, TABLES.item.data);
});
