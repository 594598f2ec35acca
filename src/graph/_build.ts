/** Calls `emit(a, b, weight)` for every undirected pair, in the same order each time it is called. */
export type PairVisitor = (emit: (a: number, b: number, weight: number) => void) => void;

/** A matrix in compressed sparse rows, columns ascending within a row. */
export interface Csr {
  readonly rowOffsets: Uint32Array<ArrayBuffer>;
  readonly columns: Uint32Array<ArrayBuffer>;
  readonly values: Float32Array<ArrayBuffer>;
}

/** A symmetrically normalised matrix. */
export interface NormalisedCsr extends Csr {
  /** Degree of each row where all weights are counts; null where they may be any number. */
  readonly degrees: Float64Array | null;
}

/**
 * Builds the symmetrically normalised adjacency D^-1/2 W D^-1/2 of the pairs, each counted in both directions. Linear
 * in rows and pairs: the pairs are dealt out to their rows unsorted, and reading those rows in order deals every
 * neighbour out to its own row in ascending order, because the matrix is its own transpose.
 *
 * @param rows Number of rows.
 * @param visit The pairs; visited twice.
 * @param options `weighted`: whether any weight differs from 1; `distinct`: a pair counts once however often it comes.
 * @returns The normalised matrix; a row without pairs is empty.
 * @throws {RangeError} If there are 2^32 entries or more, or weights have a sum beyond float32.
 */
export function buildNormalised(
  rows: number,
  visit: PairVisitor,
  { weighted, distinct = false }: { weighted: boolean; distinct?: boolean },
): NormalisedCsr {
  const starts = new Float64Array(rows + 1);
  visit((a, b) => {
    starts[a + 1]!++;
    starts[b + 1]!++;
  });
  for (let row = 0; row < rows; row++) starts[row + 1]! += starts[row]!;
  const entries = starts[rows]!;
  if (entries >= 2 ** 32) {
    throw new RangeError(`Cannot build a graph as it must have fewer than 2^32 entries: current value is ${entries}`);
  }

  const next = starts.slice(0, rows);
  const dealt = new Uint32Array(entries);
  const dealtWeights = weighted ? new Float32Array(entries) : null;
  visit((a, b, weight) => {
    const first = next[a]!++;
    dealt[first] = b;
    const second = next[b]!++;
    dealt[second] = a;
    if (dealtWeights) dealtWeights[first] = dealtWeights[second] = weight;
  });

  next.set(starts.subarray(0, rows));
  const columns = new Uint32Array(entries);
  const weights = weighted ? new Float32Array(entries) : null;
  for (let row = 0; row < rows; row++) {
    for (let at = starts[row]!, end = starts[row + 1]!; at < end; at++) {
      const to = next[dealt[at]!]!++;
      columns[to] = row;
      if (weights) weights[to] = dealtWeights![at]!;
    }
  }
  const merged = mergeRepeats(rows, starts, columns, weights, distinct);
  const degrees = normalise(merged);
  return { ...merged, degrees: weighted ? null : degrees };
}

/** Sums the entries of a row that name the same column, in place. */
function mergeRepeats(
  rows: number,
  starts: Float64Array,
  columns: Uint32Array<ArrayBuffer>,
  weights: Float32Array | null,
  distinct: boolean,
): Csr {
  const rowOffsets = new Uint32Array(rows + 1);
  const merged = new Float32Array(columns.length);
  let to = 0;
  for (let row = 0; row < rows; row++) {
    for (let at = starts[row]!, end = starts[row + 1]!; at < end;) {
      const column = columns[at]!;
      let sum = 0;
      for (; at < end && columns[at] === column; at++) sum += weights ? weights[at]! : 1;
      columns[to] = column;
      merged[to] = distinct ? 1 : sum;
      if (merged[to++] === Infinity) {
        throw new RangeError(
          `Cannot build a graph as the weights between rows ${row} and ${column} must have a sum that is finite in ` +
            `float32: current value is ${sum}`,
        );
      }
    }
    rowOffsets[row + 1] = to;
  }
  return { rowOffsets, columns: columns.slice(0, to), values: merged.slice(0, to) };
}

/** W to D^-1/2 W D^-1/2, in place; a row of degree 0 stays 0. Returns the degrees. */
function normalise({ rowOffsets, columns, values }: Csr): Float64Array {
  const rows = rowOffsets.length - 1;
  const degrees = new Float64Array(rows), scale = new Float64Array(rows);
  for (let row = 0; row < rows; row++) {
    for (let at = rowOffsets[row]!; at < rowOffsets[row + 1]!; at++) degrees[row]! += values[at]!;
    scale[row] = degrees[row]! > 0 ? 1 / Math.sqrt(degrees[row]!) : 0;
  }
  for (let row = 0; row < rows; row++) {
    for (let at = rowOffsets[row]!; at < rowOffsets[row + 1]!; at++) {
      values[at] = scale[row]! * values[at]! * scale[columns[at]!]!;
    }
  }
  return degrees;
}
