import fc from "../_fast_check.ts";
import { checkAppendColumn } from "../../kernels/append_column/check.ts";
import { testOnDevices } from "../_on_devices.ts";
import { assertChecks, seed } from "./_assert_checks.ts";

testOnDevices("appendColumn: random matrices", async (device) => {
  const cases = fc.record({
    seed,
    rows: fc.integer({ min: 1, max: 700 }),
    quads: fc.integer({ min: 1, max: 20 }),
    first: fc.integer({ min: 0, max: 9 }),
    given: fc.boolean(),
  });
  await assertChecks(cases, (options) => checkAppendColumn(device, options));
});
