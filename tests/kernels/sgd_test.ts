import fc from "../_fast_check.ts";
import { checkSgd } from "../../kernels/sgd/check.ts";
import { testOnDevices } from "../_on_devices.ts";
import { assertChecks, assertPasses, columns, seed } from "./_assert_checks.ts";

testOnDevices("sgd: random tables, gradients and options", async (device) => {
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
    nesterov: fc.boolean(),
    direct: fc.boolean(),
    step: fc.constantFrom(1, 3, 4_000_000_000),
    momentum: fc.constantFrom(0, 0.9),
    weightDecay: fc.constantFrom(0, 0.01, 1),
    // What a limit makes of a NaN is the device's affair: it is reported as the gradient's
  }).filter(({ clip, nonFinite }) => !(clip === "value" && nonFinite));
  await assertChecks(cases, (options) => checkSgd(device, options), 30);
});

testOnDevices("sgd: more quads than a workgroup has threads", async (device) => {
  assertPasses(
    await checkSgd(device, {
      seed: 1,
      rows: 12,
      columns: 1030,
      firstRow: 1,
      panel: 1024,
      sparse: true,
      scaled: true,
      nonFinite: false,
      nesterov: true,
      direct: true,
      step: 2,
      momentum: 0.9,
      weightDecay: 0.01,
    }),
  );
});
