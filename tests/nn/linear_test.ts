import { assert, assertEquals, assertThrows } from "@std/assert";
import type { Device } from "@sevo/sevo";
import { Draws } from "../../kernels/_check.ts";
import { matmulGradientOracle } from "../../kernels/matmul/oracle.ts";
import { activation } from "../../src/nn/activation.ts";
import { linear } from "../../src/nn/linear.ts";
import { ParameterLayout } from "../../src/nn/parameters.ts";
import { Tape, Variable } from "../../src/nn/tape.ts";
import { testOnDevices } from "../_on_devices.ts";

const KEY = { seed: 1, step: 1 };

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

testOnDevices(
  "linear(): function, dropout and residual in one launch are what they are one after the other",
  async (device) => {
    const draws = new Draws(2), m = 150, n = 12, k = 8;
    const weight = { data: draws.matrix(n, k), shape: [n, k] }, bias = { data: draws.matrix(1, n), shape: [n] };
    const layout = new ParameterLayout({ weight, bias }), shape = [layout.rows, layout.columns] as const;
    using parameters = device.upload(layout.pack({ weight, bias }), shape);
    using gradient = device.zeros("f32", shape);
    const data = draws.matrix(m, k), other = draws.matrix(m, n), dy = draws.matrix(m, 2 * n);
    const own = { weight: "weight", bias: "bias", outputs: n };
    for (const kind of ["identity", "relu"] as const) {
      const results: Float32Array[][] = [];
      for (const fused of [true, false]) {
        using tape = new Tape(device, KEY);
        const x = new Variable(tape.upload(data, [m, k])), residual = new Variable(tape.upload(other, [m, n]));
        const y = new Variable(tape.upload(new Float32Array(m * 2 * n), [m, 2 * n]));
        // Relu goes to some columns of its output, and identity takes a residual
        const into = { variable: y, first: n, count: n };
        const options = { kind, rate: 0.3, ...kind === "relu" ? { into } : { residual } };
        const output = fused
          ? linear(tape, { parameters, gradient, layout }, x, { ...own, ...options })
          : activation(tape, linear(tape, { parameters, gradient, layout }, x, own), options);
        output.gradient = kind === "relu" ? tape.upload(dy, [m, 2 * n]) : tape.upload(dy.slice(0, m * n), [m, n]);
        const before = device.launches;
        tape.backward();
        // The gradient of the function, that of the layer, and on webgpu the sums of its slices
        assertEquals(device.launches - before, device.kind === "cpu" ? 2 : 3);
        const found = [output.tensor, x.gradient!, gradient, ...residual.gradient ? [residual.gradient] : []];
        results.push(await Promise.all(found.map((tensor) => device.read(tensor))));
      }
      results[0]!.forEach((result, at) =>
        result.forEach((value, element) => {
          const apart = Math.abs(value - results[1]![at]![element]!);
          assert(
            apart <= (device.kind === "cpu" ? 0 : 1e-5),
            `${kind}, tensor ${at}, element ${element}: ${apart} apart`,
          );
        })
      );
      const dropped = results[0]![0]!.filter((value, at) => kind === "identity" && value === other[at]).length;
      if (kind === "identity") assert(dropped > 0.2 * m * n && dropped < 0.4 * m * n, `${dropped} are dropped`);
    }
  },
);

testOnDevices("linear() does not add a residual to relu", (device) => {
  using tape = new Tape(device, KEY);
  const weights = { weight: { data: new Float32Array(16), shape: [4, 4] } }, layout = new ParameterLayout(weights);
  const parameters = tape.empty([layout.rows, layout.columns]), x = tape.variable(1, 4);
  assertThrows(
    () =>
      linear(tape, { parameters, gradient: parameters, layout }, x, {
        weight: "weight",
        outputs: 4,
        kind: "relu",
        residual: x,
      }),
    TypeError,
    "Cannot add a residual to relu",
  );
});
