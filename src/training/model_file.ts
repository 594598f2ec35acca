import type { Dataset, Provenance } from "../data/dataset.ts";
import type { ModelWeights } from "../nn/parameters.ts";
import { decodeSafetensors, encodeSafetensors } from "../safetensors.ts";
import { weightShapes } from "./recipe.ts";
import type { TrainingSettings } from "./settings.ts";

/** A trained model with all that is needed to use it without its dataset. */
export interface ModelFile {
  /** Parameters by name. */
  readonly weights: ModelWeights;
  /** How it was trained. */
  readonly settings: TrainingSettings;
  /** What it was trained on. */
  readonly provenance: Provenance;
  /** Names of the users in the source. */
  readonly users: readonly string[];
  /** Names of the items in the source. */
  readonly items: readonly string[];
}

const FORMAT = "sevo-model-1";

/**
 * Writes a model as the bytes of a safetensors file.
 *
 * @param weights Parameters.
 * @param settings How they were trained.
 * @param dataset What they were trained on.
 * @returns The bytes: equal for equal arguments.
 */
export function encodeModel(
  weights: ModelWeights,
  settings: TrainingSettings,
  dataset: Pick<Dataset, "provenance" | "users" | "items">,
): Uint8Array<ArrayBuffer> {
  return encodeSafetensors({
    tensors: weights,
    metadata: {
      format: FORMAT,
      settings: JSON.stringify(settings),
      provenance: JSON.stringify(dataset.provenance),
      users: JSON.stringify(dataset.users),
      items: JSON.stringify(dataset.items),
    },
  });
}

/**
 * Reads the bytes of a model file.
 *
 * @param bytes The bytes.
 * @returns The model.
 * @throws {SyntaxError} If the bytes are not a model file.
 */
export function decodeModel(bytes: Uint8Array): ModelFile {
  const { tensors, metadata } = decodeSafetensors(bytes);
  if (metadata.format !== FORMAT) {
    throw new SyntaxError(
      `Cannot read a model as the file is of another format: current value is '${metadata.format}'`,
    );
  }
  const weights = Object.fromEntries(
    Object.entries(tensors).map(([name, { data, shape }]) => {
      if (data instanceof Float32Array) return [name, { data, shape }];
      throw new SyntaxError(`Cannot read a model as tensor '${name}' is not of float32`);
    }),
  );
  const parse = (key: string) => {
    try {
      return JSON.parse(metadata[key] ?? "");
    } catch {
      throw new SyntaxError(`Cannot read a model as its metadata has no readable ${key}`);
    }
  };
  const users: readonly string[] = parse("users"), items: readonly string[] = parse("items");
  const settings: TrainingSettings = parse("settings");
  checkWeights(weights, settings, users, items);
  return { weights, settings, provenance: parse("provenance"), users, items };
}

function checkWeights(
  weights: ModelWeights,
  settings: TrainingSettings,
  users: readonly string[],
  items: readonly string[],
): void {
  if (!Array.isArray(users) || !Array.isArray(items)) {
    throw new SyntaxError("Cannot read a model as its names of users and items are not lists");
  }
  let expected;
  try {
    expected = weightShapes({ userCount: users.length, itemCount: items.length }, settings);
  } catch (error) {
    throw new SyntaxError(`Cannot read a model as its settings are not those of a model: ${error}`);
  }
  for (const [name, shape] of Object.entries(expected)) {
    const actual = weights[name]?.shape ?? [];
    if (actual.length === shape.length && shape.every((length, at) => length === actual[at])) continue;
    throw new SyntaxError(`Cannot read a model as '${name}' must have shape [${shape}]: current value is [${actual}]`);
  }
}
