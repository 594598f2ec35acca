import type { Dataset } from "./dataset.ts";
import { Negatives } from "./negatives.ts";
import type { PackedSequences } from "./sequences.ts";
import { shuffle } from "./shuffle.ts";

/** Sequences that are to predict one item each, the longest first. */
export interface PrefixBatch extends PackedSequences {
  /** The item after each sequence. */
  readonly positives: Uint32Array<ArrayBuffer>;
  /** An item that the user does not have, for each sequence. */
  readonly negatives: Uint32Array<ArrayBuffer>;
}

/**
 * The batches of GRU4Rec, as in the published runs: every prefix of two items or more of every user's training sequence is
 * a sample; its last item is the positive, the last `length` before it are the inputs, with one negative. A batch is
 * sorted by length, longest first, so that sequences that are advanced together are of about one length.
 *
 * @example
 * ```ts
 * import { PrefixSampler } from "@sevo/sevo/models";
 * import { generatedDataset } from "@sevo/sevo/training";
 * import { assertEquals } from "@std/assert";
 *
 * const sampler = new PrefixSampler(generatedDataset({ users: 20, items: 30 }), 1, 50);
 * for (const { offsets, positives } of sampler.batches(1, 8)) {
 *   const lengths = Array.from(positives, (_, at) => offsets[at + 1]! - offsets[at]!);
 *   assertEquals(lengths, lengths.toSorted((a, b) => b - a)); // the longest come first
 * }
 * ```
 */
export class PrefixSampler {
  readonly #dataset: Dataset;
  readonly #seed: number;
  readonly #length: number;
  readonly #negatives: Negatives;
  /** Place of the positive of each sample in the training items, and whose it is. */
  readonly #places: Uint32Array;
  readonly #userOf: Uint32Array;

  /**
   * Lists the prefixes.
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
    const { userCount, train: { offsets, items } } = dataset;
    this.#userOf = new Uint32Array(items.length);
    const places: number[] = [];
    for (let user = 0; user < userCount; user++) {
      this.#userOf.fill(user, offsets[user], offsets[user + 1]);
      if (!this.#negatives.exist(user)) continue;
      for (let place = offsets[user]! + 1; place < offsets[user + 1]!; place++) places.push(place);
    }
    if (places.length === 0) {
      throw new RangeError(`Cannot sample prefixes as no user of '${dataset.name}' has two items and one not met`);
    }
    this.#places = Uint32Array.from(places);
  }

  /** Prefixes of an epoch. */
  get size(): number {
    return this.#places.length;
  }

  /**
   * The batches of an epoch.
   *
   * @param epoch The epoch, counted from 1.
   * @param batchSize Samples of a batch; the last batch may have fewer.
   */
  *batches(epoch: number, batchSize: number): Generator<PrefixBatch> {
    const { train } = this.#dataset;
    const order = this.#places.slice();
    shuffle(order, this.#seed, epoch);
    const lengthOf = (place: number) => Math.min(place - train.offsets[this.#userOf[place]!]!, this.#length);
    for (let begin = 0; begin < order.length; begin += batchSize) {
      // By place among equals, so that the order is one of the samples alone.
      const places = order.slice(begin, begin + batchSize).sort((a, b) => lengthOf(b) - lengthOf(a) || a - b);
      const offsets = new Uint32Array(places.length + 1);
      places.forEach((place, at) => offsets[at + 1] = offsets[at]! + lengthOf(place));
      const items = new Uint32Array(offsets.at(-1)!);
      places.forEach((place, at) => items.set(train.items.subarray(place - lengthOf(place), place), offsets[at]));
      const positives = places.map((place) => train.items[place]!);
      const negatives = places.map((place) => this.#negatives.draw(this.#userOf[place]!, place, epoch));
      yield { offsets, items, positives, negatives };
    }
  }
}
