import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import { segmentsOf } from "../../src/nn/segments.ts";
import { Tape } from "../../src/nn/tape.ts";
import { testOnDevices } from "../_on_devices.ts";
import { range } from "../data/_fixtures.ts";
import { uniforms } from "../sevo/_fixtures.ts";

/** Where sequences of these lengths begin, and where the last ends. */
function offsetsOf(lengths: readonly number[]): Uint32Array<ArrayBuffer> {
  let end = 0;
  return Uint32Array.from([0, ...lengths.map((length) => end += length)]);
}

testOnDevices("segmentsOf() uploads where segments begin, for as long as the tape", async (device) => {
  using tape = new Tape(device, null);
  const { offsets, count, tokens } = segmentsOf(tape, offsetsOf([3, 1, 4]));
  assertEquals([...await device.read(offsets)], [0, 3, 4, 8]);
  assertEquals([count, tokens], [3, 8]);
  tape[Symbol.dispose]();
  assert(offsets.disposed);
});

testOnDevices("segmentsOf() cuts segments of one length into pieces of one size", (device) => {
  using tape = new Tape(device, null);
  const cuts = (lengths: number[]) => [...segmentsOf(tape, offsetsOf(lengths)).cuts];
  assertEquals(cuts([7]), [0, 1]);
  assertEquals(cuts([1, 1, 1]), [0, 1, 2, 3]);
  assertEquals(cuts(Array(64).fill(5)), range(65));
  assertEquals(cuts(Array(256).fill(5)), range(65).map((piece) => 4 * piece));
});

testOnDevices("segmentsOf() cuts pieces of about one cost, each segment in one", (device) => {
  using tape = new Tape(device, null);
  const draw = uniforms(4);
  const some = range(500).map(() => 1 + Math.floor(50 * draw() ** 3));
  const problems = [
    some,
    [...some, 400],
    [400, ...some],
    [...some, 400, ...some],
    [1, 300, 1],
    range(70).map((at) => at + 1),
  ];
  for (const lengths of problems) {
    const { cuts } = segmentsOf(tape, offsetsOf(lengths));
    assertEquals([cuts[0], cuts.at(-1)], [0, lengths.length]);
    assert(cuts.every((cut, at) => at === 0 || cut > cuts[at - 1]!), `${cuts}`);
    assertLessOrEqual(cuts.length, 65);
    // Pairs of a segment's tokens, and what a token costs besides
    const costs = lengths.map((length) => length * (length + 16)),
      sum = (of: number[]) => of.reduce((a, b) => a + b, 0);
    for (const piece of range(cuts.length - 1)) {
      const own = sum(costs.slice(cuts[piece], cuts[piece + 1]));
      assertLessOrEqual(own, sum(costs) / 64 + Math.max(...costs), `piece ${piece}`);
    }
  }
});
