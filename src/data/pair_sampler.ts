import { below, Philox, Stream } from "../philox.ts";
import type { Dataset } from "./dataset.ts";

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
 */
export class PairSampler {
  /** Draws of one epoch. */
  readonly size: number;
  readonly #itemCount: number;
  readonly #seed: number;
  /** Users that have both a positive and a negative. */
  readonly #users: Uint32Array;
  /** Distinct training items of each user, ascending. */
  readonly #offsets: Uint32Array;
  readonly #items: Uint32Array;

  /**
   * Indexes the distinct items of each user.
   *
   * @param dataset The dataset.
   * @param seed An integer in [0, 2^32).
   * @throws {RangeError} If no user has both a training item and an item to contrast it with.
   */
  constructor(dataset: Dataset, seed: number) {
    const { userCount, itemCount, trainOffsets, trainItems } = dataset;
    this.size = trainItems.length;
    this.#itemCount = itemCount;
    this.#seed = seed;
    this.#offsets = new Uint32Array(userCount + 1);
    this.#items = new Uint32Array(trainItems.length);
    const users: number[] = [];
    let to = 0;
    for (let user = 0; user < userCount; user++) {
      const sorted = trainItems.slice(trainOffsets[user], trainOffsets[user + 1]).sort();
      sorted.forEach((item, at) => {
        if (at === 0 || item !== sorted[at - 1]) this.#items[to++] = item;
      });
      const distinct = to - this.#offsets[user]!;
      this.#offsets[user + 1] = to;
      if (distinct > 0 && distinct < itemCount) users.push(user);
    }
    if (users.length === 0) {
      throw new RangeError(`Cannot sample pairs as no user of '${dataset.name}' has both an item and an item not met`);
    }
    this.#users = Uint32Array.from(users);
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
        const first = this.#offsets[user]!, last = this.#offsets[user + 1]!;
        users[at] = user;
        positives[at] = this.#items[first + below(words[1]!, last - first)]!;
        negatives[at] = this.#negative(philox, begin + at, epoch, first, last);
      }
      yield { users, positives, negatives };
    }
  }

  /** Words 2 and 3 of the first draw, then all words of the draws at further attempts, until one is not the user's. */
  #negative(philox: Philox, index: number, epoch: number, first: number, last: number): number {
    for (let attempt = 0, word = 2;; attempt++, word = 0) {
      if (attempt > 0) philox.draw(index, epoch, attempt);
      for (; word < 4; word++) {
        const item = below(philox.words[word]!, this.#itemCount);
        if (!this.#has(item, first, last)) return item;
      }
    }
  }

  #has(item: number, low: number, high: number): boolean {
    const end = high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#items[middle]! < item) low = middle + 1;
      else high = middle;
    }
    return low < end && this.#items[low] === item;
  }
}
