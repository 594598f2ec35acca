import type { Graph } from "../graph/graph.ts";

/** Rounds at least, so that new rows beside new rows settle. */
const ROUNDS = 5;

/** Rows of a table, some of which are new. */
export interface RowsToFill {
  /** Row-major elements; new rows are written to. */
  readonly data: Float32Array;
  /** Elements of a row. */
  readonly width: number;
  /** For each row 1 if it is new, else 0. */
  readonly isNew: Uint8Array<ArrayBuffer>;
  /** The length that a new row gets; null for that of the mean. */
  readonly norm: number | null;
}

/**
 * Gives new rows values from the rows that they are related to: the smoothing of the optimizer with the known rows held
 * fast. A new row is the mean of its neighbours in the graph, weighted by the entries of the normalised adjacency, and
 * stretched to a length. The rounds go on until new rows that are reached through other new rows alone have a value too.
 *
 * @param graph The normalised graph, with a row for each row of the table.
 * @param rows The table. New rows that no path leads to from a known row stay as they are.
 * @returns For each row 1 if it was given a value, else 0.
 */
export function smoothIn(
  { rowOffsets, columns, values }: Pick<Graph, "rowOffsets" | "columns" | "values">,
  { data, width, isNew, norm }: RowsToFill,
): Uint8Array<ArrayBuffer> {
  const wanted = Uint32Array.from(isNew.keys()).filter((row) => isNew[row]);
  const filled = isNew.map((flag) => 1 - flag), next = new Float64Array(wanted.length * width);
  for (let round = 1, grew = true; grew || round <= ROUNDS; round++) {
    // All rows of a round see those of the round before: the order of rows does not matter
    const reached = Uint8Array.from(wanted, (row, at) => {
      const sum = next.subarray(at * width, (at + 1) * width).fill(0);
      let weight = 0;
      for (let entry = rowOffsets[row]!; entry < rowOffsets[row + 1]!; entry++) {
        const other = columns[entry]!, value = values[entry]!;
        if (other === row || !filled[other]) continue;
        weight += value;
        for (let column = 0; column < width; column++) sum[column]! += value * data[other * width + column]!;
      }
      const length = norm === null ? weight : Math.hypot(...sum);
      if (!(length > 0)) return 0;
      for (let column = 0; column < width; column++) sum[column]! *= (norm ?? 1) / length;
      return 1;
    });
    grew = false;
    wanted.forEach((row, at) => {
      if (!reached[at]) return;
      grew ||= !filled[row];
      filled[row] = 1;
      data.set(next.subarray(at * width, (at + 1) * width), row * width);
    });
  }
  return filled.map((flag, row) => flag & isNew[row]!);
}

/**
 * The mean length of the rows of a table that are not new.
 *
 * @param rows The table.
 * @param begin Rows that come before those that count, such as padding.
 * @returns The length; 0 where there is no such row.
 */
export function meanNorm({ data, width, isNew }: Omit<RowsToFill, "norm">, begin: number): number {
  let total = 0, count = 0;
  for (let row = begin; row < isNew.length; row++) {
    if (isNew[row]) continue;
    total += Math.hypot(...data.subarray(row * width, (row + 1) * width));
    count++;
  }
  return count === 0 ? 0 : total / count;
}
