import { assertEquals, assertThrows } from "@std/assert";
import { historyOf, rankingTask } from "../../src/recommend/mod.ts";
import { datasetOf, type HeldOut, packed } from "../data/_fixtures.ts";

/** User 0 repeats items, user 1 has nothing held out, user 2's test item is one met before; of user 3 nothing is trained. */
const DATASET = datasetOf([[20, 3, 20, 11], [2, 1], [9, 4], []], 30, {
  valid: [5, -1, 7, 8],
  test: [6, -1, 9, [8, 9]],
});

Deno.test("rankingTask() leaves out training items for validation, and users who have none", () => {
  assertEquals(rankingTask(DATASET, "valid"), {
    split: "valid",
    users: Uint32Array.of(0, 2),
    targets: packed([[5], [7]]),
    // Ascending as numbers, each once.
    excluded: packed([[3, 11, 20], [4, 9]]),
    counts: { repeats: 0, withoutHistory: 1, unseen: 2 },
  });
});

Deno.test("rankingTask() leaves out the validation items too for testing, and users whose targets are all repeats", () => {
  assertEquals(rankingTask(DATASET, "test"), {
    split: "test",
    users: Uint32Array.of(0),
    targets: packed([[6]]),
    excluded: packed([[3, 5, 11, 20]]),
    counts: { repeats: 1, withoutHistory: 1, unseen: 1 },
  });
});

Deno.test("rankingTask() ranks repeats where asked for, and leaves nothing out then", () => {
  assertEquals(rankingTask(DATASET, "test", { rankRepeats: true }), {
    split: "test",
    users: Uint32Array.of(0, 2),
    targets: packed([[6], [9]]),
    excluded: packed([[], []]),
    counts: { repeats: 1, withoutHistory: 1, unseen: 1 },
  });
});

Deno.test("rankingTask() takes several targets, each once, but for those that are repeats", () => {
  const dataset = datasetOf([[0, 1, 2], [3], [4, 5]], 9, {
    valid: [[6, 1, 3, 6], [3, 3], -1],
    test: [[7, 6, 5, 7, 0], [8, 3, 8], [5, 4]],
  });
  assertEquals(rankingTask(dataset, "valid"), {
    split: "valid",
    users: Uint32Array.of(0),
    targets: packed([[3, 6]]),
    excluded: packed([[0, 1, 2]]),
    counts: { repeats: 2, withoutHistory: 0, unseen: 1 },
  });
  assertEquals(rankingTask(dataset, "test"), {
    split: "test",
    users: Uint32Array.of(0, 1),
    targets: packed([[5, 7], [8]]),
    excluded: packed([[0, 1, 2, 3, 6], [3]]),
    // 0 and 6 of user 0, 3 of user 1, 4 and 5 of user 2
    counts: { repeats: 5, withoutHistory: 0, unseen: 2 },
  });
});

Deno.test("rankingTask() says why nobody is left to rank", () => {
  const taskOf = (sequences: number[][], test: HeldOut) => () => rankingTask(datasetOf(sequences, 9, { test }), "test");
  for (
    const [work, message] of [
      [taskOf([[1], [2]], [-1, -1]), "Cannot test as no user of 'made-up' has an item to test on"],
      [taskOf([], []), "Cannot test as no user of 'made-up' has an item to test on"],
      [
        taskOf([[1, 2], [3]], [[1, 2], 3]),
        "Cannot test as all 3 targets are items of the user's own history: set rankRepeats (--rank-repeats) to rank them",
      ],
      [
        taskOf([[1, 2], []], [[1, 2], 3]),
        "Cannot test as all 2 targets are items of the user's own history, and 1 user has no item to train on: " +
        "set rankRepeats (--rank-repeats) to rank them",
      ],
      [
        taskOf([[], [], [4]], [1, 2, -1]),
        "Cannot test as nobody of 'made-up' is left to rank: 2 users have no item to train on",
      ],
    ] as const
  ) assertEquals(assertThrows(work, RangeError).message, message);
  const error = assertThrows(() => rankingTask(datasetOf([[1]], 9), "valid"), RangeError);
  assertEquals(error.message, "Cannot validate as no user of 'made-up' has an item to validate on");
});

Deno.test("historyOf() takes users in any order", () => {
  assertEquals(historyOf(DATASET, Uint32Array.from([2, 1]), "test"), {
    offsets: Uint32Array.from([0, 3, 5]),
    items: Uint32Array.from([4, 7, 9, 1, 2]),
  });
  assertEquals(historyOf(DATASET, new Uint32Array(0), "valid"), {
    offsets: new Uint32Array(1),
    items: new Uint32Array(0),
  });
});
