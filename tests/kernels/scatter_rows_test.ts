import fc from "../_fast_check.ts";
import { checkScatterRows } from "../../kernels/scatter_rows/check.ts";
import { testOnDevices } from "../_on_devices.ts";
import { assertChecks, columns, seed } from "./_assert_checks.ts";

testOnDevices("scatterRows: random rows and factors", async (device) => {
  const cases = fc.record({
    seed,
    columns,
    outputRows: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 200, max: 600 })),
    panel: fc.constantFrom(1, 2, 8, 1024),
    keep: fc.constantFrom(0, 1, 0.9),
    factor: fc.constantFrom(0, 1, -0.01),
  });
  await assertChecks(cases, (options) => checkScatterRows(device, options));
});
