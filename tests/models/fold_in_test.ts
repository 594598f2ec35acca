import { assert, assertEquals, assertGreater, assertLessOrEqual, assertNotEquals, assertRejects } from "@std/assert";
import { type Device, openDevice } from "@sevo/sevo";
import type { RowRange } from "../../src/device/device.ts";
import { fitter } from "../../src/models/mf_bpr/fold_in.ts";
import { mfBpr, resolveSettings, TrainedModel } from "../../src/models/mod.ts";
import { DotRanker, type Ranker, rankerOf, rankSplit } from "../../src/recommend/mod.ts";
import { emptyExclusions } from "../../src/recommend/dot_ranker.ts";
import { generatedDataset, train } from "../../src/training/mod.ts";
import { Graph } from "@sevo/sevo";
import { packed, range } from "../data/_fixtures.ts";
import { testOnDevices } from "../_on_devices.ts";
import { matrix } from "../sevo/_fixtures.ts";

/** Rows by themselves. */
function rowsOf(data: Float32Array, width: number): number[][] {
  return range(data.length / width).map((row) => [...data.subarray(row * width, (row + 1) * width)]);
}

/** Items of which no column has a mean of 0. */
function itemRows(items: number, width: number): Float32Array<ArrayBuffer> {
  return matrix(11, items, width).map((value, at) => value + (at % width) / (2 * width));
}

/** The mean over the columns of the variance of the items. */
function variance(items: readonly number[][]): number {
  const width = items[0]!.length;
  return range(width).reduce((sum, column) => {
    const mean = items.reduce((all, row) => all + row[column]!, 0) / items.length;
    return sum + items.reduce((all, row) => all + (row[column]! - mean) ** 2, 0) / items.length / width;
  }, 0);
}

const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, value, at) => sum + value * b[at]!, 0);

/**
 * The objective as it is stated, pair by pair: the mean over i in the history and all j of (1 - u.(e_i - e_j))^2, and v |u|^2.
 * Its gradient by u.
 */
function objective(
  items: readonly number[][],
  history: readonly number[],
  u: readonly number[],
): { value: number; gradient: number[] } {
  const ridge = variance(items), pairs = history.length * items.length;
  let value = ridge * dot(u, u);
  const gradient = u.map((each) => 2 * ridge * each);
  for (const taken of history) {
    for (const other of items) {
      const difference = items[taken]!.map((each, column) => each - other[column]!);
      const miss = 1 - dot(u, difference);
      value += miss ** 2 / pairs;
      difference.forEach((each, column) => gradient[column]! -= 2 * miss * each / pairs);
    }
  }
  return { value, gradient };
}

async function fittedRows(device: Device, items: RowRange, histories: number[][]): Promise<number[][]> {
  const fit = await fitter(device, items);
  using queries = await fit(packed(histories));
  assertEquals([queries.firstRow, queries.rows], [0, histories.length]);
  return rowsOf(await device.read(queries.tensor), items.tensor.shape[1]!);
}

const HISTORIES = [[0], [3, 1, 4], [2, 2, 7], [6, 0, 1, 2, 3, 8]];

for (const width of [4, 10, 7, 1]) {
  testOnDevices(`a folded-in row is where the stated objective is least, ${width} wide`, async (device) => {
    const items = 12, data = itemRows(items, width), rows = rowsOf(data, width);
    using tensor = device.upload(data, [items, width]);
    const fitted = await fittedRows(device, { tensor, firstRow: 0, rows: items }, HISTORIES);
    fitted.forEach((u, at) => {
      const { value, gradient } = objective(rows, HISTORIES[at]!, u),
        start = objective(rows, HISTORIES[at]!, u.map(() => 0));
      assertLessOrEqual(Math.abs(start.value - 1), 1e-12);
      const size = Math.sqrt(dot(start.gradient, start.gradient));
      gradient.forEach((each) => assertLessOrEqual(Math.abs(each), 1e-5 * size, `gradient of history ${at}`));
      // What is least is less than all around it
      for (const column of range(width)) {
        for (const step of [-0.1, 0.1]) {
          assertGreater(objective(rows, HISTORIES[at]!, u.with(column, u[column]! + step)).value, value);
        }
      }
    });
  });

  testOnDevices(`items that begin after other rows of a matrix are folded in alike, ${width} wide`, async (device) => {
    const items = 12, data = itemRows(items, width), others = matrix(5, 9, width, 100);
    using alone = device.upload(data, [items, width]);
    using stacked = device.upload(Float32Array.from([...others, ...data, ...others]), [items + 18, width]);
    const expected = await fittedRows(device, { tensor: alone, firstRow: 0, rows: items }, HISTORIES);
    const actual = await fittedRows(device, { tensor: stacked, firstRow: 9, rows: items }, HISTORIES);
    actual.flat().forEach((value, at) => {
      assertLessOrEqual(Math.abs(value - expected.flat()[at]!), 1e-5 * Math.max(...expected.flat().map(Math.abs)));
    });
  });
}

testOnDevices("rows are folded in with users and items in one table, as with two", async (device) => {
  const users = 5, items = 12, dimension = 10;
  const weights = {
    "user.weight": { data: matrix(3, users, dimension, 9), shape: [users, dimension] },
    "item.weight": { data: itemRows(items, dimension), shape: [items, dimension] },
  };
  using graph = Graph.fromInteractions({ users: [0, 1], items: [1, 2], userCount: users, itemCount: items });
  const settings = resolveSettings(mfBpr, { dimension, graph: "user-item" });
  const options = { rule: "sgd", learningRate: 0, propagation: { mode: "neumann", beta: 0.5, layers: 1 } } as const;
  using model = new TrainedModel(device, mfBpr, weights, settings, { options, graph });
  using stacked = new DotRanker(device, model.network);
  using apart = rankerOf(device, mfBpr, weights, settings);
  const requests = { users: null, histories: packed(HISTORIES) }, nothing = emptyExclusions(HISTORIES.length);
  const [actual, expected] = await Promise.all([
    stacked.top(requests, items, nothing),
    apart.top(requests, items, nothing),
  ]);
  assertEquals(actual.items, expected.items);
  const error = await assertRejects(
    () => apart.top({ users: null, histories: packed([[12]]) }, 1, emptyExclusions(1)),
    RangeError,
  );
  assertEquals(error.message, "Cannot use an item as it must be in [0, 12): current value is 12");
});

testOnDevices("nothing is folded in from items that do not differ, and from no history", async (device) => {
  using same = device.upload(new Float32Array(4 * 6).fill(0.5), [4, 6]);
  assertEquals(await fittedRows(device, { tensor: same, firstRow: 0, rows: 4 }, [[1, 2], [3]]), [
    Array(6).fill(0),
    Array(6).fill(0),
  ]);
  using data = device.upload(itemRows(4, 6), [4, 6]);
  const [none, some] = await fittedRows(device, { tensor: data, firstRow: 0, rows: 4 }, [[], [3]]);
  assertEquals(none, Array(6).fill(0));
  assertNotEquals(some, none);
  assertEquals(await fittedRows(device, { tensor: data, firstRow: 0, rows: 4 }, []), []);
});

Deno.test("histories folded in rank held-out items nearly as well as trained rows do", async () => {
  await using device = await openDevice("cpu", { threads: 2 });
  const dataset = generatedDataset({ seed: 1 });
  const { settings, weights } = await train(device, dataset, mfBpr, { epochs: 20 });
  using ranker = rankerOf(device, mfBpr, weights, settings);
  const folded: Pick<Ranker, "ranks" | "historyLength"> = {
    historyLength: ranker.historyLength,
    ranks: (requests, targets, excluded) => ranker.ranks({ ...requests, users: null }, targets, excluded),
  };
  const random = 1 / dataset.itemCount;
  for (const split of ["valid", "test"] as const) {
    const [own, other] = [await rankSplit(ranker, dataset, split), await rankSplit(folded, dataset, split)];
    assert(own["ndcg@10"]! > 20 * random, `the model has learnt something: ${own["ndcg@10"]}`);
    assertGreater(other["ndcg@10"]!, 0.8 * own["ndcg@10"]!, split);
    assertNotEquals(other, own);
  }
});
