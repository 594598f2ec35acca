/**
 * Training, evaluation, and what a run leaves behind.
 *
 * ```ts
 * import { openDevice } from "@sevo/sevo";
 * import { generatedDataset, historyOf, packHistories, PUBLISHED } from "@sevo/sevo/training";
 * import { topItems, train, trainedModel } from "@sevo/sevo/training";
 * import { assertEquals } from "@std/assert";
 *
 * await using device = await openDevice("cpu");
 * const dataset = generatedDataset({ users: 200, items: 100 }); // or readDataset(), of what `prepare` wrote
 * const settings = { ...PUBLISHED.sasrec, epochs: 1, batch: 64 };
 * const { weights } = await train(device, dataset, settings); // or readModel(), of a run directory
 *
 * using model = trainedModel(device, weights, settings);
 * using scorer = model.scorer();
 * const users = Uint32Array.of(0, 7), count = 10;
 * using queries = scorer.queries(users, packHistories(dataset, users, "test", settings.maxLength));
 * const top = await topItems(queries, scorer.items, count, historyOf(dataset, users, "test"));
 * const names = Array.from(top.items.subarray(0, count), (item) => dataset.items[item]); // for user 0, best first
 * assertEquals(names.length, count);
 * ```
 *
 * @module
 */
export type { Dataset, Provenance } from "../data/dataset.ts";
export { generatedDataset, type GeneratedOptions } from "../data/generated.ts";
export { DatasetError, readDataset } from "../files/read_dataset.ts";
export { type PackedSequences, packHistories } from "../data/sequences.ts";
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
} from "../recommend/mod.ts";
export { type BestEpoch, type Checkpoint, decodeCheckpoint, encodeCheckpoint } from "./checkpoint.ts";
export { decodeModel, encodeModel, type ModelFile } from "./model_file.ts";
export { type FinishedMetrics, PROTOCOL, readModel, RunDirectory } from "../files/run_directory.ts";
export { initialWeights, type Sizes, startTraining, trainedModel, type Training } from "./recipe.ts";
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
