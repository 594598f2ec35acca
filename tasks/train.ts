/**
 * Trains a recommender on a prepared or a generated dataset, and writes the run directory.
 *
 * @module
 */
import { generatedDataset } from "../src/data/generated.ts";
import { resultsOf } from "../src/experiments/results.ts";
import type { Dataset } from "../src/data/dataset.ts";
import { datasetDigest } from "../src/data/digest.ts";
import type { Device } from "../src/device/device.ts";
import { readDataset } from "../src/files/read_dataset.ts";
import { type DatasetIdentity, type FinishedMetrics, RunDirectory } from "../src/files/run_directory.ts";
import { readRuns } from "../src/files/run_record.ts";
import { isTrainable, type ModelDefinition } from "../src/models/define_model.ts";
import type { SettingValues } from "../src/models/field.ts";
import { MODELS } from "../src/models/models.ts";
import { train } from "../src/training/train.ts";
import { protocolOf } from "../src/recommend/protocol.ts";
import { type Evaluation, evaluationOf } from "./cli/evaluation_flags.ts";
import { parseFlags, UsageError } from "./cli/flags.ts";
import { interruptible } from "./cli/interruption.ts";
import { openTaskDevice } from "./cli/open_device.ts";
import { ProgressReport } from "./cli/progress_report.ts";
import { resultTable } from "./cli/result_table.ts";
import { aligned, protocolLine, resultLine } from "./cli/results.ts";
import { quoted } from "./cli/quoted.ts";
import { runTask } from "./cli/run_task.ts";
import { TaskLog } from "./cli/task_log.ts";
import { VERSION } from "./cli/version.ts";
import { type InitialRun, readInit, startFrom, withSettings } from "./train/init.ts";
import { compared, configOf, type RunFlags, settingsOf, trainRequest, trainTask } from "./train/flags.ts";

/** One run of a command. */
interface Run {
  readonly model: ModelDefinition;
  readonly settings: SettingValues;
}

/**
 * Runs the task.
 *
 * @param args Its arguments.
 * @param models The models that there are; by default those of this package.
 */
export async function main(args: readonly string[], models: readonly ModelDefinition[] = MODELS): Promise<void> {
  const asked = await parseFlags(trainTask(models), args);
  if (asked === null) return;
  const initial = await readInit(asked, models), parsed = initial ? withSettings(asked, initial.file) : asked;
  const request = trainRequest(parsed, models), { flags, model } = request;
  if (parsed.given.has("data") && parsed.given.has("dataset")) {
    throw new UsageError("Cannot run train as --data and --dataset name two datasets: give one of them");
  }
  if (flags.resume && flags.out === undefined) {
    throw new UsageError("Cannot run train as --resume needs the run directory: give --out RUN");
  }
  if (!isTrainable(model) && flags.seeds > 1) {
    throw new UsageError(
      `Cannot run train as ${model.name} is counted, not trained: --seeds would repeat the same run`,
    );
  }
  const evaluation = evaluationOf("train", flags), log = new TaskLog(flags), { say } = log;
  await using device = await openTaskDevice(flags);
  say(`device    ${device.description}`);
  const dataset = flags.data === undefined
    ? generatedDataset({ seed: flags.datasetSeed })
    : await readDataset(flags.data);
  say(
    `dataset   ${dataset.name}: ${dataset.userCount} users, ${dataset.itemCount} items, ${dataset.train.items.length} training interactions`,
  );

  say(`model     ${model.name}`);
  const compare = flags.compare ??
    (isTrainable(model) && !["data", "optimizer"].some((name) => parsed.given.has(name)));
  const runs: Run[] = [], optimizers = compare ? compared(request.optimizer) : [request.optimizer];
  const firstSeed = request.seed;
  for (const optimizer of isTrainable(model) ? optimizers : optimizers.slice(0, 1)) {
    for (let seed = firstSeed; seed < firstSeed + (isTrainable(model) ? flags.seeds : 1); seed++) {
      const { settings, chosen } = settingsOf(request, model, dataset, optimizer, seed);
      if (runs.length === 0 && chosen.length > 0) say(`chosen    ${chosen.join("; ")} (--preset has others)`);
      runs.push({ model, settings });
    }
  }
  if (compare) {
    for (const baseline of models.filter((other) => !isTrainable(other) && other !== model)) {
      const { settings } = settingsOf(request, baseline, dataset, request.optimizer, request.seed);
      runs.push({ model: baseline, settings });
    }
  }

  const root = flags.out ?? `runs/${timestamp()}-${dataset.name}-${model.name}`;
  const pathOf = (run: Run) => runs.length === 1 ? root : `${root}/${nameOf(run)}`, results: FinishedMetrics[] = [];
  const again = flags.resume ? "run it again to go on" : `add --out ${quoted(root)} --resume to go on`;
  const identity = { name: dataset.name, digest: await datasetDigest(dataset) };
  await interruptible(`Cannot go on with '${root}'`, again, async (signal) => {
    for (const run of runs) {
      const plan = { flags, evaluation, path: pathOf(run), initial, identity, signal, log };
      results.push(await trainRun(device, dataset, run, plan));
    }
  });
  if (runs.length > 1) {
    const beside = resultsOf(await readRuns(runs.map(pathOf)));
    say(`\n${aligned(resultTable(beside, { groups: beside.groups }, evaluation.metric))}`);
  }
  const { test } = results[0]!;
  say(`\n${protocolLine(protocolOf(dataset, evaluation), test, evaluation.rankRepeats)}`);
  say(
    runs.length === 1 ? `run directory: ${root}` : `run directories: ${root}/{${runs.map(nameOf).join(",")}}`,
  );
  if (runs.length > 1) say(`\nIs the difference luck?\n  deno task results ${quoted(root)}`);
  // The tasks of a checkout know the models of this package alone
  if (!MODELS.includes(model)) return;
  const data = flags.data === undefined ? "" : ` --data ${quoted(flags.data)}`;
  const whom = data === "" ? `--history ${quoted(dataset.items[0]!)}` : `--user ${quoted(dataset.users[0]!)}`;
  say(`\nRecommend with it:\n  deno task recommend ${quoted(pathOf(runs[0]!))}${data} ${whom}`);
}

/** What all runs of a command have in common, and where one is written. */
interface RunPlan {
  readonly flags: RunFlags;
  readonly evaluation: Evaluation;
  readonly path: string;
  readonly initial: InitialRun | null;
  readonly identity: DatasetIdentity;
  readonly signal: AbortSignal;
  readonly log: TaskLog;
}

/** The folder of a run beside others. */
function nameOf({ model, settings }: Run): string {
  return isTrainable(model) ? `${settings["optimizer"]}-${settings["seed"]}` : model.name;
}

/** Trains one run; with `--resume`, goes on from where it was, and leaves it as it is where it has finished. */
async function trainRun(
  device: Device,
  dataset: Dataset,
  { model, settings }: Run,
  { flags, evaluation, path, initial, identity, signal, log: { say, tell } }: RunPlan,
): Promise<FinishedMetrics> {
  const begin = performance.now();
  const label = isTrainable(model) ? `${settings["optimizer"]} seed ${settings["seed"]}` : model.name;
  const run = { config: configOf(model, settings, flags), dataset: identity };
  using directory = await RunDirectory.hold(path);
  let isStarted = flags.resume && await directory.resume(run);
  const finished = isStarted ? await directory.metrics() : null;
  if (finished) {
    say(resultLine(label, finished));
    tell({ type: "result", run: path, ...finished });
    return finished;
  }
  const from = isStarted ? await directory.rewind() : null;
  if (from) say(`${label}  goes on ${from.part ? "in" : "after"} epoch ${from.epoch + (from.part ? 1 : 0)}`);
  const begun = initial && !from && isTrainable(model) ? await startFrom(device, initial, dataset, settings) : null;
  if (begun) say(`${label}  starts from ${begun.words}`);
  let trained = from?.epoch ?? 0;
  using report = new ProgressReport(label, Number(settings["epochs"] ?? 0), from?.epoch, {
    metric: evaluation.metric,
    say,
  });
  const result = await train(device, dataset, model, settings, {
    evaluation,
    from,
    initial: begun?.start ?? null,
    stop: { signal, grace: flags.grace, ...flags.checkpointEvery && { checkpointEvery: flags.checkpointEvery } },
    async onEvent(event) {
      if (event.type === "epoch") trained = event.epoch;
      // Not before the first event: what cannot be trained leaves nothing behind.
      if (!isStarted) await directory.start(run);
      isStarted = true;
      await directory.log(event);
      tell({ ...event, run: path });
      report.show(event);
    },
    onCheckpoint: (checkpoint) => directory.checkpoint(checkpoint),
  });
  const digest = await directory.finish(result, dataset, {
    version: VERSION,
    protocol: protocolOf(dataset, evaluation),
    device: device.description,
    seconds: Math.round(performance.now() - begin) / 1000,
    keepCheckpoint: flags.keepCheckpoint,
  });
  const { bestEpoch, valid, test } = result;
  tell({ type: "result", run: path, digest, bestEpoch, valid, test });
  report.finish(`${resultLine(label, result)}  digest ${digest.slice(0, 12)}`);
  if (isTrainable(model) && result.bestEpoch === 0 && Number(settings["epochs"]) > 0) {
    console.error(
      `warning: ${label} never ranked better than before training by validation ${evaluation.metric.toUpperCase()}: the model is ` +
        "that of the start; try more --epochs, another --learning-rate, or look at the order of the log",
    );
  }
  if (from && trained === from.epoch && from.epoch < Number(settings["epochs"])) {
    say(`${label}  had ended by --patience ${settings["patience"]}: --patience 0 trains on`);
  }
  return result;
}

/** The time of day as `20261123-184055`, which sorts as it reads. */
function timestamp(): string {
  return new Date().toISOString().replace(/[-:]/g, "").replace("T", "-").replace(/\..*/, "");
}

if (import.meta.main) await runTask(() => main(Deno.args));
