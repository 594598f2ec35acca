import type { Dataset, Provenance } from "../data/dataset.ts";
import type { ModelWeights } from "../models/mf_bpr.ts";
import { decodeSafetensors, encodeSafetensors } from "../safetensors.ts";
import type { TrainingSettings } from "./settings.ts";

/** A trained model with all that is needed to use it without its dataset. */
export interface ModelFile {
  /** Parameters by name. */
  readonly weights: ModelWeights;
  /** How it was trained. */
  readonly settings: TrainingSettings;
  /** What it was trained on. */
  readonly provenance: Provenance;
  /** Names of the users in the source, by row of `user.weight`. */
  readonly users: readonly string[];
  /** Names of the items in the source, by row of `item.weight`. */
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
      if (!(data instanceof Float32Array) || shape.length !== 2) {
        throw new SyntaxError(`Cannot read a model as tensor '${name}' is not a float32 matrix`);
      }
      return [name, { data, shape: [shape[0]!, shape[1]!] as const }];
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
  for (const [table, names] of [["user.weight", users], ["item.weight", items]] as const) {
    const rows = weights[table]?.shape[0] ?? 0;
    if (!Array.isArray(names) || names.length !== rows) {
      throw new SyntaxError(
        `Cannot read a model as '${table}' must have a row for each of its names: current value is ${rows}`,
      );
    }
  }
  const [width, other] = [weights["user.weight"], weights["item.weight"]].map((table) => table?.shape[1]);
  if (width !== other) {
    throw new SyntaxError(
      `Cannot read a model as its tables must be of one width: current values are ${width} and ${other}`,
    );
  }
  return {
    weights,
    settings: parse("settings"),
    provenance: parse("provenance"),
    users,
    items,
  };
}
