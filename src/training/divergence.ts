import { NonFiniteError } from "../sevo/errors.ts";

/**
 * Training left the numbers: what it has learned since the last checkpoint is lost.
 *
 * @example
 * ```ts
 * import { openDevice } from "@sevo/sevo";
 * import { mfBpr } from "@sevo/sevo/models";
 * import { DivergenceError, generatedDataset, train } from "@sevo/sevo/training";
 * import { assertEquals, assertRejects } from "@std/assert";
 *
 * await using device = await openDevice("cpu");
 * const dataset = generatedDataset({ users: 50, items: 40 });
 * const settings = { optimizer: "sgd", learningRate: 1e30, dimension: 8, epochs: 3, batch: 32 } as const;
 * const { epoch } = await assertRejects(() => train(device, dataset, mfBpr, settings), DivergenceError);
 * assertEquals(epoch, 1);
 * ```
 */
export class DivergenceError extends NonFiniteError {
  /** `DivergenceError`. */
  override name = "DivergenceError";
  /** The epoch, counted from 1. */
  readonly epoch: number;

  /**
   * Says where, and what to try.
   *
   * @param epoch The epoch, counted from 1.
   * @param cause What was found.
   * @param learningRate The learning rate.
   */
  constructor(epoch: number, cause: NonFiniteError, learningRate: number) {
    super(cause.table, cause.step, cause.part);
    this.cause = cause;
    this.epoch = epoch;
    this.message = `Cannot train on as training diverged in epoch ${epoch}, at step ${cause.step}, in table ` +
      `'${cause.table}': try a learning rate below ${learningRate}; the last checkpoint is kept`;
  }
}
