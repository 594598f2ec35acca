import type { Dataset } from "../data/dataset.ts";
import type { Device } from "../device/device.ts";
import type { ModelWeights } from "../nn/parameters.ts";
import type { Split } from "../recommend/history.ts";
import type { RankingMetrics } from "../recommend/metrics.ts";
import type { BestEpoch, Checkpoint } from "./checkpoint.ts";
import { rankSplit } from "../recommend/rank_split.ts";
import { initialWeights, startTraining, trainedModel } from "./recipe.ts";
import { checkSettings, type TrainingSettings } from "./settings.ts";

/** What happens during training: an epoch has ended, or a split was ranked. */
export type TrainingEvent =
  | { readonly type: "epoch"; readonly epoch: number; readonly loss: number; readonly seconds: number }
  | {
    readonly type: "evaluation";
    readonly split: Split;
    /** Epochs trained when it was ranked. */
    readonly epoch: number;
    readonly metrics: RankingMetrics;
    readonly seconds: number;
  };

/** What a training run gives: the best epoch by validation NDCG@10, and its test. */
export interface TrainingResult extends BestEpoch {
  /** Test at that epoch. */
  readonly test: RankingMetrics;
}

/** How a training run is interrupted and taken up again. */
export interface Resumption {
  /** Where to go on from; null to start. */
  readonly from?: Checkpoint | null;
  /** Called after every validation but that before training; training waits for it. */
  readonly onCheckpoint?: (checkpoint: Checkpoint) => Promise<void> | void;
}

/**
 * Trains a model: validates before training, every `evalEvery` epochs and after the last; keeps the weights with the
 * best validation NDCG@10 (the earliest of equals) and tests these once, at the end. With `patience` it ends after so many
 * validations without a better one. Equal datasets, settings and kinds
 * of device give equal weights.
 *
 * @param device The device to train on.
 * @param dataset The dataset.
 * @param settings Everything else that the result depends on.
 * @param onEvent Called as things happen; training waits for it.
 * @param resumption Where to go on from, and who keeps the checkpoints. A resumed run gives the bits of one that was
 * not interrupted.
 * @returns Weights and metrics.
 * @throws {RangeError} If a setting is out of range, or the dataset has nothing to train or to validate with.
 * @throws {NonFiniteError} If training diverged.
 */
export async function train(
  device: Device,
  dataset: Dataset,
  settings: TrainingSettings,
  onEvent: (event: TrainingEvent) => Promise<void> | void = () => {},
  { from = null, onCheckpoint }: Resumption = {},
): Promise<TrainingResult> {
  checkSettings(settings);
  if (!dataset.validItems.some((item) => item >= 0)) {
    throw new RangeError(`Cannot train as no user of '${dataset.name}' has an item to validate with`);
  }
  const weights = initialWeights(dataset, settings);
  using training = startTraining(device, dataset, weights, settings);
  const { model } = training;
  const evaluate = async (split: Split, epoch: number, ranked = model): Promise<RankingMetrics> => {
    const start = performance.now();
    const metrics = await rankSplit(ranked, dataset, settings, split);
    await onEvent({ type: "evaluation", split, epoch, metrics, seconds: (performance.now() - start) / 1000 });
    return metrics;
  };

  if (from) model.restore(from.model);
  let best: BestEpoch = from?.best ?? { weights, bestEpoch: 0, valid: await evaluate("valid", 0) };
  // A checkpoint is made after every validation: one without patience left is the last
  const spent = (epoch: number) =>
    settings.patience > 0 && epoch - best.bestEpoch >= settings.patience * settings.evalEvery;
  for (let epoch = (from?.epoch ?? 0) + 1; epoch <= settings.epochs && !spent(epoch - 1); epoch++) {
    const start = performance.now();
    for (const batch of training.batches(epoch)) model.step(batch);
    const loss = await model.meanLoss();
    await onEvent({ type: "epoch", epoch, loss, seconds: (performance.now() - start) / 1000 });
    if (epoch % settings.evalEvery !== 0 && epoch !== settings.epochs) continue;
    const valid = await evaluate("valid", epoch);
    if (valid["ndcg@10"]! > best.valid["ndcg@10"]!) best = { weights: await model.weights(), bestEpoch: epoch, valid };
    await onCheckpoint?.({ epoch, model: await model.save(), best });
  }
  using tested = trainedModel(device, best.weights, settings);
  return { ...best, test: await evaluate("test", best.bestEpoch, tested) };
}

/**
 * Ranks a split with saved weights.
 *
 * @param device The device to rank on.
 * @param dataset The dataset.
 * @param weights Weights of a model of that dataset.
 * @param settings How they were trained.
 * @param split What to rank.
 * @returns The metrics.
 */
export async function evaluateModel(
  device: Device,
  dataset: Dataset,
  weights: ModelWeights,
  settings: TrainingSettings,
  split: Split,
): Promise<RankingMetrics> {
  using model = trainedModel(device, weights, settings);
  return await rankSplit(model, dataset, settings, split);
}
