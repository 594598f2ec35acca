import type { PackedSequences } from "../data/sequences.ts";
import type { Requests, Similarity } from "./network.ts";

/** The best items of each query, best first. */
export interface TopItems {
  /** Items of all queries end to end, `count` each; 0xffffffff where there were too few. */
  readonly items: Uint32Array<ArrayBuffer>;
  /** Their scores. */
  readonly scores: Float32Array<ArrayBuffer>;
}

/** In {@linkcode TopItems}: there is no further item. */
export const NO_ITEM = 0xffffffff;

/** Items that a query must not be given, ascending and each once, for each query end to end. */
export type Exclusions = PackedSequences;

/** How a model ranks, without its trainer. Ties go to the lower row. */
export interface Ranker extends Disposable {
  /** Number of items. */
  readonly itemCount: number;
  /** Items of a history that it looks at, at most: the last ones. */
  readonly historyLength: number;
  /**
   * The best items of each request.
   *
   * @param requests Users, histories or both.
   * @param count Items of a list.
   * @param excluded Items to leave out of each list.
   */
  top(requests: Requests, count: number, excluded: Exclusions): Promise<TopItems>;
  /**
   * The place of each target of a request among all items that are not excluded, counted from 1: all targets of a request
   * are in the same list.
   *
   * @param requests Users, histories or both.
   * @param targets Items for each request.
   * @param excluded Items to leave out; a target that is one of them comes behind all others.
   * @returns A place for each target.
   */
  ranks(requests: Requests, targets: PackedSequences, excluded: Exclusions): Promise<Uint32Array<ArrayBuffer>>;
  /**
   * The scores of given items.
   *
   * @param requests Users, histories or both.
   * @param items Items for each request, in any order.
   * @returns A score for each item.
   */
  scores(requests: Requests, items: PackedSequences): Promise<Float32Array<ArrayBuffer>>;
  /**
   * The items most like each of some items, without itself.
   *
   * @param items The items.
   * @param count Items of a list.
   * @param by The measure; null for the model's own.
   */
  similar(items: Uint32Array, count: number, by: Similarity | null): Promise<TopItems>;
}
