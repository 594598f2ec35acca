import { Entries } from "./propagate.ts";
import { type Expected, expectedZeros, ROUNDOFF, TINY } from "../_check.ts";

/** Arrays and scalars of one launch; rows of `stride` elements. */
export interface PropagateInput {
  readonly rowOffsets: Uint32Array;
  readonly columns: Uint32Array;
  readonly values: Float32Array | null;
  readonly entries: number;
  readonly source: Float32Array;
  readonly partials: Float32Array | null;
  readonly addend: Float32Array | null;
  readonly before: Float32Array;
  readonly sourceRows: number;
  readonly stride: number;
  readonly keep: number;
  readonly neighbour: number;
  readonly own: number;
}

/**
 * output = keep * output + neighbour * (A source) + own * addend, where a column index of `sourceRows` or more means a
 * row of `partials`.
 *
 * Tolerance: of n edges, each product rounds once and is in at most n - 1 sums that do; the three products and two sums
 * of the epilogue add 3 more. So n + 4 roundoffs of the sum of all magnitudes, one of them for the products of these; and
 * 6 more where there are scales, as WGSL allows a quotient 5.
 *
 * @param input Arrays and scalars.
 * @returns The output.
 */
export function propagateOracle(input: PropagateInput): Expected {
  const { rowOffsets, columns, values, entries, source, partials, addend, before, sourceRows, stride, keep } = input;
  const weighted = entries === Entries.weighted, scaled = entries === Entries.within || entries === Entries.out;
  const output = expectedZeros(before.length);
  for (let row = 0; row < rowOffsets.length - 1; row++) {
    const begin = rowOffsets[row]!, end = rowOffsets[row + 1]!;
    const scale = scaled ? values![row]! : 1;
    const neighbour = input.neighbour * (entries === Entries.within ? scale ** 2 : scale);
    const own = entries === Entries.out ? input.own / scale : input.own;
    for (let column = 0; column < stride; column++) {
      let sum = 0, magnitude = 0;
      for (let edge = begin; edge < end; edge++) {
        const from = columns[edge]!;
        const table = from < sourceRows ? source : partials!;
        const collected = from >= sourceRows;
        const term = (weighted && !collected ? values![edge]! : 1) *
          table[(from < sourceRows ? from : from - sourceRows) * stride + column]!;
        sum += term;
        magnitude += Math.abs(term);
      }
      const at = row * stride + column;
      const kept = keep === 0 ? 0 : keep * before[at]!;
      const added = own === 0 ? 0 : own * addend![at]!;
      output.values[at] = kept + neighbour * sum + added;
      magnitude = Math.abs(kept) + Math.abs(neighbour) * magnitude + Math.abs(added);
      // What comes of a value that is not finite is left open
      output.tolerance[at] = Number.isFinite(magnitude)
        ? (end - begin + (scaled ? 10 : 4)) * ROUNDOFF * magnitude + (end - begin + 1) * TINY
        : Infinity;
    }
  }
  return output;
}
