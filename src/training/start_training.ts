import type { Dataset } from "../data/dataset.ts";
import { userItemGraph } from "../data/user_item_graph.ts";
import type { Device } from "../device/device.ts";
import { Graph } from "../graph/graph.ts";
import type { Sampler, TrainableModel } from "../models/define_model.ts";
import { TrainedModel } from "../models/trained_model.ts";
import { isSmoothed, optimizerOptions, type TrainingSettings } from "../models/training_settings.ts";
import type { ModelWeights } from "../nn/parameters.ts";

/** A model under training and what it is trained on. */
export interface Training<Batch = unknown> extends Disposable {
  /** The model. */
  readonly model: TrainedModel<Batch>;
  /** Where its batches come from. */
  readonly sampler: Sampler<Batch>;
}

/**
 * Puts a model under training, with the graph of its dataset where its optimizer is smoothed.
 *
 * @example
 * ```ts
 * import { openDevice } from "@sevo/sevo";
 * import { mfBpr, resolveSettings } from "@sevo/sevo/models";
 * import { generatedDataset, startTraining } from "@sevo/sevo/training";
 * import { assert } from "@std/assert";
 *
 * await using device = await openDevice("cpu");
 * const dataset = generatedDataset({ users: 50, items: 40 }), settings = resolveSettings(mfBpr, { dimension: 8 });
 * using training = startTraining(device, dataset, mfBpr, mfBpr.initialWeights(dataset, settings), settings);
 * for (const batch of training.sampler.batches(1, 32)) training.model.step(batch);
 * assert(await training.model.meanLoss() > 0);
 * ```
 *
 * @param device The device.
 * @param dataset What it is trained on.
 * @param model The model.
 * @param weights Initial weights.
 * @param settings All settings, as `resolveSettings` gives them.
 * @returns The model and its batches.
 * @throws {RangeError} If a setting is out of range, or there is nothing to train on.
 */
export function startTraining<S extends object, Batch>(
  device: Device,
  dataset: Dataset,
  model: TrainableModel<S, Batch>,
  weights: ModelWeights,
  settings: S & TrainingSettings,
): Training<Batch> {
  const sampler = model.sampler(dataset, settings), options = optimizerOptions(settings);
  const graph = isSmoothed(settings) ? graphOf(dataset, model.leadingRows, settings) : null;
  try {
    const trained = new TrainedModel<Batch>(device, model, weights, settings, { options, graph });
    return {
      model: trained,
      sampler,
      [Symbol.dispose]() {
        trained[Symbol.dispose]();
        graph?.[Symbol.dispose]();
      },
    };
  } catch (error) {
    graph?.[Symbol.dispose]();
    throw error;
  }
}

function graphOf(dataset: Dataset, leadingRows: number, settings: TrainingSettings): Graph {
  return settings.graph === "user-item" ? userItemGraph(dataset) : itemGraph(dataset, leadingRows, settings);
}

/**
 * The graph of items that follow each other in training sequences.
 *
 * @param dataset The dataset.
 * @param leadingRows Rows of the item tables before that of item 0.
 * @param settings How far apart items are related, and how much of a sequence counts.
 * @returns The normalised graph of `leadingRows + itemCount` rows.
 */
export function itemGraph(
  { itemCount, train }: Pick<Dataset, "itemCount" | "train">,
  leadingRows: number,
  { maxWalk, last }: Pick<TrainingSettings, "maxWalk" | "last">,
): Graph {
  return Graph.fromSequences(train, { rows: itemCount + leadingRows, offset: leadingRows, maxWalk, last });
}
