import { assert } from "@std/assert";
import type { Dataset } from "../../src/data/dataset.ts";
import { generatedDataset } from "../../src/data/generated.ts";
import type { PackedSequences } from "../../src/data/sequences.ts";

/** What is held out of each user: an item, several, or -1 for none. */
export type HeldOut = readonly (number | readonly number[])[];

/** Held-out items end to end. */
export function packedHeldOut(held: HeldOut): PackedSequences {
  return packed(held.map((own) => typeof own === "number" ? [own].filter((item) => item >= 0) : own));
}

/** A dataset of these training sequences, and of what is held out. */
export function datasetOf(
  sequences: readonly (readonly number[])[],
  itemCount: number,
  { valid = sequences.map(() => -1), test = sequences.map(() => -1) }: { valid?: HeldOut; test?: HeldOut } = {},
): Dataset {
  return {
    ...generatedDataset({ users: 1, items: 12 }),
    name: "made-up",
    userCount: sequences.length,
    itemCount,
    users: sequences.map((_, user) => `user ${user}`),
    items: Array.from({ length: itemCount }, (_, item) => `item ${item}`),
    train: packed(sequences),
    valid: packedHeldOut(valid),
    test: packedHeldOut(test),
    itemColumns: {},
  };
}

/** Sequences end to end. */
export function packed(sequences: readonly (readonly number[])[]): PackedSequences {
  const offsets = [0];
  for (const { length } of sequences) offsets.push(offsets.at(-1)! + length);
  return { offsets: Uint32Array.from(offsets), items: Uint32Array.from(sequences.flat()) };
}

/** The elements of each sequence of an array that lies end to end. */
export function unpacked(offsets: Uint32Array, elements: Uint32Array): number[][] {
  return Array.from({ length: offsets.length - 1 }, (_, at) => [...elements.subarray(offsets[at], offsets[at + 1])]);
}

/** Chi-square of counts against equal chances, in standard deviations from its mean. */
export function excess(counts: readonly number[]): number {
  const expected = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  const chi2 = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  const freedom = counts.length - 1;
  return (chi2 - freedom) / Math.sqrt(2 * freedom);
}

/** How often each of some values occurs; there must be no other. */
export function countsOf<T>(values: readonly T[], among: readonly T[]): number[] {
  const counts = new Map(among.map((value) => [value, 0]));
  for (const value of values) {
    assert(counts.has(value), `${value} is not among ${among}`);
    counts.set(value, counts.get(value)! + 1);
  }
  return [...counts.values()];
}

/** The numbers from 0 on. */
export function range(length: number): number[] {
  return Array.from({ length }, (_, at) => at);
}
