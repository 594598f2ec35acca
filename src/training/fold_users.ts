import type { Dataset } from "../data/dataset.ts";
import { packHistories } from "../data/histories.ts";
import type { Device } from "../device/device.ts";
import type { TrainableModel } from "../models/define_model.ts";
import { FixedWeights } from "../models/fixed_weights.ts";
import type { TrainingSettings } from "../models/training_settings.ts";
import type { ModelWeights } from "../nn/parameters.ts";

/** Users whose histories are folded in at a time. */
const USERS = 8192;

/**
 * Gives new users rows that fit their training items, as recommending does for a history that a model does not know, and
 * stretches them to a length: those of trained users are longer than a fit needs them to be.
 *
 * @param device The device to compute on.
 * @param model A model of users; one that folds nothing in leaves the rows as they are.
 * @param weights Its weights; new rows of the user table are written to.
 * @param settings Its settings.
 * @param dataset The dataset.
 * @param isNew For each user 1 if its row is new, else 0.
 * @param norm The length of a new row.
 * @returns For each user 1 if its row was given a value, else 0.
 */
export async function foldUsers(
  device: Device,
  model: TrainableModel,
  weights: ModelWeights,
  settings: TrainingSettings,
  dataset: Dataset,
  isNew: Uint8Array,
  norm: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const { data } = weights[model.userTable!]!, { offsets } = dataset.train, folded = new Uint8Array(isNew.length);
  const users = Uint32Array.from(isNew.keys()).filter((user) => isNew[user] && offsets[user] !== offsets[user + 1]);
  using fixed = new FixedWeights(device, weights, model.tables(settings).flatMap(({ names }) => names));
  const fold = await model.network(fixed, settings).foldIn?.();
  for (let begin = 0; fold && begin < users.length; begin += USERS) {
    const batch = users.subarray(begin, begin + USERS);
    using rows = await fold(packHistories(dataset, batch, "valid"));
    const read = await device.read(rows.tensor), width = rows.tensor.shape[1]!;
    batch.forEach((user, at) => {
      const row = read.subarray((rows.firstRow + at) * width, (rows.firstRow + at + 1) * width);
      const length = Math.hypot(...row);
      if (!(length > 0 && Number.isFinite(length))) return;
      data.set(row.map((value) => value * norm / length), user * width);
      folded[user] = 1;
    });
  }
  return folded;
}
