import type { Dataset, Provenance } from "../data/dataset.ts";
import type { ModelWeights } from "../nn/parameters.ts";
import { decodeChecked, encodeChecked } from "../checked_safetensors.ts";
import { parseJson } from "../json.ts";
import type { SafetensorsTensor } from "../safetensors.ts";
import { decodeStrings, encodeStrings, repeatedIn } from "./string_table.ts";
import { isTrainable, type ModelDefinition, RESERVED_PREFIX, type Sizes } from "./define_model.ts";
import type { SettingValues } from "./field.ts";
import { MODELS } from "./models.ts";
import { provenanceIn } from "./provenance.ts";
import { SettingError } from "./setting_error.ts";
import { resolveSettings, weightShapes } from "./settings.ts";
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
 * tensors of bytes with offsets (`sevo.items`, `sevo.items.offsets`, `sevo.items.column.title` and so on); model, settings,
 * provenance and a checksum in the metadata.
 *
 * @example
 * ```ts
 * import { decodeModel, encodeModel, popularity } from "@sevo/sevo/models";
 * import { generatedDataset } from "@sevo/sevo/training";
 * import { assertEquals } from "@std/assert";
 *
 * const dataset = generatedDataset({ users: 20, items: 30 });
 * const weights = popularity.count(dataset, {});
 * const bytes = encodeModel(popularity, {}, weights, dataset);
 * assertEquals(decodeModel(bytes).items, dataset.items);
 * ```
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
  return encodeChecked({
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
 * @example
 * ```ts
 * import { decodeModel, encodeModel, popularity } from "@sevo/sevo/models";
 * import { generatedDataset } from "@sevo/sevo/training";
 * import { assertEquals } from "@std/assert";
 *
 * const dataset = generatedDataset({ users: 20, items: 30 });
 * const file = decodeModel(encodeModel(popularity, {}, popularity.count(dataset, {}), dataset));
 * assertEquals([file.model.name, file.provenance.name], ["popularity", "generated"]);
 * ```
 *
 * @param bytes The bytes.
 * @param models The models that there are; by default those of this package.
 * @returns The model.
 * @throws {SyntaxError} If the bytes are not a model file, are damaged, or are of a model that there is not.
 */
export function decodeModel(bytes: Uint8Array, models: readonly ModelDefinition[] = MODELS): ModelFile {
  const { tensors, metadata } = decodeChecked(bytes, { format: FORMAT, action: "Cannot read a model" });
  const model = models.find(({ name }) => name === metadata.model);
  if (!model) {
    throw fail(`there is no model '${metadata.model}': there are ${models.map(({ name }) => name).join(", ")}`);
  }
  const settings = settingsOf(model, parsed(metadata, "settings"));
  const items = idsOf(ITEMS, tensors), users = model.userTable ? idsOf(USERS, tensors) : [];
  const itemColumns = columnsOf(parsed(metadata, "itemColumns"), tensors, items.length);
  const weights = weightsOf(tensors);
  checkShapes(model, weights, { userCount: users.length || 1, itemCount: items.length }, settings);
  const provenance = provenanceIn(parsed(metadata, "provenance"));
  if (provenance === null) throw fail("its metadata does not say what it was trained on");
  return { model, settings, weights, provenance, users, items, itemColumns };
}

function fail(why: string, cause?: unknown): SyntaxError {
  return new SyntaxError(`Cannot read a model as ${why}`, { cause });
}

function parsed(metadata: Readonly<Record<string, string>>, key: string): unknown {
  try {
    return parseJson(metadata[key] ?? "");
  } catch (cause) {
    throw fail(`its metadata has no readable ${key}`, cause);
  }
}

function settingsOf(model: ModelDefinition, given: unknown): SettingValues {
  if (typeof given !== "object" || given === null || Array.isArray(given)) throw fail("its settings are not an object");
  try {
    return resolveSettings(model, given as SettingValues);
  } catch (error) {
    const why = error instanceof SettingError ? error.reason : (error as Error).message;
    throw fail(`its settings are not those of ${model.name}: ${why}`, error);
  }
}

/** The tensors of a file. */
type Tensors = { readonly [name: string]: SafetensorsTensor };

function idsOf(name: string, tensors: Tensors): string[] {
  const strings = decodeStrings(name, tensors);
  if (strings.includes(null)) throw fail(`'${name}' lacks an id`);
  const twice = repeatedIn(strings as string[]);
  if (twice !== undefined) throw fail(`'${name}' has the id '${twice}' twice`);
  return strings as string[];
}

function columnsOf(names: unknown, tensors: Tensors, rows: number): ModelFile["itemColumns"] {
  if (!Array.isArray(names) || !names.every((name) => typeof name === "string")) {
    throw fail("its metadata has no list of itemColumns");
  }
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) throw fail(`column '${twice}' stands twice in its itemColumns`);
  // From pairs, as setting `__proto__` on an object would give it no such column
  return Object.fromEntries(names.map((name: string) => {
    const values = decodeStrings(COLUMN + name, tensors);
    if (values.length === rows) return [name, values];
    throw fail(`column '${name}' must have ${rows} values: current value is ${values.length}`);
  }));
}

function weightsOf(tensors: Tensors): ModelWeights {
  const weights = Object.entries(tensors).filter(([name]) => !name.startsWith(RESERVED_PREFIX));
  return Object.fromEntries(weights.map(([name, { data, shape }]) => {
    if (data instanceof Float32Array) return [name, { data, shape }];
    throw fail(`tensor '${name}' is not of float32`);
  }));
}

/** The shapes come of the settings, which the file may have any of: no weight is made to know its shape. */
function checkShapes(model: ModelDefinition, weights: ModelWeights, sizes: Sizes, settings: SettingValues): void {
  let expected: { readonly [name: string]: readonly number[] };
  // Some more than there are, so that one that is missing is called by its name
  const most = Object.keys(weights).length + 100;
  try {
    expected = isTrainable(model)
      ? weightShapes(model, sizes, settings as SettingValues & TrainingSettings, most)
      : model.shapes(sizes, settings);
  } catch (error) {
    throw fail(`${model.name} has no such weights: ${(error as Error).message}`, error);
  }
  for (const [name, shape] of Object.entries(expected)) {
    const actual = Object.hasOwn(weights, name) ? weights[name]!.shape : [];
    if (actual.length === shape.length && shape.every((length, at) => length === actual[at])) continue;
    throw fail(`'${name}' must have shape [${shape}]: current value is [${actual}]`);
  }
  const more = Object.keys(weights).find((name) => !Object.hasOwn(expected, name));
  if (more !== undefined) throw fail(`${model.name} has no weight '${more}'`);
}
