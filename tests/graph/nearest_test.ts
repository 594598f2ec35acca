import { assertEquals, assertRejects } from "@std/assert";
import { Graph, openDevice } from "@sevo/sevo";
import { testOnDevices } from "../_on_devices.ts";
import { uniforms } from "../sevo/_fixtures.ts";
import { add, assertNormalised, type Weights } from "./_edges.ts";

function table(rows: number, width: number, seed: number): Float32Array {
  const draw = uniforms(seed);
  return Float32Array.from({ length: rows * width }, () => draw() - 0.5);
}

/** The directed graph of nearest neighbours and its transpose, in float64. */
function nearestWeights(data: Float32Array, width: number, count: number, metric: string, known: readonly number[]) {
  const weights: Weights = new Map();
  const dot = (a: number, b: number) => {
    let sum = 0;
    for (let at = 0; at < width; at++) sum += data[a * width + at]! * data[b * width + at]!;
    return sum;
  };
  const score = (a: number, b: number) => metric === "dot" ? dot(a, b) : dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
  for (const row of known) {
    const others = known.filter((other) => other !== row).sort((a, b) => score(row, b) - score(row, a) || a - b);
    for (const other of others.slice(0, count)) add(weights, row, other, 1);
  }
  return weights;
}

testOnDevices(
  "Graph.fromNearest() equals its definition, by either measure, with rows of which nothing is known",
  async (device) => {
    for (const [rows, width, count] of [[40, 7, 3], [5, 2, 10], [23, 16, 1], [2, 3, 2]] as const) {
      for (const metric of ["cosine", "dot"] as const) {
        for (const offset of [0, 2]) {
          const data = table(rows, width, rows + offset), empty = rows > 10 ? [4, 9] : [];
          for (const row of empty) data.fill(0, row * width, (row + 1) * width);
          const known = Array.from({ length: rows }, (_, row) => row).filter((row) =>
            row >= offset && !empty.includes(row)
          );
          const graph = await Graph.fromNearest(device, { data, shape: [rows, width] }, { count, metric, offset });
          assertNormalised(graph, rows, nearestWeights(data, width, count, metric, known));
        }
      }
    }
  },
);

testOnDevices(
  "Graph.fromNearest() leaves the table as it is, and takes ten neighbours by the cosine",
  async (device) => {
    const data = table(60, 4, 1), before = data.slice();
    const graph = await Graph.fromNearest(device, { data, shape: [60, 4] });
    assertEquals(data, before);
    assertNormalised(graph, 60, nearestWeights(data, 4, 10, "cosine", Array.from({ length: 60 }, (_, row) => row)));
  },
);

testOnDevices("Graph.fromNearest() isolates what has no other, and ties go to the lower row", async (device) => {
  const alone = await Graph.fromNearest(device, { data: Float32Array.of(0, 0, 1, 2, 0, 0), shape: [3, 2] });
  assertEquals([alone.rows, alone.entries], [3, 0]);
  assertEquals((await Graph.fromNearest(device, { data: new Float32Array(0), shape: [0, 2] })).rows, 0);
  const padding = await Graph.fromNearest(device, { data: new Float32Array(2).fill(1), shape: [2, 1] }, { offset: 2 });
  assertEquals([padding.rows, padding.entries], [2, 0]);
  const same = await Graph.fromNearest(device, { data: new Float32Array(4).fill(1), shape: [4, 1] }, { count: 1 });
  assertEquals([...same.columns], [1, 2, 3, 0, 0, 0]);
});

Deno.test("Graph.fromNearest() finds the neighbours of more rows than are searched at a time", async () => {
  await using device = await openDevice("cpu", { threads: 2 });
  const rows = 8_200, width = 4, data = table(rows, width, 5), options = { count: 2, metric: "dot" } as const;
  const graph = await Graph.fromNearest(device, { data, shape: [rows, width] }, options);
  for (const row of [0, 8_191, 8_192, 8_199]) {
    const score = (other: number) => {
      let sum = 0;
      for (let at = 0; at < width; at++) sum += data[row * width + at]! * data[other * width + at]!;
      return other === row ? -Infinity : sum;
    };
    const near = Array.from({ length: rows }, (_, other) => other).sort((a, b) => score(b) - score(a)).slice(0, 2);
    const found = graph.columns.subarray(graph.rowOffsets[row], graph.rowOffsets[row + 1]);
    assertEquals(near.filter((other) => found.includes(other)), near);
  }
});

Deno.test("Graph.fromNearest() refuses what is no table", async () => {
  await using device = await openDevice("cpu", { threads: 1 });
  const given = { data: new Float32Array(6), shape: [3, 2] }, nan = Float32Array.of(1, 2, 3, NaN, 5, 6);
  const cases: [vectors: unknown, options: unknown, Class: typeof RangeError | typeof TypeError, message: string][] = [
    [
      { ...given, shape: [3, 3] },
      {},
      TypeError,
      "data must be as many as elements of the shape, 9: current value is 6",
    ],
    [{ ...given, shape: [6] }, {}, TypeError, "shape must be [rows, columns]: current value is [6]"],
    [{ ...given, shape: [-1, 2] }, {}, RangeError, "rows of the shape must be an integer >= 0: current value is -1"],
    [{ ...given, shape: [0, 0] }, {}, RangeError, "columns of the shape must be an integer >= 1: current value is 0"],
    [{ ...given, data: [1] }, {}, TypeError, "data must be a Float32Array: current value is [1]"],
    [{ ...given, data: nan }, {}, RangeError, "vectors must be finite: element 1 of row 1 is NaN"],
    [{ data: given.data }, {}, TypeError, "shape must be [rows, columns]: current value is undefined"],
    [null, {}, TypeError, "the vectors must be an object: current value is null"],
    [given, { count: 0 }, RangeError, "count must be an integer in [1, 1024]: current value is 0"],
    [given, { count: "3" }, TypeError, "count must be a number: current value is '3'"],
    [given, { metric: "euclidean" }, TypeError, "metric must be 'cosine' or 'dot': current value is 'euclidean'"],
    [given, { offset: 4 }, RangeError, "offset must be in [0, 3]: current value is 4"],
    [given, { k: 4 }, TypeError, "there is no option 'k': options are 'count', 'metric', 'offset'"],
  ];
  for (const [vectors, options, Class, message] of cases) {
    const error = await assertRejects(() => Graph.fromNearest(device, vectors as never, options as never), Class);
    assertEquals(error.message, `Cannot build a graph as ${message}`);
  }
  assertEquals(device.liveBytes, 0);
});
