import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import fc from "../_fast_check.ts";
import { Graph } from "@sevo/sevo";

Deno.test("Graph.smoothness() is the paper's sum over edges, written out in float64", () => {
  const edge = fc.record({
    source: fc.nat(11),
    target: fc.nat(11),
    weight: fc.integer({ min: 1, max: 8 }),
  });
  fc.assert(
    fc.property(
      fc.array(edge, { minLength: 1, maxLength: 40 }),
      fc.integer({ min: 1, max: 5 }),
      fc.nat(),
      (edges, width, seed) => {
        const rows = 12, weights = Array.from({ length: rows }, () => new Float64Array(rows));
        for (const { source, target, weight } of edges) {
          weights[source]![target]! += weight;
          weights[target]![source]! += weight;
        }
        using graph = Graph.fromEdges({
          rows,
          sources: edges.map(({ source }) => source),
          targets: edges.map(({ target }) => target),
          weights: edges.map(({ weight }) => weight),
        });
        const data = Float32Array.from({ length: rows * width }, (_, at) => Math.sin(seed + at * 1.7));
        const degrees = weights.map((row) => row.reduce((sum, weight) => sum + weight, 0));
        let energy = 0, norm = 0;
        for (let i = 0; i < rows; i++) {
          if (degrees[i] === 0) continue;
          for (let at = 0; at < width; at++) norm += data[i * width + at]! ** 2;
          for (let j = 0; j < i; j++) {
            for (let at = 0; weights[i]![j]! > 0 && at < width; at++) {
              const difference = data[i * width + at]! / Math.sqrt(degrees[i]!) -
                data[j * width + at]! / Math.sqrt(degrees[j]!);
              energy += weights[i]![j]! * difference ** 2;
            }
          }
        }
        const found = graph.smoothness(data, width);
        assertAlmostEquals(found.energy, energy, 1e-5 * (1 + norm));
        assertAlmostEquals(found.share, energy / norm, 1e-5);
      },
    ),
  );
});

Deno.test("Graph.smoothness() is 0 of rows that are as the square roots of their degrees, and has no part for rows without an edge", () => {
  using graph = Graph.fromSequences([[0, 1, 2], [1, 2]], { rows: 4 });
  const roots = [1, 3, 2].map(Math.sqrt);
  const { energy, share } = graph.smoothness(Float32Array.from([...roots, 100]), 1);
  assertAlmostEquals(energy, 0, 1e-6);
  assertAlmostEquals(share, 0, 1e-6);
  assertEquals(graph.smoothness(new Float32Array(4), 1), { energy: 0, share: 0 });
  assertThrows(
    () => graph.smoothness(new Float32Array(3), 1),
    RangeError,
    "there must be 4 rows of 1 numbers: current value is 3",
  );
});
