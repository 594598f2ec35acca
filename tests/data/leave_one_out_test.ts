import { assertEquals } from "@std/assert";
import { leaveOneOut } from "../../src/data/leave_one_out.ts";

Deno.test("leaveOneOut() holds out the last two of four, and nothing of three or fewer", () => {
  const split = leaveOneOut(Uint32Array.of(0, 4, 7, 7, 12), Uint32Array.of(1, 2, 3, 4, 5, 6, 7, 1, 2, 3, 4, 5));
  assertEquals(split, {
    trainOffsets: Uint32Array.of(0, 2, 5, 5, 8),
    trainItems: Uint32Array.of(1, 2, 5, 6, 7, 1, 2, 3),
    validItems: Int32Array.of(3, -1, -1, 4),
    testItems: Int32Array.of(4, -1, -1, 5),
  });
});

Deno.test("leaveOneOut() takes no users", () => {
  assertEquals(leaveOneOut(new Uint32Array(1), new Uint32Array(0)).trainOffsets, Uint32Array.of(0));
});
