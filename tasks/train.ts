/**
 * Trains a recommender on a prepared or a generated dataset, and writes the run directory.
 *
 * @module
 */
import { generatedDataset } from "../src/data/generated.ts";
import { resultsOf } from "../src/experiments/results.ts";
import { datasetDigest } from "../src/data/digest.ts";
import { readDataset } from "../src/files/read_dataset.ts";
import { type FinishedMetrics, RunDirectory } from "../src/files/run_directory.ts";
import { readRuns } from "../src/files/run_record.ts";
import { isTrainable, type ModelDefinition } from "../src/models/define_model.ts";
import { MODELS } from "../src/models/models.ts";
import { protocolOf } from "../src/recommend/protocol.ts";
import { evaluationOf } from "./cli/evaluation_flags.ts";
import { parseFlags, UsageError } from "./cli/flags.ts";
import { interruptible } from "./cli/interruption.ts";
import { openTaskDevice } from "./cli/open_device.ts";
import { resultTable } from "./cli/result_table.ts";
import { aligned, protocolLine } from "./cli/results.ts";
import { quoted } from "../src/quoted.ts";
import { runTask } from "./cli/run_task.ts";
import { TaskLog } from "./cli/task_log.ts";
import { readInit, withSettings } from "./train/init.ts";
import { compared, settingsOf, trainRequest, trainTask } from "./train/flags.ts";
import { type Run, trainRun } from "./train/train_run.ts";

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
      using directory = await RunDirectory.hold(pathOf(run));
      const plan = { flags, evaluation, directory, initial, models, identity, signal, log };
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

/** The folder of a run beside others. */
function nameOf({ model, settings }: Run): string {
  return isTrainable(model) ? `${settings["optimizer"]}-${settings["seed"]}` : model.name;
}

/** The time of day as `20261123-184055`, which sorts as it reads. */
function timestamp(): string {
  return new Date().toISOString().replace(/[-:]/g, "").replace("T", "-").replace(/\..*/, "");
}

if (import.meta.main) await runTask(() => main(Deno.args));
