import type { z } from "zod";
import type { Dataset } from "../data/dataset.ts";
import type { Device } from "../device/device.ts";
import type { ModelWeights } from "../nn/parameters.ts";
import { type Field, fieldsOf } from "./field.ts";
import type { Network, NetworkWeights, ScoringNetwork } from "./network.ts";
import type { Ranker } from "./ranker.ts";
import { RELATION_KINDS, type RelationKind } from "./relations.ts";
import { trainingSchema, type TrainingSettings } from "./training_settings.ts";

/** Users and items of a dataset: all that the shapes of a model's weights depend on besides its settings. */
export type Sizes = Pick<Dataset, "userCount" | "itemCount">;

/** Where the batches of a model come from. */
export interface Sampler<Batch> {
  /** Samples of an epoch. */
  readonly size: number;
  /**
   * The batches of an epoch: a function of the seed and the epoch alone.
   *
   * @param epoch The epoch, counted from 1.
   * @param batchSize Samples of a batch; the last may have fewer.
   */
  batches(epoch: number, batchSize: number): Iterable<Batch>;
}

/** Embedding tables whose rows are stepped together, as one state. */
export interface TableGroup {
  /** Names of the tables, in the order in which they are stacked. */
  readonly names: readonly string[];
  /** Whether their updates are smoothed over the graph, which has a row for each row of the stack. */
  readonly smoothed: boolean;
}

/** A zod schema of one setting: a number, a choice, a text or a boolean, with a default and a description. */
export interface SettingSchema<T> {
  /** What zod says of its values. */
  readonly _zod: { readonly output: T };
}

/** A zod schema of a model's own settings, such as `z.strictObject({ ... })`. */
export interface SettingsSchema<S> {
  /** A schema for each. */
  readonly shape: { readonly [K in keyof S]-?: SettingSchema<S[K]> };
}

/** What all models declare. */
export interface CommonDeclaration<S extends object> {
  /** Name, as in `--model NAME`: small letters, digits and hyphens. */
  readonly name: string;
  /** What it is, in one sentence. */
  readonly summary: string;
  /** Where it is described: a paper, an address. */
  readonly source?: string;
  /** Its own settings. */
  readonly settings: SettingsSchema<S>;
  /** Name of the table of user rows, for models that know users. */
  readonly userTable?: string;
  /** Whether it ranks without looking at a history. Default false. */
  readonly ignoresHistory?: boolean;
  /**
   * How much of a history it looks at; longer ones are cut to their last items. By default it looks at all.
   *
   * @param settings The settings.
   */
  historyLength?(settings: S): number;
}

/** A model that learns by gradients. */
export interface TrainableDeclaration<S extends object, Batch> extends CommonDeclaration<S> {
  /** Settings by the name of what they are for; those of the first are the defaults. */
  readonly presets: { readonly [name: string]: Partial<NoInfer<S> & TrainingSettings> };
  /** Names of the tables of item rows, which `export` writes. Default `["item.weight"]`. */
  readonly itemTables?: readonly string[];
  /** Rows of the item tables before that of item 0, such as one for padding. Default 0. */
  readonly leadingRows?: number;
  /** Relations that its tables can be smoothed over. By default those of items: all but `user-item`. */
  readonly graphs?: readonly RelationKind[];
  /**
   * Draws the initial weights.
   *
   * @param sizes Numbers of users and items.
   * @param settings The settings.
   */
  initialWeights(sizes: Sizes, settings: S & TrainingSettings): ModelWeights;
  /**
   * Its embedding tables; all other weights are parameters, which are never smoothed.
   *
   * @param settings The settings.
   */
  tables(settings: S & TrainingSettings): readonly TableGroup[];
  /**
   * Whether no gradient reaches a weight: it stays as it is, undecayed. By default gradients reach all.
   *
   * @param name Its name.
   * @param settings The settings.
   */
  unused?(name: string, settings: S & TrainingSettings): boolean;
  /**
   * Where its batches come from.
   *
   * @param dataset What it is trained on.
   * @param settings The settings.
   */
  sampler(dataset: Dataset, settings: S & TrainingSettings): Sampler<Batch>;
  /**
   * How it computes.
   *
   * @param weights Its weights on a device.
   * @param settings The settings.
   */
  network(weights: NetworkWeights, settings: S & TrainingSettings): Network<Batch>;
}

/** A model that is counted and not trained: a baseline. */
export interface CountedDeclaration<S extends object> extends CommonDeclaration<S> {
  /**
   * Its weights, from the training items of a dataset.
   *
   * @param dataset The dataset.
   * @param settings The settings.
   */
  count(dataset: Dataset, settings: S): ModelWeights;
  /**
   * Shapes of its weights, which a model file is checked against.
   *
   * @param sizes Numbers of users and items.
   * @param settings The settings.
   */
  shapes(sizes: Sizes, settings: S): { readonly [name: string]: readonly number[] };
  /**
   * How it computes; or see {@linkcode CountedDeclaration.ranker}.
   *
   * @param weights Its weights on a device.
   * @param settings The settings.
   */
  network?(weights: NetworkWeights, settings: S): ScoringNetwork;
  /**
   * How it ranks where a score is no dot product of two rows.
   *
   * @param device The device.
   * @param weights Its weights.
   * @param settings The settings.
   */
  ranker?(device: Device, weights: ModelWeights, settings: S): Ranker;
}

/** What follows from what a model declares. */
export interface Derived {
  /** All its settings with their bounds, defaults and descriptions: its own first. */
  readonly fields: ReadonlyMap<string, Field>;
  /** Those of its own. */
  readonly ownFields: ReadonlyMap<string, Field>;
}

/** A model that learns by gradients, as the rest of this package sees it. */
export interface TrainableModel<S extends object = object, Batch = unknown>
  extends Required<Omit<TrainableDeclaration<S, Batch>, "userTable" | "source">>, Derived {
  /** Where it is described. */
  readonly source?: string;
  /** Name of the table of user rows, for models that know users. */
  readonly userTable: string | null;
}

/** A model that is counted and not trained, as the rest of this package sees it. */
export interface CountedModel<S extends object = object> extends CountedDeclaration<S>, Derived {}

/** Any model. */
export type ModelDefinition = TrainableModel | CountedModel;

/** Names of tensors that a model file keeps for itself. */
export const RESERVED_PREFIX = "sevo.";

/** The settings of training, which all models that learn have. */
const TRAINING_FIELDS = fieldsOf(trainingSchema);

/** The preset of the generated dataset: of all presets, the one that was not published. */
export const GENERATED_PRESET = "generated";

/**
 * Declares a model: all that training, evaluation, recommendation, the flags of `train`, their help and the model's page
 * derive from.
 *
 * A model that learns is in `examples/model_of_your_own.ts`. This one is counted:
 *
 * @example
 * ```ts
 * import { defineModel, gatherRows, itemsOf, resolveSettings, Variable } from "@sevo/sevo/models";
 * import { assertEquals } from "@std/assert";
 * import { z } from "zod";
 *
 * const shortest = defineModel({
 *   name: "shortest",
 *   summary: "Items with short ids come first.",
 *   settings: z.strictObject({ power: z.number().min(0).default(1).describe("Power of the length") }),
 *   ignoresHistory: true,
 *   shapes: ({ itemCount }) => ({ "item.score": [itemCount, 1] }),
 *   count({ items, itemCount }, { power }) {
 *     const data = Float32Array.from(items, (id) => -(id.length ** power));
 *     return { "item.score": { data, shape: [itemCount, 1] } };
 *   },
 *   network: (weights) => ({
 *     items: () => itemsOf(weights.table("item.score"), 0),
 *     queries(tape, { histories }) {
 *       const one = new Variable(tape.upload(Float32Array.of(1), [1, 1]));
 *       return gatherRows(tape, one, new Uint32Array(histories.offsets.length - 1));
 *     },
 *   }),
 * });
 * assertEquals(resolveSettings(shortest, {}), { power: 1 });
 * ```
 *
 * @param declaration What the model is.
 * @returns The model.
 * @throws {TypeError} If a name is not usable, a setting has no default or description, or its name is taken.
 */
export function defineModel<S extends object, Batch>(
  declaration: TrainableDeclaration<S, Batch>,
): TrainableModel<S, Batch>;
/** See the overload for models that learn. */
export function defineModel<S extends object>(declaration: CountedDeclaration<S>): CountedModel<S>;
export function defineModel<S extends object, Batch>(
  declaration: TrainableDeclaration<S, Batch> | CountedDeclaration<S>,
): TrainableModel<S, Batch> | CountedModel<S> {
  const { name, settings } = declaration;
  const cannot = `Cannot declare model '${name}' as`;
  if (!/^[a-z][a-z0-9-]*$/.test(name)) {
    throw new TypeError(`${cannot} its name must be of small letters, digits and hyphens: current value is '${name}'`);
  }
  const ownFields = fieldsOf(settings as unknown as z.ZodObject);
  for (const [key, field] of ownFields) {
    if (field.default === undefined) throw new TypeError(`${cannot} its setting '${key}' has no default`);
    if (TRAINING_FIELDS.has(key) || key === "model") {
      throw new TypeError(`${cannot} its setting '${key}' has the name of a setting of all models`);
    }
  }
  if ("count" in declaration) {
    if (!declaration.network === !declaration.ranker) {
      throw new TypeError(`${cannot} a model that is counted has a network or a ranker: expected one of them`);
    }
    return { ...declaration, ownFields, fields: ownFields };
  }
  const fields = new Map([...ownFields, ...TRAINING_FIELDS]);
  const { presets } = declaration;
  if (Object.keys(presets).length === 0) throw new TypeError(`${cannot} it has no preset: {} is one`);
  for (const [preset, values] of Object.entries(presets)) {
    const unknown = Object.keys(values).find((key) => !fields.has(key));
    if (unknown) {
      throw new TypeError(`${cannot} its preset '${preset}' has a setting that the model has not: '${unknown}'`);
    }
  }
  return {
    leadingRows: 0,
    graphs: RELATION_KINDS.filter((kind) => kind !== "user-item"),
    unused: () => false,
    ignoresHistory: false,
    historyLength: () => Infinity,
    itemTables: ["item.weight"],
    ...declaration,
    userTable: declaration.userTable ?? null,
    fields,
    ownFields,
  };
}

/**
 * Whether a model learns by gradients.
 *
 * @example
 * ```ts
 * import { isTrainable, MODELS } from "@sevo/sevo/models";
 * import { assertEquals } from "@std/assert";
 *
 * const counted = MODELS.filter((model) => !isTrainable(model)).map(({ name }) => name);
 * assertEquals(counted, ["item-knn", "popularity"]);
 * ```
 *
 * @param model The model.
 * @returns Whether it does; otherwise it is counted.
 */
export function isTrainable(model: ModelDefinition): model is TrainableModel {
  return !("count" in model);
}
