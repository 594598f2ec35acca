import type { Dataset } from "./dataset.ts";

/** Sequences of items end to end, without padding. */
export interface PackedSequences {
  /** Where each sequence begins in `items`, and where the last ends. */
  readonly offsets: Uint32Array<ArrayBuffer>;
  /** Items of all sequences, oldest first. */
  readonly items: Uint32Array<ArrayBuffer>;
}

/**
 * The histories of users before a split, for a model to rank what comes next.
 *
 * @param dataset The dataset.
 * @param users The users.
 * @param split `valid`: training items; `test`: the validation item too.
 * @param last Only the last so many items count.
 * @returns A sequence for each user; it has no item where the user has no history.
 */
export function packHistories(
  { trainOffsets, trainItems, validItems }: Dataset,
  users: Uint32Array,
  split: "valid" | "test",
  last: number,
): PackedSequences {
  const offsets = new Uint32Array(users.length + 1);
  const validOf = (user: number) => split === "test" && validItems[user]! >= 0 ? 1 : 0;
  users.forEach((user, at) => {
    const length = trainOffsets[user + 1]! - trainOffsets[user]! + validOf(user);
    offsets[at + 1] = offsets[at]! + Math.min(length, last);
  });
  const items = new Uint32Array(offsets.at(-1)!);
  users.forEach((user, at) => {
    const end = offsets[at + 1]! - validOf(user), length = end - offsets[at]!;
    if (validOf(user)) items[end] = validItems[user]!;
    if (length > 0) {
      items.set(trainItems.subarray(trainOffsets[user + 1]! - length, trainOffsets[user + 1]), offsets[at]);
    }
  });
  return { offsets, items };
}
