import { assertAlmostEquals, assertEquals } from "@std/assert";
import { openDevice } from "@sevo/sevo";
import fc from "../_fast_check.ts";
import { Draws } from "../../kernels/_check.ts";
import { checkMatmul, checkMatmulGradient } from "../../kernels/matmul/check.ts";
import { matmul, matmulGradient } from "../../kernels/matmul/matmul.ts";
import { matmulGradientOracle, matmulOracle } from "../../kernels/matmul/oracle.ts";
import type { Kernel, LaunchShape } from "../../src/device/kernel.ts";
import { testOnDevices } from "../_on_devices.ts";
import { assertChecks, assertPasses, columns, seed } from "./_assert_checks.ts";

const rows = fc.oneof(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 40, max: 200 }));
const apart = fc.constantFrom(0, 0, 1, 7);

testOnDevices("matmul: random shapes, forms and places", async (device) => {
  const cases = fc.record({
    seed,
    m: rows,
    n: columns,
    k: columns,
    apart,
    transposed: fc.boolean(),
    biased: fc.boolean(),
    added: fc.boolean(),
    accumulate: fc.boolean(),
  });
  await assertChecks(cases, (options) => checkMatmul(device, options), 40);
});

testOnDevices("matmul: far more columns than rows, and the other way round", async (device) => {
  const plain = { apart: 2, biased: true, added: false, accumulate: false };
  for (const transposed of [false, true]) {
    assertPasses(await checkMatmul(device, { ...plain, transposed, seed: 1, m: 2, n: 5000, k: 12 }));
    assertPasses(await checkMatmul(device, { ...plain, transposed, seed: 2, m: 3001, n: 4, k: 8 }));
    assertPasses(await checkMatmul(device, { ...plain, transposed, seed: 3, m: 5, n: 8, k: 3000 }));
  }
});

testOnDevices("matmul gradient: random shapes and places", async (device) => {
  const m = fc.oneof(rows, fc.constantFrom(119, 120, 121, 127, 128, 129, 241));
  const cases = fc.record({ seed, m, n: columns, k: columns, apart, biased: fc.boolean() });
  await assertChecks(cases, (options) => checkMatmulGradient(device, options), 40);
});

testOnDevices("matmul gradient: many rows", async (device) => {
  assertPasses(await checkMatmulGradient(device, { seed: 1, m: 5003, n: 8, k: 68, apart: 1, biased: true }));
});

testOnDevices("matmul gradient: no rows give 0", async (device) => {
  using y = device.upload(new Float32Array(4));
  using gradient = device.upload(new Float32Array(24).fill(NaN));
  const scalars = { m: 0, n: 4, k: 4, yOffset: 0, yStride: 1, xOffset: 0, xStride: 1 };
  device.launch(matmulGradient, { y, x: y, gradient }, { ...scalars, weightOffset: 0, biasOffset: 4, biased: 1 });
  assertEquals([...await device.read(gradient)], [...Array(20).fill(0), ...Array(4).fill(NaN)]);
});

/** The kernel with other items to a piece. */
function cut<B extends string, P extends string>(kernel: Kernel<B, P>, grain: number): Kernel<B, P> {
  return { ...kernel, shape: (scalars): LaunchShape => ({ ...kernel.shape(scalars), grain }) };
}

Deno.test("matmul: the same bits however the work is cut [cpu]", async () => {
  await using device = await openDevice("cpu", { threads: 2 });
  const draws = new Draws(1), m = 247, n = 76, k = 132;
  using a = device.upload(draws.matrix(m, k));
  using b = device.upload(draws.matrix(n, k));
  using y = device.upload(draws.matrix(m, n));
  for (const transposed of [0, 1]) {
    const results = [];
    for (const grain of [1, 2, 5, 1000]) {
      using c = device.empty("f32", [m * n]);
      device.launch(cut(matmul, grain), { a, b, bias: null, addend: y, c }, {
        m,
        n,
        k,
        aOffset: 0,
        aStride: k / 4,
        bOffset: 0,
        bStride: (transposed ? k : n) / 4,
        biasOffset: 0,
        cOffset: 0,
        cStride: n / 4,
        transposed,
        biased: 0,
        added: 1,
        accumulate: 0,
      });
      results.push(await device.read(c));
    }
    for (const result of results) assertEquals(result, results[0]);
  }
  const results = [];
  for (const grain of [1, 2, 5, 1000]) {
    using gradient = device.empty("f32", [n * k + n]);
    device.launch(cut(matmulGradient, grain), { y, x: a, gradient }, {
      m,
      n,
      k,
      yOffset: 0,
      yStride: n / 4,
      xOffset: 0,
      xStride: k / 4,
      weightOffset: 0,
      biasOffset: n * k / 4,
      biased: 1,
    });
    results.push(await device.read(gradient));
  }
  for (const result of results) assertEquals(result, results[0]);
});

Deno.test("matmul: backward is the derivative of forward", () => {
  const draws = new Draws(3), m = 5, n = 8, k = 12;
  const float64 = (rows: number, columns: number) => Float64Array.from(draws.matrix(rows, columns));
  const x = float64(m, k), weight = float64(n, k), bias = float64(1, n), slope = float64(m, n);
  const places = { aOffset: 0, bOffset: 0, biasOffset: 0, cOffset: 0, added: 0, accumulate: 0, addend: null };
  const loss = () => {
    const { values } = matmulOracle({
      ...places,
      a: x,
      b: weight,
      bias,
      c: new Float64Array(m * n),
      m,
      n,
      k,
      transposed: 1,
      biased: 1,
      aStride: k / 4,
      bStride: k / 4,
      cStride: n / 4,
    });
    return values.reduce((sum, value, at) => sum + value * slope[at]!, 0);
  };
  const ofInput = matmulOracle({
    ...places,
    a: slope,
    b: weight,
    bias: null,
    c: new Float64Array(m * k),
    m,
    n: k,
    k: n,
    transposed: 0,
    biased: 0,
    aStride: n / 4,
    bStride: k / 4,
    cStride: k / 4,
  }).values;
  const gradient = matmulGradientOracle({
    y: slope,
    x,
    gradient: new Float64Array(n * k + n),
    m,
    n,
    k,
    yOffset: 0,
    yStride: n / 4,
    xOffset: 0,
    xStride: k / 4,
    weightOffset: 0,
    biasOffset: n * k / 4,
    biased: 1,
  }).values;
  const compare = (parameter: Float64Array, derivative: Float64Array) => {
    for (let at = 0; at < parameter.length; at++) {
      const value = parameter[at]!, step = 2 ** -10;
      parameter[at] = value + step;
      const above = loss();
      parameter[at] = value - step;
      const below = loss();
      parameter[at] = value;
      assertAlmostEquals((above - below) / (2 * step), derivative[at]!, 1e-10);
    }
  };
  compare(x, ofInput);
  compare(weight, gradient.subarray(0, n * k));
  compare(bias, gradient.subarray(n * k));
});
