import fc from "../_fast_check.ts";
import { assert } from "@std/assert";
import {
  checkGaussianAttention,
  checkGaussianAttentionGradient,
  drawGaussian,
  type GaussianCase,
} from "../../kernels/gaussian_attention/check.ts";
import {
  gaussianAttentionGradientOracle,
  gaussianAttentionOracle,
  type GaussianInput,
} from "../../kernels/gaussian_attention/oracle.ts";
import { testOnDevices } from "../_on_devices.ts";
import { assertChecks, seed } from "./_assert_checks.ts";

const cases: fc.Arbitrary<GaussianCase> = fc.record({
  seed,
  segments: fc.integer({ min: 1, max: 9 }),
  longest: fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 13, max: 50 })),
  heads: fc.integer({ min: 1, max: 4 }),
  headQuads: fc.oneof(fc.integer({ min: 1, max: 6 }), fc.constantFrom(8, 16, 17, 33)),
  attended: fc.boolean(),
  dropout: fc.constantFrom(0, 0.2, 0.5),
  scale: fc.constantFrom(0.01, 0.3, 1),
});

testOnDevices("gaussianAttention: random segments", async (device) => {
  await assertChecks(cases, (options) => checkGaussianAttention(device, options), 20);
});

testOnDevices("gaussianAttentionGradient: random segments", async (device) => {
  await assertChecks(cases, (options) => checkGaussianAttentionGradient(device, options), 20);
});

Deno.test("gaussianAttentionGradientOracle: central differences of gaussianAttentionOracle", () => {
  for (const [attended, dropout] of [[true, 0], [false, 0], [true, 0.3], [false, 0.4]] as const) {
    const options = { seed: 7, segments: 4, longest: 5, heads: 2, headQuads: 1, scale: 1 };
    const drawn = drawGaussian({ ...options, attended, dropout });
    const input: GaussianInput = {
      ...drawn,
      mean: Float64Array.from(drawn.mean),
      deviation: Float64Array.from(drawn.deviation),
    };
    const forward = gaussianAttentionOracle(input);
    const outputGradient = Float64Array.from(forward.output.values, () => drawn.draws.float());
    const expected = gaussianAttentionGradientOracle({
      ...input,
      normaliser: forward.normaliser.values,
      output: forward.output.values,
      outputGradient,
    });
    const lossAt = (array: Float32Array | Float64Array, at: number, value: number) => {
      const before = array[at]!;
      array[at] = value;
      const { values } = gaussianAttentionOracle(input).output;
      array[at] = before;
      return values.reduce((sum, o, i) => Number.isNaN(o) ? sum : sum + o * outputGradient[i]!, 0);
    };
    for (
      const [array, { values }] of [[input.mean, expected.meanGradient], [
        input.deviation,
        expected.deviationGradient,
      ]] as const
    ) {
      values.forEach((value, at) => {
        if (Number.isNaN(value)) return;
        const x = array[at]!, step = 1e-5;
        const slope = (lossAt(array, at, x + step) - lossAt(array, at, x - step)) / (2 * step);
        assert(Math.abs(value - slope) < 1e-8, `Gradient ${at} is ${value}: expected ${slope}`);
      });
    }
  }
});
