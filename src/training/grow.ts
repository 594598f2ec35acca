import type { Dataset } from "../data/dataset.ts";
import { checkMatch, matchIds } from "../data/match_ids.ts";
import type { Device } from "../device/device.ts";
import { isTrainable, type TrainableModel } from "../models/define_model.ts";
import type { SettingValues } from "../models/field.ts";
import type { ModelFile } from "../models/model_file.ts";
import { SettingError } from "../models/setting_error.ts";
import { weightRows, weightShapes } from "../models/settings.ts";
import type { TrainingSettings } from "../models/training_settings.ts";
import type { ModelWeights, Weight } from "../nn/parameters.ts";
import { foldUsers } from "./fold_users.ts";
import { meanNorm, smoothIn } from "../sevo/smooth_in.ts";
import { itemGraph } from "./training_graph.ts";

/** What became of the rows of the users or of the items. */
export interface RowCounts {
  /** Rows that were kept. */
  readonly kept: number;
  /** New rows that were given values by what they are related to. */
  readonly related: number;
  /** New rows that were drawn, as nothing known leads to them. */
  readonly drawn: number;
  /** Rows of the model that the dataset does not have any more. */
  readonly dropped: number;
}

/** A trained model on another dataset than that of its training. */
export interface GrownModel {
  /** Weights to go on from, in the order in which the model draws them. */
  readonly weights: ModelWeights;
  /** For each item of the dataset its place among those of the model, or -1. */
  readonly items: Int32Array<ArrayBuffer>;
  /** The same for users; null for a model that does not tell users apart. */
  readonly users: Int32Array<ArrayBuffer> | null;
  /** What became of the rows. */
  readonly rows: { readonly items: RowCounts; readonly users: RowCounts | null };
}

/**
 * Carries a trained model over to another dataset: rows of items and users are kept by id, to the bit, all other weights as
 * they are. A new item gets the values of the items that it follows or is followed by in the new dataset, a new user a row
 * that fits the items of the user; both are as long as rows are on average. Where nothing known leads to a row, it is drawn,
 * as every row is before training.
 *
 * @example
 * ```ts
 * import { openDevice } from "@sevo/sevo";
 * import { decodeModel, encodeModel, resolveSettings, sasRec } from "@sevo/sevo/models";
 * import { generatedDataset, growModel, train } from "@sevo/sevo/training";
 * import { assertEquals } from "@std/assert";
 *
 * await using device = await openDevice("cpu");
 * const before = generatedDataset({ users: 50, items: 40 }), after = generatedDataset({ users: 60, items: 45 });
 * const given = { dimension: 8, epochs: 1, batch: 32 };
 * const { settings, weights } = await train(device, before, sasRec, given);
 * const file = decodeModel(encodeModel(sasRec, settings, weights, before));
 * const { rows, weights: grown } = await growModel(device, file, after, resolveSettings(sasRec, given));
 * assertEquals(rows.items.kept, 40);
 * assertEquals(grown["item.weight"]!.shape, [46, 8]); // a row of padding comes first
 * ```
 *
 * @param device The device to compute on.
 * @param file The trained model.
 * @param dataset What it is to be trained on.
 * @param settings What it is to be trained with; the shapes of its weights must be those of the model.
 * @returns Weights to start from.
 * @throws {RangeError} If the two have no item, or no user, in common, or the model is counted.
 * @throws {SettingError} If a setting would give the weights another shape.
 */
export async function growModel(
  device: Device,
  file: Pick<ModelFile, "model" | "settings" | "weights" | "users" | "items">,
  dataset: Dataset,
  settings: TrainingSettings,
): Promise<GrownModel> {
  const { model } = file;
  if (!isTrainable(model)) {
    throw new RangeError(
      `Cannot go on with the model as ${model.name} is counted, not trained: train it on the new data`,
    );
  }
  const { leadingRows, userTable } = model;
  checkShapes(model, file.settings, settings);
  const items = matchIds(dataset.items, file.items);
  checkMatch("go on with the model", "items", items, dataset.items, file.items);
  const users = userTable === null ? null : matchIds(dataset.users, file.users);
  if (users) checkMatch("go on with the model", "users", users, dataset.users, file.users);

  const kinds = weightRows(model, settings), drawn = model.initialWeights(dataset, settings);
  const weights: Record<string, Weight> = {};
  for (const [name, { data, shape }] of Object.entries(drawn)) {
    const rows = kinds[name] === "users" ? users : kinds[name] === "items" ? items : null;
    const leading = kinds[name] === "items" ? shape[0]! - dataset.itemCount : 0;
    weights[name] = {
      shape,
      data: rows ? keptRows(file.weights[name]!, rows, leading, data) : file.weights[name]!.data,
    };
  }
  const smoothed = { items: new Uint8Array(dataset.itemCount), users: new Uint8Array(dataset.userCount) };
  if (items.includes(-1)) {
    using graph = itemGraph(dataset, leadingRows, settings);
    for (const name of Object.keys(weights).filter((name) => kinds[name] === "items")) {
      const { data, shape } = weights[name]!, leading = shape[0]! - dataset.itemCount;
      const rows = { data, width: data.length / shape[0]!, isNew: flags(shape[0]!, leading, items) };
      // A row of one number, such as a bias, has no length but its own
      const filled = smoothIn(graph, { ...rows, norm: shape.length === 1 ? null : meanNorm(rows, leading) });
      filled.forEach((flag, row) => smoothed.items[row - leading]! |= flag);
    }
  }
  if (users?.includes(-1)) {
    const { data, shape } = weights[userTable!]!, isNew = flags(shape[0]!, 0, users);
    const norm = meanNorm({ data, width: shape[1]!, isNew }, 0);
    smoothed.users = await foldUsers(device, model, weights, settings, dataset, isNew, norm);
  }
  return {
    weights,
    items,
    users,
    rows: {
      items: counts(items, smoothed.items, file.items.length),
      users: users && counts(users, smoothed.users, file.users.length),
    },
  };
}

/** Refuses settings that would give a weight another shape, by the name of the setting. */
function checkShapes(model: TrainableModel, old: SettingValues, settings: TrainingSettings): void {
  const one = { userCount: 1, itemCount: 1 };
  const shapesWith = (changed: object) =>
    JSON.stringify(weightShapes(model, one, { ...old, ...changed } as unknown as TrainingSettings));
  const wanted = settings as unknown as Readonly<Record<string, unknown>>, expected = shapesWith({});
  for (const key of model.ownFields.keys()) {
    if (shapesWith({ [key]: wanted[key] }) === expected) continue;
    throw new SettingError(
      key,
      `${key} must be that of the model to go on with, ${old[key]}: current value is ${wanted[key]}`,
    );
  }
}

/** Which of so many rows are new, where a part of them has kept rows or, by -1, new ones. */
function flags(length: number, begin: number, kept: Int32Array): Uint8Array<ArrayBuffer> {
  const isNew = new Uint8Array(length);
  kept.forEach((row, at) => isNew[begin + at] = row < 0 ? 1 : 0);
  return isNew;
}

/** The rows of a table by the new numbers; those that are new are as they were drawn. */
function keptRows(old: Weight, rows: Int32Array, leading: number, drawn: Float32Array): Float32Array {
  const data = drawn.slice(), width = old.data.length / old.shape[0]!;
  data.set(old.data.subarray(0, leading * width));
  rows.forEach((row, at) => {
    if (row < 0) return;
    data.set(old.data.subarray((leading + row) * width, (leading + row + 1) * width), (leading + at) * width);
  });
  return data;
}

function counts(rows: Int32Array, smoothed: Uint8Array, before: number): RowCounts {
  const kept = rows.filter((row) => row >= 0).length, filled = smoothed.filter((flag) => flag === 1).length;
  return { kept, related: filled, drawn: rows.length - kept - filled, dropped: before - kept };
}
