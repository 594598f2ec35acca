/**
 * Repeats the published runs and reports how near they come.
 *
 * @module
 */
import { type Experiment, EXPERIMENTS } from "./reproduce/published.ts";
import { type Progress, reproductionReport, withReport } from "./reproduce/report.ts";
import { defineTask, parseFlags, UsageError } from "./cli/flags.ts";
import { deviceFlags } from "./cli/open_device.ts";
import { runTask } from "./cli/run_task.ts";
import { main as train } from "./train.ts";

const task = defineTask({
  name: "reproduce",
  summary:
    "Repeats the published runs with their published settings, goes on with those that were interrupted, and writes a " +
    "report of learning curves and results next to the published ones. All of them take hours; the report is written " +
    "after each run, with as much as there is; runs that are not in --out keep the rows they have in it.",
  examples: [
    ["", "all runs, the shortest first"],
    ["--only sasrec", "the runs whose name has 'sasrec' in it, such as beauty-sasrec-adamw-2"],
    ["--report", "no training, just the report of what there is"],
  ],
  flags: {
    only: { kind: "string", placeholder: "TEXT", description: "Only runs whose name has this in it" },
    data: {
      kind: "string",
      placeholder: "DIR",
      default: "data",
      description: "Where beauty, toys and ml-1m lie, prepared",
    },
    out: { kind: "string", placeholder: "DIR", default: "runs/reproduce", description: "Where the run directories go" },
    to: {
      kind: "string",
      placeholder: "FILE",
      default: "docs/results.md",
      description: "Document that the report is written into",
    },
    report: { kind: "boolean", default: false, description: "Only write the report" },
    ...deviceFlags,
    device: { ...deviceFlags.device, default: "cpu" },
  },
});

/**
 * Runs the task.
 *
 * @param args Its arguments.
 */
export async function main(args: readonly string[]): Promise<void> {
  const parsed = await parseFlags(task, args);
  if (parsed === null) return;
  const { only, data, out, to, report, device, threads } = parsed.values;
  const wanted = EXPERIMENTS.filter((experiment) => nameOf(experiment).includes(only ?? ""));
  if (wanted.length === 0) {
    throw new UsageError(
      `Cannot run reproduce as no run has '${only}' in its name: there are ${EXPERIMENTS.map(nameOf).join(", ")}`,
    );
  }
  const write = async () => {
    const runs = await Promise.all(EXPERIMENTS.map((experiment) => progressOf(experiment, { data, out, device })));
    const document = await textOf(to) ?? "";
    await Deno.writeTextFile(to, withReport(document, reproductionReport(runs, document)));
  };
  for (const experiment of report ? [] : wanted) {
    console.log(`\n${nameOf(experiment)}`);
    const threadFlags = threads === undefined ? [] : ["--threads", `${threads}`];
    await train([...argumentsOf(experiment, { data, out, device }), ...threadFlags]);
    await write();
  }
  await write();
  console.log(`\nreport: ${to}`);
}

function nameOf({ dataset, model, optimizer, seed }: Experiment): string {
  return `${dataset}-${model}-${optimizer}-${seed}`;
}

/** Where runs are read from and written to, and what they run on. */
interface Places {
  readonly data: string;
  readonly out: string;
  readonly device: string;
}

function argumentsOf(experiment: Experiment, { data, out, device }: Places): string[] {
  const { dataset, model, optimizer, seed, epochs } = experiment;
  return [
    "--config",
    `configs/${dataset}/${model}.json`,
    "--data",
    `${data}/${dataset}`,
    "--optimizer",
    optimizer,
    "--seed",
    `${seed}`,
    ...epochs === undefined ? [] : ["--epochs", `${epochs}`],
    "--out",
    `${out}/${nameOf(experiment)}`,
    "--resume",
    "--device",
    device,
  ];
}

async function progressOf(experiment: Experiment, places: Places): Promise<Progress> {
  const path = `${places.out}/${nameOf(experiment)}`;
  const lines = (await textOf(`${path}/events.jsonl`) ?? "").split("\n").filter((line) => line.endsWith("}"));
  const metrics = await textOf(`${path}/metrics.json`);
  return {
    experiment,
    command: `deno task train ${argumentsOf(experiment, places).join(" ")}`,
    events: lines.map((line) => JSON.parse(line)),
    device: metrics && JSON.parse(metrics).device,
  };
}

async function textOf(path: string): Promise<string | null> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

if (import.meta.main) await runTask(() => main(Deno.args));
