import { assert, assertEquals, assertRejects } from "@std/assert";
import type { Device } from "@sevo/sevo";
import fc from "../_fast_check.ts";
import { type Exclusions, rankTargets, type RowRange, topItems } from "../../src/recommend/mod.ts";
import { testOnDevices } from "../_on_devices.ts";
import { uniforms } from "../sevo/_fixtures.ts";

interface Problem {
  readonly queries: number;
  readonly items: number;
  readonly columns: number;
  readonly query: Float32Array<ArrayBuffer>;
  readonly table: Float32Array<ArrayBuffer>;
  readonly targets: Uint32Array<ArrayBuffer>;
  readonly excluded: Exclusions;
}

/** Small whole numbers: dot products are exact in float32, in any order, and ties are everywhere. */
function problem(seed: number, queries: number, items: number, columns: number, share = 0.2): Problem {
  const draw = uniforms(seed);
  const whole = (length: number) => Float32Array.from({ length }, () => Math.floor(5 * draw()) - 2);
  const excluded = Array.from({ length: queries }, () => {
    const all = Array.from({ length: items }, (_, item) => item);
    return all.filter(() => draw() < share);
  });
  const offsets = [0];
  for (const part of excluded) offsets.push(offsets.at(-1)! + part.length);
  return {
    queries,
    items,
    columns,
    query: whole(queries * columns),
    table: whole(items * columns),
    targets: Uint32Array.from({ length: queries }, () => Math.floor(draw() * items)),
    excluded: { offsets: Uint32Array.from(offsets), items: Uint32Array.from(excluded.flat()) },
  };
}

function hiddenFrom({ excluded: { offsets, items } }: Problem, query: number): Set<number> {
  return new Set(items.subarray(offsets[query], offsets[query + 1]));
}

function scoresOf({ query, table, items, columns }: Problem, at: number): number[] {
  return Array.from({ length: items }, (_, item) => {
    let score = 0;
    for (let column = 0; column < columns; column++) {
      score += query[at * columns + column]! * table[item * columns + column]!;
    }
    return score;
  });
}

/** Items that may be given, best first, ties to the lower row. */
function ordered(given: Problem, at: number): number[] {
  const scores = scoresOf(given, at), hidden = hiddenFrom(given, at);
  return scores.map((_, item) => item).filter((item) => !hidden.has(item)).sort((a, b) =>
    scores[b]! - scores[a]! || a - b
  );
}

/** The place of the target among the others that may be given; an excluded target comes behind them all. */
function expectedRank(given: Problem, at: number): number {
  const order = ordered(given, at), place = order.indexOf(given.targets[at]!);
  return place < 0 ? order.length + 1 : place + 1;
}

/** Runs with both tables inside larger ones, as the stacked tables of a model are. */
async function withTables<T>(
  device: Device,
  { query, table, queries, items, columns }: Problem,
  work: (queries: RowRange, items: RowRange) => Promise<T>,
): Promise<T> {
  // Rows of large numbers before and after: taking one of these for an item would change everything.
  const before = 3,
    around = (data: Float32Array, rows: number) => {
      const all = new Float32Array((rows + 2 * before) * columns).fill(1000);
      all.set(data, before * columns);
      return device.upload(all, [rows + 2 * before, columns]);
    };
  using first = around(query, queries);
  using second = around(table, items);
  return await work({ tensor: first, firstRow: before, rows: queries }, {
    tensor: second,
    firstRow: before,
    rows: items,
  });
}

const problems = fc.record({
  seed: fc.nat(),
  queries: fc.integer({ min: 1, max: 20 }),
  items: fc.integer({ min: 1, max: 70 }),
  columns: fc.integer({ min: 1, max: 9 }),
  share: fc.constantFrom(0, 0.2, 0.9, 1),
});

testOnDevices("rankTargets() equals sorting all scores, with ties, exclusions and excluded targets", async (device) => {
  await fc.assert(
    fc.asyncProperty(problems, async ({ seed, queries, items, columns, share }) => {
      const given = problem(seed, queries, items, columns, share);
      const ranks = await withTables(device, given, (from, to) => rankTargets(from, to, given.targets, given.excluded));
      assertEquals([...ranks], Array.from({ length: queries }, (_, at) => expectedRank(given, at)));
    }),
    { seed: 71, numRuns: 25 },
  );
});

testOnDevices("topItems() equals sorting all scores, with ties and exclusions", async (device) => {
  await fc.assert(
    fc.asyncProperty(
      problems,
      fc.integer({ min: 1, max: 80 }),
      async ({ seed, queries, items, columns, share }, count) => {
        const given = problem(seed, queries, items, columns, share);
        const top = await withTables(device, given, (from, to) => topItems(from, to, count, given.excluded));
        for (let at = 0; at < queries; at++) {
          const best = ordered(given, at).slice(0, count), scores = scoresOf(given, at);
          const missing = Array(count - best.length);
          const row = [at * count, (at + 1) * count] as const;
          assertEquals([...top.items.subarray(...row)], [...best, ...missing.fill(0xffffffff)], `query ${at}`);
          assertEquals(
            Array.from(top.scores.subarray(...row), (score) => score + 0), // -0 is 0
            [...best.map((item) => scores[item]!), ...missing.fill(0)],
            `query ${at}`,
          );
        }
      },
    ),
    { seed: 72, numRuns: 25 },
  );
});

testOnDevices("rankTargets() and topItems() equal sorting all scores over a large catalogue", async (device) => {
  // Over one split of the catalogue (4,096 items) on webgpu, and a last panel that is not full.
  const given = problem(7, 11, 9001, 8, 0.01);
  const [ranks, top] = await withTables(
    device,
    given,
    (from, to) =>
      Promise.all([rankTargets(from, to, given.targets, given.excluded), topItems(from, to, 10, given.excluded)]),
  );
  for (let at = 0; at < given.queries; at++) {
    assertEquals(ranks[at], expectedRank(given, at), `query ${at}`);
    assertEquals([...top.items.subarray(10 * at, 10 * at + 10)], ordered(given, at).slice(0, 10), `query ${at}`);
  }
});

testOnDevices("rankTargets() gives equal scores to the lower row", async (device) => {
  // All scores are equal, so a target's rank is its row, less the excluded rows before it.
  const items = 40, targets = Uint32Array.from({ length: items }, (_, item) => item);
  const offsets = Uint32Array.from({ length: items + 1 }, (_, at) => 2 * at);
  const excluded = { offsets, items: Uint32Array.from({ length: 2 * items }, (_, at) => at % 2 === 0 ? 3 : 17) };
  using tensor = device.upload(new Float32Array(items * 4).fill(1), [items, 4]);
  const rows = { tensor, firstRow: 0, rows: items };
  const ranks = await rankTargets(rows, rows, targets, excluded);
  const expected = Array.from(targets, (item) => {
    if (item === 3 || item === 17) return items - 2 + 1; // behind everything that may be given
    return item + 1 - (item > 3 ? 1 : 0) - (item > 17 ? 1 : 0);
  });
  assertEquals([...ranks], expected);
});

testOnDevices("rankTargets() ranks a target by the score that topItems() gives it", async (device) => {
  // Real numbers: the two kernels must sum a dot product alike, or a rank would be off by its own rounding.
  const queries = 40, items = 150, columns = 11, draw = uniforms(3);
  const reals = (rows: number) => Float32Array.from({ length: rows * columns }, () => draw() - 0.5);
  using first = device.upload(reals(queries), [queries, columns]);
  using second = device.upload(reals(items), [items, columns]);
  const from = { tensor: first, firstRow: 0, rows: queries }, to = { tensor: second, firstRow: 0, rows: items };
  const nothing = { offsets: new Uint32Array(queries + 1), items: new Uint32Array(0) };
  const top = await topItems(from, to, items, nothing);
  for (const place of [0, 1, 100, items - 1]) {
    const targets = Uint32Array.from({ length: queries }, (_, query) => top.items[query * items + place]!);
    const ranks = await rankTargets(from, to, targets, nothing);
    assert(ranks.every((rank) => rank === place + 1), `place ${place}`);
  }
});

testOnDevices("topItems() refuses a count that is none", async (device) => {
  using tensor = device.zeros("f32", [2, 4]);
  const rows = { tensor, firstRow: 0, rows: 2 }, nothing = { offsets: new Uint32Array(3), items: new Uint32Array(0) };
  for (const count of [0, -1, 1.5, NaN]) {
    assertEquals(
      (await assertRejects(() => topItems(rows, rows, count, nothing), RangeError)).message,
      `Cannot find the top items as count must be an integer >= 1: current value is ${count}`,
    );
  }
});

testOnDevices("topItems() finds more than one launch does", async (device) => {
  const given = problem(9, 2, 2600, 2, 0.1), count = 2500;
  const top = await withTables(device, given, (from, to) => topItems(from, to, count, given.excluded));
  for (let at = 0; at < given.queries; at++) {
    const best = ordered(given, at), missing = Array(count - best.length).fill(0xffffffff);
    assertEquals([...top.items.subarray(at * count, (at + 1) * count)], [...best, ...missing], `query ${at}`);
  }
});

testOnDevices("rankTargets() and topItems() refuse exclusions that do not ascend", async (device) => {
  using tensor = device.zeros("f32", [12, 4]);
  const items = { tensor, firstRow: 0, rows: 12 }, queries = { tensor, firstRow: 0, rows: 2 };
  const wrong = [
    [[0, 2, 2], [7, 5], "the exclusions of query 0 must ascend in [0, 12): current value is 5"],
    [[0, 1, 3], [7, 5, 5], "the exclusions of query 1 must ascend in [0, 12): current value is 5"],
    [[0, 0, 1], [12], "the exclusions of query 1 must ascend in [0, 12): current value is 12"],
    [[1, 1, 2], [3, 4], "the offsets of exclusions must ascend from 0: current value is 1, 1"],
    [[0, 3, 2], [3, 4], "the offsets of exclusions must ascend from 0: current value is 3, 2"],
  ] as const;
  for (const [offsets, list, reason] of wrong) {
    const excluded = { offsets: Uint32Array.from(offsets), items: Uint32Array.from(list) };
    const message = `Cannot rank as ${reason}`;
    const ranked = rankTargets(queries, items, new Uint32Array(2), excluded);
    assertEquals((await assertRejects(() => ranked, RangeError)).message, message);
    assertEquals((await assertRejects(() => topItems(queries, items, 3, excluded), RangeError)).message, message);
  }
  // The items of two queries need not ascend from one to the next
  const right = { offsets: Uint32Array.of(0, 2, 3), items: Uint32Array.of(0, 11, 1) };
  assertEquals([...(await topItems(queries, items, 2, right)).items], [1, 2, 0, 2]);
});
