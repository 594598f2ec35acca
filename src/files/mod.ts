/**
 * What is on disk: prepared datasets, run directories and model files.
 *
 * @module
 */
export { writeEmbeddings } from "./embeddings_file.ts";
export { DatasetError, readDataset } from "./read_dataset.ts";
export { readCheckpoint, readModel } from "./read_model.ts";
export { readRanks, type TargetRanks } from "./read_ranks.ts";
export {
  type DatasetIdentity,
  type FinishedMetrics,
  RunDirectory,
  type RunIdentity,
  type RunReport,
} from "./run_directory.ts";
export { readRun, readRuns, RunError, type RunMetrics, type RunRecord } from "./run_record.ts";
export { FolderGoneError, FolderHeldError } from "./run_lock.ts";
export { type ColumnType, createTable, type TableColumns, type TableFile, type TableRows } from "./table_file.ts";
export { isDiskFull, WriteError } from "./write_error.ts";
