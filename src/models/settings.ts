import type { z } from "zod";
import { nearest, shown } from "../options.ts";
import { isTrainable, type ModelDefinition, type Sizes, type TrainableModel } from "./define_model.ts";
import { expectation, type SettingValues } from "./field.ts";
import { InitialWeights } from "./initial_weights.ts";
import { MODELS } from "./models.ts";
import { checkRelations } from "./relations.ts";
import { SettingError } from "./setting_error.ts";
import { ruleOf, rulePreset, type TrainingSettings } from "./training_settings.ts";

/** All settings of a model by name: its own, and where it is trained those of training. */
export type ResolvedSettings<S extends object = object> = S & TrainingSettings;

/**
 * Fills in and checks settings. A value is the one given, else that of the rule (`sgd` takes longer steps, say, and
 * `adam` does not decay), else that of the preset, else that of the schema.
 *
 * @example
 * ```ts
 * import { resolveSettings, sasRec } from "@sevo/sevo/models";
 * import { assertEquals } from "@std/assert";
 *
 * const { dimension, epochs, batch } = resolveSettings(sasRec, { dimension: 32 }, "generated");
 * assertEquals([dimension, epochs, batch], [32, sasRec.presets["generated"]!.epochs, sasRec.presets["generated"]!.batch]);
 * ```
 *
 * @param model The model.
 * @param given Settings as given.
 * @param preset Name of the preset; by default the model's first.
 * @param models All models, for the message on a setting that is another model's. By default those of this package.
 * @returns All settings.
 * @throws {SettingError} If the model has no such setting, or cannot have such a value.
 */
export function resolveSettings<S extends object>(
  model: TrainableModel<S>,
  given: { readonly [name: string]: unknown } | Partial<S & TrainingSettings>,
  preset?: string,
  models?: readonly ModelDefinition[],
): ResolvedSettings<S>;
/** See the overload for models that learn; a model that is counted has its own settings alone. */
export function resolveSettings(
  model: ModelDefinition,
  given: { readonly [name: string]: unknown },
  preset?: string,
  models?: readonly ModelDefinition[],
): SettingValues;
export function resolveSettings(
  model: ModelDefinition,
  given: { readonly [name: string]: unknown },
  preset?: string,
  models: readonly ModelDefinition[] = MODELS,
): SettingValues {
  const { fields, name } = model;
  const wanted: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(given)) {
    if (value === undefined) continue;
    if (!fields.has(key)) throw new SettingError(key, noSetting(model, key, models));
    wanted[key] = value;
  }
  // Before what follows from them, such as the rates of a rule
  for (const [key, value] of Object.entries(wanted)) checkValue(model, key, value);
  const values: Record<string, unknown> = {};
  for (const [key, field] of fields) values[key] = field.default;
  if (isTrainable(model)) {
    Object.assign(values, presetOf(model, preset));
    // The rates of a preset are those of its own rule
    const asked = (wanted["optimizer"] ?? values["optimizer"]) as TrainingSettings["optimizer"];
    const own = values["optimizer"] as TrainingSettings["optimizer"];
    if (ruleOf({ optimizer: asked }) !== ruleOf({ optimizer: own })) {
      for (const key of Object.keys(rulePreset(own))) values[key] = fields.get(key)!.default;
      Object.assign(values, rulePreset(asked));
    }
  } else if (preset !== undefined) {
    throw new SettingError("preset", `${name} has no presets: current value is '${preset}'`);
  }
  Object.assign(values, wanted);
  for (const key of fields.keys()) checkValue(model, key, values[key]);
  checkBySchema(model, values);
  if (isTrainable(model)) checkRelations(model, values as unknown as TrainingSettings);
  return values as SettingValues;
}

function checkValue({ fields }: ModelDefinition, key: string, value: unknown): void {
  const expected = expectation(fields.get(key)!, value);
  if (expected !== undefined) {
    throw new SettingError(key, `${key} must be ${expected}: current value is ${shown(value)}`);
  }
}

/** What a schema asks of a model's own settings beyond type and bounds, such as a multiple. */
function checkBySchema({ settings, ownFields }: ModelDefinition, values: Readonly<Record<string, unknown>>): void {
  const own = Object.fromEntries(Array.from(ownFields.keys(), (key) => [key, values[key]]));
  const result = (settings as unknown as z.ZodType).safeParse(own);
  if (result.success) return;
  const { path, message } = result.error.issues[0]!, key = String(path[0] ?? "");
  throw new SettingError(key, `${key} is refused: ${message}; current value is ${shown(values[key])}`);
}

function presetOf({ name, presets }: TrainableModel, preset: string | undefined): object {
  const names = Object.keys(presets);
  if (preset === undefined) return presets[names[0]!]!;
  if (Object.hasOwn(presets, preset)) return presets[preset]!;
  throw new SettingError("preset", `${name} has no preset '${preset}': it has ${names.join(", ")}`);
}

function noSetting(model: ModelDefinition, key: string, models: readonly ModelDefinition[]): string {
  const owners = models.filter((other) => other !== model && other.fields.has(key)).map(({ name }) => name);
  const training = owners.length > 0 && models.every((other) => !isTrainable(other) || other.fields.has(key));
  const names = [...model.fields.keys()], meant = nearest(key, names);
  const hint = owners.length === 0
    ? meant === undefined ? `its settings are ${names.join(", ") || "none"}` : `did you mean '${meant}'?`
    : training
    ? "it is counted, not trained"
    : `that is ${owners.map((owner) => `${owner}'s`).join(", ")}`;
  return `${model.name} has no setting '${key}': ${hint}`;
}

/**
 * The shapes that a model's weights must have.
 *
 * @param model The model.
 * @param sizes Numbers of users and items.
 * @param settings Its settings.
 * @param most More weights than this are not looked for. By default any number.
 * @returns Lengths by name.
 * @throws {RangeError} If the model has more weights than `most`.
 */
export function weightShapes(
  model: TrainableModel,
  sizes: Sizes,
  settings: TrainingSettings,
  most = Infinity,
): Record<string, readonly number[]> {
  return Object.fromEntries(
    growthOf(model, settings, most).map(([name, { length, rest, perUser, perItem }]) => [
      name,
      [length + perUser * (sizes.userCount - 1) + perItem * (sizes.itemCount - 1), ...rest],
    ]),
  );
}

/**
 * Which of a model's weights have a row for each user or item: at the end, after leading rows of the model's own.
 *
 * @param model The model.
 * @param settings Its settings.
 * @returns What the rows of a weight are of, by name; null where they are of neither.
 */
export function weightRows(
  model: TrainableModel,
  settings: TrainingSettings,
): Record<string, "users" | "items" | null> {
  return Object.fromEntries(
    growthOf(model, settings).map(([name, { perUser, perItem }]) => [
      name,
      perUser === 1 && perItem === 0 ? "users" : perItem === 1 && perUser === 0 ? "items" : null,
    ]),
  );
}

/** The shape of a weight for one user and one item, and how much longer it is for each more. */
interface Growth {
  readonly length: number;
  readonly rest: readonly number[];
  readonly perUser: number;
  readonly perItem: number;
}

function growthOf(model: TrainableModel, settings: TrainingSettings, most = Infinity): [name: string, Growth][] {
  // Of the sizes, only the leading length of a table depends: it grows by one with each user or item
  const shapes = (userCount: number, itemCount: number) =>
    Object.entries(InitialWeights.undrawn(() => model.initialWeights({ userCount, itemCount }, settings), most))
      .map(([name, { shape }]) => [name, shape] as const);
  const [least, moreUsers, moreItems] = [shapes(1, 1), shapes(2, 1), shapes(1, 2)];
  return least.map(([name, [length, ...rest]], at) => {
    const perUser = moreUsers[at]![1][0]! - length!, perItem = moreItems[at]![1][0]! - length!;
    return [name, { length: length!, rest, perUser, perItem }];
  });
}
