/**
 * Training, evaluation, and what a run leaves behind.
 *
 * @module
 */
export type { Dataset, Provenance } from "../data/dataset.ts";
export { generatedDataset, type GeneratedOptions } from "../data/generated.ts";
export { DatasetError, readDataset } from "../data/read_dataset.ts";
export {
  type Exclusions,
  historyOf,
  type RankingMetrics,
  rankingMetrics,
  type RankingTask,
  rankingTask,
  rankTargets,
  type RowRange,
  type Split,
  type TopItems,
  topItems,
} from "../ranking/mod.ts";
export { type BestEpoch, type Checkpoint, decodeCheckpoint, encodeCheckpoint } from "./checkpoint.ts";
export { decodeModel, encodeModel, type ModelFile } from "./model_file.ts";
export { type FinishedMetrics, PROTOCOL, readModel, RunDirectory } from "./run_directory.ts";
export {
  GRAPHS,
  isSmoothed,
  MODELS,
  optimizerOptions,
  OPTIMIZERS,
  PUBLISHED,
  type TrainingSettings,
} from "./settings.ts";
export { evaluateModel, type Resumption, train, type TrainingEvent, type TrainingResult } from "./train.ts";
