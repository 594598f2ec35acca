/**
 * Takes runs of sweeps from a queue, and carries them out on this machine.
 *
 * @module
 */
import type { SweepEvent } from "../src/experiments/executor.ts";
import { thisMachine } from "../src/experiments/machine.ts";
import { work } from "../src/experiments/queue_worker.ts";
import type { ModelDefinition } from "../src/models/define_model.ts";
import { MODELS } from "../src/models/models.ts";
import { variableOf } from "./cli/environment.ts";
import { defineTask, parseFlags } from "./cli/flags.ts";
import { interruptible } from "./cli/interruption.ts";
import { deviceFlags } from "./cli/open_device.ts";
import { runTask } from "./cli/run_task.ts";
import { logFlags, TaskLog } from "./cli/task_log.ts";
import { startOf } from "./sweep/command.ts";
import { addressOf, queueFlag } from "./sweep/executors.ts";
import { fittingJobs, jobsFlag } from "./sweep/jobs.ts";

const task = defineTask({
  name: "worker",
  summary:
    "Takes runs that deno task sweep --on queue has put on a queue, and carries them out, until it is ended by " +
    "SIGTERM: its runs save a checkpoint then, and another worker goes on with them. Any machine will do that sees the " +
    "data and the output folder by the same paths.",
  examples: [
    ["--queue redis://host", "as many runs at a time as fit this machine"],
    [
      "--queue redis://host --jobs 1 --device webgpu --idle 10",
      "one at a time on the GPU, until there was none for ten minutes",
    ],
  ],
  config: false,
  flags: {
    queue: { ...queueFlag, group: "Queue" },
    jobs: jobsFlag,
    idle: {
      kind: "number",
      above: 0,
      placeholder: "MINUTES",
      description: "End where there was no run for so long (default: wait for ever)",
      group: "Runs",
    },
    lostAfter: {
      kind: "number",
      min: 1,
      max: 3600,
      default: 30,
      placeholder: "SECONDS",
      description: "Another worker takes over a run whose worker was not heard of for so long",
      group: "Queue",
    },
    device: { ...deviceFlags.device, default: "auto", description: "Device of its runs; auto takes that of the sweep" },
    threads: { ...deviceFlags.threads, description: "Threads of a run on the cpu (default: its share of the cores)" },
    ...logFlags,
  },
});

/**
 * Runs the task.
 *
 * @param args Its arguments.
 * @param models The models that there are; by default those of this package.
 */
export async function main(args: readonly string[], models: readonly ModelDefinition[] = MODELS): Promise<void> {
  const parsed = await parseFlags(task, args);
  if (parsed === null) return;
  const { values } = parsed, { device, idle = null, lostAfter } = values, log = new TaskLog(values);
  const address = addressOf("worker", values.queue), machine = thisMachine();
  const jobs = values.jobs ?? await fittingJobs(new Set([device]));
  const threads = values.threads ?? Math.max(1, Math.floor(machine.cores / jobs));
  log.say(`queue     ${address}`);
  log.say(`at once   ${jobs}`);
  await interruptible(
    "Cannot go on with the runs of this worker",
    "another worker goes on with them",
    async (signal) => {
      await work({
        address,
        start: startOf(models),
        flags: ["--threads", `${threads}`, ...device === "auto" ? [] : ["--device", device]],
        jobs,
        lostAfter,
        idle,
        signal,
        // A run needs no queue, and none of its files shall have the password
        variables: { [variableOf("queue")]: "" },
        report: (event) => tell(event, log),
      });
      signal.throwIfAborted();
    },
  );
}

function tell(event: SweepEvent, { say, tell }: TaskLog): void {
  switch (event.type) {
    case "start":
      say(`${event.name}  begins`);
      return tell({ type: "start", run: event.name });
    case "progress":
      return tell({ ...event.event, run: event.name });
    case "repeat":
      say(`${event.name}  goes back to the queue: ${event.reason}`);
      return tell({ type: "repeat", run: event.name, reason: event.reason });
    case "note":
      say(event.text);
      return tell({ type: "note", text: event.text });
    case "end": {
      const { name, status, code, reason } = event.outcome;
      say(`${name}  ${status === "done" ? "is done" : `has failed: ${reason}`}`);
      return tell({ type: "outcome", run: name, status, code, ...reason !== undefined && { reason } });
    }
  }
}

if (import.meta.main) await runTask(() => main(Deno.args));
