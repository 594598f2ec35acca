import type { Device, SevoOptions } from "@sevo/sevo";
import type { Graph } from "@sevo/sevo";
import type { PackedSequences } from "../../src/data/sequences.ts";
import {
  bert4Rec,
  gru4Rec,
  type ModelWeights,
  sasRec,
  stosa,
  type TrainableModel,
  TrainedModel,
} from "../../src/models/mod.ts";
import { type ResolvedSettings, resolveSettings } from "../../src/models/settings.ts";
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
  readonly create: (device: Device, wanted?: TinyOptions) => TrainedModel<TinyBatch>;
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

/** A model at the smallest sizes. */
function tiny(
  model: TrainableModel,
  { name, batch, ...rest }: Omit<TinyModel, "weights" | "create" | "pads">,
): TinyModel {
  const settingsOf = (wanted: TinyOptions): ResolvedSettings => {
    const { dimension = 8, heads = 2, dropout = 0, attentionDropout = dropout, attendedMean = false } = wanted;
    const all = { dimension, maxLength: LENGTH, blocks: 2, dropout, attentionDropout, attendedMean, heads: 1 };
    const own = Object.fromEntries(Object.entries(all).filter(([key]) => model.ownFields.has(key)));
    // A number of heads that no settings may have is for the model itself to refuse
    return {
      ...resolveSettings(model, { ...own, seed: wanted.seed ?? 0 }),
      ...model.ownFields.has("heads") && { heads },
    };
  };
  const weights = (dimension = 8) =>
    model.initialWeights({ userCount: 1, itemCount: ITEMS }, settingsOf({ dimension, seed: 1 }));
  return {
    name,
    batch,
    ...rest,
    pads: model.leadingRows,
    weights,
    create: (device, wanted = {}) =>
      new TrainedModel(device, model, weights(wanted.dimension), settingsOf(wanted), {
        options: wanted.options ?? SGD,
        graph: wanted.graph ?? null,
      }),
  };
}

/** The four sequence models. */
export const TINY_MODELS: readonly TinyModel[] = [
  tiny(sasRec, { name: "sasrec", seen: LENGTH, tables: ["item.weight"], batch: tokenBatch }),
  tiny(gru4Rec, { name: "gru4rec", seen: LENGTH, tables: ["item.weight"], batch: sequenceBatch }),
  // One place is that of the hidden item after a history
  tiny(bert4Rec, { name: "bert4rec", seen: LENGTH - 1, tables: ["item.weight"], batch: tokenBatch }),
  tiny(stosa, {
    name: "stosa",
    seen: LENGTH,
    tables: ["item_mean.weight", "item_cov.weight"],
    batch: tokenBatch,
  }),
];
