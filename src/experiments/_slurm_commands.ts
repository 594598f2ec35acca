/**
 * The programs of Slurm that a sweep calls.
 *
 * @module
 */

/** Thrown where Slurm does not take a sweep. */
export class SlurmError extends Error {
  /** Tells this error from others. */
  override readonly name = "SlurmError";
}

/** A task of a job array, as `12_3`. */
export type TaskId = string;

/** Options of sbatch that a sweep gives itself. */
const OWN = ["array", "chdir", "error", "open-mode", "output", "parsable", "test-only", "wait", "wrap"];

/** Their short forms. */
const SHORT: Readonly<Record<string, string>> = { a: "array", D: "chdir", e: "error", o: "output", W: "wait" };

/** States of a job that will not run any more. */
const ENDED = [
  "BOOT_FAIL",
  "CANCELLED",
  "COMPLETED",
  "DEADLINE",
  "FAILED",
  "NODE_FAIL",
  "OUT_OF_MEMORY",
  "PREEMPTED",
  "REVOKED",
  "TIMEOUT",
];

/**
 * Options of sbatch out of one text, as a shell takes it apart.
 *
 * @param text The text, such as `--partition=gpu --comment "a sweep"`.
 * @returns The options.
 * @throws {SlurmError} If a quote has no end, a word is no option, or an option is one that a sweep gives itself.
 */
export function sbatchOptions(text: string): string[] {
  const found = text.match(/(?:[^\s"']|"[^"]*"|'[^']*')+|["']/g) ?? [];
  if (found.some((word) => word === '"' || word === "'")) {
    throw new SlurmError(
      `Cannot submit the sweep to Slurm as a quote in --slurm has no end: current value is '${text}'`,
    );
  }
  const options = found.map((word) => word.replace(/"([^"]*)"|'([^']*)'/g, (_, one, other) => one ?? other));
  if (options.length > 0 && !options[0]!.startsWith("-")) {
    throw new SlurmError(
      `Cannot submit the sweep to Slurm as --slurm must be options of sbatch: current value is '${text}'`,
    );
  }
  for (const option of options) {
    const name = option.startsWith("--") ? option.slice(2).split("=")[0]! : SHORT[/^-(\w)/.exec(option)?.[1] ?? ""];
    if (name === undefined || !OWN.includes(name)) continue;
    throw new SlurmError(`Cannot submit the sweep to Slurm as it gives --${name} itself: leave it out of --slurm`);
  }
  return options;
}

/**
 * Submits a job array.
 *
 * @param args Arguments of sbatch.
 * @returns The id of the job.
 * @throws {SlurmError} If Slurm does not take it.
 */
export async function submit(args: readonly string[]): Promise<string> {
  const { code, out, err } = await outputOf("sbatch", ["--parsable", ...args]);
  const id = /^\d+/.exec(out.trim())?.[0];
  if (code === 0 && id !== undefined) return id;
  const why = err.trim().replace(/^sbatch: (error: )?/gm, "").replaceAll("\n", "; ") || `exit code ${code}`;
  throw new SlurmError(`Cannot submit the sweep to Slurm as sbatch says: ${why}`);
}

/**
 * How many tasks an array may have.
 *
 * @returns Their number; that of an unchanged configuration where Slurm does not say.
 */
export async function largestArray(): Promise<number> {
  const { out } = await outputOf("scontrol", ["show", "config"]);
  // The greatest index is one less than this, and the first is 0
  return Number(/^MaxArraySize\s*=\s*(\d+)/m.exec(out)?.[1] ?? 1001);
}

/**
 * What became of tasks.
 *
 * @param jobs The jobs.
 * @returns The state of each task that Slurm still knows, and whether it has ended; null where Slurm does not answer.
 */
export async function statesOf(
  jobs: readonly string[],
): Promise<Map<TaskId, { state: string; ended: boolean }> | null> {
  const { code, out, err } = await outputOf("squeue", [
    "--noheader",
    "--array",
    "--states=all",
    `--jobs=${jobs.join(",")}`,
    "--format=%F_%K|%T",
  ]);
  // It knows none of them
  if (code !== 0 && /invalid job id/i.test(err)) return new Map();
  if (code !== 0) return null;
  return new Map(
    out.trim().split("\n").filter((line) => line !== "").map((line) => {
      const [id = "", state = ""] = line.trim().split("|");
      return [id, { state, ended: ENDED.includes(state) }];
    }),
  );
}

/**
 * Ends tasks, waiting or running.
 *
 * @param tasks The tasks.
 */
export async function cancel(tasks: readonly TaskId[]): Promise<void> {
  // A command line has no room for all of a large sweep
  for (let first = 0; first < tasks.length; first += 1000) {
    await outputOf("scancel", tasks.slice(first, first + 1000));
  }
}

async function outputOf(program: string, args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  try {
    const { code, stdout, stderr } = await new Deno.Command(program, { args: [...args], stdin: "null" }).output();
    const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    return { code, out: out!, err: err! };
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotFound)) throw cause;
    throw new SlurmError(
      `Cannot use Slurm as there is no ${program} on this machine: run the sweep where jobs are submitted`,
      { cause },
    );
  }
}
