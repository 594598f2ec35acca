import { assertAlmostEquals, assertEquals } from "@std/assert";
import { Graph } from "@sevo/sevo";
import { meanNorm, smoothIn } from "../../src/sevo/smooth_in.ts";

/** Rows 0 and 1 are known; 2 is beside both; 3 beside 2 alone; 4 and 5 beside each other alone; 6 beside nothing. */
const GRAPH = Graph.fromEdges({
  rows: 7,
  sources: Uint32Array.of(0, 1, 2, 4, 0),
  targets: Uint32Array.of(2, 2, 3, 5, 1),
  weights: Float32Array.of(1, 4, 1, 1, 1),
});
const NEW = Uint8Array.of(0, 0, 1, 1, 1, 1, 1);

Deno.test("smoothIn() gives new rows the mean of their neighbours, weighted by the normalised adjacency", () => {
  // Without row 3: row 2 sees 0 by 1/sqrt(2 * 5) and 1 by 4/sqrt(5 * 5)
  const graph = Graph.fromEdges({
    rows: 3,
    sources: Uint32Array.of(0, 1, 0),
    targets: Uint32Array.of(2, 2, 1),
    weights: Float32Array.of(1, 4, 1),
  });
  const data = Float32Array.of(3, 0, 0, 4, 9, 9), isNew = Uint8Array.of(0, 0, 1);
  const filled = smoothIn(graph, { data, width: 2, isNew, norm: null });
  assertEquals([...filled], [0, 0, 1]);
  const first = 1 / Math.sqrt(10), second = 4 / 5;
  assertAlmostEquals(data[4]!, 3 * first / (first + second), 1e-6);
  assertAlmostEquals(data[5]!, 4 * second / (first + second), 1e-6);
  assertEquals([...data.subarray(0, 4)], [3, 0, 0, 4]);

  assertEquals(meanNorm({ data, width: 2, isNew }, 0), 3.5);
  assertEquals(meanNorm({ data, width: 2, isNew }, 1), 4);
  assertEquals(meanNorm({ data, width: 2, isNew }, 3), 0);
  smoothIn(graph, { data, width: 2, isNew, norm: 3.5 });
  const length = Math.hypot(3 * first, 4 * second);
  assertAlmostEquals(data[4]!, 3.5 * 3 * first / length, 1e-6);
  assertAlmostEquals(data[5]!, 3.5 * 4 * second / length, 1e-6);
});

Deno.test("smoothIn() reaches new rows through new rows, and leaves those that nothing known leads to", () => {
  const data = Float32Array.of(1, 0, 0, 1, 7, 7, 7, 7, 5, 5, 6, 6, 8, 8);
  const filled = smoothIn(GRAPH, { data, width: 2, isNew: NEW, norm: 1 });
  assertEquals([...filled], [0, 0, 1, 1, 0, 0, 0]);
  for (const row of [2, 3]) assertAlmostEquals(Math.hypot(data[2 * row]!, data[2 * row + 1]!), 1, 1e-6);
  // Row 3 has row 2 alone to go by
  assertEquals([...data.subarray(4, 6)], [...data.subarray(6, 8)]);
  assertEquals([...data.subarray(8)], [5, 5, 6, 6, 8, 8]);
});

Deno.test("smoothIn() reaches the end of a long chain of new rows, whatever their order", () => {
  const rows = 40, order = Array.from({ length: rows }, (_, at) => at === 0 ? 0 : 1 + (at * 7) % (rows - 1));
  const graph = Graph.fromEdges({
    rows,
    sources: Uint32Array.from(order.slice(0, -1)),
    targets: Uint32Array.from(order.slice(1)),
  });
  const data = new Float32Array(rows).fill(9), isNew = new Uint8Array(rows).fill(1);
  data[0] = 2;
  isNew[0] = 0;
  assertEquals(smoothIn(graph, { data, width: 1, isNew, norm: null }).filter((flag) => flag === 0).length, 1);
  for (const value of data) assertAlmostEquals(value, 2, 1e-6);
});

Deno.test("smoothIn() takes no row from itself, nor the mean of neighbours that cancel out", () => {
  const graph = Graph.fromSequences([[0, 2, 2, 1], [2, 2]], { rows: 3 });
  const data = Float32Array.of(1, -1, 100), isNew = Uint8Array.of(0, 0, 1);
  smoothIn(graph, { data, width: 1, isNew, norm: null });
  assertAlmostEquals(data[2]!, 0, 1e-6);
  const other = Float32Array.of(1, -1, 100);
  assertEquals([...smoothIn(graph, { data: other, width: 1, isNew, norm: 1 })], [0, 0, 0]);
  assertEquals([...other], [1, -1, 100]);
});
