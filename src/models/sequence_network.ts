import type { NetworkWeights } from "./network.ts";
import { checkHeads, checkPositions } from "./sequence_checks.ts";
import { itemRows } from "./sequences.ts";

/** Where a network of sequences keeps its items and positions. */
export interface SequenceTables {
  /** The table of items. */
  readonly items: string;
  /** Rows of it before that of item 0. */
  readonly leadingRows: number;
  /** The table of embeddings by position, if it has one. */
  readonly positions?: string;
}

/** Sizes of a network of sequences. */
export interface SequenceSettings {
  /** Items of a sequence at most. */
  readonly maxLength: number;
  /** Heads of attention. */
  readonly heads?: number;
}

/** What the networks of sequences hold: weights, settings, and the sizes that follow from the table of items. */
export abstract class SequenceNetwork<S extends SequenceSettings> {
  /** The weights. */
  protected readonly weights: NetworkWeights;
  /** The settings. */
  protected readonly settings: S;
  /** Number of items. */
  protected readonly itemCount: number;
  /** Embedding width. */
  protected readonly dimension: number;
  readonly #leadingRows: number;

  /**
   * Reads the sizes off the weights.
   *
   * @param weights Its weights.
   * @param settings Its settings.
   * @param tables Where its items and positions are.
   * @throws {RangeError} If the columns of a head are no multiple of 4, or there are more or fewer positions than `maxLength`.
   */
  constructor(weights: NetworkWeights, settings: S, { items, leadingRows, positions }: SequenceTables) {
    const { tensor, rows } = weights.table(items);
    this.weights = weights;
    this.settings = settings;
    this.itemCount = rows - leadingRows;
    this.dimension = tensor.shape[1]!;
    this.#leadingRows = leadingRows;
    checkHeads(this.dimension, settings.heads ?? 1);
    if (positions !== undefined) checkPositions(weights.table(positions), settings.maxLength);
  }

  /**
   * Rows of items in the tables of items.
   *
   * @param items The items.
   * @returns A row for each.
   * @throws {RangeError} If there is no such item.
   */
  protected rowsOf(items: Uint32Array): Uint32Array<ArrayBuffer> {
    return itemRows(items, this.itemCount, this.#leadingRows);
  }
}
