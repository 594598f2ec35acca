import fc from "../_fast_check.ts";
import { checkClipFactor, checkSquaredNorm } from "../../kernels/clip/check.ts";
import { testOnDevices } from "../_on_devices.ts";
import { assertChecks, columns, seed } from "./_assert_checks.ts";

testOnDevices("squaredNorm: random gradients", async (device) => {
  const cases = fc.record({
    seed,
    columns,
    rows: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.constantFrom(63, 64, 65, 400)),
    sparse: fc.boolean(),
    nonFinite: fc.constant(false),
    firstPartial: fc.integer({ min: 0, max: 5 }),
  });
  await assertChecks(cases, (options) => checkSquaredNorm(device, options));
});

testOnDevices("clipFactor: random sums", async (device) => {
  const cases = fc.record({
    seed,
    count: fc.integer({ min: 1, max: 700 }),
    clipNorm: fc.constantFrom(1e-6, 1, 20, 3e38),
    infinite: fc.constantFrom(false, false, true),
  });
  await assertChecks(cases, (options) => checkClipFactor(device, options));
});
