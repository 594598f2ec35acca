/**
 * Trains a recommender on a prepared or a generated dataset, and writes the run directory.
 *
 * @module
 */
import { generatedDataset } from "../src/data/generated.ts";
import { readDataset } from "../src/files/read_dataset.ts";
import type { Dataset } from "../src/data/dataset.ts";
import type { Device } from "../src/device/device.ts";
import { type FinishedMetrics, RunDirectory } from "../src/files/run_directory.ts";
import type { TrainingSettings } from "../src/training/settings.ts";
import { train } from "../src/training/train.ts";
import { parseFlags, UsageError } from "./cli/flags.ts";
import { openTaskDevice } from "./cli/open_device.ts";
import { runTask } from "./cli/run_task.ts";
import { ProgressReport } from "./cli/progress_report.ts";
import { compared, configOf, ratesOfRule, settingsOf, type TrainFlags, trainTask } from "./train/flags.ts";
import { comparisonTable, type FinishedRun, protocolLine, resultLine } from "./cli/results.ts";

/**
 * Runs the task.
 *
 * @param args Its arguments.
 */
export async function main(args: readonly string[]): Promise<void> {
  const parsed = await parseFlags(trainTask, args);
  if (parsed === null) return;
  const { given } = parsed, values = ratesOfRule(parsed);
  if (given.has("data") && given.has("dataset")) {
    throw new UsageError("Cannot run train as --data and --dataset name two datasets: give one of them");
  }
  if (values.resume && values.out === undefined) {
    throw new UsageError("Cannot run train as --resume needs the run directory: give --out RUN");
  }
  const compare = values.compare ?? !(given.has("data") || given.has("optimizer"));
  const optimizers = compare ? compared(values.optimizer) : [values.optimizer];

  await using device = await openTaskDevice(values);
  console.log(`device    ${device.description}`);
  const runs: TrainingSettings[] = [];
  for (const optimizer of optimizers) {
    for (let seed = values.seed; seed < values.seed + values.seeds; seed++) {
      runs.push(settingsOf(values, optimizer, seed));
    }
  }
  const dataset = values.data === undefined
    ? generatedDataset({ seed: values.datasetSeed })
    : await readDataset(values.data);
  console.log(
    `dataset   ${dataset.name}: ${dataset.userCount} users, ${dataset.itemCount} items, ${dataset.trainItems.length} training interactions`,
  );
  const root = values.out ?? `runs/${timestamp()}-${dataset.name}-${values.model}`;
  const results: FinishedRun[] = [];
  for (const settings of runs) {
    const path = runs.length === 1 ? root : `${root}/${settings.optimizer}-${settings.seed}`;
    const result = await trainRun(device, dataset, settings, values, path);
    results.push({ settings, result });
  }
  if (runs.length > 1) console.log(`\n${comparisonTable(results)}`);
  console.log(`\n${protocolLine(results[0]!.result.test.users)}`);
  console.log(
    runs.length === 1 ? `run directory: ${root}` : `run directories: ${root}/<optimizer>-<seed>`,
  );
}

/** Trains one run; with `--resume`, goes on from where it was, and leaves it as it is where it has finished. */
async function trainRun(
  device: Device,
  dataset: Dataset,
  settings: TrainingSettings,
  values: TrainFlags,
  path: string,
): Promise<FinishedMetrics> {
  const config = configOf(settings, values);
  let directory = values.resume ? await RunDirectory.open(path, config) : null;
  const finished = await directory?.metrics();
  if (finished) {
    console.log(resultLine(settings, finished));
    return finished;
  }
  const from = await directory?.rewind() ?? null;
  if (from) console.log(`${settings.optimizer} seed ${settings.seed}  goes on after epoch ${from.epoch}`);
  await using report = new ProgressReport(`${settings.optimizer} seed ${settings.seed}`, settings.epochs, from?.epoch);
  const result = await train(device, dataset, settings, async (event) => {
    // Not before the first event: what cannot be trained leaves nothing behind.
    directory ??= await RunDirectory.create(path, config);
    await directory.log(event);
    report.show(event);
  }, { from, onCheckpoint: (checkpoint) => directory!.checkpoint(checkpoint) });
  await directory!.finish(result, settings, dataset, device.description);
  await report.finish(resultLine(settings, result));
  return result;
}

/** The time of day as `20261123-184055`, which sorts as it reads. */
function timestamp(): string {
  return new Date().toISOString().replace(/[-:]/g, "").replace("T", "-").replace(/\..*/, "");
}

if (import.meta.main) await runTask(() => main(Deno.args));
