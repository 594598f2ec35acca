import type { PackedSequences } from "../data/sequences.ts";
import type { Device, RowRange, Tensor } from "../device/device.ts";
import type { ParameterTensors } from "../nn/parameters.ts";
import type { Tape, Variable } from "../nn/tape.ts";
import type { Gradient } from "../sevo/gradient.ts";

/** The weights of a model on a device, under training or not. */
export interface NetworkWeights extends ParameterTensors {
  /** The device. */
  readonly device: Device;
  /**
   * Where an embedding table lies. To be asked for in each pass: what is trained, or goes on from a checkpoint, may lie
   * elsewhere afterwards.
   *
   * @param name Its name.
   * @returns The matrix that it is in, and its rows there.
   */
  table(name: string): RowRange;
}

/** Whose lists are asked for, by rows. */
export interface Requests {
  /** Rows of the users, or null where they are not users of the dataset. */
  readonly users: Uint32Array | null;
  /** What each has taken, oldest first. */
  readonly histories: PackedSequences;
}

/** Rows on the device that are given back when this is disposed of. */
export interface BorrowedRows extends RowRange, Disposable {}

/** How alike two items are: by the angle between their rows, or by the dot product. */
export type Similarity = "cosine" | "dot";

/** What a model ranks with: the score of an item is the dot product of a query and the item's row. */
export interface ScoringNetwork {
  /**
   * A row for each item; its memory may be the weights' own.
   *
   * @returns The rows.
   */
  items(): BorrowedRows;
  /**
   * The queries of users or histories, in one pass of inference.
   *
   * @param tape Owns what the pass makes.
   * @param requests The users and their histories.
   * @returns A row for each request.
   * @throws {RangeError} If there is no such user or item.
   */
  queries(tape: Tape, requests: Requests): Variable;
  /**
   * Prepares to make queries of histories whose users the model does not know; models of sequences need none of it.
   *
   * @returns What makes them, with the weights as they are now.
   */
  foldIn?(): Promise<FoldIn>;
  /**
   * What items are compared by. Without it, by the cosine of {@linkcode ScoringNetwork.items} or their dot product.
   *
   * @param tape Owns what is made.
   * @param items Rows of the items asked for.
   * @param by The measure asked for, or null for the model's own.
   * @returns Queries whose dot product with `items` is the similarity; `normalise` for that of the cosine.
   */
  similarity?(tape: Tape, items: Uint32Array, by: Similarity | null): SimilarityRows;
}

/** Makes a query of each history. */
export type FoldIn = (histories: PackedSequences) => Promise<BorrowedRows>;

/** What items are compared by. */
export interface SimilarityRows {
  /** A row for each item asked for. */
  readonly queries: Variable;
  /** A row for each item. */
  readonly items: RowRange;
  /** Whether rows are divided by their lengths before they are compared. */
  readonly normalise: boolean;
}

/** What a pass over a batch gives. */
export interface BatchGradients {
  /** The loss of each sample. */
  readonly losses: Tensor<"f32">;
  /** The gradient of each embedding table; that of the other parameters is in the weights' own gradient. */
  readonly gradients: { readonly [table: string]: Gradient };
}

/**
 * How a model computes.
 *
 * @typeParam Batch What it is trained on at a time.
 */
export interface Network<Batch> extends ScoringNetwork {
  /**
   * The loss of a batch and its gradients: a pass forward and one backward.
   *
   * @param tape Owns what the pass makes.
   * @param batch The samples.
   * @returns Losses and gradients.
   * @throws {RangeError} If the batch is empty, or names a user or item that is not there.
   */
  backward(tape: Tape, batch: Batch): BatchGradients;
}
