import { assert, assertEquals, assertThrows } from "@std/assert";
import { Heap } from "../../src/device/cpu/_heap.ts";

Deno.test("Heap has no block that ends at 2^32, which kernels would take for 0", () => {
  const heap = new Heap();
  // All that is left above the two pages of the module's own, by halves
  for (let bytes = 2 ** 31; bytes > 2 ** 17; bytes /= 2) heap.take(bytes);
  assertThrows(
    () => heap.take(2 ** 17),
    RangeError,
    "Cannot allocate 131072 bytes as the cpu device holds at most 4 GiB",
  );
  assertEquals(heap.take(2 ** 16) + 2 ** 16, 2 ** 32 - 2 ** 16);
  assertThrows(() => heap.take(1), RangeError);
});

Deno.test("Heap grows to its limit before it splits a larger free block", () => {
  const heap = new Heap();
  const block = heap.take(2 ** 20);
  heap.give(block, 2 ** 20);
  assertEquals(heap.take(100), block + 2 ** 20);
  assertEquals(heap.take(2 ** 20), block);
  for (let bytes = 2 ** 31; bytes >= 64;) {
    try {
      heap.take(bytes);
    } catch {
      bytes /= 2;
    }
  }
  heap.give(block, 2 ** 20);
  assertEquals(heap.take(100), block);
  const next = heap.take(100);
  assert(next >= block + 128 && next + 128 <= block + 2 ** 20);
});
