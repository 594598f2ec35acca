import fc from "../_fast_check.ts";
import {
  checkCgDirection,
  checkCgFinish,
  checkCgScalars,
  checkCgStart,
  checkCgStep,
  checkColumnDots,
  checkColumnMaxima,
  type MatrixCase,
} from "../../kernels/conjugate_gradient/check.ts";
import { testOnDevices } from "../_on_devices.ts";
import { assertChecks, assertPasses, columns, seed } from "./_assert_checks.ts";

const matrices: fc.Arbitrary<MatrixCase> = fc.record({
  seed,
  columns,
  rows: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.constantFrom(255, 256, 257, 512, 600)),
  over: fc.constantFrom(false, false, false, true),
});

for (const check of [checkColumnMaxima, checkCgStart, checkColumnDots, checkCgStep, checkCgDirection]) {
  const name = check.name.replace("check", "");
  testOnDevices(`conjugate gradients: ${name} on random matrices`, async (device) => {
    await assertChecks(matrices, (options) => check(device, options), 20);
  });

  testOnDevices(`conjugate gradients: ${name} on more quads than a workgroup has threads`, async (device) => {
    for (const columns of [1024, 1030, 2060]) assertPasses(await check(device, { seed: 1, rows: 260, columns }));
  });
}

testOnDevices("conjugate gradients: the scalars of every phase", async (device) => {
  const cases = fc.record({
    seed,
    columns: fc.oneof(columns, fc.constant(1030)),
    blocks: fc.oneof(fc.integer({ min: 1, max: 60 }), fc.constantFrom(256, 257, 600)),
    phase: fc.constantFrom(0, 1, 2, 3, 4),
    open: fc.boolean(),
  });
  await assertChecks(cases, (options) => checkCgScalars(device, options), 30);
});

testOnDevices("conjugate gradients: CgFinish on random matrices", async (device) => {
  const cases = fc.record({
    seed,
    columns,
    rows: fc.integer({ min: 1, max: 600 }),
    keep: fc.constantFrom(0, 1, 0.9),
    overflow: fc.boolean(),
  });
  await assertChecks(cases, (options) => checkCgFinish(device, options), 20);
});
