import type { Csr } from "./_build.ts";
import { extremeEigenvalues } from "./_lanczos.ts";

/** What a graph is like, as {@linkcode Graph.describe} gives it. */
export interface GraphDescription {
  /** Rows. */
  readonly rows: number;
  /** Stored entries: twice the edges between different rows, and one for each self-loop. */
  readonly entries: number;
  /** Rows without an entry: their updates are not smoothed. */
  readonly isolatedRows: number;
  /** Connected components, not counting isolated rows. */
  readonly components: number;
  /** Rows of the largest of them. */
  readonly largestComponent: number;
  /** Entries of a row, over all rows that are not isolated; 0 where there is none. */
  readonly degree: {
    /** The fewest. */
    readonly min: number;
    /** The lower median. */
    readonly median: number;
    /** The most. */
    readonly max: number;
  };
  /** The greatest eigenvalue: 1 for a normalised graph with an edge. */
  readonly largestEigenvalue: number;
  /** The least eigenvalue: -1 where the rows fall into two sides with edges between the sides alone. */
  readonly leastEigenvalue: number;
}

/**
 * See {@linkcode Graph.describe}.
 *
 * @param csr The graph.
 * @returns Counts and eigenvalues.
 */
export function describe(csr: Csr): GraphDescription {
  const { rowOffsets, columns } = csr, rows = rowOffsets.length - 1;
  const degrees = Uint32Array.from({ length: rows }, (_, row) => rowOffsets[row + 1]! - rowOffsets[row]!);
  const connected = degrees.filter((degree) => degree > 0).sort();
  const { least, largest } = extremeEigenvalues(csr);
  return {
    rows,
    entries: columns.length,
    isolatedRows: rows - connected.length,
    ...componentsOf(csr),
    degree: {
      min: connected[0] ?? 0,
      median: connected[Math.floor((connected.length - 1) / 2)] ?? 0,
      max: connected.at(-1) ?? 0,
    },
    largestEigenvalue: largest,
    leastEigenvalue: least,
  };
}

/** Components by union and find, with paths halved. */
function componentsOf({ rowOffsets, columns }: Csr): { components: number; largestComponent: number } {
  const rows = rowOffsets.length - 1, parents = Uint32Array.from({ length: rows }, (_, row) => row);
  const sizes = new Uint32Array(rows).fill(1);
  const rootOf = (row: number) => {
    while (parents[row] !== row) row = parents[row] = parents[parents[row]!]!;
    return row;
  };
  for (let row = 0; row < rows; row++) {
    for (let at = rowOffsets[row]!; at < rowOffsets[row + 1]!; at++) {
      const [one, other] = [rootOf(row), rootOf(columns[at]!)];
      if (one === other) continue;
      const [small, large] = sizes[one]! < sizes[other]! ? [one, other] : [other, one];
      parents[small] = large;
      sizes[large]! += sizes[small]!;
    }
  }
  let components = 0, largestComponent = 0;
  for (let row = 0; row < rows; row++) {
    if (parents[row] !== row || rowOffsets[row] === rowOffsets[row + 1]) continue;
    components++;
    largestComponent = Math.max(largestComponent, sizes[row]!);
  }
  return { components, largestComponent };
}
