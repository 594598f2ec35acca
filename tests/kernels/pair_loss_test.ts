import { assertAlmostEquals, assertEquals } from "@std/assert";
import fc from "../_fast_check.ts";
import { checkPairLoss } from "../../kernels/pair_loss/check.ts";
import { pairLossOracle } from "../../kernels/pair_loss/oracle.ts";
import { pairLoss } from "../../kernels/pair_loss/pair_loss.ts";
import { testOnDevices } from "../_on_devices.ts";
import { uniforms } from "../sevo/_fixtures.ts";
import { assertChecks, columns, seed } from "./_assert_checks.ts";

testOnDevices("pairLoss: random batches", async (device) => {
  const cases = fc.record({
    seed,
    columns,
    samples: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 200, max: 400 })),
    users: fc.integer({ min: 1, max: 50 }),
    items: fc.integer({ min: 1, max: 50 }),
    stacked: fc.boolean(),
    scale: fc.constantFrom(1e-3, 0.1, 1, 3),
    pointwise: fc.boolean(),
    indexed: fc.boolean(),
  });
  await assertChecks(cases, (options) => checkPairLoss(device, options), 50);
});

testOnDevices("pairLoss: scores far apart overflow nothing", async (device) => {
  const row = (value: number) => Float32Array.of(value, 0, 0, 0);
  for (
    const [pointwise, user, loss, gradient] of [
      [0, 200, 40000, [200, -200, 200]],
      [0, -200, 0, [0, 0, 0]],
      [1, 200, 40000, [200, -200, 200]],
      [1, -200, 0, [0, 0, 0]],
    ] as const
  ) {
    using userTable = device.upload(row(user), [1, 4]);
    using itemTable = device.upload(new Float32Array([...row(-100), ...row(100)]), [2, 4]);
    using positives = device.upload(Uint32Array.of(0));
    using negatives = device.upload(Uint32Array.of(1));
    using userGradient = device.empty("f32", [1, 4]);
    using itemGradient = device.empty("f32", [2, 4]);
    using losses = device.empty("f32", [1]);
    device.launch(
      pairLoss,
      { userTable, itemTable, users: null, positives, negatives, userGradient, itemGradient, losses },
      { samples: 1, quads: 1, firstUser: 0, firstItem: 0, pointwise, indexed: 0, firstGradient: 0 },
    );
    const [ofUser, ofItem, actual] = await Promise.all([userGradient, itemGradient, losses].map((t) => device.read(t)));
    assertEquals([ofUser![0]! + 0, ofItem![0]! + 0, ofItem![4]! + 0], [...gradient]);
    assertEquals(actual![0], loss);
  }
});

Deno.test("pairLossOracle(): the gradient is the central difference of the mean loss", () => {
  const draw = uniforms(4), stride = 4, samples = 3;
  const random = (length: number) => Float64Array.from({ length }, () => 2 * draw() - 1);
  const tables = { userTable: random(2 * stride), itemTable: random(4 * stride) };
  const ids = {
    users: Uint32Array.of(0, 1, 0),
    positives: Uint32Array.of(0, 1, 2),
    negatives: Uint32Array.of(3, 3, 1),
  };
  const itemGradient = new Float32Array(2 * samples * stride);
  const places = { stride, firstUser: 0, firstItem: 0, firstGradient: 0, itemGradient };
  for (const pointwise of [false, true]) {
    const oracle = (changed: Partial<typeof tables>) =>
      pairLossOracle({ ...tables, ...ids, ...places, pointwise, ...changed });
    const loss = (changed: Partial<typeof tables>) => oracle(changed).losses.values.reduce((a, b) => a + b) / samples;
    const { userGradient, itemGradient } = oracle({});
    const items = [...ids.positives, ...ids.negatives];
    for (
      const [name, rows, { values }] of [["userTable", [...ids.users], userGradient], [
        "itemTable",
        items,
        itemGradient,
      ]] as const
    ) {
      tables[name].forEach((value, at) => {
        const moved = (by: number) => loss({ [name]: tables[name].with(at, value + by) });
        const own = rows.map((row, sample) =>
          row === Math.floor(at / stride) ? values[sample * stride + at % stride]! : 0
        );
        assertAlmostEquals(own.reduce((a, b) => a + b), (moved(1e-5) - moved(-1e-5)) / 2e-5, 1e-9, `${name} ${at}`);
      });
    }
  }
});
