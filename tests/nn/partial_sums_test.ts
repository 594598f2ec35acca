import { assert, assertEquals, assertThrows } from "@std/assert";
import { PartialSums } from "../../src/nn/partial_sums.ts";
import { Tape } from "../../src/nn/tape.ts";
import { testOnDevices } from "../_on_devices.ts";

const KEY = { seed: 1, step: 1 };

/** Elements of quads that each hold one number. */
const quads = (...values: number[]) => values.flatMap((value) => Array(4).fill(value));

testOnDevices(
  "PartialSums adds up what overlaps, on top of what is written, and clears what is to be 0",
  async (device) => {
    using tape = new Tape(device, KEY);
    using gradient = device.upload(Float32Array.from(quads(1, 1, 1, 1, 1, 1)), [1, 24]);
    const sums = new PartialSums(tape, gradient);
    const wide = sums.reserve(2, 4), narrow = sums.reserve(3, 1);
    assertEquals([wide, narrow], [{ offset: 0, stride: 4, rows: 2 }, { offset: 8, stride: 1, rows: 3 }]);
    assert(sums.take({ offset: 2, quads: 3 }));
    sums.add({ offset: 0, quads: 4 }, wide);
    sums.add({ offset: 3, quads: 1 }, narrow);
    sums.clear({ offset: 1, quads: 1 });
    device.write(sums.partials, Float32Array.from(quads(10, 20, 30, 40, 100, 200, 300, 400, 5, 6, 7)));
    const { launches } = device;
    sums.finish();
    assertEquals(device.launches - launches, 1);
    // The last quads are written by somebody else, or by nobody
    assertEquals([...await device.read(gradient)], quads(110, 0, 331, 459, 1, 1));
  },
);

testOnDevices("PartialSums launches nothing where there is nothing to add up", async (device) => {
  using tape = new Tape(device, KEY);
  using gradient = device.upload(Float32Array.from(quads(1, 2)), [1, 8]);
  const { launches } = device, sums = new PartialSums(tape, gradient);
  sums.finish();
  assert(sums.take({ offset: 0, quads: 1 }, { offset: 1, quads: 1 }));
  sums.finish();
  assertEquals(device.launches, launches);
  assertEquals([...await device.read(gradient)], quads(1, 2));
});

testOnDevices("PartialSums clears without any sum", async (device) => {
  using tape = new Tape(device, KEY);
  using gradient = device.upload(Float32Array.from(quads(1, 2, 3)), [1, 12]);
  const sums = new PartialSums(tape, gradient);
  sums.clear({ offset: 1, quads: 1 });
  sums.finish();
  assertEquals([...await device.read(gradient)], quads(1, 0, 3));
});

testOnDevices("PartialSums.take() leaves a range to one alone", (device) => {
  using tape = new Tape(device, KEY);
  using gradient = device.zeros("f32", [1, 40]);
  const sums = new PartialSums(tape, gradient);
  assert(sums.take({ offset: 2, quads: 3 }));
  assert(!sums.take({ offset: 7, quads: 1 }, { offset: 4, quads: 2 }));
  // What was refused is free
  assert(sums.take({ offset: 5, quads: 3 }));
  sums.clear({ offset: 9, quads: 1 });
  assert(sums.take({ offset: 9, quads: 1 }));
});

testOnDevices("PartialSums.reserve() is too late once the partial sums are there", (device) => {
  using tape = new Tape(device, KEY);
  using gradient = device.zeros("f32", [1, 4]);
  const sums = new PartialSums(tape, gradient);
  sums.reserve(1, 1);
  sums.partials;
  assertThrows(() => sums.reserve(1, 1), Error, "announce them first");
});
