import { isDeepStrictEqual } from "node:util";
import type { Dataset } from "../data/dataset.ts";
import { encodeModel } from "../models/model_file.ts";
import { weightsDigest } from "../models/weights_digest.ts";
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from "../training/checkpoint.ts";
import type { TrainingEvent, TrainingResult } from "../training/train.ts";
import { isUnfinished, removeUnfinished, writeWhole } from "./part_file.ts";
import { writeRanks } from "./ranks_file.ts";
import { readIfThere } from "./read_if_there.ts";
import { isFinishedMetrics, parsedObject } from "./_run_json.ts";
import { LOCK, RunLock } from "./run_lock.ts";
import { writeError } from "./write_error.ts";

/** The dataset of a run. */
export interface DatasetIdentity {
  /** Its name. */
  readonly name: string;
  /** The digest of its content. */
  readonly digest: string;
}

/** What a run is: a run of another identity cannot go on with it. */
export interface RunIdentity {
  /** Every setting, as `config.json` has it. */
  readonly config: Readonly<Record<string, unknown>>;
  /** What it is trained on. */
  readonly dataset: DatasetIdentity;
  /** Digests of what its graph is made of besides, by relation as the setting `graph` has it, such as a teacher. */
  readonly sources?: Readonly<Record<string, string>>;
}

/** What `metrics.json` says besides the metrics. */
export interface RunReport {
  /** Version of the program. */
  readonly version: string;
  /** How the metrics were made, in words. */
  readonly protocol: string;
  /** What it was trained with. */
  readonly device: string;
  /** Seconds of the process that finished it. */
  readonly seconds: number;
  /** Whether the checkpoint stays. */
  readonly keepCheckpoint: boolean;
}

/** What a finished run says of its result. */
export type FinishedMetrics = Pick<TrainingResult, "bestEpoch" | "valid" | "test">;

/**
 * The directory of one training run: `config.json` (all settings), `events.jsonl` (a line for each epoch and
 * evaluation), `checkpoint.safetensors` (the last one), `metrics.json` (final, with the protocol and the device),
 * `ranks.parquet` (places of the targets of the test) and `model.safetensors`. All but the log of events appear whole or not at all.
 *
 * @example
 * ```ts
 * import { RunDirectory } from "@sevo/sevo/files";
 * import { assertEquals } from "@std/assert";
 *
 * const path = `${await Deno.makeTempDir()}/run`, identity = {
 *   config: { model: "mf-bpr", epochs: 5 },
 *   dataset: { name: "generated", digest: "0".repeat(64) },
 * };
 * {
 *   using run = await RunDirectory.hold(path);
 *   await run.start(identity);
 *   await run.log({ type: "epoch", epoch: 1, loss: 0.7, seconds: 1 });
 * }
 * {
 *   using run = await RunDirectory.hold(path); // another process, later
 *   assertEquals([await run.resume(identity), await run.metrics(), await run.rewind()], [true, null, null]);
 * }
 * await Deno.remove(path, { recursive: true });
 * ```
 */
export class RunDirectory implements Disposable {
  /** Its path. */
  readonly path: string;
  readonly #lock: RunLock;
  readonly #isNew: boolean;
  #isStarted = false;

  private constructor(path: string, lock: RunLock, isNew: boolean) {
    this.path = path;
    this.#lock = lock;
    this.#isNew = isNew;
  }

  /**
   * Takes hold of the directory of a run, which no other process can write to until it is disposed of.
   *
   * @param path Its path; it is made where it is not there.
   * @returns The directory.
   * @throws {FolderHeldError} If another process holds it.
   */
  static async hold(path: string): Promise<RunDirectory> {
    const isNew = await made(path), lock = RunLock.take(path);
    return new RunDirectory(path, lock, isNew);
  }

  /**
   * Starts a run.
   *
   * @param identity What the run is.
   * @throws {RangeError} If there is something in the directory already.
   */
  async start({ config, dataset, sources = {} }: RunIdentity): Promise<void> {
    const names = (await Array.fromAsync(Deno.readDir(this.path))).map(({ name }) => name).sort();
    // A start that was cut off leaves its first files behind; it is config.json that makes a run
    const other = names.find((name) => name !== LOCK && name !== "run.json" && !isUnfinished(name));
    if (other !== undefined) {
      throw new RangeError(`Cannot write a run to '${this.path}' as it is not empty: it has '${other}'`);
    }
    this.#isStarted = true;
    this.#write(
      "run.json",
      json({ dataset, ...Object.keys(sources).length > 0 && { sources }, started: new Date().toISOString() }),
    );
    this.#write("config.json", json(config));
  }

  /**
   * Goes on with a run that was started before. With more epochs than before a run that has finished goes on as well, and
   * counts as unfinished until it has them; with as many or fewer it stays as it is.
   *
   * @param identity What the run is; `epochs` of its settings may have grown, and `patience` and `device` be others.
   * @returns Whether there is a run to go on with.
   * @throws {RangeError} If the run was started with other settings, on another dataset, or with another teacher.
   * @throws {SyntaxError} If its config.json, its run.json or its metrics.json is damaged.
   */
  async resume({ config, dataset, sources = {} }: RunIdentity): Promise<boolean> {
    const { path } = this, started = await readIfThere(`${this.path}/config.json`);
    removeUnfinished(path);
    if (started === null) return false;
    this.#isStarted = true;
    const before = this.#parsed(started, "config.json"), now = JSON.parse(json(config));
    const finished = await this.metrics() !== null, longer = now.epochs > Number(before["epochs"]);
    refuseOtherSettings(path, before, now, ["patience", "device", ...finished || longer ? ["epochs"] : []]);
    const run = this.#parsed(await readIfThere(`${path}/run.json`) ?? new Uint8Array(), "run.json");
    const trainedOn = run["dataset"] as Partial<DatasetIdentity> | undefined;
    if (trainedOn?.digest !== dataset.digest) {
      throw new RangeError(
        `Cannot resume the run in '${path}' as it was trained on another content of the dataset, ` +
          `${short(trainedOn?.digest)}: current value is ${short(dataset.digest)}`,
      );
    }
    const startedWith = (run["sources"] ?? {}) as Readonly<Record<string, string>>;
    for (const [name, digest] of Object.entries(sources)) {
      if (startedWith[name] === digest) continue;
      throw new RangeError(
        `Cannot resume the run in '${path}' as its graph was made of another content of '${name}', ` +
          `${short(startedWith[name])}: current value is ${short(digest)}`,
      );
    }
    if (finished && !longer) return true;
    // First, so that whatever is cut off after it leaves a run that is not finished
    if (finished) await Deno.remove(`${path}/metrics.json`);
    if (!isDeepStrictEqual(before, now)) this.#write("config.json", json(config));
    return true;
  }

  #parsed(bytes: Uint8Array, name: string): Record<string, unknown> {
    const found = parsedObject(bytes);
    if (found !== null) return found;
    throw new SyntaxError(
      `Cannot go on with the run in '${this.path}' as its ${name} is damaged: start the run anew in another folder`,
    );
  }

  /**
   * The metrics of the run.
   *
   * @returns The metrics, or null where it has not finished.
   * @throws {SyntaxError} If its metrics.json is damaged.
   */
  async metrics(): Promise<FinishedMetrics | null> {
    const bytes = await readIfThere(`${this.path}/metrics.json`);
    const metrics = bytes && parsedObject(bytes);
    if (bytes === null || isFinishedMetrics(metrics)) return metrics as FinishedMetrics | null;
    throw new SyntaxError(
      `Cannot read the metrics of the run in '${this.path}' as its metrics.json is damaged: remove it and resume the run`,
    );
  }

  /**
   * The last checkpoint of the run. Events after it are dropped from the log: they will happen again.
   *
   * @returns The checkpoint, or null where there is none yet.
   * @throws {SyntaxError} If the file is not a checkpoint.
   */
  async rewind(): Promise<Checkpoint | null> {
    const checkpoint = await this.#checkpoint();
    const log = new TextDecoder().decode(await readIfThere(`${this.path}/events.jsonl`) ?? new Uint8Array());
    const kept = log.split("\n").filter((line) => {
      const event = parsedEvent(line);
      if (!event || !checkpoint || event.epoch > checkpoint.epoch) return false;
      return event.type !== "evaluation" || event.split !== "test";
    });
    this.#write("events.jsonl", kept.map((line) => line + "\n").join(""));
    return checkpoint;
  }

  /**
   * Replaces `checkpoint.safetensors`.
   *
   * @param checkpoint The checkpoint.
   */
  checkpoint(checkpoint: Checkpoint): void {
    this.#write("checkpoint.safetensors", encodeCheckpoint(checkpoint));
  }

  /**
   * Adds a line to `events.jsonl`.
   *
   * @param event What happened.
   * @throws {FolderGoneError} If the directory was removed or replaced meanwhile.
   */
  async log(event: TrainingEvent): Promise<void> {
    const path = `${this.path}/events.jsonl`;
    this.#lock.check();
    try {
      await Deno.writeTextFile(path, JSON.stringify(event) + "\n", { append: true });
    } catch (error) {
      throw writeError(path, error);
    }
  }

  /**
   * Writes the model, the ranks of the test and the final metrics, and drops the checkpoint unless it is kept.
   *
   * @param result What training gave.
   * @param dataset What it was trained on.
   * @param report What else `metrics.json` says.
   * @returns The digest of the weights.
   */
  async finish(result: TrainingResult, dataset: Dataset, report: RunReport): Promise<string> {
    const { model, settings, weights, bestEpoch, valid, test, ranks } = result, { keepCheckpoint, ...more } = report;
    const run = this.#parsed(await readIfThere(`${this.path}/run.json`) ?? new Uint8Array(), "run.json");
    const digest = await weightsDigest(weights), ended = new Date().toISOString();
    this.#write("model.safetensors", encodeModel(model, settings, weights, dataset));
    await writeRanks(this.path, dataset, ranks);
    // Last, as it is what makes a run finished
    this.#write("metrics.json", json({ ...more, ...run, ended, digest, bestEpoch, valid, test }));
    if (!keepCheckpoint) await this.dropCheckpoint();
    return digest;
  }

  /** Removes the checkpoint of a run that has finished. */
  async dropCheckpoint(): Promise<void> {
    // The run is whole without: what cannot be removed, or was never there, is no fault of it
    await Deno.remove(`${this.path}/checkpoint.safetensors`).catch(() => {});
  }

  /** Lets go of the directory; of a run that was not started it leaves nothing behind. */
  [Symbol.dispose](): void {
    this.#lock[Symbol.dispose]();
    if (this.#isStarted || !this.#isNew) return;
    try {
      Deno.removeSync(this.path);
    } catch {
      // Somebody else has put something into it meanwhile
    }
  }

  async #checkpoint(): Promise<Checkpoint | null> {
    const bytes = await readIfThere(`${this.path}/checkpoint.safetensors`);
    try {
      return bytes && decodeCheckpoint(bytes);
    } catch (cause) {
      const why = (cause as Error).message.replace(/^Cannot .*? as /, "");
      throw new SyntaxError(
        `Cannot go on with the run in '${this.path}' as its checkpoint.safetensors is of no use (${why}): remove it to train from the start`,
        { cause },
      );
    }
  }

  #write(name: string, content: string | Uint8Array<ArrayBuffer>): void {
    this.#lock.check();
    writeWhole(`${this.path}/${name}`, content);
  }
}

/**
 * Checks that a run is gone on with by the settings that it was started with.
 *
 * @param path The run directory.
 * @param before What its `config.json` says.
 * @param now What it would say.
 * @param free Settings that may be others.
 * @throws {RangeError} If another setting differs.
 */
export function refuseOtherSettings(
  path: string,
  before: Readonly<Record<string, unknown>>,
  now: Readonly<Record<string, unknown>>,
  free: readonly string[],
): void {
  for (const key of new Set([...Object.keys(before), ...Object.keys(now)])) {
    if (free.includes(key) || isDeepStrictEqual(before[key], now[key])) continue;
    throw new RangeError(
      `Cannot resume the run in '${path}' as its ${key} was ${JSON.stringify(before[key])}: current value is ${
        JSON.stringify(now[key])
      }`,
    );
  }
}

/** Makes a folder, and tells whether it was not there. */
async function made(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return false;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  try {
    await Deno.mkdir(path, { recursive: true });
  } catch (error) {
    throw writeError(path, error);
  }
  return true;
}

function short(digest: string | undefined): string {
  return digest === undefined ? "none" : digest.slice(0, 12);
}

/** A line of the log; null for one that was cut off, which belongs to what will happen again. */
function parsedEvent(line: string): TrainingEvent | null {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}

function json(value: unknown): string {
  return JSON.stringify(value, null, 2) + "\n";
}
