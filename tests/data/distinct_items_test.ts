import { assertEquals } from "@std/assert";
import { distinctItems, hasItem } from "../../src/data/distinct_items.ts";
import { datasetOf, range } from "./_fixtures.ts";

const SEQUENCES = [[5, 2, 5, 5, 0], [], [3], [7, 7], [6, 1, 4, 3, 1]];

Deno.test("distinctItems() gives each item of a user once, ascending", () => {
  const { offsets, items } = distinctItems(datasetOf(SEQUENCES, 8));
  assertEquals([...offsets], [0, 3, 3, 4, 5, 9]);
  assertEquals([...items], [0, 2, 5, 3, 7, 1, 3, 4, 6]);
});

Deno.test("distinctItems() sorts by number and leaves the dataset as it is", () => {
  const dataset = datasetOf([[10, 9, 100, 2]], 101);
  assertEquals([...distinctItems(dataset).items], [2, 9, 10, 100]);
  assertEquals([...dataset.train.items], [10, 9, 100, 2]);
});

Deno.test("distinctItems() takes a dataset without users", () => {
  const { offsets, items } = distinctItems(datasetOf([], 8));
  assertEquals([[...offsets], [...items]], [[0], []]);
});

Deno.test("hasItem() finds a user's items, and not those of the users beside", () => {
  const distinct = distinctItems(datasetOf(SEQUENCES, 8));
  SEQUENCES.forEach((sequence, user) => {
    const found = range(10).filter((item) => hasItem(distinct, user, item));
    assertEquals(found, range(10).filter((item) => sequence.includes(item)), `user ${user}`);
  });
});
