import { assertEquals, assertRejects } from "@std/assert";
import type { Device } from "@sevo/sevo";
import type { ScoringNetwork } from "../../src/models/mod.ts";
import { DotRanker } from "../../src/recommend/mod.ts";
import { packed, range } from "../data/_fixtures.ts";
import { testOnDevices } from "../_on_devices.ts";

const WIDTH = 3, ITEMS = 5;

/** The row of an item: three numbers that no sum rounds. */
const rowOf = (item: number) => [item, 1, item * item];

/** Scores a query of a history's last item with the rows of the items, which begin after one that is none's. */
function ranking(device: Device): { ranker: DotRanker; asked: number[] } & Disposable {
  const rows = device.upload(Float32Array.from([9, 9, 9, ...range(ITEMS).flatMap(rowOf)]), [ITEMS + 1, WIDTH]);
  const asked: number[] = [];
  const network: ScoringNetwork = {
    items: () => ({ tensor: rows, firstRow: 1, rows: ITEMS, [Symbol.dispose]() {} }),
    queries: (tape, { histories: { offsets, items } }) => {
      asked.push(offsets.length - 1);
      const variable = tape.variable(offsets.length - 1, WIDTH);
      device.write(variable.tensor, Float32Array.from([...offsets.slice(1)].flatMap((end) => rowOf(items[end - 1]!))));
      return variable;
    },
  };
  const ranker = new DotRanker(device, network);
  return { ranker, asked, [Symbol.dispose]: () => (ranker[Symbol.dispose](), rows.dispose()) };
}

const scoreOf = (own: number, item: number) => own * item + 1 + own * own * item * item;

testOnDevices("DotRanker.scores() runs the model once for each request, however many items it has", async (device) => {
  using made = ranking(device);
  const lists = [[4, 0, 4], [], range(150_000).map((at) => at % ITEMS), [1]], last = [2, 0, 3, 4];
  const requests = { users: null, histories: packed(last.map((item) => [0, item])) };
  const scores = await made.ranker.scores(requests, packed(lists));
  assertEquals(made.asked, [4]);
  assertEquals([...scores], lists.flatMap((items, at) => items.map((item) => scoreOf(last[at]!, item))));
  assertEquals([...await made.ranker.scores(requests, packed([[], [], [], []]))], []);
  assertEquals([...await made.ranker.scores({ users: null, histories: packed([]) }, packed([]))], []);
});

testOnDevices("DotRanker.scores() answers more requests than go together", async (device) => {
  using made = ranking(device);
  const last = range(9000).map((at) => at % ITEMS), lists = last.map((item) => range(item));
  const scores = await made.ranker.scores(
    { users: null, histories: packed(last.map((item) => [item])) },
    packed(lists),
  );
  assertEquals(made.asked, [8192, 808]);
  assertEquals([...scores], lists.flatMap((items, at) => items.map((item) => scoreOf(last[at]!, item))));
});

testOnDevices("DotRanker.scores() refuses items that there are not, and lists of other requests", async (device) => {
  using made = ranking(device);
  const requests = { users: null, histories: packed([[1], [2]]) };
  for (
    const [lists, message] of [
      [[[0], [5]], "Cannot score an item as it must be in [0, 5): current value is 5"],
      [[[0]], "Cannot score as there must be 2 lists of items: current value is 1"],
    ] as const
  ) {
    const error = await assertRejects(() => made.ranker.scores(requests, packed(lists)), RangeError);
    assertEquals(error.message, message);
  }
});

testOnDevices(
  "DotRanker.ranks() ranks several targets of a request in one list, running the model once",
  async (device) => {
    using made = ranking(device);
    const requests = { users: null, histories: packed([[1], [2], [3]]) }, excluded = packed([[2], [], [0, 4]]);
    // The higher an item, the higher its score
    const ranks = await made.ranker.ranks(requests, packed([[4, 0, 3], [], [1, 3, 2, 1]]), excluded);
    assertEquals(made.asked, [3]);
    assertEquals([...ranks], [1, 4, 2, 3, 1, 2, 3]);
    assertEquals([...await made.ranker.ranks(requests, packed([[], [], []]), excluded)], []);
    // An excluded target comes behind all others
    assertEquals([...await made.ranker.ranks(requests, packed([[2, 3], [0], [0]]), excluded)], [5, 2, 5, 4]);
  },
);

testOnDevices("DotRanker.ranks() ranks more targets than go together as one by one", async (device) => {
  using made = ranking(device);
  const lists = [range(9000), [], range(700), [3]].map((places) => places.map((at) => (at * 7) % ITEMS));
  const requests = { users: null, histories: packed([[1], [2], [0], [4]]) }, excluded = packed([[2], [0], [], [0, 4]]);
  const ranks = await made.ranker.ranks(requests, packed(lists), excluded);
  assertEquals(made.asked, [4]);
  const of = (own: number, out: readonly number[], target: number) => {
    const order = range(ITEMS).filter((item) => !out.includes(item)).sort((a, b) =>
      scoreOf(own, b) - scoreOf(own, a) || a - b
    );
    return out.includes(target) ? order.length + 1 : order.indexOf(target) + 1;
  };
  const [owns, outs] = [[1, 2, 0, 4], [[2], [0], [], [0, 4]]];
  assertEquals([...ranks], lists.flatMap((targets, at) => targets.map((target) => of(owns[at]!, outs[at]!, target))));
});

testOnDevices("DotRanker.ranks() refuses targets that are no items, and those of other requests", async (device) => {
  using made = ranking(device);
  const requests = { users: null, histories: packed([[1], [2]]) }, nothing = packed([[], []]);
  for (
    const [targets, message] of [
      [[[0], [1, 5]], "Cannot rank as each of 3 queries must have a target in [0, 5): current value is 5"],
      [[[0], [5]], "Cannot rank as each of 2 queries must have a target in [0, 5): current value is 5"],
      [[[0, 1]], "Cannot rank as there must be 2 lists of targets: current value is 1"],
    ] as const
  ) {
    const error = await assertRejects(() => made.ranker.ranks(requests, packed(targets), nothing), RangeError);
    assertEquals(error.message, message);
  }
});
