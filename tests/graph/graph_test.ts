import { assertAlmostEquals, assertEquals, assertLess, assertThrows } from "@std/assert";
import { Graph, type SequenceGraphOptions } from "@sevo/sevo";
import fc from "../_fast_check.ts";
import { testOnDevices } from "../_on_devices.ts";
import { uniforms } from "../sevo/_fixtures.ts";
import { add, assertNormalised, assertSameGraph, type Weights } from "./_edges.ts";

const RUNS = { seed: 310, numRuns: 150 } as const;

function flatten(sequences: readonly (readonly number[])[]) {
  const offsets = [0];
  for (const sequence of sequences) offsets.push(offsets.at(-1)! + sequence.length);
  return { offsets, items: sequences.flat() };
}

const logs = fc.record({
  sequences: fc.array(fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 9 }), { maxLength: 8 }),
  offset: fc.integer({ min: 0, max: 2 }),
  spare: fc.integer({ min: 0, max: 3 }),
  maxWalk: fc.integer({ min: 1, max: 4 }),
  last: fc.integer({ min: 1, max: 10 }),
});

Deno.test("Graph.fromSequences() equals its definition on random logs", () => {
  fc.assert(
    fc.property(logs, ({ sequences, offset, spare, maxWalk, last }) => {
      const rows = 10 + offset + spare;
      const weights: Weights = new Map();
      for (const sequence of sequences) {
        const kept = sequence.slice(-last);
        kept.forEach((item, at) => {
          for (let walk = 1; walk <= maxWalk && at + walk < kept.length; walk++) {
            add(weights, item + offset, kept[at + walk]! + offset, 1 / walk);
          }
        });
      }
      assertNormalised(Graph.fromSequences(sequences, { rows, offset, maxWalk, last }), rows, weights);
    }),
    RUNS,
  );
});

Deno.test("Graph.fromSequences() takes arrays, typed arrays and flat sequences alike", () => {
  fc.assert(
    fc.property(logs, ({ sequences, offset, spare, maxWalk, last }) => {
      const options = { rows: 10 + offset + spare, offset, maxWalk, last };
      const expected = Graph.fromSequences(sequences, options);
      const { offsets, items } = flatten(sequences);
      assertSameGraph(Graph.fromSequences(sequences.map((items) => Uint32Array.from(items)), options), expected);
      assertSameGraph(Graph.fromSequences({ offsets, items }, options), expected);
      const typed = { offsets: Uint32Array.from(offsets), items: Int32Array.from(items) };
      assertSameGraph(Graph.fromSequences(typed, options), expected);
    }),
    { ...RUNS, numRuns: 40 },
  );
});

Deno.test("Graph.fromSequences() counts consecutive pairs of the last 50 items by default", () => {
  const sequence = Array.from({ length: 60 }, (_, at) => at);
  const graph = Graph.fromSequences([sequence], { rows: 60 });
  // Items 0 to 9 are too old, 10 to 59 form a path of 49 edges.
  assertEquals(graph.entries, 2 * 49);
  assertEquals([...graph.rowOffsets.subarray(0, 11)], Array(11).fill(0));
  assertEquals([...graph.columns.subarray(0, 3)], [11, 10, 12]);
});

Deno.test("Graph.fromSequences() puts a repeat on the diagonal from both ends", () => {
  // 0 0 1: two halves of the diagonal, and an edge: W = [[2, 1], [1, 0]], degrees 3 and 1.
  const graph = Graph.fromSequences([[0, 0, 1]], { rows: 2 });
  assertEquals([...graph.columns], [0, 1, 0]);
  const expected = [2 / 3, 1 / Math.sqrt(3), 1 / Math.sqrt(3)];
  expected.forEach((value, at) => assertAlmostEquals(graph.values[at]!, value, 1e-7));
});

Deno.test("Graph.fromInteractions() equals its definition on random logs", () => {
  const log = fc.array(fc.tuple(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 7 })), { maxLength: 60 });
  fc.assert(
    fc.property(log, (pairs) => {
      const weights: Weights = new Map();
      // However often they met, a user and an item have one edge of weight 1.
      for (const [user, item] of pairs) add(weights, user, 7 + item, 1);
      for (const key of weights.keys()) weights.set(key, 1);
      const users = pairs.map(([user]) => user), items = pairs.map(([, item]) => item);
      const graph = Graph.fromInteractions({ users, items, userCount: 7, itemCount: 9 });
      assertNormalised(graph, 16, weights);
      const typed = { users: Uint32Array.from(users), items: Uint16Array.from(items), userCount: 7, itemCount: 9 };
      assertSameGraph(Graph.fromInteractions(typed), graph);
    }),
    RUNS,
  );
});

Deno.test("Graph.fromEdges() equals its definition on random edges", () => {
  const edge = fc.record({
    source: fc.integer({ min: 0, max: 11 }),
    target: fc.integer({ min: 0, max: 11 }),
    weight: fc.double({ min: 1e-3, max: 1e3, noNaN: true }),
  });
  fc.assert(
    fc.property(fc.array(edge, { maxLength: 60 }), fc.boolean(), (edges, weighted) => {
      const weights: Weights = new Map();
      for (const { source, target, weight } of edges) add(weights, source, target, weighted ? weight : 1);
      const sources = edges.map(({ source }) => source), targets = edges.map(({ target }) => target);
      const given = { rows: 13, sources, targets, ...weighted && { weights: edges.map(({ weight }) => weight) } };
      const graph = Graph.fromEdges(given);
      assertNormalised(graph, 13, weights);
      const typed = { ...given, sources: Uint32Array.from(sources), targets: Int32Array.from(targets) };
      assertSameGraph(Graph.fromEdges(typed), graph);
      // An edge counts in both directions, so its own does not matter.
      assertSameGraph(Graph.fromEdges({ ...given, sources: targets, targets: sources }), graph);
    }),
    RUNS,
  );
});

Deno.test("Graph.fromEdges() sums repeated edges and counts a self-loop from both ends", () => {
  const graph = Graph.fromEdges({ rows: 3, sources: [0, 1, 2, 0], targets: [1, 0, 2, 1], weights: [1, 2, 0.5, 5] });
  assertEquals([...graph.rowOffsets], [0, 1, 2, 3]);
  assertEquals([...graph.columns], [1, 0, 2]);
  assertEquals([...graph.values], [1, 1, 1]);
});

Deno.test("Graph.fromEdges() counts an edge that is given in both directions twice, and keeps loops and isolated rows", () => {
  const weights: Weights = new Map();
  for (const [a, b, weight] of [[0, 1, 3], [1, 0, 1], [3, 3, 2], [3, 0, 1]] as const) add(weights, a, b, weight);
  const graph = Graph.fromEdges({ rows: 5, sources: [0, 1, 3, 3], targets: [1, 0, 3, 0], weights: [3, 1, 2, 1] });
  assertNormalised(graph, 5, weights);
  // Rows 2 and 4 are isolated; the self-loop of weight 2 counts from both ends, next to an edge of weight 1
  assertEquals([...graph.rowOffsets], [0, 2, 3, 3, 5, 5]);
  assertAlmostEquals(graph.values[4]!, 4 / 5, 1e-7);
});

Deno.test("graphs without edges or without rows are graphs", () => {
  const empty = [
    Graph.fromSequences([], { rows: 3 }),
    Graph.fromSequences([[], [1], [2]], { rows: 3, maxWalk: 2 }),
    Graph.fromSequences({ offsets: [0], items: [] }, { rows: 3 }),
    Graph.fromInteractions({ users: [], items: [], userCount: 1, itemCount: 2 }),
    Graph.fromEdges({ rows: 3, sources: [], targets: [] }),
    Graph.fromCsr({ rowOffsets: [0, 0, 0, 0], columns: [], values: [] }),
  ];
  for (const graph of empty) assertEquals([graph.rows, graph.entries, [...graph.rowOffsets]], [3, 0, [0, 0, 0, 0]]);
  const none = [
    Graph.fromSequences([], { rows: 0 }),
    Graph.fromInteractions({ users: [], items: [], userCount: 0, itemCount: 0 }),
    Graph.fromEdges({ rows: 0, sources: [], targets: [] }),
    Graph.fromCsr({ rowOffsets: [0], columns: [], values: [] }),
  ];
  for (const graph of none) assertEquals([graph.rows, graph.entries], [0, 0]);
});

Deno.test("Graph.fromCsr() takes the matrix as it is, and copies it", () => {
  const rowOffsets = Uint32Array.from([0, 2, 2, 3]), columns = Uint32Array.from([0, 2, 1]);
  const values = Float32Array.from([0.5, -2, 0]);
  const graph = Graph.fromCsr({ rowOffsets, columns, values });
  values.fill(9), columns.fill(0), rowOffsets.fill(0);
  assertEquals([...graph.rowOffsets], [0, 2, 2, 3]);
  assertEquals([...graph.columns], [0, 2, 1]);
  assertEquals([...graph.values], [0.5, -2, 0]);
});

Deno.test("graph builders say what is wrong with their input", () => {
  const sequences = [[0, 1], [2]], rows = 3;
  const cases: [work: () => Graph, Class: typeof RangeError | typeof TypeError, message: string][] = [
    [() => Graph.fromSequences(sequences, { rows: 2 }), RangeError, "item must be in [0, 2): current value is 2"],
    [
      () => Graph.fromSequences(sequences, { rows, offset: 1 }),
      RangeError,
      "item must be in [0, 2): current value is 2",
    ],
    [() => Graph.fromSequences([[-1]], { rows }), RangeError, "item must be in [0, 3): current value is -1"],
    [() => Graph.fromSequences([[0.5]], { rows }), RangeError, "item must be in [0, 3): current value is 0.5"],
    [() => Graph.fromSequences([[NaN]], { rows }), RangeError, "item must be in [0, 3): current value is NaN"],
    // An old item counts for nothing, yet a wrong one is still a wrong one.
    [
      () => Graph.fromSequences([[9, 0, 1]], { rows, last: 2 }),
      RangeError,
      "item must be in [0, 3): current value is 9",
    ],
    [
      () => Graph.fromSequences({ offsets: [0, 3], items: [0, 1] }, { rows }),
      RangeError,
      "item must be in [0, 3): current value is undefined",
    ],
    [
      () => Graph.fromSequences(sequences, { rows: -1 }),
      RangeError,
      "rows must be an integer >= 0: current value is -1",
    ],
    [
      () => Graph.fromSequences(sequences, { rows: 1.5 }),
      RangeError,
      "rows must be an integer >= 0: current value is 1.5",
    ],
    [
      () => Graph.fromSequences(sequences, { rows, offset: -1 }),
      RangeError,
      "offset must be an integer >= 0: current value is -1",
    ],
    [
      () => Graph.fromSequences(sequences, { rows, maxWalk: 0 }),
      RangeError,
      "maxWalk must be an integer >= 1: current value is 0",
    ],
    [
      () => Graph.fromSequences(sequences, { rows, last: 0 }),
      RangeError,
      "last must be an integer >= 1: current value is 0",
    ],
    [
      () => Graph.fromInteractions({ users: [0], items: [], userCount: 1, itemCount: 1 }),
      TypeError,
      "items must be as many as users, 1: current value is 0",
    ],
    [
      () => Graph.fromInteractions({ users: [1], items: [0], userCount: 1, itemCount: 1 }),
      RangeError,
      "user must be in [0, 1): current value is 1",
    ],
    [
      () => Graph.fromInteractions({ users: [0], items: [-1], userCount: 1, itemCount: 1 }),
      RangeError,
      "item must be in [0, 1): current value is -1",
    ],
    [
      () => Graph.fromInteractions({ users: [], items: [], userCount: NaN, itemCount: 1 }),
      RangeError,
      "userCount must be an integer >= 0: current value is NaN",
    ],
    [
      () => Graph.fromEdges({ rows, sources: [0, 1], targets: [1] }),
      TypeError,
      "targets must be as many as sources, 2: current value is 1",
    ],
    [
      () => Graph.fromEdges({ rows, sources: [0], targets: [1], weights: [] }),
      TypeError,
      "weights must be as many as sources, 1: current value is 0",
    ],
    [
      () => Graph.fromEdges({ rows, sources: [3], targets: [1] }),
      RangeError,
      "source must be in [0, 3): current value is 3",
    ],
    [
      () => Graph.fromEdges({ rows, sources: [0], targets: [3] }),
      RangeError,
      "target must be in [0, 3): current value is 3",
    ],
    ...[0, -1, NaN, Infinity].map((weight): [() => Graph, typeof RangeError, string] => [
      () => Graph.fromEdges({ rows, sources: [0], targets: [1], weights: [weight] }),
      RangeError,
      `weight 0 must be positive and finite: current value is ${weight}`,
    ]),
    [
      () => Graph.fromCsr({ rowOffsets: [], columns: [], values: [] }),
      TypeError,
      "rowOffsets must have at least one element",
    ],
    [
      () => Graph.fromCsr({ rowOffsets: [1, 1], columns: [0], values: [1] }),
      RangeError,
      "rowOffsets must ascend from 0: value 0 is 1",
    ],
    [
      () => Graph.fromCsr({ rowOffsets: [0, 2, 1], columns: [0], values: [1] }),
      RangeError,
      "rowOffsets must ascend from 0: value 2 is 1",
    ],
    [
      () => Graph.fromCsr({ rowOffsets: [0, 2], columns: [0], values: [1] }),
      TypeError,
      "columns must be as many as entries of rowOffsets, 2: current value is 1",
    ],
    [
      () => Graph.fromCsr({ rowOffsets: [0, 1], columns: [0], values: [] }),
      TypeError,
      "values must be as many as columns, 1: current value is 0",
    ],
    [
      () => Graph.fromCsr({ rowOffsets: [0, 1], columns: [1], values: [1] }),
      RangeError,
      "column must be in [0, 1): current value is 1",
    ],
    [
      () => Graph.fromCsr({ rowOffsets: [0, 1], columns: [0], values: [NaN] }),
      RangeError,
      "value 0 must be finite: current value is NaN",
    ],
  ];
  for (const [work, Class, message] of cases) {
    assertEquals(assertThrows(work, Class).message, `Cannot build a graph as ${message}`);
  }
});

Deno.test("graph builders refuse options that do not exist or are of another type", () => {
  const edges = { rows: 3, sources: [0], targets: [1] };
  const log = { users: [0], items: [0], userCount: 1, itemCount: 1 };
  const csr = { rowOffsets: [0, 1], columns: [0], values: [1] };
  const [fromSequences, fromInteractions, fromEdges, fromCsr] = [
    (options: unknown) => () => Graph.fromSequences([[0, 1]], options as SequenceGraphOptions),
    (given: unknown) => () => Graph.fromInteractions(given as typeof log),
    (given: unknown) => () => Graph.fromEdges(given as typeof edges),
    (given: unknown) => () => Graph.fromCsr(given as typeof csr),
  ];
  const number = (name: string, text: string) => `${name} must be a number: current value is ${text}`;
  const meant = (name: string, other: string) => `there is no option '${name}': did you mean '${other}'?`;
  const cases: [work: () => Graph, message: string][] = [
    [fromSequences({ rows: 3, max_walk: 2 }), meant("max_walk", "maxWalk")],
    [fromSequences({ rows: 3, maxwalk: 2 }), meant("maxwalk", "maxWalk")],
    [fromSequences({ rows: "3" }), number("rows", "'3'")],
    [fromSequences({}), number("rows", "undefined")],
    [fromSequences({ rows: 3, offset: "1" }), number("offset", "'1'")],
    [fromSequences({ rows: 3, maxWalk: "2" }), number("maxWalk", "'2'")],
    [fromSequences({ rows: 3, last: "50" }), number("last", "'50'")],
    [fromSequences({ rows: 3, last: null }), number("last", "null")],
    [fromSequences(undefined), "the options must be an object: current value is undefined"],
    [fromSequences(3), "the options must be an object: current value is 3"],
    [() => Graph.fromSequences([["1"]] as unknown as number[][], { rows: 3 }), number("item", "'1'")],
    [fromInteractions({ ...log, user_count: 1 }), meant("user_count", "userCount")],
    [fromInteractions({ ...log, userCount: "1" }), number("userCount", "'1'")],
    [fromInteractions({ ...log, itemCount: undefined }), number("itemCount", "undefined")],
    [fromInteractions({ ...log, users: ["0"] }), number("user", "'0'")],
    [fromInteractions({ ...log, users: undefined }), "users must be an array: current value is undefined"],
    [fromInteractions({ ...log, items: "0" }), "items must be an array: current value is '0'"],
    [fromInteractions(null), "the interactions must be an object: current value is null"],
    [fromEdges({ ...edges, weight: [2] }), meant("weight", "weights")],
    [fromEdges({ ...edges, rows: "3" }), number("rows", "'3'")],
    [fromEdges({ ...edges, weights: ["2"] }), number("weight 0", "'2'")],
    [fromEdges({ ...edges, weights: 2 }), "weights must be an array: current value is 2"],
    [fromEdges({ ...edges, weights: null }), "weights must be an array: current value is null"],
    [fromEdges({ rows: 3, sources: [0] }), "targets must be an array: current value is undefined"],
    [fromEdges([]), "the edges must be an object: current value is []"],
    [fromCsr({ ...csr, row_offsets: [0, 1] }), meant("row_offsets", "rowOffsets")],
    [fromCsr({ ...csr, values: ["1"] }), number("value 0", "'1'")],
    [fromCsr({ ...csr, columns: ["0"] }), number("column", "'0'")],
    [fromCsr({ rowOffsets: [0, 1], columns: [0] }), "values must be an array: current value is undefined"],
  ];
  for (const [work, message] of cases) {
    assertEquals(assertThrows(work, TypeError).message, `Cannot build a graph as ${message}`);
  }
});

Deno.test("graph builders take what is undefined for what is not given, and a graph for a matrix", () => {
  const given = { rows: 4, offset: undefined, maxWalk: undefined, last: undefined };
  const graph = Graph.fromSequences([[0, 1, 2], [2, 1, 3]], given as unknown as SequenceGraphOptions);
  assertSameGraph(graph, Graph.fromSequences([[0, 1, 2], [2, 1, 3]], { rows: 4 }));
  assertSameGraph(Graph.fromCsr(graph), graph);
  const edges = { rows: 3, sources: [0], targets: [1] };
  const withoutWeights = { ...edges, weights: undefined } as unknown as typeof edges;
  assertSameGraph(Graph.fromEdges(withoutWeights), Graph.fromEdges(edges));
});

testOnDevices(
  "Graph.on() copies a graph to a device once, and disposing of it gives the memory back",
  async (device) => {
    const before = device.liveBytes;
    const graph = Graph.fromEdges({ rows: 3, sources: [0, 1], targets: [1, 2] });
    const uploaded = graph.on(device), live = device.liveBytes;
    assertEquals(graph.on(device), uploaded);
    assertEquals(device.liveBytes, live);
    assertEquals([...await device.read(uploaded.main.columns)], [...graph.columns]);
    graph[Symbol.dispose]();
    assertEquals(device.liveBytes, before);
    // Used again, it is copied again.
    assertEquals([...await device.read(graph.on(device).main.columns)], [...graph.columns]);
    graph[Symbol.dispose]();
  },
);

Deno.test("Graph.fromInteractions() builds 10 million interactions in well under a minute, without an object per edge", () => {
  const count = 10_000_000, userCount = 1_000_000, itemCount = 200_000;
  const users = new Uint32Array(count), items = new Uint32Array(count);
  const draw = uniforms(1);
  for (let at = 0; at < count; at++) {
    users[at] = Math.floor(draw() * userCount);
    items[at] = Math.floor(draw() ** 2 * itemCount); // some items are far more popular
  }
  const heap = Deno.memoryUsage().heapUsed, start = performance.now();
  const graph = Graph.fromInteractions({ users, items, userCount, itemCount });
  const seconds = (performance.now() - start) / 1000;
  assertLess(seconds, 30);
  // Typed arrays lie outside the JavaScript heap: an object for each edge would take at least 16 bytes of it.
  assertLess(Deno.memoryUsage().heapUsed - heap, 4 * count);
  assertEquals(graph.rows, userCount + itemCount);
  assertLess(19_000_000, graph.entries);
});
