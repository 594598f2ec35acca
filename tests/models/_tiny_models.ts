import type { Device, SevoOptions } from "@sevo/sevo";
import type { Graph } from "@sevo/sevo";
import type { PackedSequences } from "../../src/data/sequences.ts";
import { Bert4Rec, Gru4Rec, type Model, type ModelWeights, SasRec, Stosa } from "../../src/models/mod.ts";
import { packed } from "../data/_fixtures.ts";

/** Items of the tiny models. */
export const ITEMS = 9;

/** Longest sequence of the tiny models. */
export const LENGTH = 5;

/** What a test may want otherwise. */
export interface TinyOptions {
  readonly options?: SevoOptions;
  readonly graph?: Graph | null;
  readonly dropout?: number;
  readonly attentionDropout?: number;
  readonly attendedMean?: boolean;
  readonly dimension?: number;
  readonly heads?: number;
  readonly seed?: number;
}

/** Any batch of a sequence model: each takes what it needs of it. */
export interface TinyBatch extends PackedSequences {
  readonly positives: Uint32Array<ArrayBuffer>;
  readonly negatives: Uint32Array<ArrayBuffer>;
  readonly hidden: Uint32Array<ArrayBuffer>;
}

/** A sequence model at the smallest sizes. */
export interface TinyModel {
  readonly name: "sasrec" | "gru4rec" | "bert4rec" | "stosa";
  /** Rows of the item tables before that of item 0. */
  readonly pads: number;
  /** Items of a history that the model sees. */
  readonly seen: number;
  /** Tables of items that inputs are looked up in. */
  readonly tables: readonly string[];
  readonly weights: (dimension?: number) => ModelWeights;
  readonly create: (device: Device, wanted?: TinyOptions) => Model<TinyBatch>;
  readonly batch: (sequences: readonly (readonly number[])[]) => TinyBatch;
}

/** A plain rule at a rate that shows in every bit. */
export const SGD: SevoOptions = { rule: "sgd", learningRate: 0.5, propagation: null };

/** Each item is followed by the next; negatives are four items off. */
function tokenBatch(sequences: readonly (readonly number[])[]): TinyBatch {
  const { offsets, items } = packed(sequences);
  const away = (by: number) => items.map((item) => (item + by) % ITEMS);
  return { offsets, items, positives: away(1), negatives: away(5), hidden: offsets.slice(1).map((end) => end - 1) };
}

/** As {@linkcode tokenBatch}, with a positive and a negative for each sequence. */
function sequenceBatch(sequences: readonly (readonly number[])[]): TinyBatch {
  const batch = tokenBatch(sequences), lastOf = (array: Uint32Array) => batch.hidden.map((place) => array[place]!);
  return { ...batch, positives: lastOf(batch.positives), negatives: lastOf(batch.negatives) };
}

const sizes = ({ dropout = 0, heads = 2, seed = 0 }: TinyOptions) => ({
  length: LENGTH,
  blocks: 2,
  heads,
  dropout,
  seed,
});
const optimizer = ({ options = SGD, graph = null }: TinyOptions) => ({ options, graph });

/** The four sequence models. */
export const TINY_MODELS: readonly TinyModel[] = [
  {
    name: "sasrec",
    pads: 1,
    seen: LENGTH,
    tables: ["item.weight"],
    batch: tokenBatch,
    weights: (dimension = 8) => SasRec.initialWeights(ITEMS, dimension, LENGTH, 2, 1),
    create(device, wanted = {}) {
      return new SasRec(device, this.weights(wanted.dimension), sizes(wanted), optimizer(wanted));
    },
  },
  {
    name: "gru4rec",
    pads: 1,
    seen: LENGTH,
    tables: ["item.weight"],
    batch: sequenceBatch,
    weights: (dimension = 8) => Gru4Rec.initialWeights(ITEMS, dimension, 1),
    create(device, wanted = {}) {
      return new Gru4Rec(device, this.weights(wanted.dimension), sizes(wanted), optimizer(wanted));
    },
  },
  {
    // One place is that of the hidden item after a history
    name: "bert4rec",
    pads: 2,
    seen: LENGTH - 1,
    tables: ["item.weight"],
    batch: tokenBatch,
    weights: (dimension = 8) => Bert4Rec.initialWeights(ITEMS, dimension, LENGTH, 2, 1),
    create(device, wanted = {}) {
      return new Bert4Rec(device, this.weights(wanted.dimension), sizes(wanted), optimizer(wanted));
    },
  },
  {
    name: "stosa",
    pads: 1,
    seen: LENGTH,
    tables: ["item_mean.weight", "item_cov.weight"],
    batch: tokenBatch,
    weights: (dimension = 8) => Stosa.initialWeights(ITEMS, dimension, LENGTH, 2, 1),
    create(device, wanted = {}) {
      const { attentionDropout = wanted.dropout ?? 0, attendedMean = false } = wanted;
      const options = { ...sizes(wanted), attentionDropout, attendedMean };
      return new Stosa(device, this.weights(wanted.dimension), options, optimizer(wanted));
    },
  },
];
