import { assert, assertEquals, assertGreater, assertLess, assertLessOrEqual, assertNotEquals } from "@std/assert";
import {
  type Device,
  Graph,
  loadState,
  planRows,
  propagate,
  type Propagation,
  sevoInit,
  type SevoOptions,
  type SevoState,
  sevoStep,
} from "@sevo/sevo";
import fc from "../_fast_check.ts";
import { testOnDevices } from "../_on_devices.ts";
import {
  assertPropagated,
  assertSameBits,
  everyOptions,
  idleGradient,
  matrix,
  MODES,
  product,
  psi,
  randomEdges,
  randomGraph,
  RULES,
  runSteps,
} from "./_fixtures.ts";

const NEUMANN: Propagation = { mode: "neumann", beta: 0.9, layers: 3 };

const cases = fc.record({
  seed: fc.nat(),
  rows: fc.integer({ min: 1, max: 40 }),
  edges: fc.integer({ min: 0, max: 120 }),
  columns: fc.integer({ min: 1, max: 9 }),
  propagation: fc.record({
    mode: fc.constantFrom("neumann" as const, "iterative" as const, "exact" as const),
    beta: fc.constantFrom(0, 0.3, 0.9, 0.99),
    layers: fc.integer({ min: 0, max: 5 }),
  }),
});
type Case = typeof cases extends fc.Arbitrary<infer T> ? T : never;

/** Checks a property on a few cases with a fixed seed. */
async function check(body: (given: Case) => Promise<void>, numRuns = 12): Promise<void> {
  await fc.assert(fc.asyncProperty(cases, body), { seed: 2024, numRuns });
}

/** J(X) = Tr(X^T (I - A) X) in float64. */
function roughness(graph: Graph, x: ArrayLike<number>, columns: number): number {
  const smoothed = product(graph, x, columns);
  return Array.from(x).reduce((sum, value, at) => sum + value * (value - smoothed[at]!), 0);
}

function dot(x: ArrayLike<number>, y: ArrayLike<number>): number {
  return Array.from(x).reduce((sum, value, at) => sum + value * y[at]!, 0);
}

testOnDevices("propagate() equals its definition in float64", async (device) => {
  await check(async ({ seed, rows, edges, columns, propagation }) => {
    using graph = randomGraph(seed, rows, edges);
    const x = matrix(seed, rows, columns);
    assertPropagated(await propagate(device, graph, x, propagation), graph, x, columns, propagation);
  }, 30);
});

testOnDevices("propagate() is linear", async (device) => {
  await check(async ({ seed, rows, edges, columns, propagation }) => {
    using graph = randomGraph(seed, rows, edges);
    const x = matrix(seed, rows, columns), y = matrix(seed + 1, rows, columns);
    // Powers of two: the combination of the inputs is exact to one rounding, so what is left is the propagation's.
    const mixed = x.map((value, at) => 2 * value - 0.5 * y[at]!);
    const [ofX, ofY, ofMixed] = [
      await propagate(device, graph, x, propagation),
      await propagate(device, graph, y, propagation),
      await propagate(device, graph, mixed, propagation),
    ];
    const combined = Float64Array.from(ofX, (value, at) => 2 * value - 0.5 * ofY[at]!);
    const sizes = x.map((value, at) => 2 * Math.abs(value) + 0.5 * Math.abs(y[at]!));
    // Both sides are propagations of arrays no larger than `sizes`, so each has at most the error allowed for that.
    const allowed = psi(graph, sizes, columns, propagation);
    const norm = Math.sqrt(dot(sizes, sizes));
    for (let at = 0; at < combined.length; at++) {
      const bound = propagation.mode === "exact" ? 1e-5 * norm : 1e-5 * allowed[at]!;
      assertLessOrEqual(Math.abs(ofMixed[at]! - combined[at]!), bound, `element ${at}`);
    }
  });
});

testOnDevices("propagate() is permutation-equivariant", async (device) => {
  await check(async ({ seed, rows, edges, columns, propagation }) => {
    const list = randomEdges(seed, rows, edges);
    const permuted = Array.from({ length: rows }, (_, row) => row);
    const draws = matrix(seed + 2, rows, 1);
    permuted.sort((a, b) => draws[a]! - draws[b]!); // permuted[row] is the new place of a row
    using graph = Graph.fromEdges(list);
    using other = Graph.fromEdges({
      ...list,
      sources: list.sources.map((row) => permuted[row]!),
      targets: list.targets.map((row) => permuted[row]!),
    });
    const x = matrix(seed, rows, columns), moved = new Float32Array(x.length), expected = new Float64Array(x.length);
    const place = (from: ArrayLike<number>, to: Float32Array | Float64Array) => {
      for (let at = 0; at < from.length; at++) {
        to[permuted[Math.floor(at / columns)]! * columns + at % columns] = from[at]!;
      }
    };
    place(x, moved);
    place(await propagate(device, graph, x, propagation), expected);
    const actual = await propagate(device, other, moved, propagation);
    // The sums of a row run in another order, so they round apart.
    assertPropagated(actual, other, moved, columns, propagation);
    const norm = Math.sqrt(dot(x, x));
    for (let at = 0; at < x.length; at++) assertLessOrEqual(Math.abs(actual[at]! - expected[at]!), 2e-5 * norm);
  });
});

testOnDevices("propagate() keeps sqrt(degree) on every connected graph", async (device) => {
  await check(async ({ seed, rows, edges, columns, propagation }) => {
    const list = randomEdges(seed, rows, edges);
    const degrees = new Float64Array(rows), part = Array.from({ length: rows }, (_, row) => row);
    const root = (row: number): number => part[row] === row ? row : root(part[row]!);
    list.sources.forEach((source, at) => {
      degrees[source]! += list.weights[at]!;
      degrees[list.targets[at]!]! += list.weights[at]!;
      part[root(source)] = root(list.targets[at]!);
    });
    // A sqrt(d) = sqrt(d) on each connected part alone, so each part and column may have a factor of its own.
    const factors = matrix(seed + 3, rows, columns);
    const x = new Float32Array(rows * columns).map((_, at) =>
      Math.sqrt(degrees[Math.floor(at / columns)]!) * factors[root(Math.floor(at / columns)) * columns + at % columns]!
    );
    using graph = Graph.fromEdges(list);
    const smoothed = await propagate(device, graph, x, propagation);
    // A row without edges has sqrt(degree) = 0 and stays 0.
    assertPropagated(smoothed, graph, x, columns, propagation, x);
  });
});

testOnDevices("propagate() in neumann mode is structure-aware and direction-aware", async (device) => {
  await check(async ({ seed, rows, edges, columns, propagation: { beta, layers } }) => {
    using graph = randomGraph(seed, rows, edges);
    const x = matrix(seed, rows, columns);
    const smoothed = await propagate(device, graph, x, { mode: "neumann", beta, layers });
    const before = roughness(graph, x, columns), after = roughness(graph, smoothed, columns);
    assertLessOrEqual(after, before + 1e-6 * dot(x, x));
    assertGreater(dot(smoothed, x), 0);
  });
});

testOnDevices(
  "propagate() in neumann mode is direction-aware in the worst direction, iterative is not",
  async (device) => {
    using graph = Graph.fromEdges({ rows: 2, sources: [0], targets: [1] });
    const x = new Float32Array([1, -1]); // the eigenvector of eigenvalue -1
    for (const layers of [1, 2, 3, 8]) {
      const smoothed = await propagate(device, graph, x, { mode: "neumann", beta: 0.99, layers });
      assertGreater(dot(smoothed, x), 0, `${layers} layers`);
    }
    // Theorem 1: iterative is direction-aware for beta below 1/2 alone.
    assertGreater(dot(await propagate(device, graph, x, { mode: "iterative", beta: 0.49, layers: 1 }), x), 0);
    assertLess(dot(await propagate(device, graph, x, { mode: "iterative", beta: 0.9, layers: 1 }), x), 0);
  },
);

testOnDevices("propagate() equals float64 on a graph with large hubs", async (device) => {
  const rows = 30_000, columns = 4;
  // Row 7 meets all others, row 9 meets 700: both are above the length at which a row is cut up, and they meet.
  const others = Array.from({ length: rows }, (_, row) => row).filter((row) => row !== 7);
  const some = Array.from({ length: 700 }, (_, at) => 40 * at + 11);
  using graph = Graph.fromEdges({
    rows,
    sources: [...others.map(() => 7), ...some.map(() => 9), ...others],
    targets: [...others, ...some, ...others.map((row) => (row + 1) % rows)],
  });
  // Positive numbers: what is missing from the sum of a hub is not made up for by another sign.
  const x = matrix(5, rows, columns).map(Math.abs);
  for (
    const propagation of [NEUMANN, { mode: "iterative", beta: 0.4, layers: 2 }, { mode: "exact", beta: 0.5 }] as const
  ) {
    const smoothed = await propagate(device, graph, x, propagation);
    const expected = psi(graph, x, columns, propagation);
    assertPropagated(smoothed, graph, x, columns, propagation, expected);
    const difference = smoothed.map((value, at) => value - expected[at]!);
    assertLessOrEqual(dot(difference, difference), 1e-12 * dot(expected, expected), propagation.mode);
    // The hubs on their own, as they would hide in the norm: about sqrt(600) roundings of a sum of so many.
    const tolerance = propagation.mode === "exact" ? 1e-5 : 4e-6;
    for (const row of [7, 9]) {
      for (let at = row * columns; at < (row + 1) * columns; at++) {
        assertLessOrEqual(Math.abs(difference[at]!), tolerance * expected[at]!, `${propagation.mode}, row ${row}`);
      }
    }
  }
});

testOnDevices("sevoStep() moves the tables by psi of the direction", async (device) => {
  const rows = 20, columns = 6;
  using graph = randomGraph(3, rows, 60);
  const x = matrix(4, rows, columns);
  for (
    const propagation of [NEUMANN, { mode: "iterative", beta: 0.4, layers: 2 }, { mode: "exact", beta: 0.7 }] as const
  ) {
    using empty = sevoInit(device, { item: { data: new Float32Array(rows * columns), shape: [rows, columns] } }, {
      rule: "sgd",
      learningRate: 0.5,
      propagation,
    });
    using next = sevoStep(empty, { item: x }, graph);
    const { item } = await next.read();
    assertPropagated(item.map((value) => -2 * value), graph, x, columns, propagation);
  }
});

testOnDevices("sevoStep() with beta 0 or no layers equals the plain rule to the bit", async (device) => {
  const shape = [18, 6] as const;
  using graph = randomGraph(1, shape[0], 50);
  const gradients = [1, 2, 3, 4].map((seed) => idleGradient(seed, ...shape));
  for (const [name, rule] of Object.entries(RULES)) {
    const expected = await runSteps(device, { ...rule, propagation: null }, null, shape, gradients);
    const identities: Propagation[] = [
      { mode: "neumann", beta: 0, layers: 3 },
      { mode: "neumann", beta: 0.9, layers: 0 },
      { mode: "iterative", beta: 0, layers: 3 },
      { mode: "iterative", beta: 0.9, layers: 0 },
      { mode: "exact", beta: 0 },
    ];
    for (const propagation of identities) {
      // Corrected idle rows go on moving, which plain adamw's do not.
      const options = { ...rule, propagation, ...name === "adamw" && { correction: false } };
      assertSameBits(
        await runSteps(device, options, graph, shape, gradients),
        expected,
        `${name}, ${propagation.mode}`,
      );
    }
  }
});

testOnDevices("sevoStep() gives the same bits for one table and for its rows in stacked tables", async (device) => {
  const rows = 19, columns = 5, cuts = [0, 6, 6, 7, rows];
  using graph = randomGraph(2, rows, 60);
  const names = ["first", "none", "one", "last"] as const;
  const split = (data: Float32Array<ArrayBuffer>) =>
    names.map((_, at) => data.slice(cuts[at]! * columns, cuts[at + 1]! * columns));
  const byName = <T>(parts: readonly T[]) =>
    Object.fromEntries(names.map((name, at) => [name, parts[at]!])) as Record<typeof names[number], T>;
  const gradients = [1, 2, 3].map((seed) => idleGradient(seed, rows, columns));
  for (const [label, options] of everyOptions()) {
    const whole = await runSteps(device, options, graph, [rows, columns], gradients);
    const tables = split(matrix(1, rows, columns)).map((data) => ({
      data,
      shape: [data.length / columns, columns] as const,
    }));
    let state = sevoInit(device, byName(tables), options);
    for (const gradient of gradients) {
      state = sevoStep(state, byName(split(gradient)), options.propagation && graph);
    }
    const read = await state.read();
    state[Symbol.dispose]();
    split(whole).forEach((part, at) => assertSameBits(read[names[at]!], part, `${label}, table ${names[at]}`));
  }
});

testOnDevices("sevoStep() gives the same bits in a second run", async (device) => {
  const shape = [600, 9] as const;
  using graph = randomGraph(6, shape[0], 2000);
  const gradients = [1, 2, 3].map((seed) => idleGradient(seed, ...shape));
  for (const [label, options] of everyOptions()) {
    const first = await runSteps(device, options, graph, shape, gradients);
    assertSameBits(await runSteps(device, options, graph, shape, gradients), first, label);
  }
});

testOnDevices("loadState() continues what save() wrote, to the bit", async (device) => {
  const shape = [23, 6] as const;
  using graph = randomGraph(7, shape[0], 60);
  const options = [...everyOptions(), [
    "adamw without correction",
    { ...RULES.adamw!, propagation: NEUMANN, correction: false },
  ] as [string, SevoOptions]];
  for (const [label, given] of options) {
    const graphOrNone = given.propagation && graph;
    const tables = {
      a: { data: matrix(1, 20, 6), shape: [20, 6] as const },
      b: { data: matrix(2, 3, 6), shape: [3, 6] as const },
    };
    let state: SevoState = sevoInit<string>(device, tables, given);
    const step = (from: SevoState, seed: number) =>
      sevoStep(from, { a: idleGradient(seed, 20, 6), b: idleGradient(seed + 50, 3, 6) }, graphOrNone);
    for (const seed of [1, 2, 3]) state = step(state, seed);
    let loaded = loadState(device, await state.save());
    assertEquals([loaded.step, loaded.names, loaded.shapes], [3, ["a", "b"], { a: [20, 6], b: [3, 6] }]);
    assertEquals(loaded.options, state.options);
    // Step 4 has idle rows: these need the direction of step 3, which the file does not hold.
    for (const seed of [4, 5]) {
      state = step(state, seed);
      loaded = step(loaded, seed);
      const [expected, actual] = await Promise.all([state.read(), loaded.read()]);
      for (const name of ["a", "b"]) assertSameBits(actual[name]!, expected[name]!, `${label}, step ${seed}`);
    }
    assertEquals(await loaded.save(), await state.save(), label);
    state[Symbol.dispose]();
    loaded[Symbol.dispose]();
  }
});

/** Names that might be taken for a moment of another table, for the metadata, or for what every object has. */
const NAMES = [
  ["a", "a.moment1", "a.moment2", "a.moment1.moment1", "moment1.a", "table.a", "table", "moment1"],
  ["__metadata__", "__proto__", "constructor", "toString", "hasOwnProperty", "table.__metadata__"],
  ["", ".", ".moment1", " ", "item", "Item", "ITEM", "10", "9", "-1"],
  ["é", "e\u0301", "名前", "🙂", "\ud800", "\0", '"', "\\", "\n", "model.0", "best.item"],
];

testOnDevices("a state goes on from its file to the bit whatever its tables are called", async (device) => {
  const shape = [2, 3] as const;
  for (const names of [...NAMES, NAMES.flat()]) {
    const given = (seed: number) => names.map((name, at) => [name, matrix(seed + at, ...shape)] as const);
    const gradients = Object.fromEntries(given(100));
    const tables = Object.fromEntries(given(1).map(([name, data]) => [name, { data, shape }]));
    using first = sevoInit(device, tables, { ...RULES.adamw!, propagation: null });
    using saved = sevoStep(first, gradients);
    const bytes = await saved.save();
    using loaded = loadState(device, bytes);
    assertEquals([loaded.names, loaded.shapes], [saved.names, saved.shapes]);
    assertEquals(loaded.names.toSorted(), names.toSorted());
    assertEquals(await loaded.save(), bytes);
    using next = sevoStep(saved, gradients);
    using again = sevoStep(loaded, gradients);
    const [expected, actual] = await Promise.all([next.read(), again.read()]);
    assertEquals([Object.keys(expected), Object.keys(actual)], [saved.names, saved.names]);
    for (const [at, name] of names.entries()) {
      assertSameBits(actual[name]!, expected[name]!, name);
      // Each table has moved from its own values, by its own gradient alone.
      const table = { data: matrix(1 + at, ...shape), shape }, gradient = { table: matrix(100 + at, ...shape) };
      using alone = sevoStep(sevoInit(device, { table }, { ...RULES.adamw!, propagation: null }), gradient);
      using further = sevoStep(alone, gradient);
      assertSameBits(actual[name]!, (await further.read()).table, name);
      assertEquals(next.table(name).firstRow, 2 * next.names.indexOf(name));
    }
  }
});

testOnDevices("loadState() gives idle rows their direction when every row is idle", async (device) => {
  const shape = [8, 4] as const, idle = new Float32Array(32);
  using graph = randomGraph(8, 8, 20);
  const options: SevoOptions = { ...RULES.adamw!, propagation: NEUMANN };
  using first = sevoInit(device, { item: { data: matrix(1, ...shape), shape } }, options);
  using moved = sevoStep(first, { item: matrix(2, ...shape) }, graph);
  using loaded = loadState(device, await moved.save());
  using expected = sevoStep(moved, { item: idle }, graph, { donate: false });
  using actual = sevoStep(loaded, { item: idle }, graph);
  assertSameBits((await actual.read()).item!, (await expected.read()).item);
  // They do move: by the kept direction, not by the decay alone.
  const before = (await moved.read()).item, after = (await expected.read()).item;
  assert(before.some((value, at) => Math.abs(after[at]! - value * (1 - 0.02 * 0.1)) > 1e-4));
});

testOnDevices("sevoStep() with donate: false leaves the old state usable", async (device) => {
  const shape = [15, 5] as const;
  using graph = randomGraph(9, shape[0], 40);
  for (const [label, options] of everyOptions()) {
    const graphOrNone = options.propagation && graph;
    const gradients = [1, 2].map((seed) => ({ item: idleGradient(seed, ...shape) }));
    using first = sevoInit(device, { item: { data: matrix(1, ...shape), shape } }, options);
    using second = sevoStep(first, gradients[0]!, graphOrNone, { donate: false });
    const [before, saved] = [await second.read(), await second.save()];
    using third = sevoStep(second, gradients[1]!, graphOrNone, { donate: false });
    assertSameBits((await second.read()).item, before.item, label);
    assertEquals(await second.save(), saved, label);
    assertEquals([first.step, second.step, third.step], [0, 1, 2]);
    const expected = await runSteps(device, options, graph, shape, gradients.map(({ item }) => item));
    assertSameBits((await third.read()).item, expected, label);
    // And a donated step from the state that was kept gives the same again.
    using again = sevoStep(second, gradients[1]!, graphOrNone);
    assertSameBits((await again.read()).item, expected, label);
  }
});

/** Sparse rows with repeats, one of which cancels to an idle row, and the dense gradient they stand for. */
function sparseAndDense(seed: number, rows: number, columns: number) {
  const named = [3, 0, rows - 1, 3, 5, 3, 5, 0].map((row) => row % rows);
  const values = matrix(seed, named.length, columns);
  for (let column = 0; column < columns; column++) values[6 * columns + column] = -values[4 * columns + column]!;
  const dense = new Float32Array(rows * columns);
  named.forEach((row, at) => {
    for (let column = 0; column < columns; column++) dense[row * columns + column]! += values[at * columns + column]!;
  });
  return { sparse: { rows: Uint32Array.from(named), values }, dense };
}

testOnDevices("sevoStep() takes dense, device, sparse and planned gradients alike", async (device) => {
  const shape = [14, 6] as const;
  using graph = randomGraph(10, shape[0], 40);
  const given = [1, 2, 3].map((seed) => sparseAndDense(seed, ...shape));
  for (const [label, options] of everyOptions()) {
    const expected = await runSteps(device, options, graph, shape, given.map(({ dense }) => dense));
    const sparse = await runSteps(device, options, graph, shape, given.map(({ sparse }) => sparse));
    assertSameBits(sparse, expected, `${label}, sparse`);

    const tensors = given.map(({ dense }) => device.upload(dense, shape));
    assertSameBits(await runSteps(device, options, graph, shape, tensors), expected, `${label}, device`);

    const planned = given.map(({ sparse: { rows, values } }) => {
      return {
        plan: device.upload(planRows(rows, shape[0])),
        values: device.upload(values, [rows.length, shape[1]]),
      };
    });
    assertSameBits(await runSteps(device, options, graph, shape, planned), expected, `${label}, planned`);
    // Tensors stay the caller's.
    for (const tensor of [...tensors, ...planned.flatMap((plan) => Object.values(plan))]) {
      assertEquals(tensor.disposed, false, label);
      tensor.dispose();
    }
  }
});

testOnDevices("sevoStep() leaves a gradient tensor alive and unchanged", async (device) => {
  const gradient = matrix(2, 7, 5);
  using graph = randomGraph(11, 7, 20);
  using item = device.upload(gradient, [7, 5]);
  let state = sevoInit(device, { item: { data: matrix(1, 7, 5), shape: [7, 5] } }, {
    ...RULES.adamw!,
    propagation: NEUMANN,
  });
  for (let step = 0; step < 3; step++) state = sevoStep(state, { item }, graph);
  assertSameBits(await device.read(item), gradient);
  state[Symbol.dispose]();
});

testOnDevices("sevoStep() takes an empty sparse gradient for one of idle rows", async (device) => {
  const shape = [6, 4] as const, none = { rows: new Uint32Array(0), values: new Float32Array(0) };
  using graph = randomGraph(12, 6, 12);
  for (const [label, options] of everyOptions()) {
    const first = matrix(2, ...shape);
    const actual = await runSteps(device, options, graph, shape, [none, first, none]);
    const idle = new Float32Array(24);
    assertSameBits(actual, await runSteps(device, options, graph, shape, [idle, first, idle]), label);
  }
});

testOnDevices("sevoStep() steps at the given learning rate, once", async (device) => {
  const shape = [9, 4] as const;
  using graph = randomGraph(13, 9, 30);
  for (const propagation of MODES) {
    for (const rule of Object.values(RULES)) {
      const options: SevoOptions = { ...rule, propagation }, graphOrNone = propagation && graph;
      const start = { item: { data: matrix(1, ...shape), shape } };
      const item = matrix(2, ...shape);
      using state = sevoInit(device, start, options);
      using other = sevoInit(device, start, { ...options, learningRate: 0.003 });
      using overridden = sevoStep(state, { item }, graphOrNone, { learningRate: 0.003, donate: false });
      using expected = sevoStep(other, { item }, graphOrNone);
      assertSameBits((await overridden.read()).item, (await expected.read()).item, rule.rule);
      assertEquals(overridden.options.learningRate, rule.learningRate);

      using still = sevoStep(state, { item }, graphOrNone, { learningRate: 0, donate: false });
      assertEquals((await still.read()).item, start.item.data, rule.rule);
      using usual = sevoStep(state, { item }, graphOrNone);
      assertNotEquals((await usual.read()).item, (await overridden.read()).item);
    }
  }
});

/** Algorithm 1 in float64, on one table, from zero moments. */
function adamwOracle(
  graph: Graph,
  start: Float32Array,
  gradients: readonly Float32Array[],
  columns: number,
): Float64Array {
  const { learningRate: rate, betas: [b1, b2] = [0, 0], weightDecay = 0, epsilon = 1e-8 } = RULES.adamw!;
  const parameter = Float64Array.from(start), m = new Float64Array(start.length), v = new Float64Array(start.length);
  gradients.forEach((gradient, at) => {
    const t = at + 1, before = Math.max(1, t - 1), direction = new Float64Array(start.length);
    for (let row = 0; row * columns < start.length; row++) {
      const idle = gradient.subarray(row * columns, (row + 1) * columns).every((value) => value === 0);
      for (let i = row * columns; i < (row + 1) * columns; i++) {
        const g = gradient[i]!;
        m[i] = idle ? b1 * m[i]! + (1 - b1) / (1 - b1 ** before) * m[i]! : b1 * m[i]! + (1 - b1) * g;
        v[i] = idle ? b2 * v[i]! + (1 - b2) / (1 - b2 ** before) * v[i]! : b2 * v[i]! + (1 - b2) * g * g;
        direction[i] = m[i]! / (1 - b1 ** t) / (Math.sqrt(v[i]! / (1 - b2 ** t)) + epsilon);
      }
    }
    psi(graph, direction, columns, NEUMANN).forEach((change, i) => {
      parameter[i] = (1 - rate * weightDecay) * parameter[i]! - rate * change;
    });
  });
  return parameter;
}

testOnDevices(
  "sevoStep() of adamw equals Algorithm 1 in float64 over 40 steps with idle rows",
  async (device: Device) => {
    const shape = [12, 4] as const;
    using graph = randomGraph(14, shape[0], 30);
    const gradients = Array.from({ length: 40 }, (_, seed) => idleGradient(seed + 1, ...shape));
    const actual = await runSteps(device, { ...RULES.adamw!, propagation: NEUMANN }, graph, shape, gradients);
    const expected = adamwOracle(graph, matrix(1, ...shape), gradients, shape[1]);
    for (let at = 0; at < actual.length; at++) assertLessOrEqual(Math.abs(actual[at]! - expected[at]!), 1e-5);
  },
);
