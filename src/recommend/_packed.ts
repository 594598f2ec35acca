import type { PackedSequences } from "../data/sequences.ts";
import type { Exclusions } from "../models/ranker.ts";

/**
 * Sequences end to end.
 *
 * @param sequences The sequences.
 * @returns One array and where each begins.
 */
export function packed(sequences: readonly (readonly number[])[]): PackedSequences {
  const offsets = new Uint32Array(sequences.length + 1);
  sequences.forEach(({ length }, at) => offsets[at + 1] = offsets[at]! + length);
  return { offsets, items: Uint32Array.from(sequences.flat()) };
}

/**
 * The items of each sequence ascending and each once, as exclusions are.
 *
 * @param sequences The sequences.
 * @returns The items.
 */
export function distinct({ offsets, items }: PackedSequences): Exclusions {
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
