import type { Dataset } from "../../src/data/dataset.ts";
import type { Device } from "../../src/device/device.ts";
import type { WebGpuDevice } from "../../src/device/webgpu/device.ts";
import { Graph } from "../../src/graph/graph.ts";
import type { TrainableModel } from "../../src/models/define_model.ts";
import { sasRec, type SasRecSettings } from "../../src/models/sasrec/sasrec.ts";
import { type ResolvedSettings, resolveSettings } from "../../src/models/settings.ts";
import { startTraining, type Training } from "../../src/training/start_training.ts";
import { Table } from "../cli/table.ts";

/** Steps before a measurement. */
export const WARM_UP = 3;

/**
 * Prints what one training step of each model is on a GPU.
 *
 * @param device The device.
 * @param dataset What is trained on.
 * @param models The models.
 */
export async function countSteps(
  device: WebGpuDevice,
  dataset: Dataset,
  models: readonly TrainableModel[],
): Promise<void> {
  const table = new Table(["model:9", "submits:-8", "dispatches:-11", "readbacks:-10", "MB bound:-9", "least MB:-9"]);
  for (const model of models) {
    const { submits, dispatches, readbacks, boundBytes, leastBytes } = await countStep(
      device,
      dataset,
      model,
      resolveSettings(model, {}),
    );
    const megabytes = (bytes: number | null) => bytes === null ? "-" : (bytes / 1e6).toFixed(1);
    table.add([model.name, submits, dispatches, readbacks].map(String).concat([boundBytes, leastBytes].map(megabytes)));
  }
  console.log(
    "\nOne step. Bound: the buffers of all dispatches, once for each that reads or writes them; a cache may save some of that,\n" +
      "and gathering takes more where it misses. Least: what any order of the same work must move.\n",
  );
}

/** What one training step is on a GPU. */
export interface StepCounts {
  /** Submits to the queue. */
  readonly submits: number;
  /** Dispatches. */
  readonly dispatches: number;
  /** Reads back to the host. */
  readonly readbacks: number;
  /** Bytes of the buffers that the dispatches bind. */
  readonly boundBytes: number;
  /** Bytes that the step must move at least, where they have been worked out: see {@linkcode leastSasRecBytes}. */
  readonly leastBytes: number | null;
}

/**
 * Counts what one training step does, after some that warm up.
 *
 * @param device The device.
 * @param dataset What is trained on.
 * @param model The model.
 * @param settings Its settings.
 * @returns The counts.
 */
export async function countStep(
  device: WebGpuDevice,
  dataset: Dataset,
  model: TrainableModel,
  settings: ResolvedSettings,
): Promise<StepCounts> {
  using training = await start(device, dataset, model, settings);
  await steps(training, settings.batch, WARM_UP);
  const [batch] = training.sampler.batches(2, settings.batch);
  await device.synchronize();
  const counts = () => {
    const { submits, dispatches, readbacks, boundBytes } = device;
    return { submits, dispatches, readbacks, boundBytes };
  };
  const before = counts();
  training.model.step(batch);
  const after = counts();
  await training.model.meanLoss();
  return {
    submits: after.submits - before.submits,
    dispatches: after.dispatches - before.dispatches,
    readbacks: after.readbacks - before.readbacks,
    boundBytes: after.boundBytes - before.boundBytes,
    leastBytes: model.name === sasRec.name
      ? leastSasRecBytes(dataset, settings as ResolvedSettings<SasRecSettings>, batch as SasRecBatch)
      : null,
  };
}

/** Sequences of a batch of SASRec. */
type SasRecBatch = {
  readonly offsets: Uint32Array;
  readonly items: Uint32Array;
  readonly positives: Uint32Array;
  readonly negatives: Uint32Array;
};

/**
 * Bytes that a SEvo-AdamW step of SASRec must move if every tensor is written once and read once for each time that it is
 * needed again, and all that is used where it is made stays in registers. With T tokens, B sequences, N rows of width d in
 * the item table, R of them in the batch, E entries of the graph, L layers, and P other parameters, in elements of 4 bytes:
 *
 * - ids: 4 T + B (inputs, positives, negatives, positions, offsets)
 * - activations that the backward pass needs, written and read: for each block x, normed, query | key | value, attended,
 *   their sum, its norm, and the feed-forward layer after its function (where that is 0, so is the derivative, dropout's
 *   too): 2 T 9 d; and the input of the last norm and the hidden state: 4 T d
 * - gradient rows of inputs, positives, negatives and positions, written and read: 2 T 4 d
 * - the table's moments, read and written for R rows, and its direction, written for R rows: 5 R d
 * - layers, each of which reads the direction and the graph, and, but for the first, what the one before wrote:
 *   L (N d + 2 E + N) + (L - 1) 2 N d
 * - the table, which the last layer reads and writes: 2 N d
 * - other parameters, their gradients and moments: 8 P
 *
 * @param dataset The dataset.
 * @param settings Sizes.
 * @param batch The batch.
 * @returns Bytes.
 */
export function leastSasRecBytes(
  dataset: Dataset,
  settings: ResolvedSettings<SasRecSettings>,
  batch: SasRecBatch,
): number {
  const { itemCount, train } = dataset;
  const { dimension: d, blocks, layers, last, maxWalk } = settings;
  const t = batch.items.length, b = batch.offsets.length, n = itemCount + 1;
  const r = new Set([...batch.items, ...batch.positives, ...batch.negatives]).size;
  using graph = Graph.fromSequences(train, { rows: n, offset: 1, maxWalk, last });
  const weights = Object.entries(sasRec.initialWeights({ userCount: 1, itemCount: 1 }, settings));
  const p = weights.reduce((sum, [name, { data }]) => name === "item.weight" ? sum : sum + data.length, 0);
  const activations = 2 * t * d * (9 * blocks + 2), rows = 2 * t * 4 * d;
  const propagation = layers * (n * d + 2 * graph.entries + n) + (layers - 1) * 2 * n * d;
  const table = 5 * r * d + propagation + 2 * n * d;
  return 4 * (4 * t + b + activations + rows + table + 8 * p);
}

/**
 * Puts a model under training from its initial weights.
 *
 * @param device The device.
 * @param dataset What is trained on.
 * @param model The model.
 * @param settings Its settings.
 * @returns The model and its batches.
 */
export function start(
  device: Device,
  dataset: Dataset,
  model: TrainableModel,
  settings: ResolvedSettings,
): Promise<Training> {
  return startTraining(device, dataset, model, model.initialWeights(dataset, settings), settings);
}

/**
 * Takes steps of an epoch and waits for them.
 *
 * @param training The model and its batches.
 * @param batchSize Samples of a step.
 * @param most Steps at most.
 * @returns How many there were.
 */
export async function steps({ model, sampler }: Training, batchSize: number, most: number): Promise<number> {
  let count = 0;
  for (const batch of sampler.batches(1, batchSize)) {
    if (count === most) break;
    model.step(batch);
    count++;
  }
  await model.meanLoss();
  return count;
}
