import type { Device } from "../device/device.ts";
import type { Graph } from "../graph/graph.ts";
import type { ModelWeights } from "../nn/parameters.ts";
import { Tape } from "../nn/tape.ts";
import type { SevoOptions } from "../sevo/options.ts";
import type { TrainableModel } from "./define_model.ts";
import type { Network } from "./network.ts";
import { type LossSoFar, TrainedWeights } from "./trained_weights.ts";
import type { TrainingSettings } from "./training_settings.ts";

/** How a model is trained. */
export interface ModelOptimizer {
  /** Rule and rates; with a propagation, that of the smoothed tables. */
  readonly options: SevoOptions;
  /** What the updates of the smoothed tables are smoothed over: a row for each row of such a stack. Null without propagation. */
  readonly graph: Graph | null;
}

/**
 * A model under training: its network, its weights and their optimizer.
 *
 * @example
 * ```ts
 * import { openDevice } from "@sevo/sevo";
 * import { mfBpr, resolveSettings, TrainedModel } from "@sevo/sevo/models";
 * import { generatedDataset } from "@sevo/sevo/training";
 * import { assert } from "@std/assert";
 *
 * await using device = await openDevice("cpu");
 * const dataset = generatedDataset({ users: 20, items: 30 }), settings = resolveSettings(mfBpr, { dimension: 8 });
 * using model = new TrainedModel(device, mfBpr, mfBpr.initialWeights(dataset, settings), settings, {
 *   options: { rule: "adamw", learningRate: 0.01, propagation: null },
 *   graph: null,
 * });
 * for (const batch of mfBpr.sampler(dataset, settings).batches(1, 16)) model.step(batch);
 * assert(await model.meanLoss() < 0.7);
 * ```
 *
 * @typeParam Batch What it is trained on at a time.
 */
export class TrainedModel<Batch> implements Disposable {
  /** The device of the weights. */
  readonly device: Device;
  /** How it computes, with the weights as they are now. */
  readonly network: Network<Batch>;
  readonly #weights: TrainedWeights;
  readonly #seed: number;

  /**
   * Puts weights under training.
   *
   * @param device The device.
   * @param model The model.
   * @param weights Initial weights.
   * @param settings Its settings; of those of training, the seed and the graph alone matter here.
   * @param optimizer Rule, rates and graph.
   * @throws {RangeError} If settings and weights do not fit together.
   * @throws {TypeError} If the rule propagates and there is no graph.
   */
  constructor(
    device: Device,
    model: TrainableModel<object, Batch>,
    weights: ModelWeights,
    settings: object & TrainingSettings,
    { options, graph }: ModelOptimizer,
  ) {
    this.device = device;
    this.#seed = settings.seed;
    this.#weights = new TrainedWeights(device, weights, {
      options,
      groups: model.tables(settings).map(({ names, smoothed }) => ({ tables: names, graph: smoothed ? graph : null })),
      unused: Object.keys(weights).filter((name) => model.unused(name, settings)),
    });
    try {
      this.network = model.network(this.#weights, settings);
    } catch (error) {
      this.#weights[Symbol.dispose]();
      throw error;
    }
  }

  /**
   * One training step: loss and gradients of a batch, and a step of the optimizer. Nothing is read back.
   *
   * @param batch The samples.
   * @throws {RangeError} If the batch is empty, or names a user or item that is not there.
   */
  step(batch: Batch): void {
    const { device } = this, weights = this.#weights;
    device.batch(() => {
      using tape = new Tape(device, { seed: this.#seed, step: weights.steps + 1 });
      const { losses, gradients } = this.network.backward(tape, batch);
      weights.addLoss(losses, 1 / losses.shape[0]);
      weights.step(gradients);
    });
  }

  /**
   * The mean loss of the steps since this was last asked, and a check of these steps.
   *
   * @returns The mean loss.
   * @throws {NonFiniteError} If a gradient had a value that is not finite.
   */
  async meanLoss(): Promise<number> {
    return await this.#weights.meanLoss();
  }

  /**
   * The loss of the steps since {@linkcode TrainedModel.meanLoss} was last asked, which goes on.
   *
   * @returns The sum, as the device has it, and the number of steps.
   */
  async lossSoFar(): Promise<LossSoFar> {
    return await this.#weights.lossSoFar();
  }

  /**
   * Goes on from a loss that {@linkcode TrainedModel.lossSoFar} gave, to the bit.
   *
   * @param loss The loss.
   */
  restoreLoss(loss: LossSoFar): void {
    this.#weights.restoreLoss(loss);
  }

  /**
   * Reads the weights back.
   *
   * @returns All weights by name.
   * @throws {NonFiniteError} If a gradient had a value that is not finite.
   */
  async weights(): Promise<ModelWeights> {
    return await this.#weights.read();
  }

  /**
   * Saves all that training goes on from.
   *
   * @returns The file of `SevoState.save`.
   * @throws {NonFiniteError} If a gradient had a value that is not finite.
   */
  async save(): Promise<Uint8Array<ArrayBuffer>> {
    return await this.#weights.save();
  }

  /**
   * Goes on from what {@linkcode TrainedModel.save} gave, to the bit.
   *
   * @param saved The file.
   * @throws {SyntaxError} If it is not a saved state of this model.
   */
  restore(saved: Uint8Array): void {
    this.#weights.restore(saved);
  }

  /** Gives the memory of the weights back. */
  [Symbol.dispose](): void {
    this.#weights[Symbol.dispose]();
  }
}
