import { assertAlmostEquals, assertEquals, assertNotEquals, assertRejects, assertThrows } from "@std/assert";
import {
  type Device,
  type Graph,
  loadState,
  NonFiniteError,
  openDevice,
  sevoInit,
  type SevoOptions,
  type SevoState,
  sevoStep,
} from "@sevo/sevo";
import fc from "../_fast_check.ts";
import { testOnDevices } from "../_on_devices.ts";
import { assertSameBits, matrix, MODES, randomGraph, RULES } from "./_fixtures.ts";
import { Float64Optimizer } from "./_float64.ts";

/** Two tables, the first of them smoothed where there is a propagation. */
function tablesOf(rows: number, columns: number) {
  return {
    item: { data: matrix(1, rows, columns), shape: [rows, columns] as const },
    bias: { data: matrix(2, 5, 1), shape: [5, 1] as const },
  };
}

/** Gradients of a step; of `item` a third of the rows are idle. */
function gradientsOf(step: number, rows: number, columns: number) {
  const item = matrix(10 + step, rows, columns);
  for (let row = step % 3; row < rows; row += 3) item.fill(0, row * columns, (row + 1) * columns);
  return { item, bias: matrix(50 + step, 5, 1) };
}

function sparse({ item, bias }: { item: Float32Array; bias: Float32Array }, columns: number) {
  const rows = Uint32Array.from({ length: item.length / columns }, (_, row) => row)
    .filter((row) => item.subarray(row * columns, (row + 1) * columns).some((value) => value !== 0));
  const values = new Float32Array(rows.length * columns);
  rows.forEach((row, at) => values.set(item.subarray(row * columns, (row + 1) * columns), at * columns));
  return { item: { rows, values }, bias };
}

/** Options of every rule and propagation with clipping, frozen rows, rows that do not decay and an average. */
const everything = fc.record({
  rule: fc.constantFrom(...Object.values(RULES)),
  propagation: fc.constantFrom(...MODES),
  columns: fc.constantFrom(1, 6, 33, 40),
  rows: fc.integer({ min: 3, max: 90 }),
  clip: fc.constantFrom({}, { clipNorm: 0.5 }, { clipNorm: 1e6 }, { clipValue: 0.3 }),
  frozen: fc.constantFrom({}, { item: [2, 0] }, { item: new Uint32Array([1]), bias: true as const }),
  undecayed: fc.constantFrom({}, { item: [1, 2], bias: [4] }),
  ema: fc.constantFrom(null, 0.75),
  given: fc.constantFrom("dense", "sparse"),
});

testOnDevices(
  "clipping, frozen rows, rows that do not decay and averages are what float64 makes of them",
  async (device) => {
    const run = async (
      { rule, propagation, columns, rows, clip, given, ...rest }: typeof everything extends fc.Arbitrary<infer T> ? T
        : never,
    ) => {
      using graph = randomGraph(4, rows, 3 * rows);
      const options: SevoOptions = {
        ...rule,
        ...clip,
        ...rest,
        undecayed: ["adamw", "lion"].includes(rule.rule) ? rest.undecayed : {},
        groups: [{ tables: ["item"], propagation }],
      };
      const tables = tablesOf(rows, columns);
      let state = sevoInit(device, tables, options);
      const expected = new Float64Optimizer(tables, state.options);
      const live = device.liveBytes;
      for (let step = 1; step <= 5; step++) {
        const gradients = gradientsOf(step, rows, columns);
        expected.step(gradients, { item: graph });
        state = sevoStep(state, given === "sparse" ? sparse(gradients, columns) : gradients, [propagation && graph]);
      }
      const read = await state.read(), average = rest.ema === null ? null : await state.average();
      graph[Symbol.dispose]();
      assertEquals(device.liveBytes, live);
      for (const name of ["item", "bias"] as const) {
        const { value, average: mean } = expected.tables[name]!;
        read[name].forEach((element, at) => assertAlmostEquals(element, value[at]!, 2e-4, `${name} ${at}`));
        average?.[name].forEach((element, at) =>
          assertAlmostEquals(element, mean[at]!, 2e-4, `average of ${name} ${at}`)
        );
        const frozen = state.options.frozen[name];
        const rowsOf = frozen === true ? [0, 1, 2, 3, 4] : frozen ?? [], width = tables[name].shape[1];
        for (const row of rowsOf) {
          const part = (data: Float32Array) => data.slice(row * width, (row + 1) * width);
          assertSameBits(
            part(read[name]) as Float32Array<ArrayBuffer>,
            part(tables[name].data) as Float32Array<ArrayBuffer>,
          );
          const { moment1, moment2 } = await state.moments(name);
          for (const moment of [moment1, moment2]) if (moment) assertEquals([...new Set(part(moment))], [0]);
        }
      }
      state[Symbol.dispose]();
    };
    await fc.assert(fc.asyncProperty(everything, run), { seed: 11, numRuns: 40, endOnFailure: true });
  },
);

const WIDE = { item: { data: matrix(1, 40, 8), shape: [40, 8] as const } };

/** A table after steps with the given options. */
async function after(device: Device, options: SevoOptions, graph: Graph | null, steps = 4) {
  let state = sevoInit(device, WIDE, options);
  for (let step = 1; step <= steps; step++) {
    state = sevoStep(state, { item: gradientsOf(step, 40, 8).item }, graph);
  }
  const { item } = await state.read();
  state[Symbol.dispose]();
  return item;
}

testOnDevices("clipping at a bound that nothing reaches is no clipping, to the bit", async (device) => {
  using graph = randomGraph(4, 40, 100);
  for (const rule of Object.values(RULES)) {
    for (const propagation of [null, MODES[1]!]) {
      const expected = await after(device, { ...rule, propagation }, propagation && graph);
      for (const clip of [{ clipNorm: 3e38 }, { clipValue: 3e38 }, { clipNorm: Infinity }]) {
        assertSameBits(await after(device, { ...rule, ...clip, propagation }, propagation && graph), expected);
      }
    }
  }
});

testOnDevices("all rows frozen is a table that never changes, and none is no difference", async (device) => {
  using graph = randomGraph(4, 40, 100);
  const options = { ...RULES.adamw!, propagation: MODES[1]! };
  assertSameBits(await after(device, { ...options, frozen: { item: true } }, graph), WIDE.item.data);
  assertSameBits(await after(device, { ...options, frozen: { item: [] } }, graph), await after(device, options, graph));
});

testOnDevices("a state that freezes, clips and averages goes on from its file to the bit", async (device) => {
  using graph = randomGraph(4, 40, 100);
  const options: SevoOptions = {
    ...RULES.adamw!,
    propagation: MODES[1]!,
    clipNorm: 1,
    frozen: { item: Uint32Array.of(7, 3) },
    undecayed: { item: [0] },
    ema: 0.9,
  };
  let state: SevoState = sevoInit<string>(device, WIDE, options);
  assertEquals(state.options.frozen, { item: [3, 7] });
  const step = (from: SevoState, at: number) => sevoStep(from, { item: gradientsOf(at, 40, 8).item }, graph);
  for (const at of [1, 2, 3]) state = step(state, at);
  let loaded = loadState(device, await state.save());
  assertEquals(loaded.options, state.options);
  for (const at of [4, 5]) [state, loaded] = [step(state, at), step(loaded, at)];
  assertEquals(await loaded.save(), await state.save());
  assertSameBits((await loaded.average()).item!, (await state.average()).item!);
  // Without donation the old state stays what it was, and nothing is left behind
  const before = await state.save(), live = device.liveBytes;
  const next = sevoStep(state, { item: gradientsOf(6, 40, 8).item }, graph, { donate: false });
  assertEquals(await state.save(), before);
  assertNotEquals(await next.save(), before);
  next[Symbol.dispose]();
  assertEquals(device.liveBytes, live);
  state[Symbol.dispose]();
  loaded[Symbol.dispose]();
});

testOnDevices("a gradient that is not finite is reported however it is clipped", async (device) => {
  for (const clip of [{ clipNorm: 1 }, { clipValue: 1 }]) {
    for (const value of [NaN, Infinity, -Infinity]) {
      const gradient = gradientsOf(1, 40, 8).item;
      gradient[77] = value;
      for (const rule of [RULES.adamw!, RULES.sgd!]) {
        using state = sevoStep(sevoInit(device, WIDE, { ...rule, ...clip, propagation: null }), { item: gradient });
        const { table, step, part } = await assertRejects(() => state.check(), NonFiniteError);
        assertEquals([table, step, part], ["item", 1, "gradient"]);
      }
    }
  }
});

testOnDevices("a norm beyond float32 is reported and not taken for a gradient of 0", async (device) => {
  const gradient = new Float32Array(40 * 8).fill(3e30);
  const options = { ...RULES.sgd!, clipNorm: 1, propagation: null };
  using state = sevoStep(sevoInit(device, WIDE, options), { item: gradient });
  await assertRejects(() => state.check(), NonFiniteError);
});

Deno.test("rows and bounds that do not fit are refused", async () => {
  await using device = await openDevice("cpu", { threads: 1 });
  const refused = (options: Record<string, unknown>, kind: typeof TypeError | typeof RangeError, message: string) => {
    const all = { ...RULES.adamw!, propagation: null, ...options } as SevoOptions;
    const error = assertThrows(() => sevoInit(device, WIDE, all), kind);
    assertEquals(error.message, `Cannot use these options as ${message}`);
  };
  refused({ clipNorm: 0 }, RangeError, "clipNorm must be positive: current value is 0");
  refused({ clipNorm: "1" }, TypeError, "clipNorm must be a number: current value is '1'");
  refused(
    { clipValue: 1e39 },
    RangeError,
    "clipValue must be positive and finite in float32: current value is 1e+39",
  );
  refused(
    { clipNorm: 1, clipValue: 1 },
    TypeError,
    "gradients are clipped by norm or by value: give clipNorm or clipValue",
  );
  refused({ ema: 1 }, RangeError, "ema must be in [0, 1): current value is 1");
  refused({ frozen: [1] }, TypeError, "frozen must be rows by table: current value is [1]");
  refused({ frozen: { user: [1] } }, TypeError, "frozen names table 'user': the tables are 'item'");
  refused(
    { frozen: { item: [40] } },
    RangeError,
    "a frozen row of table 'item' must be in [0, 40): current value is 40",
  );
  refused(
    { frozen: { item: ["1"] } },
    TypeError,
    "a frozen row of table 'item' must be a number: current value is '1'",
  );
  refused(
    { frozen: { item: 3 } },
    TypeError,
    "frozen rows of table 'item' must be an array or true: current value is 3",
  );
  refused(
    { rule: "sgd", betas: undefined, undecayed: { item: [1] } },
    TypeError,
    "undecayed rows belong to adamw and lion, whose decay is apart from the gradient: the rule is 'sgd'",
  );
  using state = sevoInit(device, WIDE, { ...RULES.adamw!, propagation: null });
  const { message } = await assertRejects(() => state.average(), TypeError);
  assertEquals(message, "Cannot read the average as the state keeps none: make it with the option ema");
});
