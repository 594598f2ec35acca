import type { ModelDefinition } from "../models/define_model.ts";
import type { SettingValues } from "../models/field.ts";
import { writeWhole } from "./part_file.ts";
import type { FinishedMetrics } from "./run_directory.ts";

/** A run of a comparison. */
export interface ComparedRun {
  /** Folder of the run. */
  readonly run: string;
  /** The model. */
  readonly model: ModelDefinition;
  /** Its settings. */
  readonly settings: SettingValues;
  /** Its result. */
  readonly result: FinishedMetrics;
}

/**
 * Writes `comparison.json` (settings and metrics of each run) and `comparison.csv` (a line a run) beside the run
 * directories of a comparison.
 *
 * @param path The folder of the comparison.
 * @param protocol How the metrics were made, in words.
 * @param runs Its runs.
 */
export function writeComparison(path: string, protocol: string, runs: readonly ComparedRun[]): void {
  const rows = runs.map(({ run, model, settings, result: { bestEpoch, valid, test } }) => (
    { run, model: model.name, settings, bestEpoch, valid, test }
  ));
  writeWhole(`${path}/comparison.json`, `${JSON.stringify({ protocol, runs: rows }, null, 2)}\n`);
  const names = Object.keys(rows[0]!.test) as (keyof FinishedMetrics["test"])[];
  const head = ["run", "model", "optimizer", "seed", "best_epoch", ...names];
  const lines = rows.map(({ run, model, settings, bestEpoch, test }) => [
    run,
    model,
    settings["optimizer"] ?? "",
    settings["seed"] ?? "",
    bestEpoch,
    ...names.map((name) => test[name]),
  ]);
  writeWhole(`${path}/comparison.csv`, [head, ...lines].map((cells) => cells.join(",") + "\n").join(""));
}
