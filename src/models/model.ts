import type { PackedSequences } from "../data/sequences.ts";
import type { Device } from "../device/device.ts";
import type { RowRange } from "../device/tensor.ts";
import type { Graph } from "../graph/graph.ts";
import type { ModelWeights } from "../nn/parameters.ts";
import type { SevoOptions } from "../sevo/options.ts";

/** How a model is trained. */
export interface ModelOptimizer {
  /** Rule and rates; with a propagation, that of the smoothed tables. */
  readonly options: SevoOptions;
  /** What the updates of the item tables are smoothed over: a row for each row of such a table. Null without propagation. */
  readonly graph: Graph | null;
}

/** Query rows of some users; they are there until this is disposed of. */
export interface Queries extends RowRange, Disposable {}

/** What a model ranks with: the score of an item for a user is the dot product of the user's query and the item's row. */
export interface Scorer extends Disposable {
  /** A row for each item. */
  readonly items: RowRange;
  /**
   * The queries of users.
   *
   * @param users The users.
   * @param histories What each has taken, oldest first; models that know users by name do not look at it.
   * @returns A row for each user.
   * @throws {RangeError} If there is no such user or item.
   */
  queries(users: Uint32Array, histories: PackedSequences): Queries;
}

/**
 * A recommender under training.
 *
 * @typeParam Batch What it is trained on at a time.
 */
export interface Model<Batch> extends Disposable {
  /** The device of the parameters. */
  readonly device: Device;
  /**
   * One training step: loss and gradients of a batch, and a step of the optimizer. Nothing is read back.
   *
   * @param batch The samples.
   * @throws {RangeError} If the batch is empty, or names a user or item that is not there.
   */
  step(batch: Batch): void;
  /**
   * The mean loss of the steps since this was last asked, and a check of these steps.
   *
   * @returns The mean loss.
   * @throws {NonFiniteError} If a gradient had a value that is not finite.
   */
  meanLoss(): Promise<number>;
  /**
   * Reads the parameters back.
   *
   * @returns All parameters by name.
   * @throws {NonFiniteError} If a gradient had a value that is not finite.
   */
  weights(): Promise<ModelWeights>;
  /**
   * Saves all that training goes on from.
   *
   * @returns Files of `SevoState.save`.
   * @throws {NonFiniteError} If a gradient had a value that is not finite.
   */
  save(): Promise<Uint8Array<ArrayBuffer>[]>;
  /**
   * Goes on from what {@linkcode Model.save} gave, to the bit.
   *
   * @param saved The files.
   * @throws {SyntaxError} If a file is not a saved state.
   */
  restore(saved: readonly Uint8Array[]): void;
  /**
   * What the model ranks with, as it is now.
   *
   * @returns The scorer; it is of no use after the next step.
   */
  scorer(): Scorer;
}
