import type { Dataset } from "../../data/dataset.ts";
import { userItemGraph } from "../../data/user_item_graph.ts";
import type { ModelWeights } from "../../nn/parameters.ts";
import type { ItemKnnSettings } from "./settings.ts";

/** Weights of item-knn: rows of the neighbours of each item, the most similar first, and how similar they are. */
export const NEIGHBOURS = "item.neighbours", SIMILARITIES = "item.similarities";

/** In place of a neighbour: there are no more. */
export const NO_NEIGHBOUR = -1;

/**
 * Neighbours of an item that there is room for.
 *
 * @param itemCount Number of items.
 * @param neighbours The setting.
 * @returns Columns of the weights.
 */
export function neighboursKept(itemCount: number, neighbours: number): number {
  return Math.min(neighbours, Math.max(1, itemCount - 1));
}

/** Weights are float32, which counts no further. */
const MOST_ITEMS = 2 ** 24;

/**
 * The neighbours of every item: those with the greatest shrunk cosine n_ij / (sqrt(n_i n_j) + shrinkage), where n_ij
 * users have both items in their training items (Sarwar et al., WWW 2001). Ties go to the lower row.
 *
 * @param dataset The dataset.
 * @param settings How many neighbours, and the shrinkage.
 * @returns Rows (as float32, exact) and similarities, items x neighbours.
 * @throws {RangeError} If there are more than 2^24 items.
 */
export function countNeighbours(dataset: Dataset, { neighbours, shrinkage }: ItemKnnSettings): ModelWeights {
  const { userCount, itemCount } = dataset;
  if (itemCount > MOST_ITEMS) {
    throw new RangeError(
      `Cannot count neighbours as there must be at most ${MOST_ITEMS} items: current value is ${itemCount}`,
    );
  }
  // The rows of users hold their distinct items, those of items their users
  const { rowOffsets, columns } = userItemGraph(dataset);
  const degree = (item: number) => rowOffsets[userCount + item + 1]! - rowOffsets[userCount + item]!;

  const width = neighboursKept(itemCount, neighbours);
  const rows = new Float32Array(itemCount * width).fill(NO_NEIGHBOUR), similarities = new Float32Array(rows.length);
  const common = new Uint32Array(itemCount), scores = new Float64Array(itemCount);
  for (let item = 0; item < itemCount; item++) {
    const met: number[] = [];
    for (let at = rowOffsets[userCount + item]!; at < rowOffsets[userCount + item + 1]!; at++) {
      const user = columns[at]!;
      for (let place = rowOffsets[user]!; place < rowOffsets[user + 1]!; place++) {
        const other = columns[place]! - userCount;
        if (other !== item && common[other]!++ === 0) met.push(other);
      }
    }
    for (const other of met) {
      scores[other] = common[other]! / (Math.sqrt(degree(item) * degree(other)) + shrinkage);
      common[other] = 0;
    }
    // What is 0 in the precision of the weights is no similarity
    const near = met.filter((other) => Math.fround(scores[other]!) > 0);
    near.sort((a, b) => scores[b]! - scores[a]! || a - b).slice(0, width).forEach((other, at) => {
      rows[item * width + at] = other;
      similarities[item * width + at] = scores[other]!;
    });
  }
  const shape = [itemCount, width];
  return { [NEIGHBOURS]: { data: rows, shape }, [SIMILARITIES]: { data: similarities, shape } };
}
