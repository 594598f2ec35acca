import { assertAlmostEquals, assertEquals, assertGreater, assertLess, assertNotEquals } from "@std/assert";
import { below, normals, Philox, Stream, unit } from "../src/philox.ts";

Deno.test("Philox.draw() gives the known answers of Random123", () => {
  const all = 0xffffffff;
  const vectors: [counter: [number, number, number, number], key: [number, number], words: number[]][] = [
    [[0, 0, 0, 0], [0, 0], [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]],
    [[all, all, all, all], [all, all], [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd]],
    [
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [0xa4093822, 0x299f31d0],
      [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    ],
  ];
  for (const [counter, key, words] of vectors) assertEquals([...new Philox(...key).draw(...counter)], words);
});

Deno.test("Philox.draw() is a function of key and counter alone", () => {
  const philox = new Philox(7, Stream.sample);
  const first = [...philox.draw(3, 5, 1, 2)];
  philox.draw(4);
  assertEquals([...philox.draw(3, 5, 1, 2)], first);
  assertEquals([...new Philox(7, Stream.sample).draw(3, 5, 1, 2)], first);
  assertEquals([...philox.words], first);
  assertEquals([...new Philox(7, 0).draw(3)], [...new Philox(7, 0).draw(3, 0, 0, 0)]);
  const others = [new Philox(8, Stream.sample).draw(3, 5, 1, 2), new Philox(7, Stream.shuffle).draw(3, 5, 1, 2)];
  for (const other of others) assertNotEquals([...other], first);
});

Deno.test("streams have numbers of their own", () => {
  const numbers = Object.values(Stream);
  assertEquals(new Set(numbers).size, numbers.length);
});

Deno.test("below() covers its range from end to end", () => {
  assertEquals([below(0, 10), below(0xffffffff, 10)], [0, 9]);
  assertEquals([below(0, 1), below(0xffffffff, 1)], [0, 0]);
  assertEquals([below(0xffffffff, 2 ** 32), below(0x80000000, 2)], [0xffffffff, 1]);
});

Deno.test("unit() stays inside (0, 1)", () => {
  assertGreater(unit(0), 0);
  assertLess(unit(0xffffffff), 1);
  assertEquals(unit(0x7fffffff) + unit(0x80000000), 1);
});

Deno.test("normals() has the moments of a normal distribution", () => {
  const count = 200_000, draws = normals(11, 0, count);
  const moment = (power: number) => draws.reduce((sum, value) => sum + value ** power, 0) / count;
  // The standard deviation of the mean of z^k is sqrt((E z^2k - (E z^k)^2) / n); 4.5 of them, and the seed is fixed.
  const tolerance = (variance: number) => 4.5 * Math.sqrt(variance / count);
  assertAlmostEquals(moment(1), 0, tolerance(1));
  assertAlmostEquals(moment(2), 1, tolerance(2));
  assertAlmostEquals(moment(3), 0, tolerance(15));
  assertAlmostEquals(moment(4), 3, tolerance(96));
  const inside = draws.filter((value) => Math.abs(value) < 1).length / count;
  assertAlmostEquals(inside, 0.682689, tolerance(0.22));
  // Neighbours come from one Philox block and, in pairs, from one radius.
  for (const apart of [1, 2, 4]) {
    const products = draws.subarray(apart).reduce((sum, value, at) => sum + value * draws[at]!, 0) / count;
    assertAlmostEquals(products, 0, tolerance(1), `${apart} apart`);
  }
});

Deno.test("normals() scales and shifts the same draws, and depends on seed and index", () => {
  const draws = normals(1, 0, 9);
  const scaled = normals(1, 0, 9, 2, 0.5);
  scaled.forEach((value, at) => assertAlmostEquals(value, 0.5 + 2 * draws[at]!, 1e-6));
  // A shorter array is the beginning of a longer one, whatever the length's remainder by four.
  for (const length of [0, 1, 2, 3, 5, 8]) assertEquals([...normals(1, 0, length)], [...draws.subarray(0, length)]);
  assertNotEquals([...normals(2, 0, 9)], [...draws]);
  assertNotEquals([...normals(1, 1, 9)], [...draws]);
});
