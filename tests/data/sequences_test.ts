import { assertEquals } from "@std/assert";
import { packHistories } from "../../src/data/sequences.ts";
import { datasetOf, unpacked } from "./_fixtures.ts";

const DATASET = datasetOf([[1, 2, 3, 4], [], [5], [], [6, 7]], 20, {
  valid: [10, 11, -1, -1, 12],
  test: [15, 16, -1, -1, 17],
});

function histories(users: number[], split: "valid" | "test", last: number): number[][] {
  const { offsets, items } = packHistories(DATASET, Uint32Array.from(users), split, last);
  assertEquals([offsets.length, offsets[0], offsets.at(-1)], [users.length + 1, 0, items.length]);
  return unpacked(offsets, items);
}

Deno.test("packHistories() gives training items before validation", () => {
  assertEquals(histories([0, 1, 2, 3, 4], "valid", 50), [[1, 2, 3, 4], [], [5], [], [6, 7]]);
});

Deno.test("packHistories() gives the validation item too before test", () => {
  assertEquals(histories([0, 1, 2, 3, 4], "test", 50), [[1, 2, 3, 4, 10], [11], [5], [], [6, 7, 12]]);
});

Deno.test("packHistories() gives the last items alone", () => {
  assertEquals(histories([0, 1, 2, 4], "valid", 2), [[3, 4], [], [5], [6, 7]]);
  assertEquals(histories([0, 1, 2, 4], "test", 2), [[4, 10], [11], [5], [7, 12]]);
  assertEquals(histories([0, 1, 2, 4], "valid", 1), [[4], [], [5], [7]]);
  assertEquals(histories([0, 1, 2, 4], "test", 1), [[10], [11], [5], [12]]);
});

Deno.test("packHistories() gives users in the order asked for, and as often", () => {
  assertEquals(histories([4, 0, 4, 1], "test", 3), [[6, 7, 12], [3, 4, 10], [6, 7, 12], [11]]);
  assertEquals(histories([], "valid", 3), []);
});
