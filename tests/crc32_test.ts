import { assertEquals } from "@std/assert";
import fc from "./_fast_check.ts";
import { crc32 as zlibCrc32 } from "node:zlib";
import { crc32 } from "../src/crc32.ts";

Deno.test("crc32() of the bytes that its definition is tested with", () => {
  assertEquals(crc32(new TextEncoder().encode("123456789")), 0xcbf43926);
  assertEquals(crc32(new Uint8Array()), 0);
  assertEquals(crc32(new Uint8Array(4)), 0x2144df1c);
});

Deno.test("crc32() is that of zlib, of any part of a buffer, and goes on from what came before", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat({ max: 20 }), fc.nat({ max: 200 }), (bytes, skip, cut) => {
      const part = bytes.subarray(skip);
      assertEquals(crc32(part), zlibCrc32(part));
      assertEquals(crc32(part.subarray(cut), crc32(part.subarray(0, cut))), zlibCrc32(part));
    }),
    { seed: 8, numRuns: 300 },
  );
});
