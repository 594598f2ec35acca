import type { Dataset, Provenance } from "../data/dataset.ts";
import { datasetName } from "../data/dataset_name.ts";
import type { ModelWeights } from "../nn/parameters.ts";
import { decodeSafetensors, encodeSafetensors, type SafetensorsTensor } from "../safetensors.ts";
import { decodeStrings, encodeStrings } from "./string_table.ts";
import { isTrainable, type ModelDefinition, RESERVED_PREFIX } from "./define_model.ts";
import type { SettingValues } from "./field.ts";
import { MODELS } from "./models.ts";
import { resolveSettings, SettingError, weightShapes } from "./settings.ts";
import type { TrainingSettings } from "./training_settings.ts";

/** A trained model with all that is needed to use it without its dataset. */
export interface ModelFile {
  /** The model. */
  readonly model: ModelDefinition;
  /** Its settings. */
  readonly settings: SettingValues;
  /** Weights by name. */
  readonly weights: ModelWeights;
  /** What it was trained on. */
  readonly provenance: Provenance;
  /** Ids of the users in the source, for models that know users; else empty. */
  readonly users: readonly string[];
  /** Ids of the items in the source. */
  readonly items: readonly string[];
  /** What else is known of the items, such as their titles, by name. */
  readonly itemColumns: Readonly<Record<string, readonly (string | null)[]>>;
}

const FORMAT = "sevo-model-2";

/** Names of the texts in a file. */
const USERS = `${RESERVED_PREFIX}users`, ITEMS = `${RESERVED_PREFIX}items`, COLUMN = `${RESERVED_PREFIX}items.column.`;

/**
 * Writes a model as the bytes of a safetensors file: the weights by name; ids, titles and further columns of the items as
 * tensors of bytes with offsets (`sevo.items`, `sevo.items.offsets`, `sevo.items.column.title` and so on); model, settings
 * and provenance in the metadata.
 *
 * @param model The model.
 * @param settings Its settings.
 * @param weights Its weights.
 * @param dataset What it was trained on.
 * @returns The bytes: equal for equal arguments.
 * @throws {TypeError} If a weight has a name that is kept for texts.
 */
export function encodeModel(
  model: ModelDefinition,
  settings: object,
  weights: ModelWeights,
  dataset: Pick<Dataset, "provenance" | "users" | "items" | "itemColumns">,
): Uint8Array<ArrayBuffer> {
  const reserved = Object.keys(weights).find((name) => name.startsWith(RESERVED_PREFIX));
  if (reserved) throw new TypeError(`Cannot write a model as names with '${RESERVED_PREFIX}' are kept: '${reserved}'`);
  const tensors: Record<string, SafetensorsTensor> = { ...weights, ...encodeStrings(ITEMS, dataset.items) };
  for (const [name, values] of Object.entries(dataset.itemColumns)) {
    Object.assign(tensors, encodeStrings(COLUMN + name, values));
  }
  if (model.userTable) Object.assign(tensors, encodeStrings(USERS, dataset.users));
  return encodeSafetensors({
    tensors,
    metadata: {
      format: FORMAT,
      model: model.name,
      settings: JSON.stringify(settings),
      provenance: JSON.stringify(dataset.provenance),
      itemColumns: JSON.stringify(Object.keys(dataset.itemColumns)),
    },
  });
}

/**
 * Reads the bytes of a model file.
 *
 * @param bytes The bytes.
 * @param models The models that there are; by default those of this package.
 * @returns The model.
 * @throws {SyntaxError} If the bytes are not a model file, or are of a model that there is not.
 */
export function decodeModel(bytes: Uint8Array, models: readonly ModelDefinition[] = MODELS): ModelFile {
  const fail = (why: string) => new SyntaxError(`Cannot read a model as ${why}`);
  const { tensors, metadata } = decodeSafetensors(bytes);
  if (metadata.format === "sevo-model-1") throw fail("an earlier version of this package wrote it: train it again");
  if (metadata.format !== FORMAT) throw fail(`the file is of another format: current value is '${metadata.format}'`);
  const model = models.find(({ name }) => name === metadata.model);
  if (!model) {
    throw fail(`there is no model '${metadata.model}': there are ${models.map(({ name }) => name).join(", ")}`);
  }
  const parse = (key: string) => {
    try {
      return JSON.parse(metadata[key] ?? "");
    } catch {
      throw fail(`its metadata has no readable ${key}`);
    }
  };
  const given: unknown = parse("settings");
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    throw fail("its settings are not an object");
  }
  let settings: SettingValues;
  try {
    settings = resolveSettings(model, given as SettingValues);
  } catch (error) {
    const why = error instanceof SettingError ? error.reason : (error as Error).message;
    throw fail(`its settings are not those of ${model.name}: ${why}`);
  }
  const ids = (name: string) => {
    const strings = decodeStrings(name, tensors);
    if (strings.includes(null)) throw fail(`'${name}' lacks an id`);
    return strings as string[];
  };
  const items = ids(ITEMS), users = model.userTable ? ids(USERS) : [];
  const columns: unknown = parse("itemColumns");
  if (!Array.isArray(columns)) throw fail("its metadata has no list of itemColumns");
  const itemColumns = Object.fromEntries(columns.map((name) => {
    const values = decodeStrings(COLUMN + name, tensors);
    if (values.length === items.length) return [name, values];
    throw fail(`column '${name}' must have ${items.length} values: current value is ${values.length}`);
  }));
  const weights = weightsOf(tensors);
  const sizes = { userCount: users.length || 1, itemCount: items.length };
  checkShapes(
    weights,
    isTrainable(model)
      ? weightShapes(model, sizes, settings as SettingValues & TrainingSettings)
      : model.shapes(sizes, settings),
  );
  const provenance = parse("provenance");
  if (typeof provenance?.name !== "string") throw fail("its metadata does not say what it was trained on");
  return {
    model,
    settings,
    weights,
    provenance: { ...provenance, name: datasetName(provenance.name), source: [provenance.source ?? []].flat() },
    users,
    items,
    itemColumns,
  };
}

function weightsOf(tensors: { readonly [name: string]: SafetensorsTensor }): ModelWeights {
  const weights = Object.entries(tensors).filter(([name]) => !name.startsWith(RESERVED_PREFIX));
  return Object.fromEntries(weights.map(([name, { data, shape }]) => {
    if (data instanceof Float32Array) return [name, { data, shape }];
    throw new SyntaxError(`Cannot read a model as tensor '${name}' is not of float32`);
  }));
}

function checkShapes(weights: ModelWeights, expected: { readonly [name: string]: readonly number[] }): void {
  for (const [name, shape] of Object.entries(expected)) {
    const actual = weights[name]?.shape ?? [];
    if (actual.length === shape.length && shape.every((length, at) => length === actual[at])) continue;
    throw new SyntaxError(`Cannot read a model as '${name}' must have shape [${shape}]: current value is [${actual}]`);
  }
}
