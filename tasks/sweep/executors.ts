import type { Executor } from "../../src/experiments/executor.ts";
import { LocalExecutor } from "../../src/experiments/local.ts";
import { thisMachine } from "../../src/experiments/machine.ts";
import { QueueAddress } from "../../src/experiments/queue_address.ts";
import { sbatchOptions, SlurmExecutor } from "../../src/experiments/slurm.ts";
import { UsageError } from "../cli/declaration.ts";
import type { Flags } from "../cli/flags.ts";

const GROUP = "Other machines";

/** The flag of a queue, of whoever puts something on it or takes something from it. */
export const queueFlag = {
  kind: "string",
  placeholder: "URL",
  description: "Redis or Valkey: redis://HOST, or encrypted rediss://USER:PASSWORD@HOST:PORT/DATABASE",
  group: GROUP,
} as const satisfies Flags[string];

/** Flags of who runs a sweep where that is not this machine. */
export const clusterFlags = {
  slurm: {
    kind: "string",
    placeholder: "OPTIONS",
    holdsFlags: true,
    description:
      'With --on slurm: options of sbatch, such as "--partition=gpu --time=2:00:00 --cpus-per-task=4 --mem=4G"',
    group: GROUP,
  },
  queue: { ...queueFlag, description: `With --on queue: ${queueFlag.description}` },
  detach: {
    kind: "boolean",
    default: false,
    description: "End when the runs are submitted; run it again to follow them",
    group: GROUP,
  },
  withdraw: {
    kind: "boolean",
    default: false,
    description: "Take back what was submitted and has not ended; of a queue, what no worker has begun",
    group: GROUP,
  },
} as const satisfies Flags;

/** What the command line says of it. */
export interface ExecutorFlags {
  /** `--on`. */
  readonly on: "local" | "slurm" | "queue";
  /** `--jobs`. */
  readonly jobs: number | undefined;
  /** `--threads`. */
  readonly threads: number | undefined;
  /** `--slurm`. */
  readonly slurm: string | undefined;
  /** `--queue`. */
  readonly queue: string | undefined;
  /** `--detach`. */
  readonly detach: boolean;
  /** `--withdraw`. */
  readonly withdraw: boolean;
}

/** What the module of the queue has. */
interface QueueModule {
  readonly QueueExecutor: new (options: { readonly address: QueueAddress; readonly detach: boolean }) => Executor;
}

/**
 * Who carries out the runs.
 *
 * @param flags The command line.
 * @param jobs Runs at a time on this machine.
 * @returns The executor.
 * @throws {UsageError} If a flag is of another one, or missing.
 * @throws {SlurmError} If the options for Slurm are none.
 * @throws {QueueError} If the address of the queue is none.
 */
export async function executorOf(flags: ExecutorFlags, jobs: number): Promise<Executor> {
  const { on, threads, detach } = flags, cannot = "Cannot run sweep as";
  if (flags.slurm !== undefined && on !== "slurm") throw new UsageError(`${cannot} --slurm needs --on slurm`);
  for (const name of ["detach", "withdraw"] as const) {
    if (flags[name] && on === "local") throw new UsageError(`${cannot} --${name} needs --on slurm or --on queue`);
  }
  switch (on) {
    case "local":
      return new LocalExecutor({ jobs, cores: threads === undefined ? thisMachine().cores : null });
    case "slurm":
      return new SlurmExecutor({ options: sbatchOptions(flags.slurm ?? ""), limit: flags.jobs ?? null, detach });
    case "queue": {
      if (flags.jobs !== undefined) {
        throw new UsageError(`${cannot} how many runs there are at a time is up to the workers: give --jobs to them`);
      }
      const address = addressOf("sweep", flags.queue);
      // Its library is loaded where a queue is asked for, and nowhere else: not by its name, nor for its types
      const { QueueExecutor }: QueueModule = await import(
        new URL("../../src/experiments/queue.ts", import.meta.url).href
      );
      return new QueueExecutor({ address, detach });
    }
  }
}

/**
 * Reads the flag of a queue.
 *
 * @param task Name of the task, for messages.
 * @param url The flag.
 * @returns The address.
 * @throws {UsageError} If it is not given.
 * @throws {QueueError} If it is none.
 */
export function addressOf(task: string, url: string | undefined): QueueAddress {
  if (url === undefined) {
    throw new UsageError(
      `Cannot run ${task} as --queue is missing: give redis://HOST, or in the variable SEVO_QUEUE where it has a password`,
    );
  }
  return new QueueAddress(url);
}
