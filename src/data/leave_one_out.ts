import type { SplitItems } from "./dataset.ts";
import type { PackedSequences } from "./sequences.ts";

/** The longest sequence that is too short to be split: it goes to training whole. */
export const LONGEST_UNSPLIT = 3;

/**
 * Splits every user's sequence: the last item is for testing, the one before for validation, the rest for training. A
 * sequence of {@linkcode LONGEST_UNSPLIT} items or fewer is for training whole.
 *
 * @param sequences The sequences, oldest item first.
 * @returns The split.
 */
export function leaveOneOut({ offsets, items }: PackedSequences): SplitItems {
  const users = offsets.length - 1;
  const part = () => ({ offsets: new Uint32Array(users + 1), items: new Uint32Array(items.length) });
  const train = part(), valid = part(), test = part();
  for (let user = 0; user < users; user++) {
    const start = offsets[user]!, end = offsets[user + 1]!;
    const held = end - start > LONGEST_UNSPLIT ? 1 : 0;
    append(train, user, items.subarray(start, end - 2 * held));
    append(valid, user, items.subarray(end - 2 * held, end - held));
    append(test, user, items.subarray(end - held, end));
  }
  return { train: trimmed(train), valid: trimmed(valid), test: trimmed(test) };
}

function append({ offsets, items }: PackedSequences, at: number, own: Uint32Array): void {
  items.set(own, offsets[at]);
  offsets[at + 1] = offsets[at]! + own.length;
}

function trimmed({ offsets, items }: PackedSequences): PackedSequences {
  return { offsets, items: items.slice(0, offsets.at(-1)) };
}
