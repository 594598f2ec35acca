import { assertEquals, assertGreater } from "@std/assert";
import type { Device } from "@sevo/sevo";
import type { Dataset } from "../../src/data/dataset.ts";
import { sequenceAt } from "../../src/data/sequences.ts";
import type { ScoringNetwork } from "../../src/models/mod.ts";
import { DotRanker, type RankingMetrics, rankingMetrics, rankSplit, type Split } from "../../src/recommend/mod.ts";
import { datasetOf, range, unpacked } from "../data/_fixtures.ts";
import { testOnDevices } from "../_on_devices.ts";
import { uniforms } from "../sevo/_fixtures.ts";

/** What queries were asked for. */
interface Asked {
  readonly users: number[];
  readonly histories: number[][];
}

/** Ranks a split as a model would that sees so many items of a history. */
interface FakeModel {
  readonly rank: (dataset: Dataset, maxLength: number, split: Split) => Promise<RankingMetrics>;
  readonly asked: Asked[];
  readonly open: () => number;
}

/**
 * Scores of an item for a user: `score(user, item, history)`. Item rows are the unit vectors, after a row of large numbers
 * that are none of an item.
 */
function fakeModel(
  device: Device,
  itemCount: number,
  score: (user: number, item: number, history: readonly number[]) => number,
): FakeModel {
  const asked: Asked[] = [];
  let open = 0;
  const table = new Float32Array((itemCount + 1) * itemCount).fill(1000, 0, itemCount);
  for (const item of range(itemCount)) table[(item + 1) * itemCount + item] = 1;
  const network: ScoringNetwork = {
    items: () => {
      const items = device.upload(table, [itemCount + 1, itemCount]);
      open++;
      return { tensor: items, firstRow: 1, rows: itemCount, [Symbol.dispose]: () => (open--, items.dispose()) };
    },
    queries: (tape, { users, histories: packed }) => {
      const histories = unpacked(packed.offsets, packed.items);
      assertEquals(histories.length, users!.length);
      asked.push({ users: [...users!], histories });
      const rows = [...users!].flatMap((user, at) => range(itemCount).map((item) => score(user, item, histories[at]!)));
      const variable = tape.variable(users!.length, itemCount);
      device.write(variable.tensor, Float32Array.from(rows));
      return variable;
    },
  };
  const rank: FakeModel["rank"] = async (dataset, maxLength, split) => {
    using ranker = new DotRanker(device, network, maxLength);
    return await rankSplit(ranker, dataset, split);
  };
  return { rank, asked, open: () => open };
}

const ranks = (...places: number[]) => rankingMetrics(Uint32Array.from(places));

/** Users 1 and 4 have nothing to be ranked, nor has user 3 before test; of user 5 the target is in its history. */
const DATASET = datasetOf([[0, 1, 2], [3], [], [5], [1], [4, 0]], 6, {
  valid: [3, -1, 0, -1, -1, 4],
  test: [5, -1, 3, 2, -1, 1],
});

testOnDevices("rankSplit() ranks the target of every user that has one by hand", async (device) => {
  // The higher the number the better, for odd users the lower
  const { rank, asked, open } = fakeModel(device, 6, (user, item) => user % 2 === 0 ? item : -item);
  // User 0: of 3 4 5 the target 3 is last. User 2: of all six 0 is last. User 5: 4 is history, behind 1 2 3 5.
  assertEquals(await rank(DATASET, 2, "valid"), ranks(3, 6, 5));
  assertEquals(asked, [{ users: [0, 2, 5], histories: [[1, 2], [], [4, 0]] }]);
  asked.length = 0;
  // User 0: of 4 5 the target 5 is first. User 2: of 1 2 3 4 5 the target 3 is third. User 3: of 0 1 2 3 4 the target 2 is
  // third. User 5: of 1 2 3 5 the target 1 is first.
  assertEquals(await rank(DATASET, 2, "test"), ranks(1, 3, 3, 1));
  assertEquals(asked, [{ users: [0, 2, 3, 5], histories: [[2, 3], [0], [5], [0, 4]] }]);
  assertEquals(open(), 0);
});

testOnDevices("rankSplit() hands a model the last items alone, and leaves all of them out", async (device) => {
  // By the last item alone: items that come after it first
  const { rank, asked } = fakeModel(
    device,
    6,
    (_, item, history) => (item - (history.at(-1) ?? 0) + 6) % 6 === 1 ? 1 : 0,
  );
  // User 0: after 2 comes 3. User 2: after nothing comes 1, then 0 as the lowest. User 5: after 0 comes 1, 2 3 5, then 4.
  assertEquals(await rank(DATASET, 1, "valid"), ranks(1, 2, 5));
  assertEquals(asked[0]!.histories, [[2], [], [0]]);
});

testOnDevices("rankSplit() of nobody is of no users", async (device) => {
  const { rank, asked } = fakeModel(device, 4, () => 0);
  assertEquals(await rank(datasetOf([[1], [2]], 4), 3, "valid"), ranks());
  assertEquals(asked, []);
});

/** Users of long histories, one of which in seven has no target. */
function longHistories(users: number, length: number) {
  const draw = uniforms(3), item = () => Math.floor(40 * draw());
  const held = () => range(users).map((user) => user % 7 === 3 ? -1 : item());
  // Half of the items, so that there are others to rank
  const sequences = range(users).map((user) => range(length + user % 5).map(() => Math.floor(item() / 2)));
  return datasetOf(sequences, 40, { valid: held(), test: held() });
}

testOnDevices("rankSplit() gives the same in one chunk as in many", async (device) => {
  const dataset = longHistories(300, 300);
  const draw = uniforms(5), scores = range(300 * 40).map(() => Math.floor(8 * draw()));
  const { rank, asked } = fakeModel(device, 40, (user, item) => scores[user * 40 + item]!);
  for (const split of ["valid", "test"] as const) {
    asked.length = 0;
    const one = await rank(dataset, 1, split);
    assertEquals(asked.length, 1);
    const { users } = asked.pop()!;
    assertEquals(users, range(300).filter((user) => user % 7 !== 3));
    // 257 users of 290 tokens and more: 32,768 is 113 of them at most
    assertEquals(await rank(dataset, 290, split), one);
    assertEquals(asked.map((chunk) => chunk.users.length), [112, 112, users.length - 224]);
    assertEquals(asked.flatMap((chunk) => chunk.users), users);
    // Ranks by hand: better ones, and equal ones of a lower number, but for the history
    const expected = users.map((user) => {
      const out = new Set([
        ...sequenceAt(dataset.train, user),
        ...split === "test" ? sequenceAt(dataset.valid, user) : [],
      ]);
      const target = sequenceAt(dataset[split], user)[0]!;
      const key = (item: number) => (out.has(item) ? 1e6 : 0) - 100 * scores[user * 40 + item]! + item / 100;
      if (out.has(target)) return 40 - out.size + 1;
      return range(40).filter((item) => !out.has(item) && key(item) < key(target)).length + 1;
    });
    assertEquals(one, ranks(...expected));
  }
});

testOnDevices("rankSplit() ranks a history longer than a chunk by itself", async (device) => {
  const dataset = datasetOf([range(40000).map((at) => at % 3), [1], [2], range(40000).map((at) => at % 2), [0]], 5, {
    valid: [4, 4, 4, 4, 4],
    test: [3, 3, 3, 3, 3],
  });
  const { rank, asked } = fakeModel(device, 5, (_, item) => item);
  assertEquals(await rank(dataset, 1e6, "valid"), ranks(1, 1, 1, 1, 1));
  assertEquals(asked.map(({ users }) => users), [[0], [1, 2], [3], [4]]);
});

testOnDevices("rankSplit() ranks no more than 8,192 users at a time", async (device) => {
  const users = 9000,
    dataset = datasetOf(Array(users).fill([0]), 3, {
      valid: range(users).map((user) => 1 + user % 2),
      test: Array(users).fill(-1),
    });
  const { rank, asked } = fakeModel(device, 3, (_, item) => item);
  const metrics = await rank(dataset, 1, "valid");
  assertEquals(metrics, ranks(...range(users).map((user) => 2 - user % 2)));
  assertEquals(asked.map((chunk) => chunk.users.length), [8192, 808]);
  assertGreater(metrics.users, 8192);
});
