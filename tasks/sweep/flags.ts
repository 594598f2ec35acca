/**
 * The command line of `sweep`, and what its specs may say.
 *
 * @module
 */
import type { SettingFields, SpecOptions } from "../../src/experiments/spec.ts";
import type { ModelDefinition } from "../../src/models/define_model.ts";
import { defineTask, type Parsed } from "../cli/flags.ts";
import { logFlags } from "../cli/task_log.ts";
import { trainTask } from "../train/flags.ts";
import { clusterFlags } from "./executors.ts";
import { jobsFlag } from "./jobs.ts";

const SAMPLE = `{
  // What all runs have: settings and flags of train
  "base": { "data": ["data/beauty", "data/toys"], "model": "sasrec", "epochs": 100 },
  // Every combination of these
  "grid": { "beta": [0.9, 0.99], "propagation": ["neumann", "iterative"] },
  // ... with each of these draws (a "list" of settings is taken in the same way)
  "random": {
    "count": 10,
    "seed": 1,
    "settings": { "learningRate": { "min": 0.0001, "max": 0.01, "log": true }, "dropout": [0.1, 0.3, 0.5] }
  },
  // ... with each seed: 1, 2 and 3
  "seeds": 3,
  // After 10, 30 and 90 epochs only the best third goes on
  "halve": { "every": 10, "keep": 0.3333 }
}`;

/** The command line. */
export const task = defineTask({
  name: "sweep",
  summary:
    "Trains many runs that a spec describes, each in a run directory of its own that is named by its settings. Run it " +
    "again to go on: what has finished is left, what was interrupted goes on, and what is new in the spec is added.",
  argument: {
    placeholder: "SPEC",
    required: true,
    description: "The spec: JSON with comments; docs/sweeps.md says more",
  },
  examples: [
    ["spec.json --out runs/sweep --dry-run", "which runs there are, how far they are, and how long the rest will take"],
    ["spec.json --out runs/sweep", "run them, or go on with them"],
    ["spec.json --out runs/sweep --only beta=0.9 --jobs 1", "those whose name has this in it, one at a time"],
    ["spec.json --out runs/sweep --of 8", "one part of eight, in an array of jobs that says which"],
  ],
  samples: { "A spec": SAMPLE },
  config: false,
  flags: {
    out: {
      kind: "string",
      placeholder: "DIR",
      required: true,
      description: "Folder of the run directories",
      group: "Output",
    },
    on: {
      kind: "choice",
      choices: ["local", "slurm", "queue"],
      default: "local",
      placeholder: "WHERE",
      description: "Who runs them: processes of this machine, jobs of Slurm, or deno task worker by way of a queue",
      group: "Runs",
    },
    dryRun: {
      kind: "boolean",
      default: false,
      description: "Only show the plan, what is done of it, and an estimate of the time it takes",
      group: "Runs",
    },
    jobs: jobsFlag,
    only: {
      kind: "string",
      placeholder: "TEXT",
      description: "Only runs whose name has this in it",
      group: "Runs",
    },
    index: {
      kind: "integer",
      min: 0,
      description: "Run the N-th part, from 0 on (default: what Slurm, AWS Batch, Cloud Run or Kubernetes says, " +
        "where this is a job of an array)",
      group: "Runs",
    },
    of: {
      kind: "integer",
      min: 1,
      placeholder: "M",
      description: "Number of parts (default: what Slurm, AWS Batch or Cloud Run says)",
      group: "Runs",
    },
    ...clusterFlags,
    run: {
      kind: "string",
      placeholder: "NAME",
      description: "Carry out this one run in this process: may be killed and repeated",
      group: "Runs",
    },
    attached: {
      kind: "boolean",
      default: false,
      description: "With --run: the end of standard input asks it to end, as SIGTERM does",
      group: "Runs",
    },
    device: {
      kind: "choice",
      choices: ["auto", "cpu", "webgpu"],
      description: "Device of all runs (default: that of the spec, else auto)",
      group: "Device",
    },
    threads: {
      kind: "integer",
      min: 1,
      max: 256,
      description: "Threads of a run on the cpu (default: its share of the cores)",
      group: "Device",
    },
    ...logFlags,
    checkpointEvery: {
      kind: "number",
      above: 0,
      placeholder: "MINUTES",
      description: "Save a checkpoint of a run so often, besides those after validations",
      group: "Output",
    },
    grace: {
      kind: "number",
      min: 0,
      default: 8,
      placeholder: "SECONDS",
      description: "Time for each run to reach the end of its epoch when the task is asked to end",
      group: "Output",
    },
  },
});

/** What the command line says. */
export type SweepFlags = Parsed<typeof task.flags>["values"];

const OWN = "it is a flag of sweep";

/** Flags of train that are not for a spec, and what to do instead. */
const REFUSED: Readonly<Record<string, string>> = {
  out: "the sweep gives each run a folder of its own",
  resume: "a sweep always goes on with what is there",
  seed: "give seeds, beside base",
  seeds: "give seeds, beside base",
  compare: "give the optimizers to compare in grid",
  config: "give preset, or the settings themselves",
  keepCheckpoint: "a sweep keeps no checkpoint of a run that has ended",
  threads: OWN,
  quiet: OWN,
  log: OWN,
  checkpointEvery: OWN,
  grace: OWN,
};

/**
 * What a spec is checked against.
 *
 * @param models The models that there are.
 * @param file Name of the spec's file, for messages.
 * @returns The settings, and what is no setting of a spec.
 */
export function specOptions(models: readonly ModelDefinition[], file?: string): SpecOptions {
  // No flag of train is a list
  const fields = trainTask(models).flags as unknown as SettingFields;
  return { fields, refused: REFUSED, ...file !== undefined && { file } };
}
