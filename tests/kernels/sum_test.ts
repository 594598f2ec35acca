import fc from "../_fast_check.ts";
import { checkSum } from "../../kernels/sum/check.ts";
import { testOnDevices } from "../_on_devices.ts";
import { assertChecks, seed } from "./_assert_checks.ts";

testOnDevices("sum: random lengths", async (device) => {
  const count = fc.oneof(fc.integer({ min: 0, max: 600 }), fc.constantFrom(255, 256, 257, 20_000));
  const scale = fc.double({ min: -2, max: 2, noNaN: true });
  await assertChecks(fc.record({ seed, count, scale }), (options) => checkSum(device, options));
});
