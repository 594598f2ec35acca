import fc from "../_fast_check.ts";
import { Draws } from "../../kernels/_check.ts";
import { drawDropout } from "../../kernels/_dropout_check.ts";
import { Activation } from "../../kernels/activate/activate.ts";
import { type ActivateCase, checkActivate, checkActivateGradient } from "../../kernels/activate/check.ts";
import { activateGradientOracle, activateOracle } from "../../kernels/activate/oracle.ts";
import { testOnDevices } from "../_on_devices.ts";
import { assertChecks, seed } from "./_assert_checks.ts";
import { assertCentralDifferences } from "./_central_differences.ts";

const cases: fc.Arbitrary<ActivateCase> = fc.record({
  seed,
  rows: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 200, max: 300 })),
  inputOffset: fc.integer({ min: 0, max: 9 }),
  outputOffset: fc.integer({ min: 0, max: 9 }),
  quads: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.constantFrom(16, 33)),
  behind: fc.constantFrom(0, 0, 1, 7),
  kind: fc.constantFrom(...Object.values(Activation)),
  added: fc.boolean(),
  dropout: fc.constantFrom(0, 0, 0.1, 0.5, 0.99),
  scale: fc.constantFrom(1e-3, 1, 10, 100),
}).map(({ behind, ...rest }) => ({
  ...rest,
  inputStride: rest.inputOffset + rest.quads + behind,
  outputStride: rest.outputOffset + rest.quads + 2 * behind,
}));

testOnDevices("activate: random ranges of columns", async (device) => {
  await assertChecks(cases, (options) => checkActivate(device, options), 40);
});

testOnDevices("activate: gradients of random ranges of columns", async (device) => {
  await assertChecks(cases, (options) => checkActivateGradient(device, options), 40);
});

for (const [name, kind] of Object.entries(Activation)) {
  Deno.test(`activate: the gradient of ${name} is that of central differences`, () => {
    const draws = new Draws(kind), size = 4 * 9 * 2;
    const range = { rows: 9, quads: 2, inputOffset: 0, inputStride: 2, outputOffset: 0, outputStride: 2 };
    const dropout = drawDropout(draws, 0.3);
    const x = Float64Array.from(draws.matrix(1, size, 4));
    const outputGradient = draws.matrix(1, size), before = draws.matrix(1, size), residual = draws.matrix(1, size);
    const { values } = activateGradientOracle({
      ...range,
      kind,
      input: x,
      outputGradient,
      before,
      accumulate: true,
      dropout,
    });
    assertCentralDifferences(
      (input) => activateOracle({ ...range, kind, input, residual, before, dropout }).values,
      x,
      outputGradient,
      values.map((value, at) => value - before[at]!),
    );
  });
}
