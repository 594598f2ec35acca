import { assert, assertEquals } from "@std/assert";
import fc from "../_fast_check.ts";
import { openDevice } from "@sevo/sevo";
import { checkTopItems } from "../../kernels/top_items/check.ts";
import { MAXIMUM_COUNT, topItems, topItemsScratch } from "../../kernels/top_items/top_items.ts";
import type { Device } from "../../src/device/device.ts";
import { testOnDevices } from "../_on_devices.ts";
import { assertChecks, assertPasses, columns, seed } from "./_assert_checks.ts";

testOnDevices("topItems: best items of random queries", async (device) => {
  const cases = fc.record({
    seed,
    columns,
    items: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constantFrom(255, 256, 257, 1000)),
    queries: fc.integer({ min: 1, max: 20 }),
    exclude: fc.oneof(fc.integer({ min: 0, max: 50 }), fc.constant(2000)),
    exact: fc.boolean(),
    count: fc.oneof(fc.integer({ min: 1, max: 12 }), fc.constantFrom(64, 65, 300)),
    found: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 60 })),
    broken: fc.integer({ min: 0, max: 5 }),
  });
  await assertChecks(cases, (options) => checkTopItems(device, options), 30);
});

const plain = { queries: 3, columns: 2, exclude: 0, exact: true, found: 0, broken: 0 };

testOnDevices("topItems: as many as one launch finds, and more than there are", async (device) => {
  for (const items of [MAXIMUM_COUNT - 1, MAXIMUM_COUNT, 5000]) {
    assertPasses(await checkTopItems(device, { ...plain, seed: items, items, count: MAXIMUM_COUNT }));
  }
});

testOnDevices("topItems: more than one launch finds", async (device) => {
  const more = { ...plain, count: MAXIMUM_COUNT, found: MAXIMUM_COUNT };
  assertPasses(await checkTopItems(device, { ...more, seed: 1, items: 5000 }));
  assertPasses(await checkTopItems(device, { ...more, seed: 2, items: 1500, broken: 900 }));
});

testOnDevices("topItems: nothing but ties, and everything left out", async (device) => {
  assertPasses(await checkTopItems(device, { ...plain, seed: 1, items: 3000, count: 1000, broken: 30000 }));
  assertPasses(await checkTopItems(device, { ...plain, seed: 2, items: 3000, count: 1000, exclude: 3000 }));
});

testOnDevices("topItems: more queries than go together", async (device) => {
  // Pieces of two tiles and a short one on the cpu; workgroups that serve a second tile on webgpu
  assertPasses(await checkTopItems(device, { ...plain, seed: 1, queries: 4226, items: 50, columns: 4, count: 3 }));
});

/** The `count` best for each of `queries` queries of 1, by the items' only column. */
async function best(device: Device, scores: Float32Array, count: number, queries = 1): Promise<[number[], number[]]> {
  const items = scores.length, width = 4;
  using query = device.upload(new Float32Array(queries).fill(1), [queries, 1]);
  using table = device.upload(scores, [items, 1]);
  using offsets = device.zeros("u32", [queries + 1]);
  using excluded = device.zeros("u32", [0]);
  using scratch = device.empty("u32", [topItemsScratch(device.kind, queries, width, count)]);
  using top = device.empty("u32", [queries * count]);
  using values = device.empty("f32", [queries * count]);
  device.launch(topItems, { query, table, offsets, excluded, scratch, top, scores: values }, {
    queries,
    firstQuery: 0,
    items,
    firstRow: 0,
    width,
    found: 0,
    count,
    stride: count,
  });
  const read = await Promise.all([device.read(top), device.read(values)]);
  return [[...read[0]], [...read[1]]];
}

testOnDevices("topItems: NaN is never among the best", async (device) => {
  assertEquals(await best(device, Float32Array.of(NaN, 1, 3, -Infinity, 2), 3), [[2, 4, 1], [3, 2, 1]]);
});

testOnDevices("topItems: the order is total where all scores are NaN", async (device) => {
  const lowest = Math.fround(-3.4e38);
  assertEquals(await best(device, Float32Array.of(NaN, NaN, -Infinity), 2), [[0, 1], [lowest, lowest]]);
});

testOnDevices("topItems: of equal scores the lower row comes first, and -0 is 0", async (device) => {
  const scores = Float32Array.from({ length: 40 }, (_, item) => item % 3 === 0 ? 2 : item % 2 === 0 ? 0 : -0);
  const order = [...scores.keys()].sort((a, b) => scores[b]! - scores[a]! || a - b);
  assertEquals((await best(device, scores, 40))[0], order);
});

testOnDevices("topItems: scores that rise all the way, so that each is better than all before", async (device) => {
  const scores = Float32Array.from({ length: 9001 }, (_, item) => item);
  for (const count of [1, 10, 1000]) {
    const expected = Array.from({ length: count }, (_, place) => 9000 - place);
    assertEquals(await best(device, scores, count), [expected, expected]);
  }
});

Deno.test("topItems: a score is the sum over the columns in order, to the bit, for every number of threads", async () => {
  const queries = 100, items = 500, width = 64, count = 500;
  const rows = (length: number, seed: number) =>
    Float32Array.from({ length: length * width }, (_, at) => Math.sin(at * seed + seed));
  const from = rows(queries, 0.7), to = rows(items, 1.3);
  const expected = new Float32Array(items);
  for (const threads of [1, 2, 5]) {
    await using device = await openDevice("cpu", { threads });
    using query = device.upload(from, [queries, width]);
    using table = device.upload(to, [items, width]);
    using offsets = device.zeros("u32", [queries + 1]);
    using excluded = device.zeros("u32", [0]);
    using scratch = device.empty("u32", [topItemsScratch("cpu", queries, width, count)]);
    using top = device.empty("u32", [queries, count]);
    using scores = device.empty("f32", [queries, count]);
    const scalars = { queries, firstQuery: 0, items, firstRow: 0, width, found: 0, count, stride: count };
    device.launch(topItems, { query, table, offsets, excluded, scratch, top, scores }, scalars);
    const [order, values] = await Promise.all([device.read(top), device.read(scores)]);
    for (let q = 0; q < queries; q++) {
      for (let place = 0; place < count; place++) {
        const item = order[q * count + place]!;
        let sum = 0;
        for (let c = 0; c < width; c++) {
          sum = Math.fround(sum + Math.fround(from[q * width + c]! * to[item * width + c]!));
        }
        expected[place] = sum;
      }
      assertEquals(values.subarray(q * count, (q + 1) * count), expected, `query ${q}, ${threads} threads`);
    }
  }
});

Deno.test("the sizes that topItems' scratch is reckoned with are those of its WGSL and its AssemblyScript", async () => {
  const text = async (name: string) =>
    await Deno.readTextFile(new URL(`../../kernels/top_items/${name}`, import.meta.url));
  const [contract, wasm, wgsl] = [
    await text("top_items.ts"),
    await text("top_items.as.ts"),
    await text("top_items.wgsl"),
  ];
  /** The value of a constant, wherever in its declaration it stands. */
  const value = (source: string, name: string) => {
    const [, found] = new RegExp(`\\b${name}(?:: \\w+)? = (\\d+)`).exec(source) ?? [];
    assert(found !== undefined, name);
    return Number(found);
  };
  for (const name of ["MAXIMUM_RUNS", "LEAST_RUN", "TILE_QUERIES"]) {
    assertEquals(value(wasm, name), value(contract, name), name);
  }
  // Elements of four bytes in the contract, bytes in the source
  const found = (source: string, pattern: RegExp) => pattern.exec(source)?.slice(1).map(Number);
  assertEquals(found(contract, /\((\d+) \+ 16 \* width/), [value(wasm, "ROOM") / 4]);
  assertEquals(found(contract, /const ofQuery = (\d+) \+/), [value(wasm, "STATE") / 4]);
  assertEquals(found(contract, /Math\.max\((\d+), count >> (\d)\)/), found(wasm, /max\((\d+), count >> (\d)\)/));
  assertEquals(value(wgsl, "MAXIMUM_WORKGROUPS"), value(contract, "MAXIMUM_WORKGROUPS"));
  assertEquals(value(wgsl, "TILE"), value(contract, "WORKGROUP_QUERIES"));
  assertEquals(256 * value(wgsl, "HELD"), value(contract, "MAXIMUM_CANDIDATES"));
  assertEquals(value(wgsl, "SORTED"), value(contract, "MAXIMUM_COUNT"));
});
