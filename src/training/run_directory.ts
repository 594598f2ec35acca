import type { Dataset } from "../data/dataset.ts";
import { decodeModel, encodeModel, type ModelFile } from "./model_file.ts";
import type { TrainingSettings } from "./settings.ts";
import type { TrainingEvent, TrainingResult } from "./train.ts";

/** How the metrics of a run were made, in words, for everything that shows them. */
export const PROTOCOL =
  "full ranking over all items, history masked, ties to the lower row, best epoch by validation NDCG@10";

/**
 * The directory of one training run: `config.json` (all settings), `events.jsonl` (a line for each epoch and
 * evaluation), `metrics.json` (final, with the protocol and the device) and `model.safetensors`. All but the log of
 * events appear whole or not at all.
 */
export class RunDirectory {
  /** Its path. */
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /**
   * Makes the directory of a run.
   *
   * @param path Its path; must not be there, or be empty.
   * @param config What is written to `config.json`.
   * @returns The directory.
   * @throws {RangeError} If there is something in it already.
   */
  static async create(path: string, config: Record<string, unknown>): Promise<RunDirectory> {
    await Deno.mkdir(path, { recursive: true });
    for await (const { name } of Deno.readDir(path)) {
      throw new RangeError(`Cannot write a run to '${path}' as it is not empty: it has '${name}'`);
    }
    const directory = new RunDirectory(path);
    await directory.#write("config.json", json(config));
    return directory;
  }

  /**
   * Adds a line to `events.jsonl`.
   *
   * @param event What happened.
   */
  async log(event: TrainingEvent): Promise<void> {
    await Deno.writeTextFile(`${this.path}/events.jsonl`, JSON.stringify(event) + "\n", { append: true });
  }

  /**
   * Writes the model and the final metrics.
   *
   * @param result What training gave.
   * @param settings How it was trained.
   * @param dataset What it was trained on.
   * @param device What it was trained with.
   */
  async finish(
    result: TrainingResult,
    settings: TrainingSettings,
    dataset: Dataset,
    device: string,
  ): Promise<void> {
    await this.#write("model.safetensors", encodeModel(result.weights, settings, dataset));
    const { bestEpoch, valid, test } = result;
    await this.#write("metrics.json", json({ protocol: PROTOCOL, device, bestEpoch, valid, test }));
  }

  async #write(name: string, content: string | Uint8Array<ArrayBuffer>): Promise<void> {
    const path = `${this.path}/${name}`;
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    {
      using file = await Deno.open(`${path}.tmp`, { write: true, create: true, truncate: true });
      for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
      await file.sync();
    }
    await Deno.rename(`${path}.tmp`, path);
  }
}

/**
 * Reads the model of a run.
 *
 * @param path The run directory, or a model file.
 * @returns The model.
 * @throws {RangeError} If there is no model.
 * @throws {SyntaxError} If the file is not a model.
 */
export async function readModel(path: string): Promise<ModelFile> {
  const file = path.endsWith(".safetensors") ? path : `${path}/model.safetensors`;
  try {
    return decodeModel(await Deno.readFile(file));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new RangeError(`Cannot read a model from '${path}' as there is no file '${file}'`);
  }
}

function json(value: unknown): string {
  return JSON.stringify(value, null, 2) + "\n";
}
