import { assertAlmostEquals } from "@std/assert";
import fc from "../_fast_check.ts";
import { checkGru, checkGruGradient } from "../../kernels/gru/check.ts";
import { gruGradientOracle, type GruInput, gruOracle } from "../../kernels/gru/oracle.ts";
import { testOnDevices } from "../_on_devices.ts";
import { uniforms } from "../sevo/_fixtures.ts";
import { assertChecks, seed } from "./_assert_checks.ts";

const sizes = {
  seed,
  segments: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 10, max: 30 })),
  shortest: fc.integer({ min: 0, max: 2 }),
  longest: fc.oneof(fc.integer({ min: 2, max: 6 }), fc.integer({ min: 7, max: 20 })),
  quads: fc.oneof(fc.constantFrom(1, 4, 16, 17), fc.integer({ min: 1, max: 20 })),
  scale: fc.constantFrom(0.1, 1, 3),
};

testOnDevices("gru: random segments", async (device) => {
  const cases = fc.record({ ...sizes, keep: fc.boolean() });
  await assertChecks(cases, (options) => checkGru(device, options), 25);
});

testOnDevices("gruGradient: random segments", async (device) => {
  await assertChecks(fc.record(sizes), (options) => checkGruGradient(device, options), 20);
});

testOnDevices("gru and gruGradient: a state of several workgroup tiles", async (device) => {
  const wide = fc.constant({ seed: 5, segments: 5, shortest: 1, longest: 4, quads: 40, scale: 1 });
  await assertChecks(wide, (options) => checkGru(device, { ...options, keep: true }), 1);
  await assertChecks(wide, (options) => checkGruGradient(device, options), 1);
});

Deno.test("gruGradientOracle() is the central difference of gruOracle()", () => {
  const draw = uniforms(3), width = 4, offsets = Uint32Array.from([0, 5, 7, 8, 8]), tokens = 8, weightOffset = 2;
  const random = (length: number) => Float64Array.from({ length }, () => 2 * draw() - 1);
  const input = random(3 * tokens * width), parameters = random(4 * weightOffset + 3 * width * width);
  const lastGradient = random(4 * width);
  const layout = { parameters, offsets, quads: width / 4, weightOffset };
  const loss = (changed: Partial<GruInput>) =>
    gruOracle({ ...layout, input, ...changed }).last.values.reduce((sum, h, at) => sum + h * lastGradient[at]!, 0);
  const difference = (name: "input" | "parameters", at: number) => {
    const step = 1e-5, values = name === "input" ? input : parameters;
    const moved = (by: number) => loss({ [name]: values.with(at, values[at]! + by) });
    return (moved(step) - moved(-step)) / (2 * step);
  };
  const forward = gruOracle({ ...layout, input }), states = forward.states.values, gates = forward.gates.values;
  const { inputGradient, hiddenGradient } = gruGradientOracle({ ...layout, states, gates, lastGradient });
  inputGradient.values.forEach((value, at) => assertAlmostEquals(value, difference("input", at), 1e-9, `input ${at}`));
  for (let row = 0; row < 3 * width; row++) {
    for (let column = 0; column < width; column++) {
      let value = 0;
      for (let token = 0; token < tokens; token++) {
        value += hiddenGradient.values[token * 3 * width + row]! * states[token * width + column]!;
      }
      const at = 4 * weightOffset + row * width + column;
      assertAlmostEquals(value, difference("parameters", at), 1e-9, `weight ${row}, ${column}`);
    }
  }
});
