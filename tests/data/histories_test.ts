import { assertEquals } from "@std/assert";
import { packHistories } from "../../src/data/histories.ts";
import { datasetOf, unpacked } from "./_fixtures.ts";

const DATASET = datasetOf([[1, 2, 3, 4], [], [5], [], [6, 7]], 20, {
  valid: [10, 11, -1, -1, 12],
  test: [15, 16, -1, -1, 17],
});

function histories(users: number[], split: "valid" | "test" | "all", last: number, dataset = DATASET): number[][] {
  const { offsets, items } = packHistories(dataset, Uint32Array.from(users), split, last);
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

Deno.test("packHistories() gives all of several held-out items, of which the last come last", () => {
  const dataset = datasetOf([[1, 2], [], [3], []], 20, {
    valid: [[10, 11, 12], [13, 14], -1, -1],
    test: [[15, 16], 17, [18, 19], -1],
  });
  assertEquals(histories([0, 1, 2, 3], "valid", 50, dataset), [[1, 2], [], [3], []]);
  assertEquals(histories([0, 1, 2, 3], "test", 50, dataset), [[1, 2, 10, 11, 12], [13, 14], [3], []]);
  assertEquals(histories([0, 1, 2, 3], "all", 50, dataset), [
    [1, 2, 10, 11, 12, 15, 16],
    [13, 14, 17],
    [3, 18, 19],
    [],
  ]);
  assertEquals(histories([0, 1, 2, 3], "all", 4, dataset), [[11, 12, 15, 16], [13, 14, 17], [3, 18, 19], []]);
  assertEquals(histories([0, 1, 2, 3], "test", 2, dataset), [[11, 12], [13, 14], [3], []]);
});
