import type { Device } from "../device/device.ts";
import type { ModelWeights } from "../nn/parameters.ts";
import type { Model, Scorer } from "./model.ts";
import { TrainedWeights, type WeightsOptions } from "./trained_weights.ts";

/**
 * A model whose weights are {@linkcode TrainedWeights}: what every model does alike.
 *
 * @typeParam Batch What it is trained on at a time.
 */
export abstract class TrainedModel<Batch> implements Model<Batch> {
  /** The device of the parameters. */
  readonly device: Device;
  /** The weights. */
  protected readonly trained: TrainedWeights;

  /**
   * Puts the weights under training.
   *
   * @param device The device.
   * @param weights Initial weights.
   * @param options Rule, rates, groups and graphs.
   */
  constructor(device: Device, weights: ModelWeights, options: WeightsOptions) {
    this.device = device;
    this.trained = new TrainedWeights(device, weights, options);
  }

  /** See {@linkcode Model.step}. */
  abstract step(batch: Batch): void;

  /** See {@linkcode Model.scorer}. */
  abstract scorer(): Scorer;

  /** See {@linkcode Model.meanLoss}. */
  async meanLoss(): Promise<number> {
    return await this.trained.meanLoss();
  }

  /** See {@linkcode Model.weights}. */
  async weights(): Promise<ModelWeights> {
    return await this.trained.read();
  }

  /** See {@linkcode Model.save}. */
  async save(): Promise<Uint8Array<ArrayBuffer>[]> {
    return await this.trained.save();
  }

  /** See {@linkcode Model.restore}. */
  restore(saved: readonly Uint8Array[]): void {
    this.trained.restore(saved);
  }

  /** Gives the memory of the parameters back. */
  [Symbol.dispose](): void {
    this.trained[Symbol.dispose]();
  }
}
