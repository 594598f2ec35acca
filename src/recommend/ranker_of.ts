import type { Device } from "../device/device.ts";
import { isTrainable, type ModelDefinition } from "../models/define_model.ts";
import { FixedWeights } from "../models/fixed_weights.ts";
import type { Ranker } from "../models/ranker.ts";
import type { TrainingSettings } from "../models/training_settings.ts";
import type { ModelWeights } from "../nn/parameters.ts";
import { DotRanker } from "./dot_ranker.ts";

/**
 * How a model with these weights ranks. It holds the weights once and nothing of training.
 *
 * @example
 * ```ts
 * import { openDevice } from "@sevo/sevo";
 * import { popularity } from "@sevo/sevo/models";
 * import { rankerOf } from "@sevo/sevo/recommend";
 * import { generatedDataset } from "@sevo/sevo/training";
 * import { assertEquals } from "@std/assert";
 *
 * await using device = await openDevice("cpu");
 * const dataset = generatedDataset({ users: 50, items: 40 });
 * using ranker = rankerOf(device, popularity, popularity.count(dataset, {}), {});
 * assertEquals(ranker.itemCount, 40);
 * ```
 *
 * @param device The device to rank on.
 * @param model The model.
 * @param weights Its weights; kept only by a model that has a ranker of its own, as item-knn has.
 * @param settings Its settings.
 * @returns The ranker.
 * @throws {RangeError} If settings and weights do not fit together.
 */
export function rankerOf(
  device: Device,
  model: ModelDefinition,
  weights: ModelWeights,
  settings: object,
): Ranker {
  if (!isTrainable(model) && model.ranker) return model.ranker(device, weights, settings);
  const length = historyLength(model, settings);
  const tables = isTrainable(model)
    ? model.tables(settings as TrainingSettings).flatMap(({ names }) => names)
    : Object.keys(weights);
  const fixed = new FixedWeights(device, weights, tables);
  try {
    const network = isTrainable(model)
      ? model.network(fixed, settings as TrainingSettings)
      : model.network!(fixed, settings);
    return new OwningRanker(device, network, length, fixed);
  } catch (error) {
    fixed[Symbol.dispose]();
    throw error;
  }
}

/**
 * How much of a history a model looks at.
 *
 * @param model The model.
 * @param settings Its settings.
 * @returns Items; infinite where it looks at all.
 */
export function historyLength(model: ModelDefinition, settings: object): number {
  return model.historyLength?.(settings as TrainingSettings) ?? Infinity;
}

/** A ranker with weights of its own. */
class OwningRanker extends DotRanker {
  readonly #weights: Disposable;

  constructor(
    device: Device,
    network: ConstructorParameters<typeof DotRanker>[1],
    length: number,
    weights: Disposable,
  ) {
    super(device, network, length);
    this.#weights = weights;
  }

  override [Symbol.dispose](): void {
    super[Symbol.dispose]();
    this.#weights[Symbol.dispose]();
  }
}
