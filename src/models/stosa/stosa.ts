import { type NextItemBatch, NextItemSampler } from "../../data/next_item_sampler.ts";
import type { ModelWeights } from "../../nn/parameters.ts";
import { defineModel, type Sizes, type TrainableModel } from "../define_model.ts";
import { InitialWeights } from "../initial_weights.ts";
import type { TrainingSettings } from "../training_settings.ts";
import { StosaNetwork } from "./network.ts";
import { LEADING_ROWS, stosaPresets, type StosaSettings, stosaSettings } from "./settings.ts";

export type { StosaSettings } from "./settings.ts";

/** What is only used if means are attended. */
const OF_ATTENDED_MEANS = /^mean_(value|dense|ffn1|ffn2|ffn_norm)\./;

/**
 * STOSA (Fan et al., WWW 2022), as in the published SEvo runs: items and sequences are Gaussians, attention and scores are
 * by the squared Wasserstein distance, the loss is BPR on it. The tables of means and of covariances are smoothed, each by
 * itself.
 */
export const stosa: TrainableModel<StosaSettings, NextItemBatch> = defineModel({
  name: "stosa",
  summary:
    "Items and sequences are Gaussians, compared by the Wasserstein distance; attention predicts every next item.",
  source: "Z. Fan et al.: Sequential recommendation via stochastic self-attention, WWW 2022",
  settings: stosaSettings,
  presets: stosaPresets,
  leadingRows: LEADING_ROWS,
  historyLength: ({ maxLength }) => maxLength,
  itemTables: ["item_mean.weight", "item_cov.weight"],
  initialWeights,
  tables: () => [
    { names: ["item_mean.weight"], smoothed: true },
    { names: ["item_cov.weight"], smoothed: true },
    { names: ["pos_mean.weight", "pos_cov.weight"], smoothed: false },
  ],
  unused: (name, { attendedMean }) => !attendedMean && OF_ATTENDED_MEANS.test(name),
  sampler: (dataset, { seed, maxLength }) => new NextItemSampler(dataset, seed, maxLength),
  network: (weights, settings) => new StosaNetwork(weights, settings),
});

/** As in the published runs: embeddings and linear layers normal, of mean 0.01 and deviation 0.02. */
function initialWeights(
  { itemCount }: Sizes,
  { dimension, maxLength, blocks, seed }: StosaSettings & TrainingSettings,
): ModelWeights {
  const initial = new InitialWeights(seed), mean = 0.01, deviation = 0.02;
  for (const [name, rows] of [["item", itemCount + LEADING_ROWS], ["pos", maxLength]] as const) {
    for (const part of ["mean", "cov"]) {
      initial.normal(`${name}_${part}.weight`, [rows, dimension], deviation, mean);
    }
  }
  initial.norm("norm", dimension);
  const layer = (name: string, outputs: number, inputs: number) =>
    initial.normal(`${name}.weight`, [outputs, inputs], deviation, mean).constant(`${name}.bias`, outputs, 0);
  for (let block = 0; block < blocks; block++) {
    for (const part of ["mean", "cov"]) {
      for (const role of ["query", "key", "value", "dense"]) layer(`${part}_${role}.${block}`, dimension, dimension);
      layer(`${part}_ffn1.${block}`, 4 * dimension, dimension);
      layer(`${part}_ffn2.${block}`, dimension, 4 * dimension);
      initial.norm(`${part}_ffn_norm.${block}`, dimension);
    }
    initial.norm(`attn_norm.${block}`, dimension);
  }
  return initial.done();
}
