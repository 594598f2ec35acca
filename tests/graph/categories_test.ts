import { assert, assertAlmostEquals, assertEquals, assertLess, assertNotEquals, assertThrows } from "@std/assert";
import { Graph, type Memberships } from "@sevo/sevo";
import fc from "../_fast_check.ts";
import { add, assertNormalised, assertSameGraph, dense, eigenvalues, type Weights } from "./_edges.ts";

const memberships = fc.array(fc.tuple(fc.nat(11), fc.constantFrom("a", "b", "c", "d", 7)), { maxLength: 60 });

/** One large category. */
function hub(members: number, options: Partial<Memberships> = {}): Graph {
  const items = Array.from({ length: members }, (_, row) => row);
  return Graph.fromCategories({ rows: members, items, categories: items.map(() => "all"), ...options });
}

Deno.test("Graph.fromCategories() relates all of a small category, so that all categories of a row count alike", () => {
  fc.assert(
    fc.property(memberships, (pairs) => {
      const weights: Weights = new Map();
      for (const category of ["a", "b", "c", "d", 7]) {
        const members = [...new Set(pairs.filter(([, other]) => other === category).map(([row]) => row + 1))];
        members.forEach((one, at) => {
          for (const other of members.slice(at + 1)) add(weights, one, other, 1 / (members.length - 1));
        });
      }
      const items = pairs.map(([row]) => row), categories = pairs.map(([, category]) => category);
      const graph = Graph.fromCategories({ rows: 14, offset: 1, items, categories, neighbours: 11 });
      assertNormalised(graph, 14, weights);
    }),
    { seed: 3, numRuns: 150 },
  );
});

Deno.test("Graph.fromCategories() cuts a large category down to so many others of each row, all in one piece", () => {
  for (const neighbours of [2, 7, 10]) {
    const graph = hub(500, { neighbours }), each = 2 * Math.floor(neighbours / 2);
    const { components, degree, isolatedRows, largestEigenvalue } = graph.describe();
    assertEquals([components, isolatedRows], [1, 0]);
    assert(degree.max <= each && degree.median === each, `${neighbours}: ${degree.median} to ${degree.max}`);
    assertAlmostEquals(largestEigenvalue, 1, 1e-6);
    // The relations of every row have the same sum: the vector of ones is kept
    for (const row of dense(graph)) assertAlmostEquals(row.reduce((sum, value) => sum + value, 0), 1, 1e-6);
  }
  // At the limit all are related still
  assertEquals(hub(11).entries, 110);
  assertLess(hub(12).entries, 121);
});

Deno.test("Graph.fromCategories() reaches all of a large category in a few steps", () => {
  // Random graphs of ten neighbours have eigenvalues up to 2 sqrt(9)/10 = 0.6 or so, but for the first
  const found = eigenvalues(dense(hub(120)));
  assertLess(found.at(-2)!, 0.8);
  assertLess(-found[0]!, 0.8);
});

Deno.test("Graph.fromCategories() draws by seed and category alone", () => {
  assertSameGraph(hub(50), hub(50));
  assertNotEquals([...hub(50, { seed: 2 }).columns], [...hub(50).columns]);
  const items = Array.from({ length: 50 }, (_, row) => row), all = items.map(() => "all");
  // The order and repeats of memberships do not matter, nor do other categories
  const shuffled = Graph.fromCategories({
    rows: 50,
    items: [...items, ...items].reverse(),
    categories: [...all, ...all],
  });
  assertSameGraph(shuffled, hub(50));
  const more = Graph.fromCategories({ rows: 52, items: [50, 51, ...items], categories: ["b", "b", ...all] });
  assertEquals([...more.columns.slice(0, -2)], [...hub(50).columns]);
  // Two categories of the same rows are drawn apart
  const twice = Graph.fromCategories({
    rows: 50,
    items: [...items, ...items],
    categories: [...all, ...items.map(() => "b")],
  });
  assertLess(1.5 * hub(50).entries, twice.entries);
});

Deno.test("Graph.fromCategories() is linear in the memberships", () => {
  const count = 300_000, items = Uint32Array.from({ length: count }, (_, row) => row);
  const start = performance.now();
  const graph = Graph.fromCategories({ rows: count, items, categories: new Uint8Array(count), neighbours: 6 });
  assertLess(performance.now() - start, 30_000);
  assert(graph.entries <= 6 * count && graph.entries > 5.99 * count);
});

Deno.test("Graph.fromCategories() refuses what is no category", () => {
  const given = { rows: 3, items: [0, 1], categories: ["a", "a"] };
  const build = (changed: object) => () => Graph.fromCategories({ ...given, ...changed } as Memberships);
  const cases: [work: () => Graph, Class: typeof RangeError | typeof TypeError, message: string][] = [
    [build({ items: [0, 3] }), RangeError, "item must be in [0, 3): current value is 3"],
    [build({ offset: 2 }), RangeError, "item must be in [0, 1): current value is 1"],
    [build({ items: [0] }), TypeError, "categories must be as many as items, 1: current value is 2"],
    [build({ items: undefined }), TypeError, "items must be an array: current value is undefined"],
    [build({ categories: "ab" }), TypeError, "categories must be an array: current value is 'ab'"],
    [
      build({ categories: ["a", null] }),
      TypeError,
      "category 1 must be a text or a finite number: it is null",
    ],
    [build({ categories: [NaN, 1] }), TypeError, "category 0 must be a text or a finite number: it is NaN"],
    [build({ neighbours: 1 }), RangeError, "neighbours must be an integer in [2, 1024]: current value is 1"],
    [build({ neighbours: 2.5 }), RangeError, "neighbours must be an integer in [2, 1024]: current value is 2.5"],
    [build({ neighbours: "3" }), TypeError, "neighbours must be a number: current value is '3'"],
    [build({ seed: -1 }), RangeError, "seed must be an integer in [0, 2^32): current value is -1"],
    [build({ categorys: [] }), TypeError, "there is no option 'categorys': did you mean 'categories'?"],
    [() => Graph.fromCategories([] as never), TypeError, "the memberships must be an object: current value is []"],
  ];
  for (const [work, Class, message] of cases) {
    assertEquals(assertThrows(work, Class).message, `Cannot build a graph as ${message}`);
  }
  assertEquals(Graph.fromCategories({ rows: 2, items: [], categories: [] }).entries, 0);
  assertEquals(Graph.fromCategories({ rows: 0, items: [], categories: [] }).rows, 0);
});
