import { assertAlmostEquals, assertEquals } from "@std/assert";
import { openDevice } from "@sevo/sevo";
import fc from "../_fast_check.ts";
import { NO_DROPOUT } from "../../kernels/_dropout.ts";
import { Draws } from "../../kernels/_check.ts";
import { drawDropout } from "../../kernels/_dropout_check.ts";
import { Activation } from "../../kernels/activate/activate.ts";
import { checkMatmul, checkMatmulGradient } from "../../kernels/matmul/check.ts";
import { gradientSlices, matmul, matmulGradient } from "../../kernels/matmul/matmul.ts";
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
    biased: fc.boolean(),
    added: fc.boolean(),
    kind: fc.constantFrom(Activation.identity, ...Object.values(Activation)),
    dropout: fc.constantFrom(0, 0, 0.1, 0.5),
  });
  await assertChecks(cases, (options) => checkMatmul(device, options), 40);
});

testOnDevices("matmul: far more columns than rows, and the other way round", async (device) => {
  const plain = { apart: 2, biased: true, added: false, kind: Activation.identity, dropout: 0 };
  assertPasses(await checkMatmul(device, { ...plain, seed: 1, m: 2, n: 9000, k: 12 }));
  assertPasses(await checkMatmul(device, { ...plain, seed: 2, m: 3001, n: 4, k: 8 }));
  assertPasses(await checkMatmul(device, { ...plain, seed: 3, m: 5, n: 8, k: 3000 }));
});

testOnDevices("matmul gradient: random shapes and places", async (device) => {
  const m = fc.oneof(rows, fc.constantFrom(119, 120, 121, 127, 128, 129, 241));
  const cases = fc.record({
    seed,
    m,
    n: columns,
    k: columns,
    apart,
    biased: fc.boolean(),
    slices: fc.constantFrom(1, 1, 2, 3, 7),
    inward: fc.boolean(),
    accumulate: fc.boolean(),
  });
  await assertChecks(cases, (options) => checkMatmulGradient(device, options), 40);
});

testOnDevices("matmul gradient: many rows", async (device) => {
  const options = { apart: 1, biased: true, slices: 4, inward: true, accumulate: true };
  assertPasses(await checkMatmulGradient(device, { ...options, seed: 1, m: 5003, n: 8, k: 68 }));
  assertPasses(await checkMatmulGradient(device, { ...options, seed: 2, m: 2, n: 8, k: 9000 }));
});

testOnDevices("matmul gradient: no rows give 0", async (device) => {
  using y = device.upload(new Float32Array(4));
  using gradient = device.upload(new Float32Array(24).fill(NaN));
  const scalars = { ...GRADIENT, m: 0, n: 4, k: 4, yStride: 1, xStride: 1, biasOffset: 4 };
  device.launch(matmulGradient, { y, x: y, weight: null, xGradient: null, gradient }, { ...scalars, inward: 0 });
  assertEquals([...await device.read(gradient)], [...Array(20).fill(0), ...Array(4).fill(NaN)]);
});

Deno.test("gradientSlices() keeps a large GPU busy as soon as there are rows enough", () => {
  assertEquals([0, 1, 128, 129, 3000].map((m) => gradientSlices(m, 64, 64)), [1, 1, 1, 2, 8]);
  assertEquals(gradientSlices(3000, 256, 64), 2);
  assertEquals(gradientSlices(1_000_000, 1024, 1024), 1);
});

/** Scalars of a launch of both gradients from matrices with nothing around them. */
const GRADIENT = {
  yOffset: 0,
  xOffset: 0,
  weightOffset: 0,
  gradientOffset: 0,
  biased: 1,
  slices: 1,
  sliceStride: 0,
  inward: 1,
  accumulate: 0,
};

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
  const products = [], gradients = [];
  for (const grain of [1, 2, 5, 1000]) {
    using c = device.empty("f32", [m * n]);
    device.launch(cut(matmul, grain), { a, b, bias: null, addend: y, c }, {
      m,
      n,
      k,
      aOffset: 0,
      aStride: k / 4,
      bOffset: 0,
      bStride: k / 4,
      biasOffset: 0,
      cOffset: 0,
      cStride: n / 4,
      biased: 0,
      added: 1,
      kind: Activation.gelu,
      ...drawDropout(new Draws(2), 0.5),
    });
    products.push(await device.read(c));
    using gradient = device.empty("f32", [2 * (n * k + n)]);
    using xGradient = device.empty("f32", [m * k]);
    const strides = { yStride: n / 4, xStride: k / 4, biasOffset: n * k / 4, sliceStride: (n * k + n) / 4 };
    const scalars = { ...GRADIENT, ...strides, m, n, k, slices: 2 };
    device.launch(cut(matmulGradient, grain), { y, x: a, weight: b, xGradient, gradient }, scalars);
    gradients.push([await device.read(gradient), await device.read(xGradient)]);
  }
  for (const product of products) assertEquals(product, products[0]);
  for (const gradient of gradients) assertEquals(gradient, gradients[0]);
});

Deno.test("matmul: backward is the derivative of forward", () => {
  const draws = new Draws(3), m = 5, n = 8, k = 12;
  const float64 = (rows: number, columns: number) => Float64Array.from(draws.matrix(rows, columns));
  const x = float64(m, k), weight = float64(n, k), bias = float64(1, n), slope = float64(m, n);
  const loss = () => {
    const { values } = matmulOracle({
      a: x,
      b: weight,
      bias,
      addend: null,
      c: new Float64Array(m * n),
      m,
      n,
      k,
      aOffset: 0,
      bOffset: 0,
      biasOffset: 0,
      cOffset: 0,
      aStride: k / 4,
      bStride: k / 4,
      cStride: n / 4,
      biased: 1,
      added: 0,
      kind: Activation.identity,
      dropout: NO_DROPOUT,
    });
    return values.reduce((sum, value, at) => sum + value * slope[at]!, 0);
  };
  const { gradient: { values: gradient }, xGradient } = matmulGradientOracle({
    ...GRADIENT,
    y: slope,
    x,
    weight,
    gradient: new Float64Array(n * k + n),
    xGradient: new Float64Array(m * k),
    m,
    n,
    k,
    yStride: n / 4,
    xStride: k / 4,
    biasOffset: n * k / 4,
  });
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
  compare(x, xGradient.values);
  compare(weight, gradient.subarray(0, n * k));
  compare(bias, gradient.subarray(n * k));
});
