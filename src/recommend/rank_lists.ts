import { type PackedSequences, sequencesAt } from "../data/sequences.ts";
import type { RowRange } from "../device/device.ts";
import type { Exclusions } from "../models/ranker.ts";
import { gatherRows } from "../nn/gather_rows.ts";
import { Tape, Variable } from "../nn/tape.ts";
import { rankTargets } from "./rank.ts";

/** Targets ranked at a time, at most. */
const TARGETS = 8192;

/** Excluded items of their queries, at most: those of a query stand there once for each of its targets. */
const EXCLUDED = 2 ** 22;

/**
 * Full ranking of several targets to a query, as `rankTargets` ranks one: all of a query's targets compete in the same
 * list.
 *
 * @param queries Query rows.
 * @param items Item rows, on the same device and of the same width.
 * @param targets Targets of each query.
 * @param excluded Items to leave out for each query.
 * @returns Place of each target, counted from 1.
 * @throws {TypeError} If queries and items differ in width.
 * @throws {RangeError} If there are not as many lists of targets or exclusions as queries, a target is no item, or
 * exclusions do not ascend.
 */
export async function rankLists(
  queries: RowRange,
  items: RowRange,
  targets: PackedSequences,
  excluded: Exclusions,
): Promise<Uint32Array<ArrayBuffer>> {
  const { offsets } = targets, total = targets.items.length;
  // With one target each, the queries are ranked as they are
  if (offsets.every((begin, query) => begin === query)) {
    return await rankTargets(queries, items, targets.items, excluded);
  }
  const queryOf = new Uint32Array(total), ranks = new Uint32Array(total);
  for (let query = 0; query < queries.rows; query++) queryOf.fill(query, offsets[query], offsets[query + 1]);
  for (let begin = 0; begin < total;) {
    const end = partEnd(queryOf, begin, excluded), own = queryOf.slice(begin, end);
    using tape = new Tape(queries.tensor.device, null);
    const { tensor } = gatherRows(tape, new Variable(queries.tensor), own.map((query) => query + queries.firstRow));
    const repeated = { tensor, firstRow: 0, rows: own.length };
    const found = await rankTargets(repeated, items, targets.items.slice(begin, end), sequencesAt(excluded, own));
    ranks.set(found, begin);
    begin = end;
  }
  return ranks;
}

/** Where the targets ranked together with the one at `begin` end. */
function partEnd(queryOf: Uint32Array, begin: number, { offsets }: Exclusions): number {
  const last = Math.min(queryOf.length, begin + TARGETS);
  let end = begin;
  for (let excluded = 0; end < last; end++) {
    const query = queryOf[end]!;
    excluded += offsets[query + 1]! - offsets[query]!;
    if (excluded > EXCLUDED && end > begin) break;
  }
  return end;
}
