import { assertEquals } from "@std/assert";
import { sequenceAt, sequencesAt } from "../../src/data/sequences.ts";
import { packed } from "./_fixtures.ts";

Deno.test("sequenceAt() is a view of one sequence", () => {
  const sequences = packed([[1, 2], [], [3]]);
  assertEquals([0, 1, 2].map((at) => [...sequenceAt(sequences, at)]), [[1, 2], [], [3]]);
  sequenceAt(sequences, 2)[0] = 9;
  assertEquals([...sequences.items], [1, 2, 9]);
});

Deno.test("sequencesAt() gives sequences in the order asked for, and as often", () => {
  const sequences = packed([[1, 2], [], [3]]);
  assertEquals(sequencesAt(sequences, Uint32Array.of(2, 0, 1, 2)), packed([[3], [1, 2], [], [3]]));
  assertEquals(sequencesAt(sequences, new Uint32Array(0)), packed([]));
});
