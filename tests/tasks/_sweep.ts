import { main } from "../../tasks/sweep.ts";
import { outputOf } from "./_tiny.ts";

const { tasks } = JSON.parse(await Deno.readTextFile(new URL("../../deno.json", import.meta.url)));
const PERMISSIONS: string[] = tasks.sweep.split(" ").filter((word: string) => word.startsWith("--allow-"));

/** What is asked of every sweep: what is tested here is not the device. */
export const CPU = ["--device", "cpu"] as const;

/**
 * Writes a spec into a folder.
 *
 * @param folder The folder.
 * @param spec What it says.
 * @returns Its path.
 */
export async function specIn(folder: string, spec: unknown): Promise<string> {
  const path = `${folder}/spec.json`;
  await Deno.writeTextFile(path, JSON.stringify(spec, null, 2));
  return path;
}

/**
 * Starts a sweep as `deno task` does, with the permissions that deno.json gives it, as a process that can be killed.
 *
 * @param args Its arguments.
 * @param env Variables of the environment.
 * @returns The process.
 */
export function spawnSweep(args: readonly string[], env: Readonly<Record<string, string>> = {}): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--cached-only", ...PERMISSIONS, "tasks/sweep.ts", ...args, ...CPU],
    env: { NO_COLOR: "1", ...env },
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/**
 * Waits for a process.
 *
 * @param child The process.
 * @returns Its exit code and what it printed.
 */
export async function ended(child: Deno.ChildProcess): Promise<{ code: number; out: string; err: string }> {
  const { code, stdout, stderr } = await child.output();
  return { code, out: new TextDecoder().decode(stdout), err: new TextDecoder().decode(stderr) };
}

/**
 * Runs a sweep in this process; its runs are processes of their own, unless `--run` names one.
 *
 * @param args Its arguments.
 * @returns What it printed.
 */
export async function sweepHere(...args: string[]): Promise<string> {
  return await outputOf(main, ...args, ...CPU);
}

/**
 * Names of the runs in an output folder that have a result.
 *
 * @param out The folder.
 * @returns The names, in order.
 */
export async function finishedIn(out: string): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const { name } of Deno.readDir(out)) {
      if (await Deno.stat(`${out}/${name}/metrics.json`).then(() => true, () => false)) names.push(name);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return names.sort();
}

/**
 * The results in an output folder.
 *
 * @param out The folder.
 * @returns Digest of the weights and epochs of the log, in order, by run.
 */
export async function resultsIn(out: string): Promise<Record<string, { digest: string; epochs: number[] }>> {
  const results: Record<string, { digest: string; epochs: number[] }> = {};
  for (const name of await finishedIn(out)) {
    const { digest } = JSON.parse(await Deno.readTextFile(`${out}/${name}/metrics.json`));
    const events = (await Deno.readTextFile(`${out}/${name}/events.jsonl`)).trimEnd().split("\n");
    const epochs = events.map((line) => JSON.parse(line)).filter(({ type }) => type === "epoch");
    results[name] = { digest, epochs: epochs.map(({ epoch }) => epoch) };
  }
  return results;
}

/**
 * Waits until something is so.
 *
 * @param condition What it asks, again and again.
 */
export async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!await condition()) await new Promise((resolve) => setTimeout(resolve, 20));
}
