import type { Csr } from "./_build.ts";

/** A matrix whose entries are repeated as often as they count is longer by this factor at most. */
const LONGEST = 1.25;

/** Degrees from which on float32 no longer tells one count from the next. */
const MOST_DEGREE = 2 ** 21;

/** A symmetric matrix of counts in compressed sparse rows, beside what normalises it. */
export interface CountedCsr {
  /** Where the entries of each row begin, and where the last end. */
  readonly rowOffsets: Uint32Array<ArrayBuffer>;
  /** Column of each entry, as often as it counts. */
  readonly columns: Uint32Array<ArrayBuffer>;
  /** degree^-1/2 of each row; 1 where the degree is 0. */
  readonly scales: Float32Array<ArrayBuffer>;
}

/**
 * The counts W that A = D^-1/2 W D^-1/2 was made from, with an entry of count k repeated k times.
 *
 * @param csr A.
 * @param degrees Degree of each row, or null where the weights are no counts.
 * @returns The counts; null where there are none, or repeating them would take more than leaving out the weights gains.
 */
export function countedCsr({ rowOffsets, columns, values }: Csr, degrees: Float64Array | null): CountedCsr | null {
  if (!degrees || degrees.some((degree) => degree >= MOST_DEGREE)) return null;
  const rows = degrees.length;
  const total = degrees.reduce((sum, degree) => sum + degree, 0);
  if (total > LONGEST * columns.length) return null;
  const roots = degrees.map(Math.sqrt);
  const offsets = new Uint32Array(rows + 1), repeated = new Uint32Array(total);
  let to = 0;
  for (let row = 0; row < rows; row++) {
    for (let at = rowOffsets[row]!; at < rowOffsets[row + 1]!; at++) {
      const column = columns[at]!;
      const count = Math.round(values[at]! * roots[row]! * roots[column]!);
      repeated.fill(column, to, to += count);
    }
    offsets[row + 1] = to;
  }
  return {
    rowOffsets: offsets,
    columns: repeated,
    scales: Float32Array.from(roots, (root) => root > 0 ? 1 / root : 1),
  };
}
