import fc from "../_fast_check.ts";
import { assert } from "@std/assert";
import {
  type AttentionCase,
  checkAttention,
  checkAttentionGradient,
  drawAttention,
} from "../../kernels/attention/check.ts";
import { attentionGradientOracle, type AttentionInput, attentionOracle } from "../../kernels/attention/oracle.ts";
import { testOnDevices } from "../_on_devices.ts";
import { assertChecks, seed } from "./_assert_checks.ts";

const cases: fc.Arbitrary<AttentionCase> = fc.record({
  seed,
  segments: fc.integer({ min: 1, max: 9 }),
  longest: fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 13, max: 50 })),
  heads: fc.integer({ min: 1, max: 4 }),
  headQuads: fc.oneof(fc.integer({ min: 1, max: 6 }), fc.constantFrom(8, 16, 17, 33)),
  causal: fc.boolean(),
  room: fc.integer({ min: -1, max: 9 }),
  dropout: fc.constantFrom(0, 0.2, 0.5),
  scale: fc.constantFrom(0.01, 1, 3),
});

testOnDevices("attention: random segments", async (device) => {
  await assertChecks(cases, (options) => checkAttention(device, options));
});

testOnDevices("attentionGradient: random segments", async (device) => {
  await assertChecks(cases, (options) => checkAttentionGradient(device, options));
});

Deno.test("attentionGradientOracle: central differences of attentionOracle", () => {
  for (const [causal, room, dropout] of [[false, -1, 0], [true, 3, 0], [true, 2, 0.3], [false, 0, 0.4]] as const) {
    const options = { seed: 7, segments: 4, longest: 5, heads: 2, headQuads: 1, scale: 1 };
    const drawn = drawAttention({ ...options, causal, room, dropout });
    const input: AttentionInput = {
      ...drawn,
      qkv: Float64Array.from(drawn.qkv),
      bias: Float64Array.from(drawn.bias),
    };
    const forward = attentionOracle(input);
    const outputGradient = Float64Array.from(forward.output.values, () => drawn.draws.float());
    const { qkvGradient, padGradient } = attentionGradientOracle({
      ...input,
      normaliser: forward.normaliser.values,
      output: forward.output.values,
      outputGradient,
    });
    const difference = (array: Float32Array | Float64Array, at: number) => {
      const x = array[at]!, step = 1e-5;
      const lossAt = (value: number) => {
        array[at] = value;
        return attentionOracle(input).output.values.reduce((sum, o, i) => sum + o * outputGradient[i]!, 0);
      };
      const slope = (lossAt(x + step) - lossAt(x - step)) / (2 * step);
      array[at] = x;
      return slope;
    };
    const near = (actual: number, expected: number, what: string) =>
      assert(Math.abs(actual - expected) < 1e-8, `${what} is ${actual}: expected ${expected}`);
    qkvGradient.values.forEach((value, at) => near(value, difference(input.qkv, at), `qkvGradient[${at}]`));
    if (input.length === 0) continue;
    const { width, biasOffset } = input;
    for (let at = 0; at < 2 * width; at++) {
      let sum = 0;
      for (let segment = 0; segment < options.segments; segment++) sum += padGradient.values[segment * 2 * width + at]!;
      near(sum, difference(input.bias, biasOffset * 4 + width + at), `padGradient[${at}]`);
    }
  }
});
