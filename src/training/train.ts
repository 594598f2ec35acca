import type { Dataset } from "../data/dataset.ts";
import { PairSampler } from "../data/pair_sampler.ts";
import type { Device } from "../device/device.ts";
import type { RowRange } from "../device/tensor.ts";
import { Graph } from "../graph/graph.ts";
import { MfBpr, type ModelWeights } from "../models/mf_bpr.ts";
import { type RankingTask, rankingTask, type Split } from "../ranking/history.ts";
import { type RankingMetrics, rankingMetrics } from "../ranking/metrics.ts";
import { rankTargets } from "../ranking/rank.ts";
import type { BestEpoch, Checkpoint } from "./checkpoint.ts";
import { checkSettings, isSmoothed, optimizerOptions, type TrainingSettings } from "./settings.ts";

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
 * best validation NDCG@10 (the earliest of equals) and tests these once, at the end. Equal datasets, settings and kinds
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
  const { userCount, itemCount } = dataset;
  const { dimension, seed } = settings;
  const validTask = rankingTask(dataset, "valid");
  if (validTask.users.length === 0) {
    throw new RangeError(`Cannot train as no user of '${dataset.name}' has an item to validate with`);
  }
  using graph = isSmoothed(settings) ? buildGraph(dataset, settings) : null;
  const smoothing = graph && { over: settings.graph, graph };
  const weights = MfBpr.initialWeights(userCount, itemCount, dimension, seed);
  using model = new MfBpr(device, weights, { options: optimizerOptions(settings), smoothing });
  const sampler = new PairSampler(dataset, seed);

  if (from) model.restore(from.model);
  let best: BestEpoch = from?.best ??
    { weights, bestEpoch: 0, valid: await evaluate(model, validTask, "valid", 0, onEvent) };
  for (let epoch = (from?.epoch ?? 0) + 1; epoch <= settings.epochs; epoch++) {
    const start = performance.now();
    for (const batch of sampler.batches(epoch, settings.batch)) model.step(batch);
    const loss = await model.meanLoss();
    await onEvent({ type: "epoch", epoch, loss, seconds: (performance.now() - start) / 1000 });
    if (epoch % settings.evalEvery !== 0 && epoch !== settings.epochs) continue;
    const valid = await evaluate(model, validTask, "valid", epoch, onEvent);
    if (valid["ndcg@10"]! > best.valid["ndcg@10"]!) best = { weights: await model.weights(), bestEpoch: epoch, valid };
    await onCheckpoint?.({ epoch, model: await model.save(), best });
  }
  const test = await withRows(
    device,
    best.weights,
    (rows) => evaluate(rows, rankingTask(dataset, "test"), "test", best.bestEpoch, onEvent),
  );
  return { ...best, test };
}

/**
 * Ranks a split with saved weights.
 *
 * @param device The device to rank on.
 * @param dataset The dataset.
 * @param weights Weights of a model of that dataset.
 * @param split What to rank.
 * @returns The metrics.
 */
export async function evaluateModel(
  device: Device,
  dataset: Dataset,
  weights: ModelWeights,
  split: Split,
): Promise<RankingMetrics> {
  return await withRows(device, weights, (rows) => rank(rows, rankingTask(dataset, split)));
}

function buildGraph(dataset: Dataset, { graph, maxWalk, last }: TrainingSettings): Graph {
  const { userCount, itemCount, trainOffsets: offsets, trainItems: items } = dataset;
  if (graph === "item") return Graph.fromSequences({ offsets, items }, { rows: itemCount, maxWalk, last });
  const users = new Uint32Array(items.length);
  for (let user = 0; user < userCount; user++) users.fill(user, offsets[user], offsets[user + 1]);
  return Graph.fromInteractions({ users, items, userCount, itemCount });
}

async function evaluate(
  rows: { readonly queries: RowRange; readonly items: RowRange },
  task: RankingTask,
  split: Split,
  epoch: number,
  onEvent: (event: TrainingEvent) => Promise<void> | void,
): Promise<RankingMetrics> {
  const start = performance.now();
  const metrics = await rank(rows, task);
  await onEvent({ type: "evaluation", split, epoch, metrics, seconds: (performance.now() - start) / 1000 });
  return metrics;
}

async function withRows<T>(
  device: Device,
  weights: ModelWeights,
  work: (rows: { readonly queries: RowRange; readonly items: RowRange }) => Promise<T>,
): Promise<T> {
  const user = weights["user.weight"]!, item = weights["item.weight"]!;
  using users = device.upload(user.data, user.shape);
  using items = device.upload(item.data, item.shape);
  return await work({
    queries: { tensor: users, firstRow: 0, rows: user.shape[0] },
    items: { tensor: items, firstRow: 0, rows: item.shape[0] },
  });
}

/** Ranks the targets of a task; users without a target are not queried. */
async function rank(
  { queries, items }: { readonly queries: RowRange; readonly items: RowRange },
  { users, targets, history }: RankingTask,
): Promise<RankingMetrics> {
  if (users.length === queries.rows) return rankingMetrics(await rankTargets(queries, items, targets, history));
  // Every user is ranked, those without a target against item 0, and their ranks are dropped: it saves a gather.
  const everyTarget = new Uint32Array(queries.rows), offsets = new Uint32Array(queries.rows + 1);
  users.forEach((user, at) => {
    everyTarget[user] = targets[at]!;
    offsets[user + 1] = history.offsets[at + 1]! - history.offsets[at]!;
  });
  for (let user = 0; user < queries.rows; user++) offsets[user + 1]! += offsets[user]!;
  const ranks = await rankTargets(queries, items, everyTarget, { offsets, items: history.items });
  return rankingMetrics(users.map((user) => ranks[user]!));
}
