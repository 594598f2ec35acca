import { assert } from "@std/assert";
import fc from "../_fast_check.ts";
import type { Device } from "@sevo/sevo";
import {
  checkSoftmaxGradient,
  checkSoftmaxNormaliser,
  checkSoftmaxPartials,
  checkSumChunks,
  drawSoftmax,
  type SoftmaxCase,
} from "../../kernels/catalogue_softmax/check.ts";
import { type SoftmaxInput, softmaxOracle } from "../../kernels/catalogue_softmax/oracle.ts";
import { type CheckResult, Draws } from "../../kernels/_check.ts";
import { testOnDevices } from "../_on_devices.ts";
import { assertChecks, assertPasses, columns, seed } from "./_assert_checks.ts";

const checks = [checkSoftmaxPartials, checkSoftmaxNormaliser, checkSoftmaxGradient, checkSumChunks];

/** The worst of the four kernels on one case. */
async function checkAll(device: Device, options: SoftmaxCase): Promise<CheckResult> {
  const results: CheckResult[] = [];
  for (const check of checks) results.push(await check(device, options));
  return results.reduce((a, b) => a.worst <= 1 ? b : a);
}

testOnDevices("catalogue softmax: random batches", async (device) => {
  const cases: fc.Arbitrary<SoftmaxCase> = fc.record({
    seed,
    columns,
    tokens: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.constantFrom(1, 63, 64, 65, 130)),
    items: fc.oneof(fc.integer({ min: 1, max: 200 }), fc.constantFrom(63, 64, 65, 128, 129)),
    chunkItems: fc.constantFrom(64, 128),
    most: fc.constantFrom(64, 128, 192),
    bias: fc.constantFrom(0, 1, 60),
    repeated: fc.boolean(),
  });
  await assertChecks(cases, (options) => checkAll(device, options), 15);
});

testOnDevices("catalogue softmax: one token, and one item more than a chunk", async (device) => {
  const plain = { columns: 16, chunkItems: 64, most: 128, bias: 1, repeated: false };
  assertPasses(await checkAll(device, { ...plain, seed: 1, tokens: 1, items: 65 }));
  assertPasses(await checkAll(device, { ...plain, seed: 2, tokens: 129, items: 10 }));
  assertPasses(await checkAll(device, { ...plain, seed: 3, tokens: 67, items: 129, bias: 60, repeated: true }));
});

Deno.test("catalogue softmax: the oracle's gradient is that of its mean loss", () => {
  const options = { seed: 7, tokens: 5, items: 9, columns: 4, chunkItems: 64, most: 64, bias: 2, repeated: true };
  const drawn = drawSoftmax(new Draws(options.seed), options), { labels, stride } = drawn;
  const rows = {
    hidden: Float64Array.from(drawn.hidden),
    table: Float64Array.from(drawn.table),
    bias: Float64Array.from(drawn.bias),
  };
  const input: SoftmaxInput = { ...rows, labels, stride };
  const meanLoss = () => softmaxOracle(input, 64).losses.values.reduce((a, b) => a + b) / labels.length;
  const expected = softmaxOracle(input, 64);
  const gradients = { hidden: expected.hiddenGradient, table: expected.tableGradient, bias: expected.biasGradient };
  const STEP = 1e-5;
  for (const name of ["hidden", "table", "bias"] as const) {
    rows[name].forEach((value, at) => {
      rows[name][at] = value + STEP;
      const above = meanLoss();
      rows[name][at] = value - STEP;
      const below = meanLoss();
      rows[name][at] = value;
      const difference = (above - below) / (2 * STEP), error = Math.abs(gradients[name].values[at]! - difference);
      assert(error < 1e-9, `${name}[${at}] is ${gradients[name].values[at]}: expected ${difference}`);
    });
  }
});
