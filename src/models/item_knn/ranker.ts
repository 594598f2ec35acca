import type { PackedSequences } from "../../data/sequences.ts";
import type { ModelWeights } from "../../nn/parameters.ts";
import type { Requests, Similarity } from "../network.ts";
import { type Exclusions, NO_ITEM, type Ranker, type TopItems } from "../ranker.ts";
import { NEIGHBOURS, NO_NEIGHBOUR, SIMILARITIES } from "./neighbours.ts";

/**
 * Ranks by the sum of an item's similarities to those of a history. Only the neighbours of the history are touched, so
 * this runs on the host: a list costs as many additions as the history has neighbours, and no pass over the catalogue.
 * Items that are related to none of the history score 0; lists end before them.
 */
export class NeighbourRanker implements Ranker {
  /** See {@linkcode Ranker.itemCount}. */
  readonly itemCount: number;
  /** See {@linkcode Ranker.historyLength}. */
  readonly historyLength = Infinity;
  readonly #width: number;
  readonly #rows: Float32Array;
  readonly #similarities: Float32Array;
  readonly #scores: Float32Array;
  /** Items whose scores are not 0. */
  #scored: readonly number[] = [];

  /** @param weights What `countNeighbours` gave. */
  constructor(weights: ModelWeights) {
    const { data, shape } = weights[NEIGHBOURS]!;
    [this.itemCount, this.#width] = shape as [number, number];
    this.#rows = data;
    this.#similarities = weights[SIMILARITIES]!.data;
    this.#scores = new Float32Array(this.itemCount);
    const wrong = data.find((row) => !Number.isInteger(row) || row < NO_NEIGHBOUR || row >= this.itemCount);
    if (wrong !== undefined) {
      throw new RangeError(
        `Cannot rank as neighbours must be integers in [${NO_NEIGHBOUR}, ${this.itemCount}): current value is ${wrong}`,
      );
    }
  }

  /** See {@linkcode Ranker.top}. */
  top(requests: Requests, count: number, excluded: Exclusions): Promise<TopItems> {
    return Promise.resolve(this.#lists(requests.histories.offsets.length - 1, count, (list) => {
      const scores = this.#scores, related = this.#score(requests, list), left = exclusionsOf(excluded, list);
      const found = related.filter((item) => !left.has(item)).sort((a, b) => scores[b]! - scores[a]! || a - b);
      return found.slice(0, count).map((item) => [item, scores[item]!] as const);
    }));
  }

  /** See {@linkcode Ranker.ranks}. */
  ranks(requests: Requests, targets: PackedSequences, excluded: Exclusions): Promise<Uint32Array<ArrayBuffer>> {
    const { offsets, items } = targets, ranks = new Uint32Array(items.length), scores = this.#scores;
    for (let list = 0; list + 1 < offsets.length; list++) {
      const related = this.#score(requests, list), left = exclusionsOf(excluded, list);
      const candidates = related.filter((item) => !left.has(item));
      for (let at = offsets[list]!; at < offsets[list + 1]!; at++) {
        const target = items[at]!, own = scores[target]!;
        if (left.has(target)) {
          ranks[at] = this.itemCount - left.size + 1;
          continue;
        }
        let before = candidates.filter((item) => scores[item]! > own || (scores[item] === own && item < target)).length;
        // All that is related to nothing scores 0, in the order of the catalogue
        if (own === 0) {
          const below = (items: Iterable<number>) =>
            Iterator.from(items).filter((item) => item < target).toArray().length;
          before += target - below(left) - below(candidates);
        }
        ranks[at] = before + 1;
      }
    }
    return Promise.resolve(ranks);
  }

  /** See {@linkcode Ranker.scores}. */
  scores(requests: Requests, { offsets, items }: PackedSequences): Promise<Float32Array<ArrayBuffer>> {
    const scores = new Float32Array(items.length);
    for (let list = 0; list + 1 < offsets.length; list++) {
      this.#score(requests, list);
      for (let at = offsets[list]!; at < offsets[list + 1]!; at++) {
        this.#checkItem(items[at]!);
        scores[at] = this.#scores[items[at]!]!;
      }
    }
    return Promise.resolve(scores);
  }

  /** See {@linkcode Ranker.similar}. */
  similar(items: Uint32Array, count: number, by: Similarity | null): Promise<TopItems> {
    if (by === "dot") throw new RangeError("Cannot find similar items as item-knn knows the cosine alone");
    return Promise.resolve(this.#lists(items.length, count, (list) => {
      this.#checkItem(items[list]!);
      return this.#neighboursOf(items[list]!).slice(0, count);
    }));
  }

  #lists(
    total: number,
    count: number,
    listOf: (list: number) => readonly (readonly [item: number, score: number])[],
  ): TopItems {
    const items = new Uint32Array(total * count).fill(NO_ITEM), scores = new Float32Array(total * count);
    for (let list = 0; list < total; list++) {
      listOf(list).forEach(([item, score], at) => {
        items[list * count + at] = item;
        scores[list * count + at] = score;
      });
    }
    return { items, scores };
  }

  /** Scores the items related to a history, and returns them. The scores of all others are 0. */
  #score({ histories: { offsets, items } }: Requests, list: number): number[] {
    const scores = this.#scores, related: number[] = [];
    for (const item of this.#scored) scores[item] = 0;
    this.#scored = related;
    for (const taken of new Set(items.subarray(offsets[list], offsets[list + 1]))) {
      this.#checkItem(taken);
      for (const [item, similarity] of this.#neighboursOf(taken)) {
        if (scores[item] === 0) related.push(item);
        scores[item]! += similarity;
      }
    }
    return related;
  }

  #neighboursOf(item: number): (readonly [item: number, similarity: number])[] {
    const found: (readonly [number, number])[] = [];
    for (let at = item * this.#width; at < (item + 1) * this.#width; at++) {
      if (this.#rows[at] === NO_NEIGHBOUR) break;
      found.push([this.#rows[at]!, this.#similarities[at]!]);
    }
    return found;
  }

  #checkItem(item: number): void {
    if (item < this.itemCount) return;
    throw new RangeError(`Cannot use an item as it must be in [0, ${this.itemCount}): current value is ${item}`);
  }

  /** Nothing is on a device. */
  [Symbol.dispose](): void {}
}

function exclusionsOf({ offsets, items }: Exclusions, list: number): Set<number> {
  return new Set(items.subarray(offsets[list], offsets[list + 1]));
}
