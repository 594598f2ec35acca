import type { Dataset } from "./dataset.ts";
import type { PackedSequences } from "./sequences.ts";

/** Items of each user, ascending and each once, for all users end to end. */
export type DistinctItems = PackedSequences;

/**
 * The items of each sequence, ascending and each once.
 *
 * @param sequences The sequences.
 * @returns The items.
 */
export function distinct({ offsets, items }: PackedSequences): DistinctItems {
  const kept = new Uint32Array(items.length), shortened = new Uint32Array(offsets.length);
  let to = 0;
  for (let at = 0; at + 1 < offsets.length; at++) {
    const sorted = items.slice(offsets[at], offsets[at + 1]).sort();
    sorted.forEach((item, place) => {
      if (place === 0 || item !== sorted[place - 1]) kept[to++] = item;
    });
    shortened[at + 1] = to;
  }
  return { offsets: shortened, items: kept.slice(0, to) };
}

/**
 * The distinct training items of every user.
 *
 * @param dataset The dataset.
 * @returns The items.
 */
export function distinctItems({ train }: Dataset): DistinctItems {
  return distinct(train);
}

/**
 * Whether a user has an item.
 *
 * @param distinct The items of all users.
 * @param user The user.
 * @param item The item.
 * @returns Whether it is among the user's.
 */
export function hasItem({ offsets, items }: DistinctItems, user: number, item: number): boolean {
  let low = offsets[user]!, high = offsets[user + 1]!;
  const end = high;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (items[middle]! < item) low = middle + 1;
    else high = middle;
  }
  return low < end && items[low] === item;
}
