import type { Dataset } from "./dataset.ts";

/** Sequences of items end to end, without padding. */
export interface PackedSequences {
  /** Where each sequence begins in `items`, and where the last ends. */
  readonly offsets: Uint32Array<ArrayBuffer>;
  /** Items of all sequences, oldest first. */
  readonly items: Uint32Array<ArrayBuffer>;
}

/**
 * Sequences end to end.
 *
 * @param sequences The sequences.
 * @returns One array and where each begins.
 */
export function packSequences(sequences: readonly (readonly number[])[]): PackedSequences {
  const offsets = new Uint32Array(sequences.length + 1);
  sequences.forEach(({ length }, at) => offsets[at + 1] = offsets[at]! + length);
  return { offsets, items: Uint32Array.from(sequences.flat()) };
}

/**
 * Some of several sequences.
 *
 * @param sequences The sequences.
 * @param begin The first that is wanted.
 * @param end The first after it that is not.
 * @returns The sequences from `begin` to before `end`.
 */
export function sliceSequences({ offsets, items }: PackedSequences, begin: number, end: number): PackedSequences {
  const first = offsets[begin]!;
  return {
    offsets: offsets.slice(begin, end + 1).map((at) => at - first),
    items: items.slice(first, offsets[end]),
  };
}

/**
 * How much of a user's history counts: what comes before the item to validate on, what comes before the item to test on,
 * or everything known.
 */
export type HistoryEnd = "valid" | "test" | "all";

/**
 * The histories of users, for a model to rank what comes next.
 *
 * @param dataset The dataset.
 * @param users The users.
 * @param end `valid`: training items; `test`: the validation item too; `all`: the test item too.
 * @param last Only the last so many items count.
 * @returns A sequence for each user; it has no item where the user has no history.
 */
export function packHistories(
  { trainOffsets, trainItems, validItems, testItems }: Dataset,
  users: Uint32Array,
  end: HistoryEnd,
  last: number = Infinity,
): PackedSequences {
  const offsets = new Uint32Array(users.length + 1);
  const held = end === "valid" ? [] : end === "test" ? [validItems] : [validItems, testItems];
  users.forEach((user, at) => {
    const heldOut = held.reduce((count, items) => items[user]! >= 0 ? count + 1 : count, 0);
    const length = trainOffsets[user + 1]! - trainOffsets[user]! + heldOut;
    offsets[at + 1] = offsets[at]! + Math.min(length, last);
  });
  const items = new Uint32Array(offsets.at(-1)!);
  users.forEach((user, at) => {
    let to = offsets[at + 1]!;
    const first = offsets[at]!;
    for (const known of held.toReversed()) if (known[user]! >= 0 && to > first) items[--to] = known[user]!;
    const trained = trainOffsets[user + 1]!;
    if (to > first) items.set(trainItems.subarray(trained - (to - first), trained), first);
  });
  return { offsets, items };
}
