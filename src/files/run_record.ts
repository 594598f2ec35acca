import { parseJson } from "../json.ts";
import type { TrainingEvent } from "../training/train.ts";
import { readIfThere } from "./read_if_there.ts";
import type { DatasetIdentity, FinishedMetrics } from "./run_directory.ts";
import { isFinishedMetrics, parsedObject } from "./_run_json.ts";

/** What `metrics.json` of a finished run says. */
export interface RunMetrics extends FinishedMetrics {
  /** Version of the program. */
  readonly version: string;
  /** How the metrics were made, in words. */
  readonly protocol: string;
  /** What it was trained with. */
  readonly device: string;
  /** Seconds of the process that finished it. */
  readonly seconds: number;
  /** Digest of the weights. */
  readonly digest: string;
  /** When it was started. */
  readonly started: string;
  /** When it was finished. */
  readonly ended: string;
}

/** What the files of a run say, but for its weights. */
export interface RunRecord {
  /** Its folder. */
  readonly path: string;
  /** Every setting and flag, as `config.json` has it. */
  readonly config: Readonly<Record<string, unknown>>;
  /** What it is trained on. */
  readonly dataset: DatasetIdentity;
  /** What has happened so far. */
  readonly events: readonly TrainingEvent[];
  /** Its result; null where it has not finished. */
  readonly metrics: RunMetrics | null;
}

/**
 * Thrown where runs are asked for and there is none, or one is damaged.
 *
 * @example
 * ```ts
 * import { readRun, RunError } from "@sevo/sevo/files";
 * import { assertRejects } from "@std/assert";
 *
 * await assertRejects(() => readRun("no/such/folder"), RunError);
 * ```
 */
export class RunError extends Error {
  /** Tells this error from others. */
  override readonly name = "RunError";
}

/**
 * Reads the runs in folders: each is a run directory, or has run directories in it at any depth.
 *
 * @example
 * ```ts
 * import { readRuns, RunDirectory } from "@sevo/sevo/files";
 * import { assertEquals } from "@std/assert";
 *
 * const folder = await Deno.makeTempDir(), dataset = { name: "generated", digest: "0".repeat(64) };
 * for (const seed of [1, 2]) {
 *   using run = await RunDirectory.hold(`${folder}/seed-${seed}`);
 *   await run.start({ config: { model: "mf-bpr", seed }, dataset });
 * }
 * assertEquals((await readRuns([folder])).map(({ config }) => config["seed"]), [1, 2]);
 * await Deno.remove(folder, { recursive: true });
 * ```
 *
 * @param paths The folders.
 * @returns The runs, each once, in the order of the folders and of the names in them; finished or not.
 * @throws {RunError} If a folder has no run in it, or a file of a run is damaged.
 */
export async function readRuns(paths: readonly string[]): Promise<RunRecord[]> {
  const found = new Map<string, RunRecord>();
  for (const path of paths) {
    const folders = await runFolders(path, path);
    if (folders.length === 0) {
      throw new RunError(`Cannot read runs in '${path}' as there is no run directory in it: one has a config.json`);
    }
    for (const folder of folders) {
      const real = await Deno.realPath(folder);
      if (!found.has(real)) found.set(real, await readRun(folder));
    }
  }
  return [...found.values()];
}

/**
 * Reads one run.
 *
 * @example
 * ```ts
 * import { readRun, RunDirectory } from "@sevo/sevo/files";
 * import { assertEquals } from "@std/assert";
 *
 * const path = await Deno.makeTempDir(), dataset = { name: "generated", digest: "0".repeat(64) };
 * {
 *   using run = await RunDirectory.hold(path);
 *   await run.start({ config: { model: "mf-bpr" }, dataset });
 * }
 * const { config, metrics } = await readRun(path);
 * assertEquals([config["model"], metrics], ["mf-bpr", null]); // it has not finished
 * await Deno.remove(path, { recursive: true });
 * ```
 *
 * @param path Its folder.
 * @returns The run.
 * @throws {RunError} If there is none, or one of its files is damaged.
 */
export async function readRun(path: string): Promise<RunRecord> {
  const config = await jsonOf(path, "config.json"), run = await jsonOf(path, "run.json");
  if (config === null) throw new RunError(`Cannot read a run in '${path}' as it has no config.json`);
  const dataset = run?.["dataset"] as Partial<DatasetIdentity> | undefined;
  if (typeof dataset?.name !== "string" || typeof dataset.digest !== "string") throw damaged(path, "run.json");
  const metrics = await jsonOf(path, "metrics.json");
  if (metrics !== null && !isRunMetrics(metrics)) throw damaged(path, "metrics.json");
  return {
    path,
    config,
    dataset: { name: dataset.name, digest: dataset.digest },
    events: await eventsOf(path),
    metrics: metrics as unknown as RunMetrics | null,
  };
}

/** Run directories in a folder. What is in a run directory is its own. */
async function runFolders(path: string, given: string): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const { name, isDirectory } of Deno.readDir(path)) {
      if (name === "config.json") return [path];
      if (isDirectory) names.push(name);
    }
  } catch (cause) {
    const what = cause instanceof Deno.errors.NotFound ? "there is no such folder" : "it cannot be read as a folder";
    throw new RunError(`Cannot read runs in '${given}' as ${what}`, { cause });
  }
  const folders: string[] = [];
  for (const name of names.sort()) folders.push(...await runFolders(`${path}/${name}`, given));
  return folders;
}

async function eventsOf(path: string): Promise<TrainingEvent[]> {
  const bytes = await readIfThere(`${path}/events.jsonl`),
    lines = new TextDecoder().decode(bytes ?? undefined).split("\n");
  // What follows the last line end is a line that was cut off, which belongs to what will happen again
  return lines.slice(0, -1).map((line) => {
    try {
      return parseJson(line) as TrainingEvent;
    } catch {
      throw damaged(path, "events.jsonl");
    }
  });
}

async function jsonOf(path: string, name: string): Promise<Record<string, unknown> | null> {
  const bytes = await readIfThere(`${path}/${name}`);
  if (bytes === null) return null;
  const found = parsedObject(bytes);
  if (found === null) throw damaged(path, name);
  return found;
}

function damaged(path: string, name: string): RunError {
  return new RunError(`Cannot read the run in '${path}' as its ${name} is damaged`);
}

function isRunMetrics(value: Readonly<Record<string, unknown>>): boolean {
  const { version, protocol, device, seconds, digest } = value;
  return [version, protocol, device, digest].every((text) => typeof text === "string") && Number.isFinite(seconds) &&
    isFinishedMetrics(value);
}
