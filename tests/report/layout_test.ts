import { assert, assertEquals } from "@std/assert";
import { layoutOf } from "../../src/report/_layout.ts";
import { normals } from "../../src/philox.ts";

Deno.test("layoutOf() puts rows of a small angle near each other, whatever their length, and always in the same places", () => {
  const groups = 3, each = 30, width = 8, rows = groups * each;
  const noise = normals(1, 1, rows * width, 0.05);
  const vectors = Float32Array.from({ length: rows * width }, (_, at) => {
    const row = Math.floor(at / width), length = 1 + row % 5;
    return length * ((at % width === row % groups ? 1 : 0) + noise[at]!);
  });
  const places = layoutOf(vectors, width);
  assertEquals(places, layoutOf(vectors, width));
  assert(places.every((place) => place >= 0 && place <= 1));
  const nearest = (row: number) => {
    let best = -1, least = Infinity;
    for (let other = 0; other < rows; other++) {
      const distance = Math.hypot(places[2 * row]! - places[2 * other]!, places[2 * row + 1]! - places[2 * other + 1]!);
      if (other !== row && distance < least) [best, least] = [other, distance];
    }
    return best;
  };
  for (let row = 0; row < rows; row++) assertEquals(nearest(row) % groups, row % groups);
});
