/**
 * Recommender models: those of this package, and what one of your own is made of.
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
export * from "./definitions.ts";
export {
  type CountedDeclaration,
  type CountedModel,
  defineModel,
  isTrainable,
  type ModelDefinition,
  type Sampler,
  type SettingsSchema,
  type Sizes,
  type TableGroup,
  type TrainableDeclaration,
  type TrainableModel,
} from "./define_model.ts";
export type { Field, SettingValue, SettingValues } from "./field.ts";
export { InitialWeights } from "./initial_weights.ts";
export { decodeModel, encodeModel, type ModelFile } from "./model_file.ts";
export { MODELS } from "./models.ts";
export type {
  BatchGradients,
  BorrowedRows,
  Network,
  NetworkWeights,
  Requests,
  ScoringNetwork,
  Similarity,
  SimilarityRows,
} from "./network.ts";
export type { Exclusions, Ranker, TopItems } from "./ranker.ts";
export { resolveSettings, SettingError } from "./settings.ts";
export { type ModelOptimizer, TrainedModel } from "./trained_model.ts";
export { isSmoothed, optimizerOptions, OPTIMIZERS, ruleOf, type TrainingSettings } from "./training_settings.ts";
