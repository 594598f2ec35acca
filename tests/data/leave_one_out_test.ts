import { assertEquals } from "@std/assert";
import { leaveOneOut } from "../../src/data/leave_one_out.ts";
import { packed, packedHeldOut } from "./_fixtures.ts";

Deno.test("leaveOneOut() holds out the last two of four, and nothing of three or fewer", () => {
  assertEquals(leaveOneOut(packed([[1, 2, 3, 4], [5, 6, 7], [], [1, 2, 3, 4, 5]])), {
    train: packed([[1, 2], [5, 6, 7], [], [1, 2, 3]]),
    valid: packedHeldOut([3, -1, -1, 4]),
    test: packedHeldOut([4, -1, -1, 5]),
  });
});

Deno.test("leaveOneOut() takes no users", () => {
  assertEquals(leaveOneOut(packed([])), { train: packed([]), valid: packed([]), test: packed([]) });
});
