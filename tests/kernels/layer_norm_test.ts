import fc from "../_fast_check.ts";
import { Draws } from "../../kernels/_check.ts";
import { checkLayerNorm, checkLayerNormGradient, type LayerNormCase } from "../../kernels/layer_norm/check.ts";
import { layerNormGradientOracle, layerNormOracle } from "../../kernels/layer_norm/oracle.ts";
import { testOnDevices } from "../_on_devices.ts";
import { assertChecks, assertPasses, seed } from "./_assert_checks.ts";
import { assertCentralDifferences } from "./_central_differences.ts";

const cases: fc.Arbitrary<LayerNormCase> = fc.record({
  seed,
  rows: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.constantFrom(63, 64, 65, 128, 200)),
  quads: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.constantFrom(16, 32, 33)),
  gap: fc.integer({ min: 0, max: 5 }),
  epsilon: fc.constantFrom(1e-12, 1e-8, 1e-5),
  shift: fc.constantFrom(0, 0.5, -3, 100),
  blockRows: fc.constantFrom(1, 16, 20, 64),
  accumulate: fc.boolean(),
});

const sizes = { rows: 70, quads: 300, gap: 2, blockRows: 64 };
const wide: LayerNormCase = { ...sizes, seed: 1, epsilon: 1e-5, shift: 1, accumulate: false };

testOnDevices("layer norm: random matrices", async (device) => {
  await assertChecks(cases, (options) => checkLayerNorm(device, options));
});

testOnDevices("layer norm: gradients of random matrices", async (device) => {
  await assertChecks(cases, (options) => checkLayerNormGradient(device, options));
});

testOnDevices("layer norm: more quads than a workgroup has threads", async (device) => {
  assertPasses(await checkLayerNorm(device, wide));
  assertPasses(await checkLayerNormGradient(device, wide));
});

Deno.test("layer norm: the gradients are those of central differences", () => {
  const draws = new Draws(5), rows = 3, quads = 2, width = 4 * quads;
  const offsets = { weightOffset: 1, biasOffset: 4 }, epsilon = 0.01;
  const input = draws.matrix(rows, width), parameters = draws.matrix(1, 4 * 6), before = draws.matrix(rows, width);
  const outputGradient = draws.matrix(rows, width);
  const forward = (input: ArrayLike<number>, parameters: ArrayLike<number>) =>
    layerNormOracle({ input, parameters, rows, quads, ...offsets, epsilon });
  const { inputGradient, partial } = layerNormGradientOracle({
    input,
    parameters,
    statistics: forward(input, parameters).statistics.values,
    outputGradient,
    before,
    partial: new Float64Array(2 * width),
    partialOffset: 0,
    blockRows: rows,
    rows,
    quads,
    weightOffset: offsets.weightOffset,
    accumulate: true,
  });
  assertCentralDifferences(
    (changed) => forward(changed, parameters).output.values,
    input,
    outputGradient,
    inputGradient.values.map((value, at) => value - before[at]!),
  );
  const parameterGradient = new Float64Array(parameters.length);
  parameterGradient.set(partial.values.subarray(0, width), 4 * offsets.weightOffset);
  parameterGradient.set(partial.values.subarray(width), 4 * offsets.biasOffset);
  assertCentralDifferences(
    (changed) => forward(input, changed).output.values,
    parameters,
    outputGradient,
    parameterGradient,
  );
});
