import { assertEquals, assertGreaterOrEqual, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import {
  ConvergenceError,
  type Device,
  type Gradient,
  Graph,
  loadState,
  NonFiniteError,
  openDevice,
  planRows,
  propagate,
  type Propagation,
  sevoInit,
  type SevoOptions,
  type SevoState,
  sevoStep,
  StateTakenError,
} from "@sevo/sevo";
import { encodeChecked } from "../../src/checked_safetensors.ts";
import { decodeSafetensors, encodeSafetensors, type SafetensorsFile } from "../../src/safetensors.ts";
import { testOnDevices } from "../_on_devices.ts";
import { assertSameBits, everyOptions, matrix, randomGraph, RULES } from "./_fixtures.ts";

// deno-lint-ignore no-explicit-any -- an error class may have any constructor
type ErrorClass = abstract new (...args: any[]) => Error;

function assertFails(work: () => unknown, Class: ErrorClass, message: string): void {
  assertEquals(assertThrows(work, Class).message, message);
}

async function assertFailsLater(work: () => Promise<unknown>, Class: ErrorClass, message: string): Promise<void> {
  assertEquals((await assertRejects(work, Class)).message, message);
}

const SHAPE = [4, 8] as const;
const PLAIN: SevoOptions = { rule: "sgd", learningRate: 0.1, propagation: null };
const NEUMANN: Propagation = { mode: "neumann", beta: 0.9, layers: 3 };

function start(device: Device, options: SevoOptions): SevoState<"item"> {
  return sevoInit(device, { item: { data: matrix(1, ...SHAPE), shape: SHAPE } }, options);
}

/** Calls without types, as JavaScript would. */
const untyped = (value: unknown) => value as never;

Deno.test("sevoInit() refuses options that are out of range", async () => {
  await using device = await openDevice("cpu", { threads: 1 });
  const cases: [Partial<SevoOptions>, ErrorClass, string][] = [
    [{ propagation: { ...NEUMANN, beta: 1 } }, RangeError, "beta must be in [0, 1): current value is 1"],
    [{ propagation: { ...NEUMANN, beta: -0.1 } }, RangeError, "beta must be in [0, 1): current value is -0.1"],
    [{ propagation: { ...NEUMANN, beta: NaN } }, RangeError, "beta must be in [0, 1): current value is NaN"],
    [{ propagation: { ...NEUMANN, beta: Infinity } }, RangeError, "beta must be in [0, 1): current value is Infinity"],
    [{ propagation: { mode: "exact", beta: 1 } }, RangeError, "beta must be in [0, 1): current value is 1"],
    [{ propagation: { ...NEUMANN, layers: -1 } }, RangeError, "layers must be an integer >= 0: current value is -1"],
    [{ propagation: { ...NEUMANN, layers: 1.5 } }, RangeError, "layers must be an integer >= 0: current value is 1.5"],
    [{ propagation: { ...NEUMANN, layers: NaN } }, RangeError, "layers must be an integer >= 0: current value is NaN"],
    [{ propagation: untyped(undefined) }, TypeError, "propagation is missing: null is the plain rule"],
    [{ rule: "adam", betas: untyped([0.9]) }, TypeError, "betas must be two numbers: current value is [0.9]"],
    [{ rule: "adamw", momentum: 0.9 }, TypeError, "momentum and nesterov belong to sgd: the rule is 'adamw'"],
    [
      { propagation: { mode: "exact", beta: 0.5, tolerance: 0 } },
      RangeError,
      "tolerance must be in [1e-18, 1): current value is 0",
    ],
    [
      { propagation: { mode: "exact", beta: 0.5, maxIterations: 0 } },
      RangeError,
      "maxIterations must be an integer in [1, 10000]: current value is 0",
    ],
    [
      { propagation: { ...NEUMANN, mode: untyped("laplace") } },
      TypeError,
      "propagation mode must be one of 'neumann', 'iterative', 'exact': current value is 'laplace'",
    ],
    [
      { rule: untyped("lamb") },
      TypeError,
      "rule must be one of 'adamw', 'adam', 'sgd', 'lion', 'adagrad': current value is 'lamb'",
    ],
    [{ learningRate: -1 }, RangeError, "learningRate must be >= 0: current value is -1"],
    [{ learningRate: NaN }, RangeError, "learningRate must be >= 0: current value is NaN"],
    [{ betas: [1, 0.9] }, RangeError, "betas[0] must be in [0, 1): current value is 1"],
    [{ betas: [0.9, -1] }, RangeError, "betas[1] must be in [0, 1): current value is -1"],
    [{ epsilon: 0 }, RangeError, "epsilon must be positive: current value is 0"],
    [{ weightDecay: -0.1 }, RangeError, "weightDecay must be >= 0: current value is -0.1"],
    [{ momentum: 1 }, RangeError, "momentum must be in [0, 1): current value is 1"],
    [{ nesterov: true }, RangeError, "nesterov needs a momentum above 0: current value is 0"],
    [{ correction: true }, TypeError, "correction belongs to adamw with propagation"],
    [{ rule: "adamw", correction: true }, TypeError, "correction belongs to adamw with propagation"],
    [{ rule: "lion", momentum: 0.9 }, TypeError, "momentum and nesterov belong to sgd: the rule is 'lion'"],
    [{ rule: "adagrad", nesterov: true }, TypeError, "momentum and nesterov belong to sgd: the rule is 'adagrad'"],
    [
      { rule: "lion", propagation: NEUMANN, correction: true },
      TypeError,
      "correction belongs to adamw with propagation",
    ],
    [
      { rule: "adagrad", propagation: NEUMANN, correction: true },
      TypeError,
      "correction belongs to adamw with propagation",
    ],
    [{ rule: "lion", betas: [0.9, 1] }, RangeError, "betas[1] must be in [0, 1): current value is 1"],
    [{ rule: "adagrad", epsilon: 0 }, RangeError, "epsilon must be positive: current value is 0"],
    [
      { rule: "adagrad", undecayed: { item: [0] } },
      TypeError,
      "undecayed rows belong to adamw and lion, whose decay is apart from the gradient: the rule is 'adagrad'",
    ],
  ];
  for (const [options, Class, message] of cases) {
    assertFails(() => start(device, { ...PLAIN, ...options }), Class, `Cannot use these options as ${message}`);
  }
  assertEquals(device.liveBytes, 0);
});

Deno.test("sevoInit() refuses options that do not exist or are of another type", async () => {
  await using device = await openDevice("cpu", { threads: 1 });
  const number = (name: string, text: string) => `${name} must be a number: current value is ${text}`;
  const boolean = (name: string, text: string) => `${name} must be a boolean: current value is ${text}`;
  const meant = (name: string, other: string) => `there is no option '${name}': did you mean '${other}'?`;
  const all = "options are 'rule', 'learningRate', 'betas', 'epsilon', 'weightDecay', 'momentum', 'nesterov', " +
    "'propagation', 'correction', 'groups', 'clipNorm', 'clipValue', 'frozen', 'undecayed', 'ema'";
  const cases: [given: object, message: string][] = [
    [{ weight_decay: 0.1 }, meant("weight_decay", "weightDecay")],
    [{ LearningRate: 0.1 }, meant("LearningRate", "learningRate")],
    [{ eps: 1e-8 }, meant("eps", "epsilon")],
    [{ nestrov: true }, meant("nestrov", "nesterov")],
    [{ lr: 0.1 }, `there is no option 'lr': ${all}`],
    [JSON.parse('{ "__proto__": { "momentum": 0.9 } }'), `there is no option '__proto__': ${all}`],
    [{ learningRate: "0.001" }, number("learningRate", "'0.001'")],
    [{ learningRate: undefined }, number("learningRate", "undefined")],
    [{ learningRate: null }, number("learningRate", "null")],
    [{ learningRate: 1n }, number("learningRate", "1n")],
    [{ learningRate: [0.1] }, number("learningRate", "[0.1]")],
    [{ epsilon: "1e-8" }, number("epsilon", "'1e-8'")],
    [{ weightDecay: "0" }, number("weightDecay", "'0'")],
    [{ weightDecay: true }, number("weightDecay", "true")],
    [{ momentum: "0.9" }, number("momentum", "'0.9'")],
    [{ betas: ["0.9", 0.999] }, number("betas[0]", "'0.9'")],
    [{ betas: [0.9, "0.999"] }, number("betas[1]", "'0.999'")],
    [{ betas: Object.assign(Array(2), { 1: 0.999 }) }, number("betas[0]", "undefined")],
    [{ betas: [0.9, 0.999, 0] }, "betas must be two numbers: current value is [0.9, 0.999, 0]"],
    [{ betas: "09" }, "betas must be two numbers: current value is '09'"],
    [{ betas: 0.9 }, "betas must be two numbers: current value is 0.9"],
    [{ betas: { 0: 0.9, 1: 0.9, length: 2 } }, "betas must be two numbers: current value is an object"],
    [{ betas: null }, "betas must be two numbers: current value is null"],
    [{ momentum: 0.9, nesterov: "yes" }, boolean("nesterov", "'yes'")],
    [{ momentum: 0.9, nesterov: 1 }, boolean("nesterov", "1")],
    [{ rule: "adamw", propagation: NEUMANN, correction: "false" }, boolean("correction", "'false'")],
    [{ rule: ["sgd"] }, "rule must be one of 'adamw', 'adam', 'sgd', 'lion', 'adagrad': current value is ['sgd']"],
    [{ propagation: "neumann" }, "propagation must be an object: current value is 'neumann'"],
    [{ propagation: false }, "propagation must be an object: current value is false"],
    [{ propagation: { ...NEUMANN, layer: 2 } }, meant("layer", "layers")],
    [{ propagation: { mode: "exact", beta: 0.5, max_iterations: 9 } }, meant("max_iterations", "maxIterations")],
    [{ propagation: { mode: "exact", beta: 0.5, tol: 1e-3 } }, meant("tol", "tolerance")],
    [{ propagation: { ...NEUMANN, beta: "0.9" } }, number("beta", "'0.9'")],
    [{ propagation: { mode: "neumann" } }, number("beta", "undefined")],
    [{ propagation: { ...NEUMANN, layers: "3" } }, number("layers", "'3'")],
    [{ propagation: { ...NEUMANN, layers: null } }, number("layers", "null")],
    [{ propagation: { mode: "exact", beta: 0.5, tolerance: "1e-3" } }, number("tolerance", "'1e-3'")],
    [{ propagation: { mode: "exact", beta: 0.5, maxIterations: "9" } }, number("maxIterations", "'9'")],
  ];
  for (const [given, message] of cases) {
    const options = untyped({ ...PLAIN, ...given });
    assertFails(() => start(device, options), TypeError, `Cannot use these options as ${message}`);
  }
  for (const options of [undefined, null, "sgd", [PLAIN]]) {
    const { message } = assertThrows(() => start(device, untyped(options)), TypeError);
    assertEquals(message.split(":")[0], "Cannot use these options as the options must be an object");
  }
  assertEquals(device.liveBytes, 0);
});

Deno.test("sevoInit() takes an option that is undefined for one that is not given", async () => {
  await using device = await openDevice("cpu", { threads: 1 });
  const names = ["betas", "epsilon", "weightDecay", "momentum", "nesterov", "correction", "unknown"];
  const undefinedOptions = Object.fromEntries(names.map((name) => [name, undefined]));
  const exact: Propagation = { mode: "exact", beta: 0.5 };
  for (const rule of ["sgd", "adam", "adamw", "lion", "adagrad"] as const) {
    const options: SevoOptions = { rule, learningRate: 0.1, propagation: exact };
    const propagation = { ...exact, layers: undefined, tolerance: undefined, maxIterations: undefined };
    using expected = start(device, options);
    using state = start(device, untyped({ ...options, ...undefinedOptions, propagation }));
    assertEquals(state.options, expected.options);
    // What a state says its options are can be given again.
    using again = start(device, state.options);
    assertEquals(again.options, expected.options);
  }
});

Deno.test("sevoInit() keeps its options when the caller's change", async () => {
  await using device = await openDevice("cpu", { threads: 1 });
  const betas: [number, number] = [0.9, 0.98], propagation = { ...NEUMANN };
  using state = start(device, { rule: "adam", learningRate: 0.1, betas, propagation });
  betas[0] = 2;
  Object.assign(propagation, { beta: 2 });
  assertEquals([state.options.betas, state.options.propagation?.beta], [[0.9, 0.98], 0.9]);
});

testOnDevices("sevoStep() refuses options that do not exist or are of another type", async (device) => {
  using state = start(device, PLAIN);
  const cases: [options: unknown, message: string][] = [
    [{ Donate: false }, "there is no option 'Donate': did you mean 'donate'?"],
    [{ learning_rate: 0.1 }, "there is no option 'learning_rate': did you mean 'learningRate'?"],
    [{ donate: "no" }, "donate must be a boolean: current value is 'no'"],
    [{ donate: 0 }, "donate must be a boolean: current value is 0"],
    [{ donate: null }, "donate must be a boolean: current value is null"],
    [{ learningRate: "0.1" }, "learningRate must be a number: current value is '0.1'"],
    [{ learningRate: null }, "learningRate must be a number: current value is null"],
    [null, "the options must be an object: current value is null"],
    [false, "the options must be an object: current value is false"],
  ];
  for (const [options, message] of cases) {
    assertFails(
      () => sevoStep(state, { item: new Float32Array(32) }, null, untyped(options)),
      TypeError,
      `Cannot use these options as ${message}`,
    );
  }
  {
    const given = untyped({ donate: undefined, learningRate: undefined });
    using undonated = sevoStep(state, { item: matrix(9, ...SHAPE) }, null, { donate: false });
    using next = sevoStep(start(device, PLAIN), { item: matrix(9, ...SHAPE) }, null, given);
    assertSameBits((await next.read()).item, (await undonated.read()).item);
  }
  await assertUsable(state, null);
});

testOnDevices("propagate() refuses options that do not exist or are of another type", async (device) => {
  using graph = randomGraph(1, 4, 8);
  const live = device.liveBytes;
  const cases: [propagation: unknown, message: string][] = [
    [{ ...NEUMANN, layer: 3 }, "there is no option 'layer': did you mean 'layers'?"],
    [{ ...NEUMANN, Beta: 0.5 }, "there is no option 'Beta': did you mean 'beta'?"],
    [{ ...NEUMANN, beta: "0.9" }, "beta must be a number: current value is '0.9'"],
    [{ ...NEUMANN, layers: "3" }, "layers must be a number: current value is '3'"],
    [{ mode: "exact", beta: 0.9, maxIterations: "30" }, "maxIterations must be a number: current value is '30'"],
    [null, "propagation must be an object: current value is null"],
    [undefined, "propagation must be an object: current value is undefined"],
    ["exact", "propagation must be an object: current value is 'exact'"],
  ];
  for (const [propagation, message] of cases) {
    await assertFailsLater(
      () => propagate(device, graph, matrix(1, ...SHAPE), untyped(propagation)),
      TypeError,
      `Cannot use these options as ${message}`,
    );
  }
  assertEquals(device.liveBytes, live);
});

testOnDevices("sevoInit() refuses tables that do not fit", (device) => {
  const init = (tables: Parameters<typeof sevoInit>[1]) => () => sevoInit(device, tables, PLAIN);
  assertFails(init({}), TypeError, "Cannot make a state as there is no table");
  assertFails(
    init({ item: { data: new Float32Array(31), shape: [4, 8] } }),
    TypeError,
    "Cannot make a state as table 'item' of shape [4, 8] has 31 elements",
  );
  assertFails(
    init({ item: { data: new Float32Array(8), shape: untyped([8]) } }),
    TypeError,
    "Cannot make a state as table 'item' of shape [8] has 8 elements",
  );
  assertFails(
    () =>
      sevoInit(device, {
        user: { data: new Float32Array(6), shape: [2, 3] },
        item: { data: new Float32Array(8), shape: [2, 4] },
      }, { ...PLAIN, propagation: { mode: "neumann", beta: 0.5 } }),
    TypeError,
    "Cannot make a state as tables that are smoothed together must have 3 columns: table 'item' has 4",
  );
  assertFails(
    init({ item: { data: new Float32Array(32), shape: untyped(["4", "8"]) } }),
    TypeError,
    "Cannot make a state as the shape of table 'item' must be a number: current value is '4'",
  );
  // Read as a Float32Array these would be other numbers: they must not be taken silently.
  for (const data of [new Float64Array(32), Array.from({ length: 32 }, () => 0.5), new Uint32Array(32)]) {
    assertThrows(init({ item: { data: untyped(data), shape: [4, 8] } }), TypeError);
  }
});

testOnDevices("propagate() refuses wrong numbers and shapes", async (device) => {
  using graph = randomGraph(1, 4, 8);
  const x = matrix(1, ...SHAPE);
  const options = "Cannot use these options as";
  const given: [Propagation, string][] = [
    [{ ...NEUMANN, beta: 1 }, `${options} beta must be in [0, 1): current value is 1`],
    [{ ...NEUMANN, layers: -1 }, `${options} layers must be an integer >= 0: current value is -1`],
  ];
  for (const [propagation, message] of given) {
    await assertFailsLater(() => propagate(device, graph, x, propagation), RangeError, message);
  }
  await assertFailsLater(
    () => propagate(device, graph, new Float32Array(30), NEUMANN),
    TypeError,
    "Cannot propagate as data must have 4 rows: current value is 30 elements",
  );
  await assertFailsLater(
    () => propagate(device, graph, x, { mode: "exact", beta: 0.99, maxIterations: 1 }),
    ConvergenceError,
    "Cannot propagate to the tolerance 0.000001 as maxIterations is too small: current value is 1",
  );
});

testOnDevices("propagate() and a state that do not converge fail alike, as a number out of range", async (device) => {
  using graph = randomGraph(2, 40, 160);
  const shape = [40, 3] as const, propagation: Propagation = { mode: "exact", beta: 0.99, maxIterations: 2 };
  using state = sevoInit(device, { item: { data: matrix(1, ...shape), shape } }, { ...PLAIN, propagation });
  using next = sevoStep(state, { item: matrix(2, ...shape) }, graph);
  const work = [() => propagate(device, graph, matrix(2, ...shape), propagation), () => next.check()];
  const [alone, inStep] = await Promise.all(work.map((run) => assertRejects(run, RangeError)));
  for (const error of [alone!, inStep!]) assertInstanceOf(error, ConvergenceError);
  assertEquals([alone!.name, alone!.message], ["ConvergenceError", inStep!.message]);
});

/** Gradients of shape [3, 5] that are not finite: in the last column of a padded row too, and as a sum of finite rows. */
function nonFinite(): Gradient[] {
  const dense = matrix(3, 3, 5), infinite = matrix(3, 3, 5);
  dense[7] = NaN;
  infinite[14] = -Infinity;
  const rows = Uint32Array.from([2, 0, 2]), values = matrix(4, 3, 5), large = matrix(4, 3, 5);
  values[9] = NaN;
  large[4] = large[14] = 3e38;
  return [dense, infinite, { rows, values }, { rows, values: large }];
}

testOnDevices("a gradient that is not finite is reported by the next read, save and check", async (device) => {
  using graph = randomGraph(2, 7, 20);
  const good = { user: matrix(5, 4, 5), item: matrix(6, 3, 5) };
  for (const [label, options] of everyOptions()) {
    const graphOrNone = options.propagation && graph;
    for (const [kind, item] of nonFinite().entries()) {
      const tables = {
        user: { data: matrix(1, 4, 5), shape: [4, 5] as const },
        item: { data: matrix(2, 3, 5), shape: [3, 5] as const },
      };
      let state = sevoInit(device, tables, options);
      for (const gradients of [good, { ...good, item }, { ...good, item }]) {
        state = sevoStep(state, gradients, graphOrNone);
      }
      const message = "Cannot read the state as gradient 'item' had a value that is not finite: at step 2";
      for (const report of [() => state.read(), () => state.save(), () => state.check()].slice(0, kind === 0 ? 3 : 1)) {
        const error = await assertRejects(report, NonFiniteError);
        assertEquals([error.message, error.table, error.step], [message, "item", 2], label);
      }
      if (kind === 0) {
        // A step that keeps the old state does not lose the report.
        using after = sevoStep(state, good, graphOrNone, { donate: false });
        assertEquals((await assertRejects(() => after.read(), NonFiniteError)).message, message);
      }
      state[Symbol.dispose]();
    }
  }
});

/** Gradients of table `item`, of shape [4, 8], that a step must refuse. */
function wrongGradients(): [name: string, gradient: unknown, Class: ErrorClass, message: string][] {
  const shape = "expected shape [4, 8]";
  const type =
    `Cannot step as gradient 'item' has a type that is neither Float32Array, Tensor nor sparse rows: ${shape}`;
  return [
    ["short", new Float32Array(24), TypeError, `Cannot step as gradient 'item' has 24 elements: ${shape}`],
    ["empty", new Float32Array(0), TypeError, `Cannot step as gradient 'item' has 0 elements: ${shape}`],
    ["array", Array.from({ length: 32 }, () => 0), TypeError, type],
    ["float64", new Float64Array(32), TypeError, type],
    ["null", null, TypeError, type],
    ["undefined", undefined, TypeError, type],
    ["string", "gradient", TypeError, type],
    [
      "sparse of other width",
      { rows: new Uint32Array(2), values: new Float32Array(14) },
      TypeError,
      `Cannot step as gradient 'item' has 14 elements in 2 rows: ${shape}`,
    ],
    ["sparse rows of another type", { rows: new Int32Array(2), values: new Float32Array(16) }, TypeError, type],
    [
      "sparse row out of range",
      { rows: Uint32Array.from([0, 4]), values: new Float32Array(16) },
      RangeError,
      "Cannot step as gradient 'item' names row 4: expected rows in [0, 4)",
    ],
  ];
}

/** Asserts that a state can still be stepped, and gives what it would have given before. */
async function assertUsable(state: SevoState<"item">, graph: Graph | null): Promise<void> {
  const item = matrix(9, ...SHAPE);
  using fresh = start(state.device, state.options);
  using expected = sevoStep(fresh, { item }, graph);
  using actual = sevoStep(state, { item }, graph);
  assertSameBits((await actual.read()).item, (await expected.read()).item);
}

testOnDevices("sevoStep() refuses a wrong gradient and leaves the state usable", async (device) => {
  using graph = randomGraph(2, 4, 8);
  for (const propagation of [null, NEUMANN]) {
    const graphOrNone = propagation && graph;
    using state = start(device, { ...RULES.adamw!, propagation });
    const before = (await state.read()).item, live = device.liveBytes;
    for (const [, item, Class, message] of wrongGradients()) {
      assertFails(() => sevoStep(state, { item: untyped(item) }, graphOrNone), Class, message);
    }
    assertFails(
      () => sevoStep(state, untyped({}), graphOrNone),
      TypeError,
      "Cannot step as there is no gradient for table 'item'",
    );
    assertFails(
      () => sevoStep(state, untyped({ item: new Float32Array(32), user: new Float32Array(32) }), graphOrNone),
      TypeError,
      "Cannot step as the state has no table 'user'",
    );
    {
      using other = device.zeros("f32", [3, 8]);
      assertFails(
        () => sevoStep(state, { item: other }, graphOrNone),
        TypeError,
        "Cannot step as gradient 'item' has shape [3, 8]: expected shape [4, 8]",
      );
      using flat = device.zeros("f32", [32]);
      assertFails(
        () => sevoStep(state, { item: flat }, graphOrNone),
        TypeError,
        "Cannot step as gradient 'item' has shape [32]: expected shape [4, 8]",
      );
      using plan = device.upload(planRows(Uint32Array.from([1]), 3));
      using values = device.zeros("f32", [1, 8]);
      using narrow = device.zeros("f32", [1, 7]);
      assertFails(
        () => sevoStep(state, { item: { plan, values } }, graphOrNone),
        TypeError,
        "Cannot step as gradient 'item' has a plan of 5 words in place of 6: expected shape [4, 8]",
      );
      assertFails(
        () => sevoStep(state, { item: { plan, values: narrow } }, graphOrNone),
        TypeError,
        "Cannot step as gradient 'item' has rows of shape [1, 7]: expected shape [4, 8]",
      );
    }
    assertEquals(device.liveBytes, live);
    assertSameBits((await state.read()).item, before);
    await assertUsable(state, graphOrNone);
  }
});

for (
  const [name, make] of Object.entries<(device: Device, other: Device) => Gradient>({
    "of another device": (_, other) => other.zeros("f32", SHAPE),
    "that was disposed of": (device) => {
      const tensor = device.zeros("f32", SHAPE);
      tensor.dispose();
      return tensor;
    },
    "of unsigned integers": (device) => untyped(device.zeros("u32", SHAPE)),
    "with a plan of the wrong type": (device) => ({
      plan: untyped(device.zeros("f32", [6])),
      values: device.zeros("f32", [1, 8]),
    }),
  })
) {
  testOnDevices(`sevoStep() refuses a gradient tensor ${name} and leaves the state usable`, async (device) => {
    using graph = randomGraph(2, 4, 8);
    await using other = await openDevice("cpu", { threads: 1 });
    using state = start(device, { ...RULES.adamw!, propagation: NEUMANN });
    graph.on(device);
    const gradient = make(device, other), live = device.liveBytes;
    const error = assertThrows(() => sevoStep(state, { item: gradient }, graph), Error);
    // A disposed tensor is a ReferenceError everywhere in the library, what does not fit is a TypeError.
    assertInstanceOf(error, name === "that was disposed of" ? ReferenceError : TypeError);
    assertEquals(device.liveBytes, live);
    for (const tensor of "dispose" in gradient ? [gradient] : Object.values(gradient)) tensor.dispose();
    await assertUsable(state, graph);
  });
}

testOnDevices("sevoStep() refuses a wrong graph and leaves the state usable", async (device) => {
  using right = randomGraph(2, 4, 8);
  using small = randomGraph(2, 3, 8);
  const item = new Float32Array(32);
  using state = start(device, { ...PLAIN, propagation: NEUMANN });
  assertFails(
    () => sevoStep(state, { item }, small),
    RangeError,
    "Cannot step as the graph has 3 rows: expected 4, those of all tables",
  );
  assertFails(
    () => sevoStep(state, { item }),
    TypeError,
    "Cannot step as 'neumann' propagation needs a graph: current value is null",
  );
  assertFails(
    () => sevoStep(state, { item }, untyped(undefined)),
    TypeError,
    "Cannot step as 'neumann' propagation needs a graph: current value is null",
  );
  await assertUsable(state, right);
  using plain = start(device, PLAIN);
  assertFails(
    () => sevoStep(plain, { item }, right),
    TypeError,
    "Cannot step with a graph as the state has no propagation: pass no graph",
  );
  await assertUsable(plain, null);
});

testOnDevices("sevoStep() refuses a wrong learning rate and leaves the state usable", async (device) => {
  using state = start(device, PLAIN);
  for (const learningRate of [-1, NaN, Infinity]) {
    assertFails(
      () => sevoStep(state, { item: new Float32Array(32) }, null, { learningRate }),
      RangeError,
      `Cannot use these options as learningRate must be >= 0: current value is ${learningRate}`,
    );
  }
  await assertUsable(state, null);
});

testOnDevices("a state that a step has taken says so", async (device) => {
  const taken = start(device, PLAIN), item = new Float32Array(32);
  using next = sevoStep(taken, { item });
  const message = "Cannot use a state as a step has taken it: go on with the state that sevoStep returned, or pass " +
    "{ donate: false }";
  assertFails(() => sevoStep(taken, { item }), StateTakenError, message);
  assertFails(() => sevoStep(taken, { item }, null, { donate: false }), StateTakenError, message);
  assertFails(() => taken.table("item"), StateTakenError, message);
  await assertFailsLater(() => taken.read(), StateTakenError, message);
  await assertFailsLater(() => taken.save(), StateTakenError, message);
  await assertFailsLater(() => taken.check(), StateTakenError, message);
  // Disposing of it takes nothing from the next one.
  taken[Symbol.dispose]();
  await next.read();
});

testOnDevices("a state that was disposed of says so", async (device) => {
  const state = start(device, PLAIN), item = new Float32Array(32);
  state[Symbol.dispose]();
  state[Symbol.dispose]();
  const message = "Cannot use a state as it was disposed of";
  assertFails(() => sevoStep(state, { item }), StateTakenError, message);
  await assertFailsLater(() => state.read(), StateTakenError, message);
  await assertFailsLater(() => state.save(), StateTakenError, message);
  await assertFailsLater(() => state.check(), StateTakenError, message);
});

testOnDevices(
  "exact propagation with too few iterations is reported by the next read, save and check",
  async (device) => {
    using graph = randomGraph(2, 40, 160);
    const shape = [40, 3] as const;
    const propagation: Propagation = { mode: "exact", beta: 0.99, maxIterations: 2 };
    for (const rule of [RULES.sgd!, RULES.adamw!]) {
      let state = sevoInit(device, { item: { data: matrix(1, ...shape), shape } }, { ...rule, propagation });
      for (let step = 0; step < 2; step++) state = sevoStep(state, { item: matrix(2, ...shape) }, graph);
      const message = "Cannot propagate to the tolerance 0.000001 as maxIterations is too small: current value is 2";
      await assertFailsLater(() => state.read(), ConvergenceError, message);
      await assertFailsLater(() => state.save(), ConvergenceError, message);
      await assertFailsLater(() => state.check(), ConvergenceError, message);
      state[Symbol.dispose]();
    }
  },
);

testOnDevices("exact propagation reaches its tolerance within the default iterations", async (device) => {
  // A path has eigenvalues all over (-1, 1): what conjugate gradients take longest for.
  const rows = 300, propagation: Propagation = { mode: "exact", beta: 0.99 };
  const sources = Array.from({ length: rows - 1 }, (_, row) => row);
  using graph = Graph.fromEdges({ rows, sources, targets: sources.map((row) => row + 1) });
  await propagate(device, graph, matrix(1, rows, 2), propagation); // throws if it does not
});

/** The file of a state with moments, after one step. */
async function savedState(device: Device): Promise<Uint8Array<ArrayBuffer>> {
  using state = start(device, { ...RULES.adamw!, propagation: null });
  using next = sevoStep(state, { item: matrix(2, ...SHAPE) });
  return await next.save();
}

testOnDevices("loadState() says that bytes are not a saved state", async (device) => {
  const bytes = await savedState(device), live = device.liveBytes;
  const file = decodeSafetensors(bytes);
  assertFails(
    () => loadState(device, new Uint8Array(0)),
    SyntaxError,
    "Cannot decode safetensors as the header is cut off: the file has 0 bytes",
  );
  assertFails(
    () => loadState(device, encodeSafetensors({ tensors: {}, metadata: {} })),
    SyntaxError,
    "Cannot load a state as the file is of another format: current value is undefined",
  );
  const { "table.item": _, ...withoutItem } = file.tensors;
  assertFails(
    () => loadState(device, encodeChecked({ ...file, tensors: withoutItem })),
    SyntaxError,
    "Cannot load a state as tensor 'table.item' is missing or not a float32 matrix",
  );
  const { "moment2.item": __, ...withoutMoment } = file.tensors;
  assertFails(
    () => loadState(device, encodeChecked({ ...file, tensors: withoutMoment })),
    SyntaxError,
    "Cannot load a state as tensor 'moment2.item' is missing or not a float32 matrix",
  );
  const doubles = { data: new Float64Array(32), shape: SHAPE };
  assertFails(
    () => loadState(device, encodeChecked({ ...file, tensors: { ...file.tensors, "table.item": doubles } })),
    SyntaxError,
    "Cannot load a state as tensor 'table.item' is missing or not a float32 matrix",
  );
  assertEquals(device.liveBytes, live);
});

testOnDevices("loadState() says that an earlier version wrote a file, and that a file is damaged", async (device) => {
  const bytes = await savedState(device), file = decodeSafetensors(bytes), { checksum: _, ...metadata } = file.metadata;
  const earlier = "an earlier version of this package wrote it: train again";
  assertFails(
    () => loadState(device, encodeSafetensors({ ...file, metadata: { ...metadata, format: "sevo-state-1" } })),
    SyntaxError,
    `Cannot load a state as ${earlier}`,
  );
  assertFails(
    () => loadState(device, encodeSafetensors({ ...file, metadata })),
    SyntaxError,
    `Cannot load a state as it has no checksum: ${earlier}`,
  );
  const live = device.liveBytes;
  bytes[bytes.length - 3]! ^= 64;
  assertFails(
    () => loadState(device, bytes),
    SyntaxError,
    "Cannot load a state as its content does not match its checksum: the file is damaged",
  );
  assertEquals(device.liveBytes, live);
});

testOnDevices("a state says that it has no such table", (device) => {
  using state = start(device, PLAIN);
  for (const name of ["user", "constructor", "__proto__"]) {
    assertFails(
      () => state.table(untyped(name)),
      TypeError,
      `Cannot use table '${name}' as the state has no such table`,
    );
  }
});

testOnDevices("loadState() refuses every truncation and garbage", async (device) => {
  const bytes = await savedState(device);
  for (let length = 0; length < bytes.length; length += 3) {
    assertThrows(() => loadState(device, bytes.slice(0, length)), SyntaxError);
  }
  for (let seed = 0; seed < 20; seed++) {
    const garbage = Uint8Array.from(matrix(seed, 16, 16), (value) => 128 + 127 * value);
    assertThrows(() => loadState(device, garbage), SyntaxError);
  }
});

for (
  const [name, change] of Object.entries<(file: SafetensorsFile) => SafetensorsFile>({
    "no tables": ({ tensors, metadata: { tables: _, ...metadata } }) => ({ tensors, metadata }),
    "tables that are not JSON": (file) => ({ ...file, metadata: { ...file.metadata, tables: "item" } }),
    "tables that are not a list": (file) => ({ ...file, metadata: { ...file.metadata, tables: "{}" } }),
    "tables that are not named by strings": (file) => ({ ...file, metadata: { ...file.metadata, tables: "[1]" } }),
    "a table twice": (file) => ({ ...file, metadata: { ...file.metadata, tables: '["item","item"]' } }),
    "an empty list of tables": (file) => ({ ...file, metadata: { ...file.metadata, tables: "[]" } }),
    "no options": ({ tensors, metadata: { options: _, ...metadata } }) => ({ tensors, metadata }),
    "options that are null": (file) => ({ ...file, metadata: { ...file.metadata, options: "null" } }),
    "an unknown option": (file) => ({
      ...file,
      metadata: { ...file.metadata, options: file.metadata.options!.replace("{", '{"amsgrad":true,') },
    }),
    "an option that is no number": (file) => ({
      ...file,
      metadata: { ...file.metadata, options: file.metadata.options!.replace(/"epsilon":[^,]*/, '"epsilon":"1e-8"') },
    }),
    "an unknown rule": (file) => ({
      ...file,
      metadata: { ...file.metadata, options: file.metadata.options!.replace("adamw", "lamb") },
    }),
    "no step": ({ tensors, metadata: { step: _, ...metadata } }) => ({ tensors, metadata }),
    "a step that is no number": (file) => ({ ...file, metadata: { ...file.metadata, step: "soon" } }),
    "a negative step": (file) => ({ ...file, metadata: { ...file.metadata, step: "-1" } }),
    "a moment of another shape": (file) => ({
      ...file,
      tensors: { ...file.tensors, "moment2.item": { data: new Float32Array(24), shape: [3, 8] } },
    }),
    "a moment of another width": (file) => ({
      ...file,
      tensors: { ...file.tensors, "moment1.item": { data: new Float32Array(32), shape: [8, 4] } },
    }),
  })
) {
  testOnDevices(`loadState() refuses a file with ${name}`, async (device) => {
    const bytes = encodeChecked(change(decodeSafetensors(await savedState(device))));
    assertThrows(() => loadState(device, bytes)[Symbol.dispose](), SyntaxError);
  });
}

testOnDevices(
  "sevoStep() that finds no memory, whichever tensor it is, leaves the state to go on with",
  async (device) => {
    // A hub, so that the partial sums are among what is allocated.
    const leaves = 600;
    using graph = Graph.fromEdges({
      rows: leaves + 1,
      sources: new Uint32Array(leaves),
      targets: Uint32Array.from({ length: leaves }, (_, leaf) => leaf + 1),
    });
    graph.on(device);
    const shape = [leaves + 1, 4] as const;
    const gradient = { rows: new Uint32Array([3, 3]), values: matrix(2, 2, 4) };
    for (const propagation of [NEUMANN, { mode: "exact", beta: 0.5 }] as const) {
      using state = sevoInit(device, { item: { data: matrix(1, ...shape), shape } }, {
        rule: "adamw",
        learningRate: 0.1,
        propagation,
      });
      using expected = sevoStep(state, { item: gradient }, graph, { donate: false });
      const live = device.liveBytes;
      const { empty } = device;
      let failures = 0;
      // A device that holds a little more each time, until it is enough.
      for (let limit = live;; limit += 512) {
        const hold = (...[dtype, shape]: Parameters<typeof empty>) => {
          const tensor = empty.call(device, dtype, shape);
          if (device.liveBytes <= limit) return tensor;
          tensor.dispose();
          throw new RangeError("no memory");
        };
        device.empty = hold as typeof empty;
        try {
          using next = sevoStep(state, { item: gradient }, graph);
          assertSameBits((await next.read()).item, (await expected.read()).item);
          break;
        } catch (error) {
          assertEquals((error as Error).message, "no memory");
          failures++;
          assertEquals(device.liveBytes, live);
        } finally {
          device.empty = empty;
        }
      }
      // At the least the two scratch tables had to find room.
      assertGreaterOrEqual(512 * failures, 2 * 4 * 4 * (leaves + 1));
    }
  },
);

Deno.test("sevoStep() on cpu says that a plan points out of its gradient, and goes on", async () => {
  for (const threads of [1, 3]) {
    await using device = await openDevice("cpu", { threads });
    const rows = 4000;
    const state = sevoInit(device, { item: { data: matrix(1, rows, 8), shape: [rows, 8] } }, PLAIN);
    using values = device.upload(matrix(2, 4, 8), [4, 8]);
    // Offsets that lie far beyond the end of the plan
    using plan = device.upload(Uint32Array.from({ length: rows + 1 + 4 }, (_, at) => at <= rows ? 0x03ffffff + at : 0));
    const message = "Cannot launch kernel 'sgd' as an index in its tensors is out of range";
    assertFails(() => sevoStep(state, { item: { plan, values } }), RangeError, message);
    using other = sevoInit(device, { item: { data: matrix(1, rows, 8), shape: [rows, 8] } }, PLAIN);
    using next = sevoStep(other, { item: matrix(3, rows, 8) });
    assertEquals((await next.read()).item.length, rows * 8);
  }
});
