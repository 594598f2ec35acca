import { type ClozeBatch, ClozeSampler } from "../../data/cloze_sampler.ts";
import type { ModelWeights } from "../../nn/parameters.ts";
import { defineModel, type Sizes, type TrainableModel } from "../define_model.ts";
import { InitialWeights } from "../initial_weights.ts";
import type { TrainingSettings } from "../training_settings.ts";
import { Bert4RecNetwork } from "./network.ts";
import { bert4RecPresets, type Bert4RecSettings, bert4RecSettings, LEADING_ROWS } from "./settings.ts";

export type { Bert4RecSettings } from "./settings.ts";

/** Largest initial weight of embeddings and linear layers. */
const INITIAL_BOUND = 0.02;

/**
 * BERT4Rec (Sun et al., CIKM 2019), as in the published SEvo runs: a bidirectional encoder predicts hidden items from all
 * others, under softmax cross-entropy over the whole catalogue, padding and hidden rows included, with an output table of
 * its own. Input and output tables are smoothed, each by itself.
 */
export const bert4Rec: TrainableModel<Bert4RecSettings, ClozeBatch> = defineModel({
  name: "bert4rec",
  summary: "A bidirectional encoder predicts hidden items from those on both sides, over the whole catalogue.",
  source: "F. Sun et al.: BERT4Rec: sequential recommendation with bidirectional encoder representations, CIKM 2019",
  settings: bert4RecSettings,
  presets: bert4RecPresets,
  leadingRows: LEADING_ROWS,
  historyLength: ({ maxLength }) => maxLength,
  itemTables: ["out.weight"],
  initialWeights,
  tables: () => [
    { names: ["item.weight"], smoothed: true },
    { names: ["out.weight"], smoothed: true },
    { names: ["position.weight"], smoothed: false },
  ],
  sampler: (dataset, { seed, maxLength, maskRate }) => new ClozeSampler(dataset, seed, maxLength, maskRate),
  network: (weights, settings) => new Bert4RecNetwork(weights, settings),
});

/** As in the published runs (FreeRec 0.4.3): embeddings and linear layers Xavier-normal, cut off at 0.02; the
 * attention's projection Xavier-uniform. */
function initialWeights(
  { itemCount }: Sizes,
  { dimension, maxLength, blocks, seed }: Bert4RecSettings & TrainingSettings,
): ModelWeights {
  const initial = new InitialWeights(seed);
  const layer = (name: string, outputs: number, inputs: number) =>
    initial.xavierNormal(`${name}.weight`, [outputs, inputs], INITIAL_BOUND).constant(`${name}.bias`, outputs, 0);
  initial.xavierNormal("item.weight", [itemCount + LEADING_ROWS, dimension], INITIAL_BOUND)
    .xavierNormal("position.weight", [maxLength, dimension], INITIAL_BOUND)
    .norm("norm", dimension);
  for (let block = 0; block < blocks; block++) {
    const name = `encoder.layers.${block}`;
    initial.xavierUniform(`${name}.self_attn.in_proj_weight`, [3 * dimension, dimension])
      .constant(`${name}.self_attn.in_proj_bias`, 3 * dimension, 0);
    layer(`${name}.self_attn.out_proj`, dimension, dimension);
    layer(`${name}.linear1`, 4 * dimension, dimension);
    layer(`${name}.linear2`, dimension, 4 * dimension);
    initial.norm(`${name}.norm1`, dimension).norm(`${name}.norm2`, dimension);
  }
  layer("out", itemCount + LEADING_ROWS, dimension);
  return initial.done();
}
