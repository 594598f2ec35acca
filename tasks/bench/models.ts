import type { Dataset } from "../../src/data/dataset.ts";
import type { Device } from "../../src/device/device.ts";
import { WebGpuDevice } from "../../src/device/webgpu/device.ts";
import { rankSplit } from "../../src/recommend/rank_split.ts";
import { DotRanker } from "../../src/recommend/dot_ranker.ts";
import { historyLength } from "../../src/recommend/ranker_of.ts";
import type { TrainableModel } from "../../src/models/define_model.ts";
import { type ResolvedSettings, resolveSettings } from "../../src/models/settings.ts";
import { sequencesText, torchEpochSeconds, type TrainTorchOptions } from "./train_torch.ts";
import { countSteps, start, steps, WARM_UP } from "./model_steps.ts";
import { median } from "../cli/median.ts";
import { Table } from "../cli/table.ts";

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
  const { userCount, itemCount, train } = dataset;
  console.log(
    `${device.description}\n${dataset.name}: ${userCount} users, ${itemCount} items, ${train.items.length} interactions\n`,
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
  using sevo = await start(device, dataset, model, settings);
  using plain = await start(device, dataset, model, { ...settings, optimizer: "adamw" });
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
        using ranker = new DotRanker(device, sevo.model.network, historyLength(model, settings));
        await rankSplit(ranker, dataset, "valid");
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

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await work();
  return (performance.now() - begin) / 1000;
}
