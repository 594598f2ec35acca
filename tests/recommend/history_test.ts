import { assertEquals } from "@std/assert";
import type { Dataset } from "../../src/data/dataset.ts";
import { generatedDataset } from "../../src/data/generated.ts";
import { historyOf, rankingTask } from "../../src/recommend/mod.ts";
import { packed, packedHeldOut } from "../data/_fixtures.ts";

/** User 0 repeats items, user 1 has nothing held out, user 2's test item is one met before. */
const DATASET: Dataset = {
  ...generatedDataset({ users: 1, items: 12 }),
  userCount: 3,
  itemCount: 30,
  train: packed([[20, 3, 20, 11], [2, 1], [9, 4]]),
  valid: packedHeldOut([5, -1, 7]),
  test: packedHeldOut([6, -1, 9]),
};

Deno.test("rankingTask() masks training items for validation", () => {
  assertEquals(rankingTask(DATASET, "valid"), {
    users: Uint32Array.from([0, 2]),
    targets: Uint32Array.from([5, 7]),
    // Ascending as numbers, each once.
    history: { offsets: Uint32Array.from([0, 3, 5]), items: Uint32Array.from([3, 11, 20, 4, 9]) },
  });
});

Deno.test("rankingTask() masks the validation item too for testing", () => {
  assertEquals(rankingTask(DATASET, "test"), {
    users: Uint32Array.from([0, 2]),
    targets: Uint32Array.from([6, 9]),
    history: { offsets: Uint32Array.from([0, 4, 7]), items: Uint32Array.from([3, 5, 11, 20, 4, 7, 9]) },
  });
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
