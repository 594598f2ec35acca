import { Philox, Stream } from "../philox.ts";
import type { Dataset } from "./dataset.ts";
import type { PackedSequences } from "./sequences.ts";
import { shuffle } from "./shuffle.ts";

/** Sequences some of whose items are hidden, to be predicted. */
export interface ClozeBatch extends PackedSequences {
  /** Places in `items` that are hidden, ascending. */
  readonly hidden: Uint32Array<ArrayBuffer>;
}

/**
 * The batches of BERT4Rec, as in the published runs: an epoch is one pass over the users, shuffled; of each the last
 * `length` training items, every one of which is hidden with probability `rate`. Sequences with nothing hidden add
 * nothing to the loss and are left out, and so are batches of such alone.
 *
 * @example
 * ```ts
 * import { ClozeSampler } from "@sevo/sevo/models";
 * import { generatedDataset } from "@sevo/sevo/training";
 * import { assert } from "@std/assert";
 *
 * const sampler = new ClozeSampler(generatedDataset({ users: 20, items: 30 }), 1, 50, 0.5);
 * for (const { items, hidden } of sampler.batches(1, 8)) {
 *   assert(hidden.length > 0 && hidden.every((place) => place < items.length));
 * }
 * ```
 */
export class ClozeSampler {
  readonly #dataset: Dataset;
  readonly #seed: number;
  readonly #length: number;
  readonly #rate: number;
  readonly #users: Uint32Array;

  /**
   * Lists the users with a training item.
   *
   * @param dataset The dataset.
   * @param seed An integer in [0, 2^32).
   * @param length Items of a sequence at most.
   * @param rate Probability of hiding an item, in (0, 1].
   * @throws {RangeError} If no user has a training item.
   */
  constructor(dataset: Dataset, seed: number, length: number, rate: number) {
    this.#dataset = dataset;
    this.#seed = seed;
    this.#length = length;
    this.#rate = rate;
    const { offsets } = dataset.train;
    this.#users = Uint32Array.from(Array(dataset.userCount).keys()).filter((user) =>
      offsets[user + 1]! > offsets[user]!
    );
    if (this.#users.length === 0) {
      throw new RangeError(`Cannot sample sequences as no user of '${dataset.name}' has a training item`);
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
   * @param batchSize Users of a batch; fewer are left where nothing of theirs is hidden.
   */
  *batches(epoch: number, batchSize: number): Generator<ClozeBatch> {
    const { train } = this.#dataset;
    const philox = new Philox(this.#seed, Stream.mask), threshold = Math.round(this.#rate * 2 ** 32);
    const order = this.#users.slice();
    shuffle(order, this.#seed, epoch);
    for (let begin = 0; begin < order.length; begin += batchSize) {
      const offsets: number[] = [0], items: number[] = [], hidden: number[] = [];
      for (const user of order.subarray(begin, begin + batchSize)) {
        const end = train.offsets[user + 1]!, first = Math.max(train.offsets[user]!, end - this.#length);
        const places: number[] = [];
        for (let place = first; place < end; place++) {
          const word = philox.draw(place >>> 2, epoch)[place & 3]!;
          if (word < threshold) places.push(items.length + place - first);
        }
        if (places.length === 0) continue;
        hidden.push(...places);
        for (let place = first; place < end; place++) items.push(train.items[place]!);
        offsets.push(items.length);
      }
      if (hidden.length === 0) continue;
      yield { offsets: Uint32Array.from(offsets), items: Uint32Array.from(items), hidden: Uint32Array.from(hidden) };
    }
  }
}
