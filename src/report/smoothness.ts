import type { Graph } from "../graph/graph.ts";

/** How smooth rows are over a graph. */
export interface Smoothness {
  /** The paper's J: the weighted sum, over the edges, of squared differences of normalised rows. */
  readonly energy: number;
  /** J by the squared norm of all rows that have an edge: 0 where rows are the same, about 1 where they know nothing of each other. */
  readonly share: number;
}

/**
 * How smooth rows are over a graph: J(E) = sum over edges {i, j} of w_ij |e_i/sqrt(d_i) - e_j/sqrt(d_j)|^2, with the degree
 * d_i of a row the sum of the weights of its edges (SEvo, NeurIPS 2024, section 3). That is the trace of E^T (I - A) E, with
 * the normalised adjacency A of the graph, over the rows that have an edge; rows without one have no part in it.
 *
 * @param graph The graph.
 * @param data The rows, row-major.
 * @param width Numbers of a row.
 * @returns How smooth they are.
 * @throws {RangeError} If there are not as many rows as the graph has.
 */
export function smoothnessOf(
  { rows, rowOffsets, columns, values }: Graph,
  data: Float32Array,
  width: number,
): Smoothness {
  if (data.length !== rows * width) {
    throw new RangeError(
      `Cannot measure smoothness as there must be ${rows} rows of ${width} numbers: current value is ${data.length} numbers`,
    );
  }
  let norm = 0, alike = 0;
  for (let row = 0; row < rows; row++) {
    const begin = rowOffsets[row]!, end = rowOffsets[row + 1]!, own = row * width;
    if (begin === end) continue;
    for (let at = own; at < own + width; at++) norm += data[at]! ** 2;
    for (let edge = begin; edge < end; edge++) {
      const other = columns[edge]! * width;
      let dot = 0;
      for (let at = 0; at < width; at++) dot += data[own + at]! * data[other + at]!;
      alike += values[edge]! * dot;
    }
  }
  return { energy: norm - alike, share: norm === 0 ? 0 : (norm - alike) / norm };
}
