/**
 * Training, and what a checkpoint holds.
 *
 * @example
 * ```ts
 * import { openDevice } from "@sevo/sevo";
 * import { sasRec } from "@sevo/sevo/models";
 * import { generatedDataset, train } from "@sevo/sevo/training";
 * import { assert } from "@std/assert";
 *
 * await using device = await openDevice("cpu");
 * const dataset = generatedDataset({ users: 200, items: 100 }); // or readDataset() of @sevo/sevo/files
 * const { weights, test } = await train(device, dataset, sasRec, { epochs: 1, batch: 64 });
 * assert("item.weight" in weights && test.users > 0);
 * ```
 *
 * @module
 */
export { alignDataset, type AlignedDataset, type KnownIds } from "../data/align_dataset.ts";
export type { Dataset, Provenance, SourceFile, SplitItems } from "../data/dataset.ts";
export { generatedDataset, type GeneratedOptions } from "../data/generated.ts";
export { type HistoryEnd, packHistories } from "../data/histories.ts";
export { type PackedSequences } from "../data/sequences.ts";
export { type BestEpoch, type Checkpoint, decodeCheckpoint, encodeCheckpoint, type EpochPart } from "./checkpoint.ts";
export { DivergenceError } from "./divergence.ts";
export { growModel, type GrownModel, type RowCounts } from "./grow.ts";
export { growMoments, type GrownMoments } from "./grow_moments.ts";
export type { StopOptions } from "./pace.ts";
export { type GraphSource, startTraining, type Training } from "./start_training.ts";
export {
  type EvaluationOptions,
  type GivenSettings,
  type StartingPoint,
  train,
  type TrainingEvent,
  type TrainingResult,
  type TrainOptions,
} from "./train.ts";
export type { Teachers } from "./training_graph.ts";
