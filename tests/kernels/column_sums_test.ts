import { assertEquals } from "@std/assert";
import fc from "../_fast_check.ts";
import { checkColumnSums } from "../../kernels/column_sums/check.ts";
import { sumsPlan } from "../../kernels/column_sums/column_sums.ts";
import { testOnDevices } from "../_on_devices.ts";
import { assertChecks, seed } from "./_assert_checks.ts";

testOnDevices("column sums: random ranges of random matrices", async (device) => {
  const rows = fc.oneof(fc.integer({ min: 0, max: 20 }), fc.constantFrom(63, 64, 65, 127, 128, 129, 1000));
  const range = fc.record({
    quads: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.constantFrom(16, 33, 300)),
    accumulate: fc.boolean(),
    rows: fc.array(rows, { maxLength: 4 }),
  });
  const cases = fc.record({
    seed,
    ranges: fc.array(range, { minLength: 1, maxLength: 9 }),
    apart: fc.constantFrom(0, 0, 1, 7),
  });
  await assertChecks(cases, (options) => checkColumnSums(device, options));
});

Deno.test("sumsPlan() lays ranges out one after the other, and then their matrices", () => {
  const matrices = [{ offset: 7, stride: 40, rows: 3 }, { offset: 200, stride: 33, rows: 9 }];
  const { words, scalars } = sumsPlan([
    { offset: 5, quads: 33, accumulate: true, matrices },
    { offset: 50, quads: 1, accumulate: false, matrices: [] },
  ]);
  assertEquals(scalars, { ranges: 2, tiles: 4 });
  assertEquals([...words], [...[0, 5, 33, 1, 0], ...[3, 50, 1, 0, 2], ...[4, 0, 0, 0, 2], 7, 40, 3, 200, 33, 9]);
});
