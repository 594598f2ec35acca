import { assert, assertEquals } from "@std/assert";
import { readRuns } from "../../src/files/run_record.ts";

const { tasks } = JSON.parse(await Deno.readTextFile(new URL("../../deno.json", import.meta.url))) as {
  tasks: Record<string, string>;
};

/** A task as a process that can be killed: `deno task` would stand between. */
export class TaskProcess {
  readonly #child: Deno.ChildProcess;
  readonly #output: Promise<void>[];
  /** What it has printed so far, on standard output and error. */
  said = "";

  /**
   * Starts it, with the permissions that deno.json gives it.
   *
   * @param args Name and arguments.
   * @param env Variables.
   */
  constructor(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    const [name, ...rest] = args, [, ...flags] = tasks[name!]!.split(" ");
    this.#child = new Deno.Command(Deno.execPath(), {
      args: [...flags, ...rest],
      env: { NO_COLOR: "1", ...env },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const listen = async (stream: ReadableStream<Uint8Array>) => {
      for await (const text of stream.pipeThrough(new TextDecoderStream())) this.said += text;
    };
    this.#output = [listen(this.#child.stdout), listen(this.#child.stderr)];
  }

  /**
   * Sends it a signal.
   *
   * @param signal The signal.
   */
  kill(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /** Waits for its end, and gives its exit code. */
  async ended(): Promise<number> {
    await Promise.all(this.#output);
    return (await this.#child.status).code;
  }

  /**
   * Waits until it has printed something.
   *
   * @param pattern What.
   */
  async hasSaid(pattern: RegExp): Promise<void> {
    let isOver = false;
    this.#child.status.then(() => isOver = true);
    while (!pattern.test(this.said)) {
      if (isOver) throw new Error(`It ended without saying ${pattern}:\n${this.said}`);
      await after(20);
    }
  }
}

/**
 * Runs a task to its end.
 *
 * @param args Name and arguments.
 * @param code The exit code that it must have.
 * @param env Variables.
 * @returns What it printed.
 */
export async function runToEnd(args: readonly string[], code = 0, env: Record<string, string> = {}): Promise<string> {
  const task = new TaskProcess(args, env), ended = await task.ended();
  assertEquals(ended, code, task.said);
  return task.said;
}

/**
 * Writes a spec of short runs on the generated dataset.
 *
 * @param folder Where.
 * @param changes What is other than usual.
 * @returns Its path.
 */
export async function writeSpec(folder: string, changes: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const { base, ...rest } = changes;
  const path = `${folder}/spec.json`;
  await Deno.writeTextFile(
    path,
    JSON.stringify({
      base: {
        model: "mf-bpr",
        dimension: 8,
        epochs: 3,
        evalEvery: 1,
        device: "cpu",
        ...base as Record<string, unknown>,
      },
      ...rest,
    }),
  );
  return path;
}

/**
 * Digests of the weights of finished runs.
 *
 * @param folder The output folder.
 * @returns The digest of each, by its name.
 */
export async function digestsOf(folder: string): Promise<Record<string, string | undefined>> {
  const runs = await readRuns([folder]);
  return Object.fromEntries(runs.map(({ path, metrics }) => [path.split("/").at(-1)!, metrics?.digest]));
}

/**
 * Every run trained each epoch once, whatever happened to it: what was lost was taken back.
 *
 * @param folder The output folder.
 * @param epochs How many epochs each has.
 */
export async function assertNoneTwice(folder: string, epochs: number): Promise<void> {
  for (const { path, events } of await readRuns([folder])) {
    const trained = events.flatMap((event) => event.type === "epoch" ? [event.epoch] : []);
    assertEquals(trained, Array.from({ length: epochs }, (_, at) => at + 1), path);
  }
}

/**
 * A text has something in it.
 *
 * @param text The text.
 * @param pattern What.
 */
export function assertMatch(text: string, pattern: RegExp): void {
  assert(pattern.test(text), `There is no ${pattern} in:\n${text}`);
}

/** Waits. */
export function after(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/**
 * Waits until something is so.
 *
 * @param condition What.
 */
export async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  while (!await condition()) await after(20);
}

/** Whether there is a file. */
export function isThere(path: string): Promise<boolean> {
  return Deno.stat(path).then(() => true, () => false);
}

/**
 * The process that is at a run.
 *
 * @param run The run directory.
 * @returns Its id; null where there is none.
 */
export async function processAt(run: string): Promise<number | null> {
  try {
    return JSON.parse(await Deno.readTextFile(`${run}/.lock`)).process;
  } catch {
    return null;
  }
}

/**
 * Whether a program is installed. Where it must be, by a variable, it is an error that it is not.
 *
 * @param program The program.
 * @param variable The variable.
 * @returns Whether it is.
 */
export function isInstalled(program: string, variable: string): boolean {
  try {
    new Deno.Command(program, { args: ["--version"], stdout: "null", stderr: "null" }).outputSync();
    return true;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    if (Deno.env.get(variable) === "1") throw new Error(`Cannot test as ${program} is not there and ${variable} is 1`);
    return false;
  }
}
