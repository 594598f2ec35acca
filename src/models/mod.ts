/**
 * Recommender models.
 *
 * @module
 */
export { type ClozeBatch, ClozeSampler } from "../data/cloze_sampler.ts";
export { type NextItemBatch, NextItemSampler } from "../data/next_item_sampler.ts";
export { type PairBatch, PairSampler } from "../data/pair_sampler.ts";
export { type PrefixBatch, PrefixSampler } from "../data/prefix_sampler.ts";
export type { PackedSequences } from "../data/sequences.ts";
export type { RowRange } from "../device/tensor.ts";
export { type ModelWeights, ParameterLayout, type Weight } from "../nn/parameters.ts";
export { Bert4Rec, type Bert4RecOptions, HIDDEN_ITEM } from "./bert4rec/bert4rec.ts";
export { Gru4Rec, type Gru4RecOptions } from "./gru4rec/gru4rec.ts";
export { MfBpr, type MfBprOptimizer } from "./mf_bpr/mf_bpr.ts";
export type { Model, ModelOptimizer, Queries, Scorer } from "./model.ts";
export { SasRec, type SasRecOptions } from "./sasrec/sasrec.ts";
export { Stosa, type StosaOptions } from "./stosa/stosa.ts";
export { TrainedModel } from "./trained_model.ts";
export { TrainedWeights, type WeightsOptions } from "./trained_weights.ts";
