/**
 * Memory does not grow with the number of steps. `SEVO_STEPS` is how many are trained: a few hundred by default, and in
 * `deno task soak` as many as an hour of training on Beauty has.
 *
 * @module
 */
import { assertLess } from "@std/assert";
import { generatedDataset } from "../../src/data/generated.ts";
import { sasRec } from "../../src/models/mod.ts";
import { train } from "../../src/training/train.ts";
import { testOnDevices } from "../_on_devices.ts";

const STEPS = Number(Deno.env.get("SEVO_STEPS") ?? 500);
/** Bytes that the process may grow by: garbage of the language comes and goes. */
const MOST = 48e6;
const SETTINGS = { dimension: 8, blocks: 1, maxLength: 8, batch: 8, patience: 0, optimizer: "sevo-adamw" } as const;

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1]!;

testOnDevices(`memory stays flat over ${STEPS} steps of training`, async (device) => {
  const dataset = generatedDataset({ users: 160, items: 100, minLength: 4, maxLength: 12 });
  const perEpoch = Math.ceil(dataset.userCount / SETTINGS.batch), epochs = Math.ceil(STEPS / perEpoch);
  const held: number[] = [];
  await train(device, dataset, sasRec, { ...SETTINGS, epochs, evalEvery: 50 }, {
    onEvent: ({ type }) => void (type === "epoch" && held.push(Deno.memoryUsage().rss)),
  });
  // Kernels are compiled and buffers found in the first part
  const part = held.length >> 2, early = median(held.slice(part, 2 * part)), late = median(held.slice(-part));
  console.log(`${device.kind}: ${STEPS} steps, ${(early / 1e6).toFixed(0)} MB, then ${(late / 1e6).toFixed(0)} MB`);
  assertLess(late - early, MOST);
});
