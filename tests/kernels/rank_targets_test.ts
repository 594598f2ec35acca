import { assertEquals } from "@std/assert";
import fc from "../_fast_check.ts";
import { checkPackPanels, checkRankTargets } from "../../kernels/rank_targets/check.ts";
import { packPanels, panelLength, rankTargets } from "../../kernels/rank_targets/rank_targets.ts";
import type { Device } from "../../src/device/device.ts";
import { testOnDevices } from "../_on_devices.ts";
import { assertChecks, assertPasses, columns, seed } from "./_assert_checks.ts";

const items = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constantFrom(255, 256, 257, 1000));

testOnDevices("packPanels: panels of random tables", async (device) => {
  const cases = fc.record({ seed, columns, items, firstRow: fc.integer({ min: 0, max: 20 }) });
  await assertChecks(cases, (options) => checkPackPanels(device, options));
});

const rankCase = {
  seed,
  columns,
  items,
  queries: fc.integer({ min: 1, max: 20 }),
  exclude: fc.oneof(fc.integer({ min: 0, max: 50 }), fc.constant(2000)),
  exact: fc.boolean(),
};

testOnDevices("rankTargets: ranks of random targets", async (device) => {
  await assertChecks(fc.record(rankCase), (options) => checkRankTargets(device, options), 30);
});

testOnDevices("rankTargets: ranks among more items than a workgroup takes", async (device) => {
  const large = { queries: 3, columns: 3, exclude: 30 };
  assertPasses(await checkRankTargets(device, { ...large, seed: 1, items: 4096, exact: true }));
  assertPasses(await checkRankTargets(device, { ...large, seed: 2, items: 8193, exact: false }));
});

testOnDevices("packPanels: one workgroup more than a dimension holds, and one left over", async (device) => {
  // 2^16 + 1 workgroups of 256 elements, of the kernel that does least with each
  const items = 64 * (2 ** 16 + 1), width = 4;
  const data = new Float32Array(items * width);
  for (let at = 0; at < data.length; at++) data[at] = at % 16_000_000 + 1;
  using table = device.upload(data, [items, width]);
  using panels = device.empty("f32", [panelLength(items, width / 4)]);
  device.launch(packPanels, { table, panels }, { items, firstRow: 0, width });
  const packed = await device.read(panels);
  let wrong = 0, at = 0;
  for (let panel = 0; panel < items; panel += 16) {
    for (let column = 0; column < width; column++) {
      for (let lane = 0; lane < 16; lane++) wrong += Number(packed[at++] !== data[(panel + lane) * width + column]);
    }
  }
  assertEquals(wrong, 0);
});

/** Ranks of all items for one query of 1, by the items' only column. */
async function rankAll(device: Device, scores: number[]): Promise<number[]> {
  const items = scores.length;
  using query = device.upload(new Float32Array(items).fill(1), [items, 1]);
  using table = device.upload(Float32Array.from(scores), [items, 1]);
  using panels = device.empty("f32", [panelLength(items, 1)]);
  using targets = device.upload(Uint32Array.from(scores, (_, item) => item));
  using offsets = device.zeros("u32", [items + 1]);
  using excluded = device.zeros("u32", [0]);
  using ranks = device.zeros("u32", [items]);
  device.launch(packPanels, { table, panels }, { items, firstRow: 0, width: 4 });
  const bound = { query, panels, targets, offsets, excluded, ranks };
  device.launch(rankTargets, bound, { firstQuery: 0, items, width: 4, queries: items });
  return [...await device.read(ranks)];
}

testOnDevices("rankTargets: NaN counts against the target", async (device) => {
  assertEquals(await rankAll(device, [NaN, 1, 3, NaN, 2]), [4, 4, 2, 4, 3]);
  assertEquals(await rankAll(device, [NaN, NaN, NaN]), [2, 2, 2]);
});

testOnDevices("rankTargets: of equal scores the lower row comes first", async (device) => {
  const scores = Array.from({ length: 40 }, (_, item) => item % 3 === 0 ? 2 : -0);
  const order = [...scores.keys()].sort((a, b) => scores[b]! - scores[a]! || a - b);
  assertEquals((await rankAll(device, scores)).map((rank) => order[rank]), [...scores.keys()]);
});
