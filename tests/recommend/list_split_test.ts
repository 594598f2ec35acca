import { assertEquals } from "@std/assert";
import { NO_ITEM } from "../../src/models/ranker.ts";
import { rankingTask } from "../../src/recommend/history.ts";
import { type Lists, listSplit } from "../../src/recommend/list_split.ts";
import { generatedDataset } from "../../src/data/generated.ts";
import { packSequences } from "../../src/data/sequences.ts";

const DATASET = {
  ...generatedDataset({ users: 3, items: 5, maxLength: 5 }),
  // Item 2 has three interactions in training, 0 two, 4 one, 1 and 3 none
  train: packSequences([[2, 0], [2, 4], [2, 0]]),
  valid: packSequences([[], [], []]),
  test: packSequences([[1], [3], [4]]),
};

Deno.test("listSplit() gives coverage of the catalogue and the mean popularity rank, by hand", async () => {
  const task = rankingTask(DATASET, "test"), given: Lists[] = [];
  const ranker = {
    historyLength: Infinity,
    top: (_: unknown, count: number) => {
      assertEquals(count, 3);
      const items = Uint32Array.of(1, 4, 3, 1, 0, NO_ITEM, 1, 4, NO_ITEM);
      return Promise.resolve({ items, scores: new Float32Array(9) });
    },
  };
  const metrics = await listSplit(ranker, DATASET, task, [1, 3], (lists) => void given.push(lists));
  // By popularity: 2, 0, 4, 1, 3. First places: 1, 1, 1. All places: 1, 4, 3; 1, 0; 1, 4.
  assertEquals(metrics, {
    "coverage@1": 1 / 5,
    "coverage@3": 4 / 5,
    "popularity@1": 4,
    "popularity@3": (4 + 3 + 5 + 4 + 2 + 4 + 3) / 7,
  });
  assertEquals(given.map(({ begin, end }) => [begin, end]), [[0, 3]]);
});
