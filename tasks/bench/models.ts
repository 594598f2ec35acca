import type { Dataset } from "../../src/data/dataset.ts";
import type { Device } from "../../src/device/device.ts";
import { WebGpuDevice } from "../../src/device/webgpu/device.ts";
import { Graph } from "../../src/graph/graph.ts";
import { rankSplit } from "../../src/recommend/rank_split.ts";
import { DotRanker } from "../../src/recommend/dot_ranker.ts";
import { historyLength } from "../../src/recommend/ranker_of.ts";
import type { TrainableModel } from "../../src/models/define_model.ts";
import { sasRec } from "../../src/models/sasrec/sasrec.ts";
import type { SasRecSettings } from "../../src/models/sasrec/settings.ts";
import { type ResolvedSettings, resolveSettings } from "../../src/models/settings.ts";
import { startTraining, type Training } from "../../src/training/start_training.ts";
import { sequencesText, torchEpochSeconds, type TrainTorchOptions } from "./train_torch.ts";
import { median } from "../cli/median.ts";
import { Table } from "../cli/table.ts";

/** Steps before a measurement. */
const WARM_UP = 3;

/** What is timed, and against what. */
export interface ModelsBench {
  /** The models. */
  readonly models: readonly TrainableModel[];
  /** Rounds; medians are printed. */
  readonly rounds: number;
  /** The PyTorch reference, timed in turn; null for none. */
  readonly torch: TrainTorchOptions | null;
}

/**
 * Times an epoch of each model with SEvo-AdamW and with AdamW, and full ranking, and prints a table. On webgpu it counts
 * what a step launches and moves as well, and on a software adapter nothing else: its times say nothing.
 *
 * @param device The device.
 * @param dataset What is trained on.
 * @param options What is timed.
 */
export async function benchModels(device: Device, dataset: Dataset, options: ModelsBench): Promise<void> {
  const { userCount, itemCount, trainItems } = dataset;
  console.log(
    `${device.description}\n${dataset.name}: ${userCount} users, ${itemCount} items, ${trainItems.length} interactions\n`,
  );
  if (device instanceof WebGpuDevice) {
    await countSteps(device, dataset, options.models);
    if (device.software) return;
  }
  await timeEpochs(device, dataset, options);
}

async function timeEpochs(device: Device, dataset: Dataset, { models, rounds, torch }: ModelsBench): Promise<void> {
  const sequences = torch && await Deno.makeTempFile({ suffix: ".txt" });
  try {
    // The reference reads what we train on
    if (sequences) await Deno.writeTextFile(sequences, sequencesText(dataset));
    const table = new Table([
      "model:9",
      "steps:-6",
      "epoch s:-8",
      "AdamW s:-8",
      "SEvo adds:-10",
      "ranking s:-10",
      ...torch ? ["torch epoch s:-14", "times faster:-13"] : [],
    ]);
    for (const model of models) {
      const peer = torch && ((count: number) => torchEpochSeconds(model.name, sequences!, count, torch));
      const { steps, epoch, plainEpoch, added, ranking, peerEpoch, ratio } = await timeModel(
        device,
        dataset,
        model,
        resolveSettings(model, {}),
        { rounds, peer },
      );
      table.add([
        model.name,
        `${steps}`,
        epoch.toFixed(2),
        plainEpoch.toFixed(2),
        `${(100 * added).toFixed(0)} %`,
        ranking.toFixed(2),
        ...peer ? [peerEpoch.toFixed(0), ratio.toFixed(1)] : [],
      ]);
    }
  } finally {
    if (sequences) await Deno.remove(sequences);
  }
}

/** Medians over rounds; times in seconds. */
export interface ModelTimes {
  /** Steps of an epoch. */
  readonly steps: number;
  /** An epoch with the optimizer of the settings. */
  readonly epoch: number;
  /** An epoch with AdamW. */
  readonly plainEpoch: number;
  /** What the former takes beyond the latter of its round, as a part of the latter. */
  readonly added: number;
  /** Full ranking of the users with an item to validate on. */
  readonly ranking: number;
  /** An epoch of the peer; NaN without one. */
  readonly peerEpoch: number;
  /** Epoch of the peer over ours of its round; NaN without one. */
  readonly ratio: number;
}

/**
 * Times a model: in each round, in turn, an epoch with its optimizer, one with AdamW, full ranking, and a peer.
 *
 * @param device The device.
 * @param dataset What is trained on.
 * @param model The model.
 * @param settings Its settings.
 * @param options Rounds, and what tells the seconds that an epoch of so many steps takes elsewhere.
 * @returns The medians.
 */
export async function timeModel(
  device: Device,
  dataset: Dataset,
  model: TrainableModel,
  settings: ResolvedSettings,
  { rounds, peer }: { readonly rounds: number; readonly peer: ((steps: number) => Promise<number>) | null },
): Promise<ModelTimes> {
  using sevo = start(device, dataset, model, settings);
  using plain = start(device, dataset, model, { ...settings, optimizer: "adamw" });
  const { batch } = settings;
  for (const training of [sevo, plain]) await steps(training, batch, WARM_UP);
  const times: Record<Exclude<keyof ModelTimes, "steps">, number[]> = {
    epoch: [],
    plainEpoch: [],
    added: [],
    ranking: [],
    peerEpoch: [],
    ratio: [],
  };
  let count = 0;
  const turns = [
    async () => void times.epoch.push(await seconds(async () => void (count = await steps(sevo, batch, Infinity)))),
    async () => void times.plainEpoch.push(await seconds(() => steps(plain, batch, Infinity))),
  ];
  for (let round = 0; round < rounds; round++) {
    // Whoever comes second may find the machine warmer, or more throttled
    for (const turn of round % 2 === 0 ? turns : turns.toReversed()) await turn();
    const own = times.epoch.at(-1)!;
    times.added.push(own / times.plainEpoch.at(-1)! - 1);
    times.ranking.push(
      await seconds(async () => {
        using ranker = new DotRanker(device, sevo.model.network, historyLength(settings));
        await rankSplit(ranker, dataset, "valid", historyLength(settings));
      }),
    );
    if (!peer) continue;
    const other = await peer(count);
    times.peerEpoch.push(other);
    times.ratio.push(other / own);
  }
  return {
    steps: count,
    epoch: median(times.epoch),
    plainEpoch: median(times.plainEpoch),
    added: median(times.added),
    ranking: median(times.ranking),
    peerEpoch: median(times.peerEpoch),
    ratio: median(times.ratio),
  };
}

/** Prints what one training step of each model is on a GPU. */
async function countSteps(
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
  using training = start(device, dataset, model, settings);
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
  const { itemCount, trainOffsets: offsets, trainItems: items } = dataset;
  const { dimension: d, blocks, layers, last, maxWalk } = settings;
  const t = batch.items.length, b = batch.offsets.length, n = itemCount + 1;
  const r = new Set([...batch.items, ...batch.positives, ...batch.negatives]).size;
  using graph = Graph.fromSequences({ offsets, items }, { rows: n, offset: 1, maxWalk, last });
  const weights = Object.entries(sasRec.initialWeights({ userCount: 1, itemCount: 1 }, settings));
  const p = weights.reduce((sum, [name, { data }]) => name === "item.weight" ? sum : sum + data.length, 0);
  const activations = 2 * t * d * (9 * blocks + 2), rows = 2 * t * 4 * d;
  const propagation = layers * (n * d + 2 * graph.entries + n) + (layers - 1) * 2 * n * d;
  const table = 5 * r * d + propagation + 2 * n * d;
  return 4 * (4 * t + b + activations + rows + table + 8 * p);
}

function start(device: Device, dataset: Dataset, model: TrainableModel, settings: ResolvedSettings): Training {
  return startTraining(device, dataset, model, model.initialWeights(dataset, settings), settings);
}

/** Takes steps of an epoch, at most so many, and waits for them; returns how many there were. */
async function steps({ model, sampler }: Training, batchSize: number, most: number): Promise<number> {
  let count = 0;
  for (const batch of sampler.batches(1, batchSize)) {
    if (count === most) break;
    model.step(batch);
    count++;
  }
  await model.meanLoss();
  return count;
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await work();
  return (performance.now() - begin) / 1000;
}
