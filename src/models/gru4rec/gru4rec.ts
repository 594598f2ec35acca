import { type PrefixBatch, PrefixSampler } from "../../data/prefix_sampler.ts";
import type { ModelWeights } from "../../nn/parameters.ts";
import { defineModel, type Sizes, type TrainableModel } from "../define_model.ts";
import { InitialWeights } from "../initial_weights.ts";
import type { TrainingSettings } from "../training_settings.ts";
import { Gru4RecNetwork } from "./network.ts";
import { gru4RecPresets, type Gru4RecSettings, gru4RecSettings, LEADING_ROWS } from "./settings.ts";

export type { Gru4RecSettings } from "./settings.ts";

/**
 * GRU4Rec (Hidasi et al., ICLR 2016), as in the published SEvo runs: the last state of a gated recurrent unit, made into a
 * query by a linear layer, under BPR against one negative; every prefix of a sequence is a sample.
 */
export const gru4Rec: TrainableModel<Gru4RecSettings, PrefixBatch> = defineModel({
  name: "gru4rec",
  summary: "A gated recurrent unit reads every prefix of a sequence and ranks the item after it (BPR).",
  source: "B. Hidasi et al.: Session-based recommendations with recurrent neural networks, ICLR 2016",
  settings: gru4RecSettings,
  presets: gru4RecPresets,
  leadingRows: LEADING_ROWS,
  historyLength: ({ maxLength }) => maxLength,
  initialWeights,
  tables: () => [{ names: ["item.weight"], smoothed: true }],
  sampler: (dataset, { seed, maxLength }) => new PrefixSampler(dataset, seed, maxLength),
  network: (weights, settings) => new Gru4RecNetwork(weights, settings),
});

/** As in the published runs (FreeRec 0.4.3): embeddings Xavier-normal, the unit's weights Xavier-uniform, the linear
 * layer uniform within 1/sqrt(dimension). */
function initialWeights(
  { itemCount }: Sizes,
  { dimension, seed }: Gru4RecSettings & TrainingSettings,
): ModelWeights {
  const bound = 1 / Math.sqrt(dimension);
  return new InitialWeights(seed)
    .xavierNormal("item.weight", [itemCount + LEADING_ROWS, dimension])
    .xavierUniform("gru.weight_ih_l0", [3 * dimension, dimension])
    .xavierUniform("gru.weight_hh_l0", [3 * dimension, dimension])
    .uniform("dense.weight", [dimension, dimension], bound)
    .uniform("dense.bias", [dimension], bound)
    .done();
}
