import { assertEquals, assertGreater, assertRejects } from "@std/assert";
import type { Device } from "@sevo/sevo";
import type { Dataset } from "../../src/data/dataset.ts";
import { sequenceAt } from "../../src/data/sequences.ts";
import type { ScoringNetwork } from "../../src/models/mod.ts";
import { DotRanker, type RankingMetrics, type RankOptions, rankSplit, type Split } from "../../src/recommend/mod.ts";
import { datasetOf, range, unpacked } from "../data/_fixtures.ts";
import { metricsOfRanks } from "./_ranks.ts";
import { testOnDevices } from "../_on_devices.ts";
import { uniforms } from "../sevo/_fixtures.ts";

/** What queries were asked for. */
interface Asked {
  readonly users: number[];
  readonly histories: number[][];
}

/** Ranks a split as a model would that sees so many items of a history. */
interface FakeModel {
  readonly rank: (
    dataset: Dataset,
    maxLength: number,
    split: Split,
    options?: RankOptions,
  ) => Promise<RankingMetrics>;
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
  const rank: FakeModel["rank"] = async (dataset, maxLength, split, options) => {
    using ranker = new DotRanker(device, network, maxLength);
    return await rankSplit(ranker, dataset, split, options);
  };
  return { rank, asked, open: () => open };
}

/** Users 1 and 4 have nothing to be ranked, user 2 has no training item; of user 5 a target is in its history. */
const DATASET = datasetOf([[0, 1, 2], [3], [], [5], [1], [4, 0]], 6, {
  valid: [[5, 3], -1, 0, -1, -1, [4, 1]],
  test: [4, -1, 3, 2, -1, 3],
});

testOnDevices("rankSplit() ranks the targets of every user that has one by hand", async (device) => {
  // The higher the number the better, for odd users the lower
  const { rank, asked, open } = fakeModel(device, 6, (user, item) => user % 2 === 0 ? item : -item);
  // User 0: of 3 4 5 the targets 5 and 3 are first and last. User 5: 4 is history; of 1 2 3 5 the target 1 is first.
  assertEquals(
    await rank(DATASET, 2, "valid"),
    metricsOfRanks([[3, 1], 1], { repeats: 1, withoutHistory: 1, unseen: 0 }),
  );
  assertEquals(asked, [{ users: [0, 5], histories: [[1, 2], [4, 0]] }]);
  asked.length = 0;
  // User 0: 4 alone is left. User 3: of 0 1 2 3 4 the target 2 is third. User 5: of 2 3 5 the target 3 is second.
  assertEquals(await rank(DATASET, 2, "test"), metricsOfRanks([1, 3, 2], { withoutHistory: 1 }));
  // The last items of the history, a repeated one too
  assertEquals(asked, [{ users: [0, 3, 5], histories: [[5, 3], [5], [4, 1]] }]);
  assertEquals(open(), 0);
});

testOnDevices("rankSplit() ranks repeats among all items where asked for", async (device) => {
  const { rank } = fakeModel(device, 6, (user, item) => user % 2 === 0 ? item : -item);
  // User 0: of all six, 5 is first and 3 third. User 5: 4 is fifth and 1 second.
  assertEquals(
    await rank(DATASET, 2, "valid", { rankRepeats: true, at: [1, 3] }),
    metricsOfRanks([[1, 3], [5, 2]], { repeats: 1, withoutHistory: 1 }, [1, 3]),
  );
});

testOnDevices("rankSplit() hands a model the last items alone, and leaves all of them out", async (device) => {
  // By the last item alone: items that come after it first
  const { rank, asked } = fakeModel(
    device,
    6,
    (_, item, history) => (item - (history.at(-1) ?? 0) + 6) % 6 === 1 ? 1 : 0,
  );
  // User 0: after 2 comes 3, then 4 5. User 5: after 0 comes 1.
  assertEquals(await rank(DATASET, 1, "valid"), metricsOfRanks([[3, 1], 1], { repeats: 1, withoutHistory: 1 }));
  assertEquals(asked[0]!.histories, [[2], [0]]);
});

testOnDevices("rankSplit() says that nobody is left, without asking the model", async (device) => {
  const { rank, asked } = fakeModel(device, 4, () => 0);
  for (const dataset of [datasetOf([[1], [2]], 4), datasetOf([[1], [2]], 4, { valid: [1, 2] })]) {
    await assertRejects(() => rank(dataset, 3, "valid"), RangeError, "Cannot validate as ");
  }
  for (
    const [options, message] of [
      [{ rankRepeat: true }, "Cannot rank as there is no option 'rankRepeat': did you mean 'rankRepeats'?"],
      [{ rankRepeats: 1 }, "Cannot rank as rankRepeats must be a boolean: current value is 1"],
      [{ at: 10 }, "Cannot rank as at must be a list of cut-offs: current value is 10"],
      [{ at: [10, 1001] }, "Cannot rank as at must be integers in [1, 1000]: current value is [10, 1001]"],
    ] as const
  ) {
    const error = await assertRejects(() => rank(DATASET, 3, "valid", options as unknown as RankOptions), Error);
    assertEquals(error.message, message);
  }
  assertEquals(asked, []);
});

/** Users of long histories, one of which in seven has no target. */
function longHistories(users: number, length: number) {
  const draw = uniforms(3), item = () => Math.floor(40 * draw());
  // Of other users none, one or several, some of them repeats
  const held = () => range(users).map((user) => user % 7 === 3 ? [] : range(user % 4 + 1).map(() => 20 + item() % 20));
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
    // 257 users of 290 tokens and more, some of whom have nothing but repeats: 8,192 is 28 of them at most
    assertEquals(await rank(dataset, 290, split), one);
    assertEquals(asked.slice(0, -1).map((chunk) => chunk.users.length), Array(asked.length - 1).fill(28));
    assertEquals(asked.flatMap((chunk) => chunk.users), users);
    // Ranks by hand: better ones, and equal ones of a lower number
    let repeats = 0;
    const expected = range(300).map((user) => {
      const out = new Set([
        ...sequenceAt(dataset.train, user),
        ...split === "test" ? sequenceAt(dataset.valid, user) : [],
      ]);
      const targets = [...new Set(sequenceAt(dataset[split], user))], left = range(40).filter((item) => !out.has(item));
      const score = (item: number) => scores[user * 40 + item]!;
      const order = left.sort((a, b) => score(b) - score(a) || a - b);
      repeats += targets.filter((target) => out.has(target)).length;
      return targets.filter((target) => !out.has(target)).map((target) => order.indexOf(target) + 1);
    });
    const ranked = expected.filter(({ length }) => length > 0);
    if (split === "test") assertGreater(repeats, 0);
    assertEquals(one, metricsOfRanks(ranked, { repeats, unseen: ranked.flat().length }));
    assertGreater(one.targets, one.users);
  }
});

testOnDevices("rankSplit() ranks a history longer than a chunk by itself", async (device) => {
  const dataset = datasetOf([range(40000).map((at) => at % 3), [1], [2], range(40000).map((at) => at % 2), [0]], 5, {
    valid: [4, 4, 4, 4, 4],
    test: [3, 3, 3, 3, 3],
  });
  const { rank, asked } = fakeModel(device, 5, (_, item) => item);
  assertEquals(await rank(dataset, 1e6, "valid"), metricsOfRanks([1, 1, 1, 1, 1], { unseen: 5 }));
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
  assertEquals(metrics, metricsOfRanks(range(users).map((user) => 2 - user % 2), { unseen: users }));
  assertEquals(asked.map((chunk) => chunk.users.length), [8192, 808]);
  assertGreater(metrics.users, 8192);
});
