import { below, Philox, Stream } from "../philox.ts";
import type { Dataset } from "./dataset.ts";
import { type DistinctItems, distinctItems, hasItem } from "./distinct_items.ts";

/** Samples of one batch for a pairwise loss. */
export interface PairBatch {
  /** Users. */
  readonly users: Uint32Array<ArrayBuffer>;
  /** An item of each user's training items. */
  readonly positives: Uint32Array<ArrayBuffer>;
  /** An item that is none of them. */
  readonly negatives: Uint32Array<ArrayBuffer>;
}

/**
 * Draws (user, positive, negative) as the published MF-BPR runs did: users uniformly and with replacement, as many as
 * there are training interactions; the positive uniformly from the user's distinct training items; the negative
 * uniformly from all other items. A draw depends on seed, epoch and index alone.
 *
 * @example
 * ```ts
 * import { PairSampler } from "@sevo/sevo/models";
 * import { generatedDataset } from "@sevo/sevo/training";
 * import { assertEquals } from "@std/assert";
 *
 * const dataset = generatedDataset({ users: 20, items: 30 });
 * const sampler = new PairSampler(dataset, 1);
 * const batches = [...sampler.batches(1, 16)];
 * assertEquals(sampler.size, dataset.train.items.length);
 * assertEquals(batches[0]!.users.length, 16);
 * ```
 */
export class PairSampler {
  /** Draws of one epoch. */
  readonly size: number;
  readonly #seed: number;
  /** Users that have both a positive and a negative. */
  readonly #users: Uint32Array;
  readonly #distinct: DistinctItems;
  readonly #itemCount: number;

  /**
   * Indexes the distinct items of each user.
   *
   * @param dataset The dataset.
   * @param seed An integer in [0, 2^32).
   * @throws {RangeError} If no user has both a training item and an item to contrast it with.
   */
  constructor(dataset: Dataset, seed: number) {
    this.size = dataset.train.items.length;
    this.#seed = seed;
    this.#itemCount = dataset.itemCount;
    this.#distinct = distinctItems(dataset);
    const { offsets } = this.#distinct;
    this.#users = Uint32Array.from(Array(dataset.userCount).keys()).filter((user) => {
      const distinct = offsets[user + 1]! - offsets[user]!;
      return distinct > 0 && distinct < dataset.itemCount;
    });
    if (this.#users.length === 0) {
      throw new RangeError(`Cannot sample pairs as no user of '${dataset.name}' has both an item and an item not met`);
    }
  }

  /**
   * The batches of an epoch.
   *
   * @param epoch The epoch, counted from 1.
   * @param batchSize Samples of a batch; the last batch may have fewer.
   */
  *batches(epoch: number, batchSize: number): Generator<PairBatch> {
    const philox = new Philox(this.#seed, Stream.sample);
    for (let begin = 0; begin < this.size; begin += batchSize) {
      const length = Math.min(batchSize, this.size - begin);
      const users = new Uint32Array(length), positives = new Uint32Array(length), negatives = new Uint32Array(length);
      for (let at = 0; at < length; at++) {
        const words = philox.draw(begin + at, epoch);
        const user = this.#users[below(words[0]!, this.#users.length)]!;
        const first = this.#distinct.offsets[user]!, last = this.#distinct.offsets[user + 1]!;
        users[at] = user;
        positives[at] = this.#distinct.items[first + below(words[1]!, last - first)]!;
        negatives[at] = this.#negative(philox, begin + at, epoch, user);
      }
      yield { users, positives, negatives };
    }
  }

  /** Words 2 and 3 of the first draw, then all words of the draws at further attempts, until one is not the user's. */
  #negative(philox: Philox, index: number, epoch: number, user: number): number {
    for (let attempt = 0, word = 2;; attempt++, word = 0) {
      if (attempt > 0) philox.draw(index, epoch, attempt);
      for (; word < 4; word++) {
        const item = below(philox.words[word]!, this.#itemCount);
        if (!hasItem(this.#distinct, user, item)) return item;
      }
    }
  }
}
