import { assert, assertEquals, assertThrows } from "@std/assert";
import type { Device } from "@sevo/sevo";
import { Draws } from "../../kernels/_check.ts";
import { matmulGradientOracle } from "../../kernels/matmul/oracle.ts";
import { linear } from "../../src/nn/linear.ts";
import { ParameterLayout } from "../../src/nn/parameters.ts";
import { PartialSums } from "../../src/nn/partial_sums.ts";
import { Tape, Variable } from "../../src/nn/tape.ts";
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

/** Asserts that gradients of layers with one weight add up to those of all their rows. */
async function checkLayers(device: Device, rows: readonly number[], n: number, k: number): Promise<void> {
  const draws = new Draws(1);
  const weight = { data: draws.matrix(n, k), shape: [n, k] }, bias = { data: draws.matrix(1, n), shape: [n] };
  const layout = new ParameterLayout({ weight, bias }), shape = [layout.rows, layout.columns] as const;
  using parameters = device.upload(layout.pack({ weight, bias }), shape);
  using gradient = device.upload(new Float32Array(layout.rows * layout.columns).fill(NaN), shape);
  using tape = new Tape(device, KEY);
  const m = rows.reduce((sum, count) => sum + count, 0), x = draws.matrix(m, k), y = draws.matrix(m, n);
  let first = 0;
  const inputs = rows.map((count) => {
    const input = new Variable(tape.upload(x.slice(first * k, (first + count) * k), [count, k]));
    const output = linear(tape, { parameters, gradient, layout }, input, {
      weight: "weight",
      bias: "bias",
      outputs: n,
    });
    output.gradient = tape.upload(y.slice(first * n, (first + count) * n), [count, n]);
    first += count;
    return input;
  });
  tape.backward();
  const expected = matmulGradientOracle({
    y,
    x,
    weight: weight.data,
    gradient: new Float32Array(n * k + n),
    xGradient: new Float32Array(m * k),
    m,
    n,
    k,
    yOffset: 0,
    yStride: n / 4,
    xOffset: 0,
    xStride: k / 4,
    weightOffset: 0,
    gradientOffset: 0,
    biasOffset: n * k / 4,
    biased: 1,
    slices: 1,
    sliceStride: 0,
    inward: 1,
    accumulate: 0,
  });
  const near = (actual: ArrayLike<number>, { values, tolerance }: typeof expected.gradient) =>
    values.forEach((value, at) => {
      const apart = Math.abs(actual[at]! - value);
      assert(apart <= tolerance[at]!, `element ${at} is ${actual[at]}: expected ${value}`);
    });
  near((await device.read(gradient)).subarray(0, n * k + n), expected.gradient);
  const xGradients = await Promise.all(inputs.map(({ gradient }) => device.read(gradient!)));
  near(xGradients.flatMap((gradient) => [...gradient]), expected.xGradient);
}

testOnDevices("linear(): a batch of many rows, in slices or not", async (device) => {
  await checkLayers(device, [1], 8, 4);
  await checkLayers(device, [700], 20, 36);
});

testOnDevices("linear(): the gradients of layers that share a weight add up", async (device) => {
  await checkLayers(device, [3, 5], 8, 4);
  await checkLayers(device, [300, 2, 400], 20, 36);
});
