/**
 * What the sequence models share: rows of items, positions, last tokens, and the gradient rows of their tables.
 *
 * @module
 */
import { NO_ROW } from "../../kernels/embed/embed.ts";
import type { PackedSequences } from "../data/sequences.ts";
import type { RowRange, Tensor } from "../device/device.ts";
import type { Tape } from "../nn/tape.ts";
import { type PlannedGradient, planRows } from "../sevo/gradient.ts";
import type { BorrowedRows } from "./network.ts";

/**
 * Rows of items in a table that begins with other rows.
 *
 * @example
 * ```ts
 * import { itemRows } from "@sevo/sevo/models";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([...itemRows(new Uint32Array([0, 4]), 5, 1)], [1, 5]); // row 0 is padding
 * ```
 *
 * @param items Items.
 * @param itemCount Number of items.
 * @param leadingRows Rows before that of item 0.
 * @returns A row for each item.
 * @throws {RangeError} If there is no such item.
 */
export function itemRows(items: Uint32Array, itemCount: number, leadingRows: number): Uint32Array<ArrayBuffer> {
  const rows = new Uint32Array(items.length);
  // A loop, as Uint32Array.from() with a function takes twenty times as long: half a millisecond of a step
  for (let at = 0; at < items.length; at++) rows[at] = itemRow(items[at]!, itemCount, leadingRows);
  return rows;
}

/**
 * The row of an item in a table that begins with other rows.
 *
 * @example
 * ```ts
 * import { itemRow } from "@sevo/sevo/models";
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * assertEquals(itemRow(4, 5, 1), 5);
 * assertThrows(() => itemRow(5, 5, 1), RangeError);
 * ```
 *
 * @param item The item.
 * @param itemCount Number of items.
 * @param leadingRows Rows before that of item 0.
 * @returns The row.
 * @throws {RangeError} If there is no such item.
 */
export function itemRow(item: number, itemCount: number, leadingRows: number): number {
  if (item < itemCount) return item + leadingRows;
  throw new RangeError(`Cannot use an item as it must be in [0, ${itemCount}): current value is ${item}`);
}

/**
 * The last items of each sequence, and in place of an empty one a token that is no item.
 *
 * @example
 * ```ts
 * import { lastRows } from "@sevo/sevo/models";
 * import { assertEquals } from "@std/assert";
 *
 * const sequences = { offsets: new Uint32Array([0, 3, 3]), items: new Uint32Array([7, 8, 9]) };
 * const { offsets, rows } = lastRows(sequences, 2, (items) => items.map((item) => item + 1));
 * assertEquals([[...offsets], [...rows]], [[0, 2, 3], [9, 10, 0xffffffff]]); // the second has no item
 * ```
 *
 * @param sequences Sequences of any length.
 * @param length Items of a sequence at most.
 * @returns Offsets of sequences of 1 to `length` tokens, and rows given by `rowOf`.
 */
export function lastRows(
  { offsets, items }: PackedSequences,
  length: number,
  rowOf: (items: Uint32Array) => Uint32Array,
): { offsets: Uint32Array<ArrayBuffer>; rows: Uint32Array<ArrayBuffer> } {
  const all = rowOf(items), kept: number[] = [], shortened = new Uint32Array(offsets.length);
  for (let at = 0; at + 1 < offsets.length; at++) {
    const end = offsets[at + 1]!, begin = Math.max(offsets[at]!, end - length);
    for (let token = begin; token < end; token++) kept.push(all[token]!);
    if (begin === end) kept.push(NO_ROW);
    shortened[at + 1] = kept.length;
  }
  return { offsets: shortened, rows: Uint32Array.from(kept) };
}

/**
 * The last item of each sequence.
 *
 * @example
 * ```ts
 * import { lastItems } from "@sevo/sevo/models";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([...lastItems({ offsets: new Uint32Array([0, 2, 3]), items: new Uint32Array([7, 8, 9]) })], [8, 9]);
 * ```
 *
 * @param sequences The sequences.
 * @returns The items; 0xffffffff, whose embedding is 0, for a sequence without one.
 */
export function lastItems(sequences: PackedSequences): Uint32Array<ArrayBuffer> {
  return lastRows(sequences, 1, (items) => items).rows;
}

/**
 * Sorts sequences by length, the longest first; those of one length keep their order.
 *
 * @example
 * ```ts
 * import { longestFirst } from "@sevo/sevo/models";
 * import { assertEquals } from "@std/assert";
 *
 * const { items, order } = longestFirst({ offsets: new Uint32Array([0, 1, 3]), items: new Uint32Array([7, 8, 9]) });
 * assertEquals([[...items], [...order]], [[8, 9, 7], [1, 0]]);
 * ```
 *
 * @param sequences The sequences.
 * @returns The sorted ones, and which of the given ones each is.
 */
export function longestFirst(
  { offsets, items }: PackedSequences,
): PackedSequences & { readonly order: Uint32Array<ArrayBuffer> } {
  const lengthOf = (at: number) => offsets[at + 1]! - offsets[at]!;
  const order = Uint32Array.from(Array(offsets.length - 1).keys()).sort((a, b) => lengthOf(b) - lengthOf(a) || a - b);
  const sorted = { offsets: new Uint32Array(offsets.length), items: new Uint32Array(items.length), order };
  order.forEach((from, at) => {
    sorted.items.set(items.subarray(offsets[from], offsets[from + 1]), sorted.offsets[at]);
    sorted.offsets[at + 1] = sorted.offsets[at]! + lengthOf(from);
  });
  return sorted;
}

/**
 * Positions counted from the right, as in a left-padded sequence: the last token has position length - 1.
 *
 * @example
 * ```ts
 * import { positionsOf } from "@sevo/sevo/models";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([...positionsOf(new Uint32Array([0, 3, 4]), 5)], [2, 3, 4, 4]);
 * ```
 *
 * @param offsets Where each sequence begins, and where the last ends.
 * @param length Number of positions.
 * @returns A position for each token.
 */
export function positionsOf(offsets: Uint32Array, length: number): Uint32Array<ArrayBuffer> {
  const positions = new Uint32Array(offsets.at(-1)!);
  for (let at = 0; at + 1 < offsets.length; at++) {
    const end = offsets[at + 1]!;
    for (let token = offsets[at]!; token < end; token++) positions[token] = length - (end - token);
  }
  return positions;
}

/**
 * The last token of each sequence.
 *
 * @example
 * ```ts
 * import { lastTokens } from "@sevo/sevo/models";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([...lastTokens(new Uint32Array([0, 3, 4]))], [2, 3]);
 * ```
 *
 * @param offsets Where each sequence begins, and where the last ends.
 * @returns Its place.
 */
export function lastTokens(offsets: Uint32Array): Uint32Array<ArrayBuffer> {
  return offsets.slice(1).map((end) => end - 1);
}

/**
 * The gradient of a table from a gradient row for each id.
 *
 * @example
 * ```ts
 * import { openDevice } from "@sevo/sevo";
 * import { plannedGradient, Tape } from "@sevo/sevo/models";
 * import { assertEquals } from "@std/assert";
 *
 * await using device = await openDevice("cpu");
 * using tape = new Tape(device, null);
 * const { plan } = plannedGradient(tape, new Uint32Array([2, 0, 2]), 3, tape.empty([3, 4]));
 * assertEquals([...await device.read(plan)], [0, 1, 1, 3, 1, 0, 2]);
 * ```
 *
 * @param tape The tape that the plan lives as long as.
 * @param ids Row of the table for each gradient row.
 * @param rowCount Rows of the table.
 * @param values Gradient rows.
 * @returns The gradient.
 */
export function plannedGradient(
  tape: Tape,
  ids: Uint32Array,
  rowCount: number,
  values: Tensor<"f32">,
): PlannedGradient {
  return { plan: tape.upload(planRows(ids, rowCount)), values };
}

/**
 * Arrays end to end.
 *
 * @example
 * ```ts
 * import { joined } from "@sevo/sevo/models";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([...joined(new Uint32Array([1, 2]), new Uint32Array([3]))], [1, 2, 3]);
 * ```
 *
 * @param parts The arrays.
 * @returns One array.
 */
export function joined(...parts: Uint32Array[]): Uint32Array<ArrayBuffer> {
  const all = new Uint32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/**
 * The rows of items in a table that is the weights' own.
 *
 * @example
 * ```ts
 * import { openDevice } from "@sevo/sevo";
 * import { itemsOf } from "@sevo/sevo/models";
 * import { assertEquals } from "@std/assert";
 *
 * await using device = await openDevice("cpu");
 * using tensor = device.zeros("f32", [6, 8]);
 * const { firstRow, rows } = itemsOf({ tensor, firstRow: 0, rows: 6 }, 1);
 * assertEquals([firstRow, rows], [1, 5]);
 * ```
 *
 * @param table The table.
 * @param leadingRows Rows before that of item 0.
 * @returns A row for each item.
 */
export function itemsOf({ tensor, firstRow, rows }: RowRange, leadingRows: number): BorrowedRows {
  const items = { tensor, firstRow: firstRow + leadingRows, rows: rows - leadingRows };
  return { ...items, [Symbol.dispose]() {} };
}
