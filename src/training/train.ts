import type { Dataset } from "../data/dataset.ts";
import type { Device } from "../device/device.ts";
import { isTrainable, type ModelDefinition } from "../models/define_model.ts";
import type { SettingValues } from "../models/field.ts";
import type { Ranker } from "../models/ranker.ts";
import { resolveSettings } from "../models/settings.ts";
import type { TrainingSettings } from "../models/training_settings.ts";
import type { ModelWeights } from "../nn/parameters.ts";
import { DotRanker } from "../recommend/dot_ranker.ts";
import { rankingTask, type Split } from "../recommend/history.ts";
import {
  checkedCutoffs,
  checkedMetric,
  cutoffOf,
  CUTOFFS,
  DEFAULT_METRIC,
  type MetricName,
} from "../recommend/metric_name.ts";
import type { RankingMetrics } from "../recommend/metrics.ts";
import { metricsOf, type RankedTargets, ranksOf } from "../recommend/rank_split.ts";
import { historyLength, rankerOf } from "../recommend/ranker_of.ts";
import { type BestEpoch, checkCheckpoint, type Checkpoint, type EpochPart } from "./checkpoint.ts";
import { DivergenceError } from "./divergence.ts";
import { Pace, type StopOptions } from "./pace.ts";
import { checkOptions, checkType } from "../options.ts";
import { NonFiniteError } from "../sevo/errors.ts";
import { type GrownMoments, withMoments } from "./grow_moments.ts";
import { type GraphSource, startTraining } from "./start_training.ts";

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

/** How the models of a run are compared and measured. */
export interface EvaluationOptions {
  /** The metric of validation that picks the best epoch, and that patience looks at; NDCG@10 by default. */
  readonly metric?: MetricName;
  /** Cut-offs of the metrics; 1, 5, 10, 20 and 50 by default. */
  readonly at?: readonly number[];
  /** Whether items of a user's own history are ranked too; by default targets among them are left out and counted. */
  readonly rankRepeats?: boolean;
}

/** What a training run gives: the best epoch by a metric of validation, and its test. */
export interface TrainingResult extends BestEpoch {
  /** The model. */
  readonly model: ModelDefinition;
  /** All its settings. */
  readonly settings: SettingValues;
  /** Test at that epoch. */
  readonly test: RankingMetrics;
  /** Places of all targets of the test, which its metrics are averages of. */
  readonly ranks: RankedTargets;
}

/** What a run starts from that goes on with a trained model, as `growModel` and `growMoments` give it. */
export interface StartingPoint {
  /** Weights. */
  readonly weights: ModelWeights;
  /** Moments of the optimizer; null to start these anew. */
  readonly moments: GrownMoments | null;
}

/** Who hears of a training run, and how it is interrupted and taken up again. */
export interface TrainOptions extends GraphSource {
  /** How the models are compared and measured. */
  readonly evaluation?: EvaluationOptions;
  /** Called as things happen; training waits for it. */
  readonly onEvent?: (event: TrainingEvent) => Promise<void> | void;
  /** Where to go on from; null to start. A resumed run gives the bits of one that was not interrupted. */
  readonly from?: Checkpoint | null;
  /** Weights to start from, and moments if there are any, in place of those that the model draws. */
  readonly initial?: StartingPoint | null;
  /** When it ends early, and how often it is saved. */
  readonly stop?: StopOptions;
  /** Called after every validation but that before training, and where it is to be saved; training waits for it. */
  readonly onCheckpoint?: (checkpoint: Checkpoint) => Promise<void> | void;
}

const OPTIONS: readonly (keyof TrainOptions)[] = [
  "evaluation",
  "onEvent",
  "from",
  "initial",
  "graph",
  "teachers",
  "stop",
  "onCheckpoint",
];

/**
 * Trains a model: validates before training, every `evalEvery` epochs and after the last; keeps the weights with the
 * best validation NDCG@10, or another metric, (the earliest of equals) and tests these once, at the end. With `patience` it ends after so many
 * validations without a better one. A model that is counted and not trained is counted and tested. Equal datasets, settings
 * and kinds of device give equal weights.
 *
 * SEvo smooths over the graph that the setting `graph` names, or over one of your own.
 *
 * @example
 * ```ts
 * import { openDevice } from "@sevo/sevo";
 * import { mfBpr } from "@sevo/sevo/models";
 * import { generatedDataset, train } from "@sevo/sevo/training";
 * import { assertEquals } from "@std/assert";
 *
 * await using device = await openDevice("cpu");
 * const dataset = generatedDataset({ users: 50, items: 40 }), losses: number[] = [];
 * const settings = { dimension: 8, epochs: 2, batch: 32 };
 * const { weights, test } = await train(device, dataset, mfBpr, settings, {
 *   onEvent: (event) => event.type === "epoch" ? void losses.push(event.loss) : undefined,
 * });
 * assertEquals([losses.length, weights["item.weight"]!.shape, "ndcg@10" in test], [2, [40, 8], true]);
 * ```
 *
 * @example Graphs
 * ```ts
 * import { Graph, openDevice } from "@sevo/sevo";
 * import { mfBpr } from "@sevo/sevo/models";
 * import { generatedDataset, train } from "@sevo/sevo/training";
 * import { assertNotEquals } from "@std/assert";
 *
 * await using device = await openDevice("cpu");
 * const dataset = generatedDataset({ users: 100, items: 50 });
 * const settings = { epochs: 1, evalEvery: 1 };
 * // Items that follow each other, and items of one category, which count half as much
 * const named = await train(device, dataset, mfBpr, { ...settings, graph: "item,categories:category", graphWeights: "1,0.5" });
 *
 * using graph = Graph.fromEdges({ rows: dataset.itemCount, sources: [0, 1], targets: [1, 2] });
 * const own = await train(device, dataset, mfBpr, settings, { graph });
 * assertNotEquals(own.weights, named.weights);
 * ```
 *
 * @param device The device to train on.
 * @param dataset The dataset.
 * @param model The model.
 * @param given Settings that are not to be those of the model's first preset.
 * @param options Who hears of it, and where to go on from.
 * @returns Weights, settings and metrics.
 * @throws {SettingError} If the model has no such setting, or cannot have such a value.
 * @throws {RangeError} If the dataset has nothing to train, to validate or to test with, there is no such metric, or the
 * graph has other rows than the tables.
 * @throws {SyntaxError} If the checkpoint to go on from is of another model.
 * @throws {DivergenceError} If training diverged.
 */
export async function train<M extends ModelDefinition>(
  device: Device,
  dataset: Dataset,
  model: M,
  given: GivenSettings<M> = {} as GivenSettings<M>,
  options: TrainOptions = {},
): Promise<TrainingResult> {
  checkOptions("Cannot train", options, OPTIONS);
  const { evaluation = {}, onEvent = () => {}, from = null, initial = null, onCheckpoint } = options;
  const pace = new Pace(options.stop);
  const { metric, at, ranking } = checkedEvaluation(evaluation);
  const definition: ModelDefinition = model;
  // Before anything is trained: who cannot be tested in the end need not be
  for (const split of ["valid", "test"] as const) rankingTask(dataset, split, ranking);
  const evaluate = async (ranker: Ranker, split: Split, epoch: number) => {
    const start = performance.now(), task = rankingTask(dataset, split, ranking);
    const ranked = await ranksOf(ranker, dataset, task), { users, targets } = task;
    const metrics = metricsOf(task, ranked, at);
    await onEvent({ type: "evaluation", split, epoch, metrics, seconds: (performance.now() - start) / 1000 });
    return { metrics, ranks: { users, targets, ranks: ranked.ranks } };
  };
  let best: BestEpoch, settings: SettingValues;
  if (isTrainable(definition)) {
    const own = resolveSettings(definition, given as Partial<TrainingSettings>);
    settings = own as unknown as SettingValues;
    const weights = initial?.weights ?? definition.initialWeights(dataset, own);
    const { graph = null, teachers = {} } = options;
    using training = await startTraining(device, dataset, definition, weights, own, { graph, teachers });
    const { model: trained, sampler } = training;
    const validate = async (epoch: number) => {
      using ranker = new DotRanker(device, trained.network, historyLength(model, own));
      return (await evaluate(ranker, "valid", epoch)).metrics;
    };
    if (from) {
      checkCheckpoint(from, weights);
      trained.restore(from.model);
    } else if (initial?.moments) {
      trained.restore(withMoments(await trained.save(), initial.moments, definition, weights, own));
    }
    if (from && !(metric in from.best.valid)) {
      throw new SyntaxError(`Cannot go on from the checkpoint as its best epoch has no ${metric}`);
    }
    best = from?.best ?? { weights, bestEpoch: 0, valid: await validate(0) };
    const save = async (epoch: number, part: EpochPart | null) => {
      await onCheckpoint?.({ epoch, part, model: await trained.save(), best });
      pace.saved();
    };
    // A checkpoint is made after every validation: one without patience left is the last
    const { patience, epochs, evalEvery, batch: batchSize } = own;
    const spent = (epoch: number) => patience > 0 && epoch - best.bestEpoch >= patience * evalEvery;
    let taken = from?.part?.steps ?? 0;
    if (from?.part) trained.restoreLoss(from.part.loss);
    let epoch = (from?.epoch ?? 0) + 1;
    try {
      for (; epoch <= epochs && !spent(epoch - 1); epoch++, taken = 0) {
        const begun = performance.now(), size = Math.ceil(sampler.size / batchSize);
        let steps = 0;
        for (const batch of sampler.batches(epoch, batchSize)) {
          if (steps++ < taken) continue;
          trained.step(batch);
          if (await pace.isDue((size - steps) / (steps - taken), begun)) {
            await save(epoch - 1, { steps, loss: await trained.lossSoFar() });
            pace.throwIfEnding();
          }
        }
        const loss = await trained.meanLoss();
        await onEvent({ type: "epoch", epoch, loss, seconds: (performance.now() - begun) / 1000 });
        const isValidated = epoch % evalEvery === 0 || epoch === epochs;
        if (isValidated) {
          const valid = await validate(epoch);
          if (valid[metric]! > best.valid[metric]!) {
            best = { weights: await trained.weights(), bestEpoch: epoch, valid };
          }
        }
        if (isValidated || pace.isEnding) await save(epoch, null);
        pace.throwIfEnding();
      }
    } catch (error) {
      throw error instanceof NonFiniteError ? new DivergenceError(epoch, error, own.learningRate) : error;
    }
  } else {
    settings = resolveSettings(definition, given as SettingValues);
    const weights = definition.count(dataset, settings);
    using ranker = rankerOf(device, definition, weights, settings);
    best = { weights, bestEpoch: 0, valid: (await evaluate(ranker, "valid", 0)).metrics };
  }
  using tested = rankerOf(device, definition, best.weights, settings);
  const { metrics: test, ranks } = await evaluate(tested, "test", best.bestEpoch);
  return { ...best, model, settings, test, ranks };
}

/** Checks how models are measured: the metric that picks the best epoch is among those that are made. */
function checkedEvaluation({ metric = DEFAULT_METRIC, at = CUTOFFS, rankRepeats = false, ...rest }: EvaluationOptions) {
  checkOptions("Cannot train", rest, ["metric", "at", "rankRepeats"]);
  checkType("Cannot train", "rankRepeats", rankRepeats, "boolean");
  const name = checkedMetric("Cannot train", "metric", metric), cutoff = cutoffOf(name);
  const cutoffs = checkedCutoffs("Cannot train", "at", cutoff === null ? at : [...at, cutoff]);
  return { metric: name, at: cutoffs, ranking: { rankRepeats } };
}

/** The settings that a model takes. */
export type GivenSettings<M extends ModelDefinition> = M extends
  { initialWeights(sizes: never, settings: infer S): unknown } ? Partial<S>
  : M extends { count(dataset: never, settings: infer S): unknown } ? Partial<S>
  : never;
