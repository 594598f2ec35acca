/**
 * Times training steps of SASRec, in a page and in Deno alike.
 *
 * @module
 */
import { openDevice } from "@sevo/sevo";
import { resolveSettings, sasRec } from "@sevo/sevo/models";
import { generatedDataset, startTraining } from "@sevo/sevo/training";

/** Steps before a measurement. */
const WARM_UP = 3;

/**
 * Times steps on a dataset of Amazon Beauty's size, with the published settings and SEvo-AdamW.
 *
 * @param threads Threads of the cpu device.
 * @param count Steps that are timed.
 * @returns The device, the milliseconds of each step, and their loss, which is the same wherever they run.
 */
export async function timeSteps(
  threads: number,
  count: number,
): Promise<{ description: string; milliseconds: number[]; loss: number }> {
  await using device = await openDevice("cpu", { threads });
  const dataset = generatedDataset({ users: 22_363, items: 12_101, minLength: 5, maxLength: 13, seed: 1 });
  const settings = resolveSettings(sasRec, { optimizer: "sevo-adamw" }, "beauty");
  using training = await startTraining(device, dataset, sasRec, sasRec.initialWeights(dataset, settings), settings);
  const milliseconds: number[] = [];
  let step = 0;
  for (const batch of training.sampler.batches(1, settings.batch)) {
    const start = performance.now();
    training.model.step(batch);
    if (step++ >= WARM_UP) milliseconds.push(performance.now() - start);
    if (milliseconds.length === count) break;
    // A page that never turns its event loop is frozen
    await new Promise((resolve) => setTimeout(resolve));
  }
  return { description: device.description, milliseconds, loss: await training.model.meanLoss() };
}

Object.assign(globalThis, { timeSteps });
