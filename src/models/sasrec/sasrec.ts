import { type NextItemBatch, NextItemSampler } from "../../data/next_item_sampler.ts";
import type { ModelWeights } from "../../nn/parameters.ts";
import { defineModel, type Sizes, type TrainableModel } from "../define_model.ts";
import { InitialWeights } from "../initial_weights.ts";
import type { TrainingSettings } from "../training_settings.ts";
import { SasRecNetwork } from "./network.ts";
import { LEADING_ROWS, sasRecPresets, type SasRecSettings, sasRecSettings } from "./settings.ts";

export type { SasRecSettings } from "./settings.ts";

/**
 * SASRec (Kang and McAuley, ICDM 2018), as in the published SEvo runs: causal self-attention over the sequence so far
 * predicts every next item, under binary cross-entropy against one negative. Padding is attended to: a padded position is
 * a zero vector whose key and value are the projection biases, which is a term in closed form here.
 */
export const sasRec: TrainableModel<SasRecSettings, NextItemBatch> = defineModel({
  name: "sasrec",
  summary: "Self-attention over the sequence so far predicts every next item, against one negative each.",
  source: "W.-C. Kang and J. McAuley: Self-attentive sequential recommendation, ICDM 2018",
  settings: sasRecSettings,
  presets: sasRecPresets,
  leadingRows: LEADING_ROWS,
  historyLength: ({ maxLength }) => maxLength,
  initialWeights,
  tables: () => [{ names: ["item.weight"], smoothed: true }, { names: ["position.weight"], smoothed: false }],
  sampler: (dataset, { seed, maxLength }) => new NextItemSampler(dataset, seed, maxLength),
  network: (weights, settings) => new SasRecNetwork(weights, settings),
});

/** As in the published runs (FreeRec 0.4.3): embeddings and linear layers Xavier-normal, the attention's projection
 * Xavier-uniform, the feed-forward layers uniform within 1/sqrt(dimension). */
function initialWeights(
  { itemCount }: Sizes,
  { dimension, maxLength, blocks, seed }: SasRecSettings & TrainingSettings,
): ModelWeights {
  const square = [dimension, dimension] as const, bound = 1 / Math.sqrt(dimension);
  const initial = new InitialWeights(seed)
    .xavierNormal("item.weight", [itemCount + LEADING_ROWS, dimension])
    .xavierNormal("position.weight", [maxLength, dimension]);
  for (let block = 0; block < blocks; block++) {
    initial.norm(`attn_norm.${block}`, dimension)
      .xavierUniform(`attn.${block}.in_proj_weight`, [3 * dimension, dimension])
      .constant(`attn.${block}.in_proj_bias`, 3 * dimension, 0)
      .xavierNormal(`attn.${block}.out_proj.weight`, square)
      .constant(`attn.${block}.out_proj.bias`, dimension, 0)
      .norm(`ffn_norm.${block}`, dimension);
    for (const layer of ["ffn1", "ffn2"]) {
      initial.uniform(`${layer}.${block}.weight`, [...square, 1], bound)
        .uniform(`${layer}.${block}.bias`, [dimension], bound);
    }
  }
  return initial.norm("last_norm", dimension).done();
}
