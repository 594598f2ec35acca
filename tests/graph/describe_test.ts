import { assertAlmostEquals, assertEquals, assertLess, assertLessOrEqual } from "@std/assert";
import { Graph } from "@sevo/sevo";
import fc from "../_fast_check.ts";
import { dense, eigenvalues } from "./_edges.ts";

const edges = fc.array(fc.tuple(fc.nat(19), fc.nat(19), fc.integer({ min: 1, max: 5 })), { maxLength: 40 });

function graphOf(list: readonly (readonly [number, number, number])[], rows = 22): Graph {
  const [sources, targets, weights] = [0, 1, 2].map((at) => list.map((edge) => edge[at]!)) as [
    number[],
    number[],
    number[],
  ];
  return Graph.fromEdges({ rows, sources, targets, weights });
}

Deno.test("Graph.describe() equals a count by hand, and the eigenvalues of the whole matrix", () => {
  fc.assert(
    fc.property(edges, (list) => {
      const graph = graphOf(list), found = graph.describe(), near = Array.from({ length: 22 }, () => new Set<number>());
      for (const [a, b] of list) near[a]!.add(b), near[b]!.add(a);
      const sizes = near.map(({ size }) => size).filter((size) => size > 0).sort((a, b) => a - b);
      const components: number[] = [], done = new Set<number>();
      near.forEach(({ size }, row) => {
        if (size === 0 || done.has(row)) return;
        const own = new Set([row]);
        for (const at of own) for (const other of near[at]!) own.add(other);
        for (const at of own) done.add(at);
        components.push(own.size);
      });
      const all = eigenvalues(dense(graph));
      const { largestEigenvalue, leastEigenvalue, ...counts } = found;
      assertEquals(counts, {
        rows: 22,
        entries: sizes.reduce((sum, size) => sum + size, 0),
        isolatedRows: 22 - sizes.length,
        components: components.length,
        largestComponent: Math.max(0, ...components),
        degree: {
          min: sizes[0] ?? 0,
          median: sizes[Math.floor((sizes.length - 1) / 2)] ?? 0,
          max: sizes.at(-1) ?? 0,
        },
      });
      assertAlmostEquals(largestEigenvalue, list.length === 0 ? 0 : all.at(-1)!, 1e-6);
      // Isolated rows have eigenvalues 0, which are not looked at
      if (list.length > 0 && all[0]! < -1e-6) assertAlmostEquals(leastEigenvalue, all[0]!, 1e-6);
    }),
    { seed: 5, numRuns: 100 },
  );
});

Deno.test("Graph.describe() finds eigenvalues outside of [-1, 1], and its own bits again", () => {
  const values = [2, -3, -3, 2, 0.5], csr = { rowOffsets: [0, 2, 4, 5], columns: [0, 1, 0, 1, 2], values };
  const { largestEigenvalue, leastEigenvalue } = Graph.fromCsr(csr).describe();
  assertAlmostEquals(largestEigenvalue, 5, 1e-9);
  assertAlmostEquals(leastEigenvalue, -1, 1e-9);
  assertEquals(Graph.fromCsr(csr).describe(), Graph.fromCsr(csr).describe());
});

Deno.test("Graph.describe() is near on a long chain, where eigenvalues crowd", () => {
  const rows = 30_000, start = performance.now();
  const { largestEigenvalue, leastEigenvalue, components } = Graph.fromSequences(
    [Array.from({ length: rows }, (_, row) => row)],
    { rows, last: rows },
  ).describe();
  assertEquals(components, 1);
  assertLess(performance.now() - start, 10_000);
  for (const value of [largestEigenvalue, -leastEigenvalue]) {
    assertLessOrEqual(value, 1 + 1e-6);
    assertLess(0.998, value);
  }
});

Deno.test("Graph.describe() takes graphs without edges and without rows", () => {
  const degree = { min: 0, median: 0, max: 0 };
  for (const rows of [0, 3]) {
    assertEquals(Graph.fromEdges({ rows, sources: [], targets: [] }).describe(), {
      rows,
      entries: 0,
      isolatedRows: rows,
      components: 0,
      largestComponent: 0,
      degree,
      largestEigenvalue: 0,
      leastEigenvalue: 0,
    });
  }
  const loop = Graph.fromEdges({ rows: 2, sources: [1], targets: [1] }).describe();
  assertEquals([loop.components, loop.isolatedRows, loop.largestEigenvalue], [1, 1, 1]);
});
