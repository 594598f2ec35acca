import type { Dataset } from "./dataset.ts";
import { Negatives } from "./negatives.ts";
import type { PackedSequences } from "./sequences.ts";
import { shuffle } from "./shuffle.ts";

/** Sequences in which every item is to predict the one after it. */
export interface NextItemBatch extends PackedSequences {
  /** The item after each. */
  readonly positives: Uint32Array<ArrayBuffer>;
  /** An item that the user does not have, for each. */
  readonly negatives: Uint32Array<ArrayBuffer>;
}

/**
 * The batches of SASRec and STOSA, as in the published runs: an epoch is one pass over the users, shuffled; of a user's
 * training sequence s the inputs are s[..-1] and the positives s[1..], the last `length` of each, with one negative to a
 * position. Users with fewer than two items, or with every item, have nothing to learn from.
 *
 * @example
 * ```ts
 * import { NextItemSampler } from "@sevo/sevo/models";
 * import { generatedDataset } from "@sevo/sevo/training";
 * import { assertEquals } from "@std/assert";
 *
 * const sampler = new NextItemSampler(generatedDataset({ users: 20, items: 30 }), 1, 50);
 * for (const { offsets, items, positives, negatives } of sampler.batches(1, 8)) {
 *   assertEquals([positives.length, negatives.length, offsets.at(-1)], [items.length, items.length, items.length]);
 * }
 * ```
 */
export class NextItemSampler {
  readonly #dataset: Dataset;
  readonly #seed: number;
  readonly #length: number;
  readonly #negatives: Negatives;
  readonly #users: Uint32Array;

  /**
   * Lists the users with something to learn from.
   *
   * @param dataset The dataset.
   * @param seed An integer in [0, 2^32).
   * @param length Inputs of a sequence at most.
   * @throws {RangeError} If no user has two items and one that they do not have.
   */
  constructor(dataset: Dataset, seed: number, length: number) {
    this.#dataset = dataset;
    this.#seed = seed;
    this.#length = length;
    this.#negatives = new Negatives(dataset, seed);
    const { offsets } = dataset.train;
    this.#users = Uint32Array.from(Array(dataset.userCount).keys()).filter((user) =>
      offsets[user + 1]! - offsets[user]! > 1 && this.#negatives.exist(user)
    );
    if (this.#users.length === 0) {
      throw new RangeError(`Cannot sample sequences as no user of '${dataset.name}' has two items and one not met`);
    }
  }

  /** Users of an epoch. */
  get size(): number {
    return this.#users.length;
  }

  /**
   * The batches of an epoch.
   *
   * @param epoch The epoch, counted from 1.
   * @param batchSize Users of a batch; the last batch may have fewer.
   */
  *batches(epoch: number, batchSize: number): Generator<NextItemBatch> {
    const { train } = this.#dataset;
    const order = this.#users.slice();
    shuffle(order, this.#seed, epoch);
    for (let begin = 0; begin < order.length; begin += batchSize) {
      const users = order.subarray(begin, begin + batchSize);
      const offsets = new Uint32Array(users.length + 1);
      users.forEach((user, at) => {
        offsets[at + 1] = offsets[at]! + Math.min(train.offsets[user + 1]! - train.offsets[user]! - 1, this.#length);
      });
      const tokens = offsets.at(-1)!;
      const items = new Uint32Array(tokens), positives = new Uint32Array(tokens), negatives = new Uint32Array(tokens);
      users.forEach((user, at) => {
        const to = offsets[at]!, length = offsets[at + 1]! - to, end = train.offsets[user + 1]!;
        items.set(train.items.subarray(end - 1 - length, end - 1), to);
        positives.set(train.items.subarray(end - length, end), to);
        for (let place = 0; place < length; place++) {
          negatives[to + place] = this.#negatives.draw(user, end - length + place, epoch);
        }
      });
      yield { offsets, items, positives, negatives };
    }
  }
}
