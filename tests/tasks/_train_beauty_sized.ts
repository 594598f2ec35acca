/**
 * Trains a model for an epoch on a generated dataset of Amazon Beauty's size, with Beauty's settings, and prints how many
 * kilobytes of memory it held at most. What
 * `tests/tasks/memory_limit_test.ts` runs as a process of its own.
 *
 * @module
 */
import { generatedDataset } from "../../src/data/generated.ts";
import { openDevice } from "../../src/device/open_device.ts";
import { MODELS } from "../../src/models/models.ts";
import { resolveSettings } from "../../src/models/settings.ts";
import { train } from "../../src/training/train.ts";

const model = MODELS.find(({ name }) => name === Deno.args[0])!;
await using device = await openDevice("cpu", { threads: 2 });
const dataset = generatedDataset({ users: 22_363, items: 12_101, minLength: 5, maxLength: 30 });
await train(device, dataset, model, resolveSettings(model, { epochs: 1, optimizer: "sevo-adamw" }, "beauty"), {
  onCheckpoint() {},
});
// Not the system's maximum of the process, which begins with that of the process that has started it
console.log(/^VmHWM:\s+(\d+) kB$/m.exec(await Deno.readTextFile("/proc/self/status"))![1]);
