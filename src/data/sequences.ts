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
 * One of several sequences.
 *
 * @param sequences The sequences.
 * @param at Which of them.
 * @returns A view of its items, oldest first.
 */
export function sequenceAt({ offsets, items }: PackedSequences, at: number): Uint32Array<ArrayBuffer> {
  return items.subarray(offsets[at], offsets[at + 1]);
}

/**
 * Some of several sequences, in any order and as often as asked for.
 *
 * @param sequences The sequences.
 * @param which Which of them.
 * @returns These sequences.
 */
export function sequencesAt(sequences: PackedSequences, which: Uint32Array): PackedSequences {
  const offsets = new Uint32Array(which.length + 1);
  which.forEach((at, to) => offsets[to + 1] = offsets[to]! + sequences.offsets[at + 1]! - sequences.offsets[at]!);
  const items = new Uint32Array(offsets.at(-1)!);
  which.forEach((at, to) => items.set(sequenceAt(sequences, at), offsets[to]));
  return { offsets, items };
}

/**
 * Sequences that follow one another among several.
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
