import type { Dataset } from "../data/dataset.ts";
import type { Device } from "../device/device.ts";
import type { Graph } from "../graph/graph.ts";
import type { Sampler, TrainableModel } from "../models/define_model.ts";
import { TrainedModel } from "../models/trained_model.ts";
import { isSmoothed, optimizerOptions, type TrainingSettings } from "../models/training_settings.ts";
import type { ModelWeights } from "../nn/parameters.ts";
import { shown } from "../options.ts";
import { type Teachers, trainingGraph } from "./training_graph.ts";

/** A model under training and what it is trained on. */
export interface Training<Batch = unknown> extends Disposable {
  /** The model. */
  readonly model: TrainedModel<Batch>;
  /** Where its batches come from. */
  readonly sampler: Sampler<Batch>;
}

/** What a model is smoothed over, where the dataset alone does not say it. */
export interface GraphSource {
  /** A graph in place of the one that the settings name: a row for each row of the tables that are smoothed. It stays yours. */
  readonly graph?: Graph | null;
  /** The models that `nearest` relations of the settings name. */
  readonly teachers?: Teachers;
}

/**
 * Puts a model under training, with the graph that its settings name where its optimizer is smoothed.
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
 * using training = await startTraining(device, dataset, mfBpr, mfBpr.initialWeights(dataset, settings), settings);
 * for (const batch of training.sampler.batches(1, 32)) training.model.step(batch);
 * assert(await training.model.meanLoss() > 0);
 * ```
 *
 * @param device The device.
 * @param dataset What it is trained on.
 * @param model The model.
 * @param weights Initial weights.
 * @param settings All settings, as `resolveSettings` gives them.
 * @param source A graph of your own, or teachers.
 * @returns The model and its batches.
 * @throws {TypeError} If a graph is given that is none, or that the optimizer does not smooth over.
 * @throws {RangeError} If a setting is out of range, there is nothing to train on, or the graph has other rows than the
 * tables.
 */
export async function startTraining<S extends object, Batch>(
  device: Device,
  dataset: Dataset,
  model: TrainableModel<S, Batch>,
  weights: ModelWeights,
  settings: S & TrainingSettings,
  { graph: given = null, teachers = {} }: GraphSource = {},
): Promise<Training<Batch>> {
  const sampler = model.sampler(dataset, settings), options = optimizerOptions(settings);
  if (given !== null) checkGraph(given, model, weights, settings);
  const own = isSmoothed(settings) && given === null
    ? await trainingGraph(device, dataset, model, settings, teachers)
    : null;
  try {
    const trained = new TrainedModel<Batch>(device, model, weights, settings, { options, graph: given ?? own });
    return {
      model: trained,
      sampler,
      [Symbol.dispose]() {
        trained[Symbol.dispose]();
        own?.[Symbol.dispose]();
      },
    };
  } catch (error) {
    own?.[Symbol.dispose]();
    throw error;
  }
}

function checkGraph<S extends object, Batch>(
  graph: Graph,
  model: TrainableModel<S, Batch>,
  weights: ModelWeights,
  settings: S & TrainingSettings,
): void {
  if (typeof graph !== "object" || typeof graph.on !== "function") {
    throw new TypeError(`Cannot train as graph must be a Graph: current value is ${shown(graph)}`);
  }
  if (!isSmoothed(settings)) {
    throw new TypeError(
      `Cannot train as a graph is given and ${settings.optimizer} smooths over none: take sevo-${settings.optimizer}`,
    );
  }
  for (const { names, smoothed } of model.tables(settings)) {
    const rows = names.reduce((sum, name) => sum + weights[name]!.shape[0]!, 0);
    if (!smoothed || graph.rows === rows) continue;
    throw new RangeError(
      `Cannot train as the graph must have a row for each of ${
        names.join(" and ")
      }, ${rows}: current value is ${graph.rows}`,
    );
  }
}
