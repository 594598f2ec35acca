import { assert, assertEquals } from "@std/assert";
import { sizeClass } from "../../src/device/_size_class.ts";

Deno.test("sizeClass() wastes at most an eighth, in few classes", () => {
  for (const least of [16, 64]) {
    const classes = new Set<number>();
    for (let bytes = 4; bytes <= 2 ** 20; bytes += 4) {
      const size = sizeClass(bytes, least);
      assert(size >= bytes && size % least === 0);
      if (bytes >= 8 * least) assert(size <= bytes * 1.125, `${bytes} -> ${size}`);
      assertEquals(sizeClass(size, least), size);
      classes.add(size);
    }
    assertEquals(classes.size, 8 + 8 * Math.log2(2 ** 20 / (8 * least)));
    assertEquals(sizeClass(0, least), least);
    assertEquals(sizeClass(5 * 2 ** 32, least), 5 * 2 ** 32);
  }
});
