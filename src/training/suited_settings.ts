import type { Dataset } from "../data/dataset.ts";
import type { TrainableModel } from "../models/define_model.ts";
import { resolveSettings } from "../models/settings.ts";
import type { TrainingSettings } from "../models/training_settings.ts";

/** Steps that an epoch should have at least: with fewer, an optimizer hardly moves in the published number of epochs. */
const STEPS = 30;

/** The smallest batch that is chosen. */
const SMALLEST_BATCH = 8;

/** Validations without a better one after which training ends by default. */
const PATIENCE = 10;

/** Settings that suit a dataset, and what was chosen for it. */
export interface SuitedSettings<S extends object> {
  /** All settings. */
  readonly settings: S & TrainingSettings;
  /** What was not left at the preset's, in words. */
  readonly chosen: readonly string[];
}

/**
 * Settings for a dataset that no preset was published for: those of the model's first preset, with batches small enough
 * that an epoch has some 30 steps, and an end where nothing gets better. What is given is left as it is.
 *
 * @param model The model.
 * @param given Settings as given.
 * @param dataset What it will be trained on.
 * @returns All settings, and what was chosen.
 * @throws {SettingError} If the model has no such setting, or cannot have such a value.
 * @throws {RangeError} If the dataset has nothing to train with.
 */
export function suitedSettings<S extends object>(
  model: TrainableModel<S>,
  given: Partial<S & TrainingSettings>,
  dataset: Dataset,
): SuitedSettings<S> {
  const settings = resolveSettings(model, given), chosen: string[] = [];
  let { batch, patience } = settings;
  if (given.batch === undefined) {
    const { size } = model.sampler(dataset, settings);
    while (Math.ceil(size / batch) < STEPS && batch / 2 >= SMALLEST_BATCH) batch = Math.floor(batch / 2);
    if (batch !== settings.batch) {
      chosen.push(`batch ${batch} in place of ${settings.batch}, for ${Math.ceil(size / batch)} steps per epoch`);
    }
  }
  // A preset that ends training by itself knows better
  if (given.patience === undefined && settings.patience === 0) {
    patience = PATIENCE;
    chosen.push(`early stopping after ${patience} validations without improvement`);
  }
  return { settings: { ...settings, batch, patience }, chosen };
}
