import { below, Philox, Stream } from "../philox.ts";
import type { Dataset } from "./dataset.ts";
import { type DistinctItems, distinctItems, hasItem } from "./distinct_items.ts";

/** Draws negatives: items uniform over the catalogue but for those that a user has in training. */
export class Negatives {
  readonly #distinct: DistinctItems;
  readonly #itemCount: number;
  readonly #philox: Philox;

  /**
   * @param dataset The dataset.
   * @param seed An integer in [0, 2^32).
   */
  constructor(dataset: Dataset, seed: number) {
    this.#distinct = distinctItems(dataset);
    this.#itemCount = dataset.itemCount;
    this.#philox = new Philox(seed, Stream.negative);
  }

  /**
   * Whether there is an item that a user does not have.
   *
   * @param user The user.
   * @returns Whether a negative can be drawn.
   */
  exist(user: number): boolean {
    return this.#distinct.offsets[user + 1]! - this.#distinct.offsets[user]! < this.#itemCount;
  }

  /**
   * Draws a negative: words of the draws at (index, epoch, attempt), until one is not the user's.
   *
   * @param user The user, who is to have one.
   * @param index Which draw of the epoch.
   * @param epoch The epoch.
   * @returns The item.
   */
  draw(user: number, index: number, epoch: number): number {
    for (let attempt = 0;; attempt++) {
      for (const word of this.#philox.draw(index, epoch, attempt)) {
        const item = below(word, this.#itemCount);
        if (!hasItem(this.#distinct, user, item)) return item;
      }
    }
  }
}
