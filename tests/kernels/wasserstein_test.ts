import { assertAlmostEquals } from "@std/assert";
import fc from "../_fast_check.ts";
import { checkGaussianRows, checkWassersteinLoss } from "../../kernels/wasserstein/check.ts";
import { gaussianRowsOracle, wassersteinOracle } from "../../kernels/wasserstein/oracle.ts";
import { testOnDevices } from "../_on_devices.ts";
import { matrix, uniforms } from "../sevo/_fixtures.ts";
import { assertChecks, seed } from "./_assert_checks.ts";

const quads = fc.oneof(fc.constantFrom(1, 15, 16, 17), fc.integer({ min: 1, max: 33 }));

testOnDevices("wassersteinLoss: random batches", async (device) => {
  const cases = fc.record({
    seed,
    quads,
    samples: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 100, max: 200 })),
    items: fc.integer({ min: 1, max: 50 }),
    scale: fc.constantFrom(0.01, 0.3, 1, 3),
    pvn: fc.constantFrom(0, 0.005, 1),
  });
  await assertChecks(cases, (options) => checkWassersteinLoss(device, options));
});

testOnDevices("gaussianRows: random rows", async (device) => {
  const cases = fc.record({ seed, quads, rows: fc.integer({ min: 1, max: 300 }), query: fc.boolean() });
  await assertChecks(cases, (options) => checkGaussianRows(device, options));
});

Deno.test("wassersteinOracle(): the gradient is the central difference of the mean loss", () => {
  const draw = uniforms(6), quads = 1, width = 4, samples = 6;
  const random = (length: number) => Float64Array.from({ length }, () => 2 * draw() - 1);
  const ids = Uint32Array.of(0, 1, 2, 3, 1, 0, 3, 2, 0, 1, 2, 3);
  const inputs = { hidden: random(2 * samples * width), meanTable: random(4 * width), covTable: random(4 * width) };
  // Covariances; one of them below the least, whose root does not move
  inputs.hidden.forEach((value, at) => {
    if (at % (2 * width) >= width) inputs.hidden[at] = Math.abs(value) + 0.1;
  });
  inputs.hidden[width] = -0.5;
  inputs.covTable[1] = -80;
  const empty = new Float32Array(2 * samples * width);
  const oracle = (changed: Partial<typeof inputs>) =>
    wassersteinOracle({
      ...inputs,
      ...changed,
      ids,
      quads,
      firstGradient: 0,
      pvn: 0.7,
      meanRows: empty,
      covRows: empty,
    });
  const { hiddenGradient, meanRows, covRows } = oracle({});
  const summed = (rows: Float64Array, at: number) =>
    ids.reduce((sum, id, row) => id === Math.floor(at / width) ? sum + rows[row * width + at % width]! : sum, 0);
  for (const name of ["hidden", "meanTable", "covTable"] as const) {
    inputs[name].forEach((value, at) => {
      const moved = (by: number) =>
        oracle({ [name]: inputs[name].with(at, value + by) }).losses.values.reduce((a, b) => a + b) / samples;
      const gradient = name === "hidden"
        ? hiddenGradient.values[at]!
        : summed(name === "meanTable" ? meanRows.values : covRows.values, at);
      assertAlmostEquals(gradient, (moved(1e-5) - moved(-1e-5)) / 2e-5, 1e-8, `${name} ${at}`);
    });
  }
});

Deno.test("gaussianRowsOracle(): the dot product of a query and an item is minus their distance", () => {
  const quads = 2, width = 8, rows = 3;
  const hidden = matrix(1, rows, 2 * width).map((value, at) => at % (2 * width) < width ? value : Math.abs(value));
  const mean = matrix(2, rows, width), cov = matrix(3, rows, width);
  const queries = gaussianRowsOracle({
    mean: hidden,
    cov: hidden,
    rows,
    quads,
    query: true,
    meanOffset: 0,
    meanStride: 2 * quads,
    covOffset: quads,
    covStride: 2 * quads,
  }).values;
  const items = gaussianRowsOracle({
    mean,
    cov,
    rows,
    quads,
    query: false,
    meanOffset: 0,
    meanStride: quads,
    covOffset: 0,
    covStride: quads,
  }).values;
  for (let query = 0; query < rows; query++) {
    for (let item = 0; item < rows; item++) {
      let score = 0, distance = 0;
      for (let column = 0; column < 2 * width + 4; column++) {
        score += queries[query * (2 * width + 4) + column]! * items[item * (2 * width + 4) + column]!;
      }
      for (let column = 0; column < width; column++) {
        const x = cov[item * width + column]!, c = x > 0 ? x + 1 : Math.exp(x);
        distance += (hidden[query * 2 * width + column]! - mean[item * width + column]!) ** 2;
        distance += (Math.sqrt(hidden[query * 2 * width + width + column]!) - Math.sqrt(c)) ** 2;
      }
      assertAlmostEquals(score, -distance, 1e-12);
    }
  }
});
