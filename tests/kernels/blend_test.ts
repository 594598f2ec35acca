import fc from "../_fast_check.ts";
import { checkBlend } from "../../kernels/blend/check.ts";
import { testOnDevices } from "../_on_devices.ts";
import { assertChecks, seed } from "./_assert_checks.ts";

testOnDevices("blend: random sizes and factors", async (device) => {
  const factor = fc.oneof(fc.constantFrom(0, 1, -1), fc.double({ min: -2, max: 2, noNaN: true }));
  const quads = fc.oneof(fc.integer({ min: 0, max: 600 }), fc.constantFrom(255, 256, 257, 8192, 30_000));
  await assertChecks(fc.record({ seed, quads, keep: factor, scale: factor }), (options) => checkBlend(device, options));
});
