/** The split of {@linkcode leaveOneOut}: see `Dataset` for the shapes. */
export interface LeaveOneOut {
  /** Where each user's training items begin, `[users + 1]`. */
  readonly trainOffsets: Uint32Array<ArrayBuffer>;
  /** Training items of all users end to end. */
  readonly trainItems: Uint32Array<ArrayBuffer>;
  /** Each user's last but one item, or -1, `[users]`. */
  readonly validItems: Int32Array<ArrayBuffer>;
  /** Each user's last item, or -1, `[users]`. */
  readonly testItems: Int32Array<ArrayBuffer>;
}

/** The longest sequence that is too short to be split: it goes to training whole. */
export const LONGEST_UNSPLIT = 3;

/**
 * Splits every user's sequence: the last item is for testing, the one before for validation, the rest for training. A
 * sequence of {@linkcode LONGEST_UNSPLIT} items or fewer is for training whole.
 *
 * @param offsets Where each user's items begin, `[users + 1]`.
 * @param items Items of all users end to end, oldest first.
 * @returns The split.
 */
export function leaveOneOut(offsets: Uint32Array, items: Uint32Array): LeaveOneOut {
  const users = offsets.length - 1;
  const trainOffsets = new Uint32Array(users + 1);
  const trainItems = new Uint32Array(items.length);
  const validItems = new Int32Array(users).fill(-1);
  const testItems = new Int32Array(users).fill(-1);
  let count = 0;
  for (let user = 0; user < users; user++) {
    const start = offsets[user]!;
    let end = offsets[user + 1]!;
    if (end - start > LONGEST_UNSPLIT) {
      testItems[user] = items[--end]!;
      validItems[user] = items[--end]!;
    }
    trainItems.set(items.subarray(start, end), count);
    count += end - start;
    trainOffsets[user + 1] = count;
  }
  return { trainOffsets, trainItems: trainItems.slice(0, count), validItems, testItems };
}
