import type { PackedSequences } from "../data/sequences.ts";
import type { RowRange } from "../device/device.ts";

/**
 * Checks the sequences of a training batch.
 *
 * @example
 * ```ts
 * import { checkSequences } from "@sevo/sevo/models";
 * import { assertThrows } from "@std/assert";
 *
 * const items = new Uint32Array([3, 1, 2]);
 * checkSequences({ offsets: new Uint32Array([0, 2, 3]), items }, 2);
 * assertThrows(() => checkSequences({ offsets: new Uint32Array([0, 3]), items }, 2), RangeError);
 * ```
 *
 * @param batch The sequences.
 * @param length Items of a sequence at most.
 * @throws {RangeError} If there is none, or one is empty or too long.
 */
export function checkSequences({ offsets, items }: PackedSequences, length: number): void {
  if (offsets.length < 2) throw new RangeError("Cannot step as the batch has no sequence");
  for (let at = 1; at < offsets.length; at++) {
    const own = offsets[at]! - offsets[at - 1]!;
    if (own >= 1 && own <= length) continue;
    throw new RangeError(`Cannot step as a sequence must have 1 to ${length} items: current value is ${own}`);
  }
  if (offsets[0] !== 0) {
    throw new RangeError(`Cannot step as the first sequence must begin at 0: current value is ${offsets[0]}`);
  }
  if (offsets.at(-1) !== items.length) {
    throw new RangeError(
      `Cannot step as the sequences must have ${offsets.at(-1)} items: current value is ${items.length}`,
    );
  }
}

/**
 * Checks that a training batch has a positive and a negative for each prediction.
 *
 * @example
 * ```ts
 * import { checkTargets } from "@sevo/sevo/models";
 * import { assertThrows } from "@std/assert";
 *
 * const batch = { positives: new Uint32Array(3), negatives: new Uint32Array(2) };
 * assertThrows(() => checkTargets(batch, 3), RangeError, "there must be 3 negatives");
 * ```
 *
 * @param batch The positives and negatives.
 * @param count Number of predictions.
 * @throws {RangeError} If there are more or fewer.
 */
export function checkTargets(
  batch: { readonly positives: Uint32Array; readonly negatives: Uint32Array },
  count: number,
): void {
  for (const role of ["positives", "negatives"] as const) {
    const { length } = batch[role];
    if (length !== count) {
      throw new RangeError(`Cannot step as there must be ${count} ${role}: current value is ${length}`);
    }
  }
}

/**
 * Checks which places of a training batch are hidden.
 *
 * @param hidden The places.
 * @param tokens Number of tokens.
 * @throws {RangeError} If there is none, one is no token's, or they do not ascend.
 */
export function checkHidden(hidden: Uint32Array, tokens: number): void {
  if (hidden.length === 0) throw new RangeError("Cannot step as the batch hides no item");
  const wrong = hidden.find((place, at) => place >= tokens || (at > 0 && place <= hidden[at - 1]!));
  if (wrong === undefined) return;
  throw new RangeError(`Cannot step as hidden places must ascend in [0, ${tokens}): current value is ${wrong}`);
}

/**
 * Checks that there is an embedding for each position.
 *
 * @example
 * ```ts
 * import { openDevice } from "@sevo/sevo";
 * import { checkPositions } from "@sevo/sevo/models";
 * import { assertThrows } from "@std/assert";
 *
 * await using device = await openDevice("cpu");
 * using tensor = device.zeros("f32", [50, 8]);
 * assertThrows(() => checkPositions({ tensor, firstRow: 0, rows: 50 }, 20), RangeError);
 * ```
 *
 * @param positions The table of embeddings by position.
 * @param maxLength Number of positions.
 * @throws {RangeError} If there are more or fewer.
 */
export function checkPositions({ rows }: RowRange, maxLength: number): void {
  if (rows === maxLength) return;
  throw new RangeError(
    `Cannot make the model as maxLength must be the ${rows} rows of its positions: current value is ${maxLength}`,
  );
}

/**
 * Checks that the columns of a head are a whole number of quads.
 *
 * @example
 * ```ts
 * import { checkHeads } from "@sevo/sevo/models";
 * import { assertThrows } from "@std/assert";
 *
 * checkHeads(64, 4);
 * assertThrows(() => checkHeads(64, 5), RangeError);
 * ```
 *
 * @param dimension Embedding width.
 * @param heads Heads of attention.
 * @throws {RangeError} If they are not.
 */
export function checkHeads(dimension: number, heads: number): void {
  if (Number.isInteger(heads) && heads >= 1 && dimension % (4 * heads) === 0) return;
  throw new RangeError(
    `Cannot make the model as dimension must be a multiple of 4 times heads: current value is ${dimension}, with ${heads} heads`,
  );
}
