import fc from "../_fast_check.ts";
import { checkColumnSums } from "../../kernels/column_sums/check.ts";
import { testOnDevices } from "../_on_devices.ts";
import { assertChecks, seed } from "./_assert_checks.ts";

testOnDevices("column sums: random ranges of columns", async (device) => {
  const cases = fc.record({
    seed,
    rows: fc.oneof(fc.integer({ min: 0, max: 20 }), fc.constantFrom(63, 64, 65, 127, 128, 129, 1000)),
    before: fc.integer({ min: 0, max: 9 }),
    quads: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.constantFrom(16, 33, 300)),
    behind: fc.constantFrom(0, 0, 1, 7),
    outputOffset: fc.integer({ min: 0, max: 9 }),
    accumulate: fc.boolean(),
  }).map(({ before, behind, ...rest }) => ({ ...rest, firstQuad: before, stride: before + rest.quads + behind }));
  await assertChecks(cases, (options) => checkColumnSums(device, options));
});
