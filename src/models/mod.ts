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
export type { RowRange } from "../device/device.ts";
export { activation, type ActivationOptions } from "../nn/activation.ts";
export { attention, type AttentionOptions } from "../nn/attention.ts";
export { embedding, type EmbeddingOptions } from "../nn/embedding.ts";
export { gatherRows } from "../nn/gather_rows.ts";
export { gru } from "../nn/gru.ts";
export { layerNorm } from "../nn/layer_norm.ts";
export { linear, type LinearOptions } from "../nn/linear.ts";
export { pairLoss, type PairLossOptions } from "../nn/pair_loss.ts";
export { type ModelWeights, ParameterLayout, type ParameterTensors, type Weight } from "../nn/parameters.ts";
export { PartialSums, type PassMemory, type QuadRange } from "../nn/partial_sums.ts";
export type { SummedMatrix } from "../../kernels/column_sums/column_sums.ts";
export { type Segments, segmentsOf } from "../nn/segments.ts";
export { type Columns, type DropoutKey, Tape, Variable } from "../nn/tape.ts";
export * from "./definitions.ts";
export {
  type CommonDeclaration,
  type CountedDeclaration,
  type CountedModel,
  defineModel,
  type Derived,
  isTrainable,
  type ModelDefinition,
  type Sampler,
  type SettingSchema,
  type SettingsSchema,
  type Sizes,
  type TableGroup,
  type TrainableDeclaration,
  type TrainableModel,
} from "./define_model.ts";
export { EmbeddingPass } from "./embedding_pass.ts";
export type { Bounds } from "../options.ts";
export type { Field, SettingValue, SettingValues } from "./field.ts";
export { InitialWeights } from "./initial_weights.ts";
export { decodeModel, encodeModel, type ModelFile } from "./model_file.ts";
export { MODELS } from "./models.ts";
export type {
  BatchGradients,
  BorrowedRows,
  FoldIn,
  Network,
  NetworkWeights,
  Requests,
  ScoringNetwork,
  Similarity,
  SimilarityRows,
} from "./network.ts";
export type { Exclusions, Ranker, TopItems } from "./ranker.ts";
export { checkHeads, checkPositions, checkSequences, checkTargets } from "./sequence_checks.ts";
export {
  itemRow,
  itemRows,
  itemsOf,
  joined,
  lastItems,
  lastRows,
  lastTokens,
  longestFirst,
  plannedGradient,
  positionsOf,
} from "./sequences.ts";
export {
  type GraphSettings,
  type Relation,
  RELATION_KINDS,
  type RelationKind,
  relationsOf,
  smoothsUsers,
  type WeighedRelation,
} from "./relations.ts";
export { SettingError } from "./setting_error.ts";
export { type ResolvedSettings, resolveSettings } from "./settings.ts";
export { type ModelOptimizer, TrainedModel } from "./trained_model.ts";
export type { LossSoFar } from "./trained_weights.ts";
export {
  isSmoothed,
  type OptimizerName,
  optimizerOptions,
  OPTIMIZERS,
  ruleOf,
  type TrainingSettings,
} from "./training_settings.ts";
