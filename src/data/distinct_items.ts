import type { Dataset } from "./dataset.ts";

/** Items of each user, ascending and each once, for all users end to end. */
export interface DistinctItems {
  /** Where the items of each user begin, and where the last end. */
  readonly offsets: Uint32Array<ArrayBuffer>;
  /** The items. */
  readonly items: Uint32Array<ArrayBuffer>;
}

/**
 * The distinct training items of every user.
 *
 * @param dataset The dataset.
 * @returns The items.
 */
export function distinctItems({ userCount, trainOffsets, trainItems }: Dataset): DistinctItems {
  const offsets = new Uint32Array(userCount + 1), items = new Uint32Array(trainItems.length);
  let to = 0;
  for (let user = 0; user < userCount; user++) {
    const sorted = trainItems.slice(trainOffsets[user], trainOffsets[user + 1]).sort();
    sorted.forEach((item, at) => {
      if (at === 0 || item !== sorted[at - 1]) items[to++] = item;
    });
    offsets[user + 1] = to;
  }
  return { offsets, items: items.slice(0, to) };
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
