import { assertEquals } from "@std/assert";
import fc from "../_fast_check.ts";
import { type AdamCase, checkAdam } from "../../kernels/adam/check.ts";
import { adam } from "../../kernels/adam/adam.ts";
import type { Device } from "../../src/device/device.ts";
import { testOnDevices } from "../_on_devices.ts";
import { assertChecks, assertPasses, columns, seed } from "./_assert_checks.ts";

const plain: AdamCase = {
  seed: 3,
  rows: 9,
  columns: 8,
  firstRow: 0,
  panel: 1024,
  step: 2,
  weightDecay: 0,
  sparse: false,
  scaled: false,
  nonFinite: false,
  coupled: false,
  correct: true,
  refresh: false,
  direct: false,
};

testOnDevices("adam: random tables, gradients and options", async (device) => {
  const cases = fc.record({
    seed,
    columns,
    rows: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 200, max: 600 })),
    firstRow: fc.integer({ min: 0, max: 9 }),
    panel: fc.constantFrom(1, 2, 8, 1024),
    sparse: fc.boolean(),
    scaled: fc.boolean(),
    clip: fc.constantFrom(undefined, "norm", "value"),
    nonFinite: fc.constantFrom(false, false, false, true),
    coupled: fc.boolean(),
    correct: fc.boolean(),
    refresh: fc.boolean(),
    direct: fc.boolean(),
    step: fc.constantFrom(1, 2, 3, 100, 1_000_000),
    weightDecay: fc.constantFrom(0, 0.01, 1),
    // What a limit makes of a NaN is the device's affair: it is reported as the gradient's
  }).filter(({ clip, nonFinite }) => !(clip === "value" && nonFinite));
  await assertChecks(cases, (options) => checkAdam(device, options), 40);
});

for (const sparse of [false, true]) {
  testOnDevices(`adam: more quads than a workgroup has threads, sparse ${sparse}`, async (device) => {
    assertPasses(await checkAdam(device, { ...plain, rows: 20, columns: 1030, sparse }));
  });
}

/** Whether `adam` takes a row with this gradient for idle, and so leaves its moments. */
async function isIdle(device: Device, row: number[]): Promise<boolean> {
  using gradient = device.upload(Float32Array.from(row), [1, row.length]);
  using moment1 = device.upload(new Float32Array(row.length).fill(0.5), [1, row.length]);
  using moment2 = device.copy(moment1);
  using parameter = device.copy(moment1);
  using direction = device.copy(moment1);
  using status = device.zeros("u32", [2]);
  device.launch(
    adam,
    { gradient, plan: null, moment1, moment2, parameter, direction, scales: null, status },
    {
      rows: 1,
      firstRow: 0,
      quads: moment1.stride / 4,
      stackRows: 1,
      panel: 1024,
      sparse: 0,
      scaled: 0,
      clipped: 0,
      limit: 0,
      coupled: 0,
      correct: 1,
      refresh: 0,
      direct: 0,
      step: 2,
      gain1: 0.5,
      gain2: 0.5,
      epsilon: 1e-8,
      learningRate: 0.1,
      weightDecay: 0,
    },
  );
  return (await device.read(moment1)).every((value) => value === 0.5);
}

testOnDevices("adam: zeros of either sign are idle, a lone subnormal or NaN is not", async (device) => {
  const others = Array<number>(69).fill(-0);
  assertEquals(await isIdle(device, [0, 0, 0]), true);
  assertEquals(await isIdle(device, [-0, ...others]), true);
  assertEquals(await isIdle(device, [...others, 2 ** -149]), false);
  assertEquals(await isIdle(device, [...others, -(2 ** -130)]), false);
  assertEquals(await isIdle(device, [NaN, ...others]), false);
});
