import type { SplitItems } from "./dataset.ts";
import { type PackedSequences, sequenceAt } from "./sequences.ts";

/**
 * How much of a user's history counts: what comes before the items to validate on, what comes before the items to test on,
 * or everything known.
 */
export type HistoryEnd = "valid" | "test" | "all";

/**
 * The histories of users, for a model to rank what comes next.
 *
 * @example
 * ```ts
 * import { generatedDataset, packHistories } from "@sevo/sevo/training";
 * import { assertEquals } from "@std/assert";
 *
 * const { offsets, items } = packHistories(generatedDataset({ users: 50, items: 40 }), new Uint32Array([7, 3]), "all", 2);
 * assertEquals([[...offsets], items.length], [[0, 2, 4], 4]);
 * ```
 *
 * @param dataset The dataset.
 * @param users The users.
 * @param end `valid`: training items; `test`: the items to validate on too; `all`: the items to test on too.
 * @param last Only the last so many items count.
 * @returns A sequence for each user; it has no item where the user has no history.
 */
export function packHistories(
  { train, valid, test }: SplitItems,
  users: Uint32Array,
  end: HistoryEnd,
  last: number = Infinity,
): PackedSequences {
  const parts = end === "valid" ? [train] : end === "test" ? [train, valid] : [train, valid, test];
  const offsets = new Uint32Array(users.length + 1);
  users.forEach((user, at) => {
    const length = parts.reduce((sum, part) => sum + part.offsets[user + 1]! - part.offsets[user]!, 0);
    offsets[at + 1] = offsets[at]! + Math.min(length, last);
  });
  const items = new Uint32Array(offsets.at(-1)!);
  users.forEach((user, at) => {
    const first = offsets[at]!;
    let to = offsets[at + 1]!;
    for (let part = parts.length - 1; to > first; part--) {
      const own = sequenceAt(parts[part]!, user), count = Math.min(own.length, to - first);
      items.set(own.subarray(own.length - count), to -= count);
    }
  });
  return { offsets, items };
}
