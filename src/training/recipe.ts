import { ClozeSampler } from "../data/cloze_sampler.ts";
import type { Dataset } from "../data/dataset.ts";
import { NextItemSampler } from "../data/next_item_sampler.ts";
import { PairSampler } from "../data/pair_sampler.ts";
import { PrefixSampler } from "../data/prefix_sampler.ts";
import type { Device } from "../device/device.ts";
import { Graph } from "../graph/graph.ts";
import { Bert4Rec } from "../models/bert4rec/bert4rec.ts";
import { Gru4Rec } from "../models/gru4rec/gru4rec.ts";
import { MfBpr } from "../models/mf_bpr/mf_bpr.ts";
import type { Model } from "../models/model.ts";
import { SasRec } from "../models/sasrec/sasrec.ts";
import { Stosa } from "../models/stosa/stosa.ts";
import type { ModelWeights } from "../nn/parameters.ts";
import { isSmoothed, optimizerOptions, type TrainingSettings } from "./settings.ts";

/** Users and items of a dataset: all that the shapes of a model's weights depend on besides the settings. */
export type Sizes = Pick<Dataset, "userCount" | "itemCount">;

/** How one model is made and fed. */
interface Recipe<Batch> {
  /** Rows of the item tables before that of item 0. */
  readonly pads: number;
  readonly initialWeights: (sizes: Sizes, settings: TrainingSettings) => ModelWeights;
  readonly make: (
    device: Device,
    weights: ModelWeights,
    settings: TrainingSettings,
    graph: Graph | null,
  ) => Model<Batch>;
  readonly sampler: (
    dataset: Dataset,
    settings: TrainingSettings,
  ) => { batches(epoch: number, batchSize: number): Iterable<Batch> };
}

const mfBpr: Recipe<Parameters<MfBpr["step"]>[0]> = {
  pads: 0,
  initialWeights: ({ userCount, itemCount }, { dimension, seed }) =>
    MfBpr.initialWeights(userCount, itemCount, dimension, seed),
  make: (device, weights, settings, graph) =>
    new MfBpr(device, weights, {
      options: optimizerOf(settings, graph).options,
      smoothing: graph && { over: settings.graph, graph },
    }),
  sampler: (dataset, { seed }) => new PairSampler(dataset, seed),
};

const sasrec: Recipe<Parameters<SasRec["step"]>[0]> = {
  pads: 1,
  initialWeights: ({ itemCount }, { dimension, maxLength, blocks, seed }) =>
    SasRec.initialWeights(itemCount, dimension, maxLength, blocks, seed),
  make: (device, weights, settings, graph) => {
    const { maxLength: length, blocks, heads, dropout, seed } = settings;
    return new SasRec(device, weights, { length, blocks, heads, dropout, seed }, optimizerOf(settings, graph));
  },
  sampler: (dataset, { seed, maxLength }) => new NextItemSampler(dataset, seed, maxLength),
};

const gru4rec: Recipe<Parameters<Gru4Rec["step"]>[0]> = {
  pads: 1,
  initialWeights: ({ itemCount }, { dimension, seed }) => Gru4Rec.initialWeights(itemCount, dimension, seed),
  make: (device, weights, settings, graph) => {
    const { maxLength: length, dropout, seed } = settings;
    return new Gru4Rec(device, weights, { length, dropout, seed }, optimizerOf(settings, graph));
  },
  sampler: (dataset, { seed, maxLength }) => new PrefixSampler(dataset, seed, maxLength),
};

const bert4rec: Recipe<Parameters<Bert4Rec["step"]>[0]> = {
  pads: 2,
  initialWeights: ({ itemCount }, { dimension, maxLength, blocks, seed }) =>
    Bert4Rec.initialWeights(itemCount, dimension, maxLength, blocks, seed),
  make: (device, weights, settings, graph) => {
    const { maxLength: length, blocks, heads, dropout, seed } = settings;
    return new Bert4Rec(device, weights, { length, blocks, heads, dropout, seed }, optimizerOf(settings, graph));
  },
  sampler: (dataset, { seed, maxLength, maskRate }) => new ClozeSampler(dataset, seed, maxLength, maskRate),
};

const stosa: Recipe<Parameters<Stosa["step"]>[0]> = {
  pads: 1,
  initialWeights: ({ itemCount }, { dimension, maxLength, blocks, seed }) =>
    Stosa.initialWeights(itemCount, dimension, maxLength, blocks, seed),
  make: (device, weights, settings, graph) => {
    const { maxLength: length, blocks, heads, dropout, attentionDropout, pvn, attendedMean, seed } = settings;
    const options = { length, blocks, heads, dropout, attentionDropout, pvn, attendedMean, seed };
    return new Stosa(device, weights, options, optimizerOf(settings, graph));
  },
  sampler: (dataset, { seed, maxLength }) => new NextItemSampler(dataset, seed, maxLength),
};

// Each recipe's sampler yields what its own model takes; which model is settled only when it runs
const RECIPES = { "mf-bpr": mfBpr, sasrec, gru4rec, bert4rec, stosa } as unknown as {
  readonly [Model in TrainingSettings["model"]]: Recipe<unknown>;
};

/** A model and what it is trained on. */
export interface Training extends Disposable {
  /** The model. */
  readonly model: Model<unknown>;
  /** The batches of an epoch. */
  readonly batches: (epoch: number) => Iterable<unknown>;
}

/**
 * Draws the initial weights of a model.
 *
 * @param sizes Numbers of users and items.
 * @param settings The model, its sizes and the seed.
 * @returns The weights.
 */
export function initialWeights(sizes: Sizes, settings: TrainingSettings): ModelWeights {
  return RECIPES[settings.model].initialWeights(sizes, settings);
}

/**
 * Puts a model under training, with the graph of its dataset where its optimizer is smoothed.
 *
 * @param device The device.
 * @param dataset What it is trained on.
 * @param weights Initial weights.
 * @param settings Everything else.
 * @returns The model and its batches.
 * @throws {RangeError} If a setting is out of range, or there is nothing to train on.
 */
export function startTraining(
  device: Device,
  dataset: Dataset,
  weights: ModelWeights,
  settings: TrainingSettings,
): Training {
  const recipe = RECIPES[settings.model];
  const sampler = recipe.sampler(dataset, settings);
  const graph = isSmoothed(settings) ? graphOf(dataset, settings) : null;
  try {
    const model = recipe.make(device, weights, settings, graph);
    return {
      model,
      batches: (epoch) => sampler.batches(epoch, settings.batch),
      [Symbol.dispose]() {
        model[Symbol.dispose]();
        graph?.[Symbol.dispose]();
      },
    };
  } catch (error) {
    graph?.[Symbol.dispose]();
    throw error;
  }
}

/**
 * A model with these weights, to rank with.
 *
 * @param device The device.
 * @param weights The weights.
 * @param settings How they were trained.
 * @returns The model.
 */
export function trainedModel(device: Device, weights: ModelWeights, settings: TrainingSettings): Model<unknown> {
  return RECIPES[settings.model].make(device, weights, settings, null);
}

/**
 * The shapes that a model's weights must have.
 *
 * @param sizes Numbers of users and items.
 * @param settings The model and its sizes.
 * @returns Lengths by name.
 */
export function weightShapes(sizes: Sizes, settings: TrainingSettings): Record<string, readonly number[]> {
  // Of the sizes, only the leading length of a table depends: it grows by one with each user or item
  const shapes = (userCount: number, itemCount: number) =>
    Object.entries(initialWeights({ userCount, itemCount }, settings)).map(([name, { shape }]) =>
      [name, shape] as const
    );
  const [least, moreUsers, moreItems] = [shapes(1, 1), shapes(2, 1), shapes(1, 2)];
  return Object.fromEntries(least.map(([name, [length, ...rest]], at) => {
    const perUser = moreUsers[at]![1][0]! - length!, perItem = moreItems[at]![1][0]! - length!;
    return [name, [length! + perUser * (sizes.userCount - 1) + perItem * (sizes.itemCount - 1), ...rest]];
  }));
}

/** The optimizer of a model; without a graph that of one which is not trained. */
function optimizerOf(settings: TrainingSettings, graph: Graph | null) {
  const options = optimizerOptions(settings);
  return { options: graph ? options : { ...options, propagation: null }, graph };
}

function graphOf(dataset: Dataset, { model, graph, maxWalk, last }: TrainingSettings): Graph {
  const { userCount, itemCount, trainOffsets: offsets, trainItems: items } = dataset;
  const { pads } = RECIPES[model];
  if (graph === "item") {
    return Graph.fromSequences({ offsets, items }, { rows: itemCount + pads, offset: pads, maxWalk, last });
  }
  const users = new Uint32Array(items.length);
  for (let user = 0; user < userCount; user++) users.fill(user, offsets[user], offsets[user + 1]);
  return Graph.fromInteractions({ users, items, userCount, itemCount });
}
