import type { ModelDefinition } from "../models/define_model.ts";
import { decodeModel, type ModelFile } from "../models/model_file.ts";
import { type Checkpoint, decodeCheckpoint } from "../training/checkpoint.ts";
import { readIfThere } from "./read_if_there.ts";

/**
 * Reads the model of a run.
 *
 * @example
 * ```ts
 * import { encodeModel, popularity } from "@sevo/sevo/models";
 * import { readModel } from "@sevo/sevo/files";
 * import { generatedDataset } from "@sevo/sevo/training";
 * import { assertEquals } from "@std/assert";
 *
 * const dataset = generatedDataset({ users: 20, items: 30 }), path = await Deno.makeTempFile({ suffix: ".safetensors" });
 * await Deno.writeFile(path, encodeModel(popularity, {}, popularity.count(dataset, {}), dataset));
 * assertEquals((await readModel(path)).model.name, "popularity");
 * await Deno.remove(path);
 * ```
 *
 * @param path The run directory, or a model file.
 * @param models The models that there are; by default those of this package.
 * @returns The model.
 * @throws {RangeError} If there is no model.
 * @throws {SyntaxError} If the file is not a model.
 */
export async function readModel(path: string, models?: readonly ModelDefinition[]): Promise<ModelFile> {
  const file = path.endsWith(".safetensors") ? path : `${path}/model.safetensors`;
  try {
    return decodeModel(await Deno.readFile(file), models);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory)) throw error;
    const runs = await runsIn(path);
    const hint = runs.length > 0
      ? `it holds several runs: name one of ${runs.join(", ")}`
      : `there is no file '${file}'`;
    throw new RangeError(`Cannot read a model from '${path}' as ${hint}`);
  }
}

/**
 * Reads the last checkpoint of a run.
 *
 * @example
 * ```ts
 * import { readCheckpoint } from "@sevo/sevo/files";
 * import { assertEquals } from "@std/assert";
 *
 * const folder = await Deno.makeTempDir();
 * assertEquals(await readCheckpoint(folder), null); // nothing was trained there yet
 * await Deno.remove(folder);
 * ```
 *
 * @param path The run directory, or a model file, which has none.
 * @returns The checkpoint, or null where there is none.
 * @throws {SyntaxError} If the file is not a checkpoint.
 */
export async function readCheckpoint(path: string): Promise<Checkpoint | null> {
  if (path.endsWith(".safetensors")) return null;
  const bytes = await readIfThere(`${path}/checkpoint.safetensors`);
  return bytes && decodeCheckpoint(bytes);
}

/** The finished runs of a comparison. */
async function runsIn(path: string): Promise<string[]> {
  const runs: string[] = [];
  try {
    for await (const { name } of Deno.readDir(path)) {
      const found = await Deno.stat(`${path}/${name}/model.safetensors`).catch(() => null);
      if (found?.isFile) runs.push(`${path}/${name}`);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory)) throw error;
  }
  return runs.sort();
}
