import { assert, assertAlmostEquals, assertEquals, assertLessOrEqual, assertThrows } from "@std/assert";
import { Graph, propagate } from "@sevo/sevo";
import fc from "../_fast_check.ts";
import { testOnDevices } from "../_on_devices.ts";
import { assertSameGraph, dense, eigenvalues } from "./_edges.ts";

const edges = fc.array(fc.record({ a: fc.nat(8), b: fc.nat(8), weight: fc.integer({ min: 1, max: 9 }) }), {
  maxLength: 25,
});
const mixtures = fc.array(fc.record({ edges, weight: fc.constantFrom(0, 0.25, 1, 3, 1e300) }), {
  minLength: 1,
  maxLength: 4,
}).filter((parts) => parts.some(({ weight }) => weight > 0));
const ROWS = 10;

function graphOf(list: readonly { a: number; b: number; weight: number }[]): Graph {
  return Graph.fromEdges({
    rows: ROWS,
    sources: list.map(({ a }) => a),
    targets: list.map(({ b }) => b),
    weights: list.map(({ weight }) => weight),
  });
}

Deno.test("Graph.mix() equals its definition, is symmetric and keeps eigenvalues in [-1, 1]", () => {
  fc.assert(
    fc.property(mixtures, (parts) => {
      const graphs = parts.map(({ edges }) => graphOf(edges)), weights = parts.map(({ weight }) => weight);
      const graph = Graph.mix(graphs, weights), found = dense(graph);
      const shares = weights.map((weight) => weight / Math.max(...weights)), total = shares.reduce((a, b) => a + b);
      const matrices = graphs.map(dense);
      const presence = Array.from(
        { length: ROWS },
        (_, row) =>
          matrices.reduce(
            (sum, matrix, k) => sum + (matrix[row]!.some((value) => value > 0) ? shares[k]! : 0) / total,
            0,
          ),
      );
      for (let row = 0; row < ROWS; row++) {
        for (let column = 0; column < ROWS; column++) {
          const sum = matrices.reduce((sum, matrix, k) => sum + shares[k]! / total * matrix[row]![column]!, 0);
          const expected = sum === 0 ? 0 : sum / Math.sqrt(presence[row]!) / Math.sqrt(presence[column]!);
          assertAlmostEquals(found[row]![column]!, expected, 1e-6);
          assertEquals(found[row]![column], found[column]![row]);
        }
        const own = graph.columns.subarray(graph.rowOffsets[row], graph.rowOffsets[row + 1]);
        assert(own.every((column, at) => at === 0 || column > own[at - 1]!), "ascending columns");
      }
      const all = eigenvalues(found);
      assertLessOrEqual(all.at(-1)!, 1 + 1e-6);
      assertLessOrEqual(-1 - 1e-6, all[0]!);
    }),
    { seed: 8, numRuns: 150 },
  );
});

Deno.test("Graph.mix() of a graph with itself is itself, and a graph of weight 0 has no part in it", () => {
  const graph = Graph.fromSequences([[0, 1, 2, 3, 1], [2, 4]], { rows: 6 });
  const other = Graph.fromCategories({ rows: 6, items: [3, 4, 5], categories: ["a", "a", "a"] });
  assertSameGraph(Graph.mix([graph]), graph);
  assertSameGraph(Graph.mix([graph, graph], [3, 1]), graph);
  assertSameGraph(Graph.mix([graph, other], [2, 0]), graph);
  assertSameGraph(Graph.mix([graph, other]), Graph.mix([graph, other], [1e-300, 1e-300]));
});

Deno.test("Graph.mix() smooths a row that is isolated in one relation over the others in full", () => {
  const one = Graph.fromEdges({ rows: 5, sources: [0], targets: [1] });
  const other = Graph.fromEdges({ rows: 5, sources: [2], targets: [3] });
  const graph = Graph.mix([one, other], [1, 9]);
  assertEquals([...graph.columns], [1, 0, 3, 2]);
  for (const value of graph.values) assertAlmostEquals(value, 1, 1e-7);
  assertEquals([...graph.rowOffsets], [0, 1, 2, 3, 4, 4]);
});

testOnDevices("exact propagation over a mixture ends at its solution", async (device) => {
  const items = Graph.fromSequences([[0, 1, 2, 3, 4, 5], [5, 1]], { rows: 8 });
  const genres = Graph.fromCategories({ rows: 8, items: [4, 5, 6, 0], categories: ["a", "a", "a", "a"] });
  using graph = Graph.mix([items, genres], [1, 0.5]);
  const beta = 0.99, input = Float32Array.from({ length: 8 }, (_, row) => Math.sin(row + 1));
  const found = await propagate(device, graph, input, { mode: "exact", beta });
  const matrix = dense(graph);
  // (I - b A) x = (1 - b) input
  for (let row = 0; row < 8; row++) {
    const smoothed = matrix[row]!.reduce((sum, value, column) => sum + value * found[column]!, 0);
    assertAlmostEquals(found[row]! - beta * smoothed, (1 - beta) * input[row]!, 1e-6);
  }
});

Deno.test("Graph.mix() refuses weights and graphs that do not fit together", () => {
  const [three, four] = [3, 4].map((rows) => Graph.fromEdges({ rows, sources: [0], targets: [1] })) as [Graph, Graph];
  const cases: [graphs: unknown, weights: unknown, Class: typeof RangeError | typeof TypeError, message: string][] = [
    [[], undefined, TypeError, "there is none: expected an array of graphs"],
    [three, undefined, TypeError, "there is none: expected an array of graphs"],
    [[three, "item"], undefined, TypeError, "graph 1 must be a Graph: current value is 'item'"],
    [[three, four], undefined, RangeError, "all must have the same number of rows: current values are 3, 4"],
    [[three, three], [1], TypeError, "weights must be as many as graphs, 2: current value is 1"],
    [[three], 1, TypeError, "weights must be an array: current value is 1"],
    [[three, three], [1, "1"], TypeError, "weight 1 must be a number: current value is '1'"],
    [[three, three], [1, -1], RangeError, "weight 1 must be finite and at least 0: current value is -1"],
    [[three, three], [NaN, 1], RangeError, "weight 0 must be finite and at least 0: current value is NaN"],
    [[three, three], [1, Infinity], RangeError, "weight 1 must be finite and at least 0: current value is Infinity"],
    [[three, three], [0, 0], RangeError, "a weight must be above 0: current values are 0, 0"],
  ];
  for (const [graphs, weights, Class, message] of cases) {
    const error = assertThrows(() => Graph.mix(graphs as Graph[], weights as number[]), Class);
    assertEquals(error.message, `Cannot mix graphs as ${message}`);
  }
});
