import { assert, assertEquals, assertLess, assertThrows } from "@std/assert";
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

Deno.test("Heap takes a free block of up to half as much again before it grows, and has it back whole", () => {
  const heap = new Heap(), block = heap.take(1536);
  heap.give(block, 1536);
  assertEquals(heap.take(900), block + 1536, "more than half as much again");
  assertEquals(heap.take(1024), block);
  const top = heap.take(1536);
  assert(top > block);
  heap.give(block, 1024);
  assertEquals(heap.take(1536), block);
});

Deno.test("Heap hardly grows where sizes vary from step to step", () => {
  const heap = new Heap();
  const step = (rows: number) => {
    const taken = Array.from({ length: 20 }, (_, at) => ({ bytes: 256 * rows * (1 + at % 3), address: 0 }));
    for (const block of taken) block.address = heap.take(block.bytes);
    const spans = taken.map(({ bytes, address }) => [address, address + bytes] as const).sort(([a], [b]) => a - b);
    spans.forEach(([, end], at) => assert(end <= (spans[at + 1]?.[0] ?? Infinity), "blocks overlap"));
    for (const { bytes, address } of taken) heap.give(address, bytes);
  };
  step(1300);
  const before = heap.memory.buffer.byteLength;
  for (let at = 0; at < 1000; at++) step(1300 - (at * 37) % 400);
  assertLess(heap.memory.buffer.byteLength, 1.5 * before);
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
