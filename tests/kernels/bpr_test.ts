import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { bpr } from "../../kernels/bpr/bpr.ts";
import { checkBpr } from "../../kernels/bpr/check.ts";
import { testOnDevices } from "../_on_devices.ts";
import { assertChecks, columns, seed } from "./_assert_checks.ts";

testOnDevices("bpr: random batches", async (device) => {
  const cases = fc.record({
    seed,
    columns,
    samples: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 200, max: 400 })),
    users: fc.integer({ min: 1, max: 50 }),
    items: fc.integer({ min: 1, max: 50 }),
    stacked: fc.boolean(),
    scale: fc.constantFrom(1e-3, 0.1, 1, 3),
  });
  await assertChecks(cases, (options) => checkBpr(device, options));
});

testOnDevices("bpr: scores far apart overflow nothing", async (device) => {
  const row = (value: number) => Float32Array.of(value, 0, 0, 0);
  for (const [user, loss, slope] of [[200, 40000, 1], [-200, 0, 0]] as const) {
    using userTable = device.upload(row(user), [1, 4]);
    using itemTable = device.upload(new Float32Array([...row(-100), ...row(100)]), [2, 4]);
    using users = device.upload(Uint32Array.of(0));
    using positives = device.upload(Uint32Array.of(0));
    using negatives = device.upload(Uint32Array.of(1));
    using userGradient = device.empty("f32", [1, 4]);
    using itemGradient = device.empty("f32", [2, 4]);
    using losses = device.empty("f32", [1]);
    device.launch(
      bpr,
      { userTable, itemTable, users, positives, negatives, userGradient, itemGradient, losses },
      { samples: 1, quads: 1, firstUser: 0, firstItem: 0 },
    );
    const [gradient, actual] = await Promise.all([device.read(userGradient), device.read(losses)]);
    assertEquals([gradient[0], actual[0]], [200 * slope, loss]);
  }
});
