import { assertEquals, assertLess, assertNotEquals } from "@std/assert";
import { shuffle } from "../../src/data/shuffle.ts";
import { countsOf, excess, range } from "./_fixtures.ts";

function shuffled(values: readonly number[], seed: number, epoch: number): number[] {
  const array = Uint32Array.from(values);
  shuffle(array, seed, epoch);
  return [...array];
}

Deno.test("shuffle() permutes, whatever the values", () => {
  const order = shuffled(range(100), 3, 1);
  assertEquals(order.toSorted((a, b) => a - b), range(100));
  assertNotEquals(order, range(100));
  const values = range(100).map((at) => at * at % 17);
  assertEquals(shuffled(values, 3, 1), order.map((at) => values[at]!));
  assertEquals([shuffled([], 3, 1), shuffled([9], 3, 1)], [[], [9]]);
});

Deno.test("shuffle() depends on seed and epoch alone", () => {
  const order = shuffled(range(50), 3, 1);
  assertEquals(shuffled(range(50), 3, 1), order);
  for (const [seed, epoch] of [[3, 2], [4, 1], [1, 3]] as const) {
    const other = shuffled(range(50), seed, epoch);
    // One place in fifty is the same by chance
    assertLess(other.filter((value, at) => value === order[at]).length, 8, `seed ${seed}, epoch ${epoch}`);
  }
});

Deno.test("shuffle() gives every order alike, over epochs and over seeds", () => {
  const orders = [0, 1, 2, 3].flatMap((a) =>
    [0, 1, 2, 3].flatMap((b) =>
      [0, 1, 2, 3].flatMap((c) => new Set([a, b, c]).size === 3 ? [String([a, b, c, 6 - a - b - c])] : [])
    )
  );
  assertEquals(orders.length, 24);
  for (
    const [name, draw] of [["epoch", (at: number) => shuffled(range(4), 5, at)], [
      "seed",
      (at: number) => shuffled(range(4), at, 5),
    ]] as const
  ) {
    const drawn = range(4800).map((at) => String(draw(at)));
    assertLess(Math.abs(excess(countsOf(drawn, orders))), 4, name);
  }
});
