/**
 * What is on disk: prepared datasets, run directories and model files.
 *
 * @module
 */
export { DatasetError, readDataset } from "./read_dataset.ts";
export {
  type ComparedRun,
  type FinishedMetrics,
  PROTOCOL,
  readModel,
  RunDirectory,
  writeComparison,
} from "./run_directory.ts";
