import { assert, assertEquals, assertLess, assertNotEquals } from "@std/assert";
import { Negatives } from "../../src/data/negatives.ts";
import { countsOf, datasetOf, excess, range } from "./_fixtures.ts";

const SEQUENCES = [[], [3, 3, 0], range(9), [8, 7, 6, 5, 3, 2, 1, 0, 0, 0], [0, 2, 4, 6, 8]];
const DATASET = datasetOf(SEQUENCES, 9, { valid: [1, 1, -1, -1, 1], test: [2, 2, -1, -1, 3] });

Deno.test("Negatives.exist() is whether a user lacks an item, however often it has the others", () => {
  const negatives = new Negatives(DATASET, 1);
  assertEquals(SEQUENCES.map((_, user) => negatives.exist(user)), [true, true, false, true, true]);
});

Deno.test("Negatives.draw() draws all items that the user does not have in training, alike", () => {
  const negatives = new Negatives(DATASET, 1);
  for (const user of [0, 1, 4]) {
    // What users are validated and tested with may be drawn
    const others = range(9).filter((item) => !SEQUENCES[user]!.includes(item));
    const drawn = range(60).flatMap((index) => range(60).map((epoch) => negatives.draw(user, index, epoch)));
    assertLess(Math.abs(excess(countsOf(drawn, others))), 4, `user ${user}`);
  }
});

Deno.test("Negatives.draw() tries until it finds the only one left", () => {
  const negatives = new Negatives(DATASET, 1);
  assertEquals(range(200).map((index) => negatives.draw(3, index, 1)), Array(200).fill(4));
  const rare = datasetOf([range(2000).filter((item) => item !== 1234)], 2000);
  assertEquals(new Negatives(rare, 1).draw(0, 0, 1), 1234);
});

Deno.test("Negatives.draw() depends on seed, index and epoch alone", () => {
  const dataset = datasetOf([[0]], 1000);
  const draws = (seed: number, epoch: number, order = range(100)) => {
    const negatives = new Negatives(dataset, seed), drawn: number[] = [];
    for (const index of order) drawn[index] = negatives.draw(0, index, epoch);
    return drawn;
  };
  const first = draws(1, 1);
  assertEquals(draws(1, 1, range(100).reverse()), first);
  for (const other of [draws(1, 2), draws(2, 1)]) {
    assertNotEquals(other, first);
    assertLess(other.filter((item, at) => item === first[at]).length, 5);
    assert(other.every((item) => item >= 1 && item < 1000));
  }
});
