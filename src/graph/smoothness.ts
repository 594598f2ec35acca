import type { Csr } from "./_build.ts";

/** How smooth rows are over a graph. */
export interface Smoothness {
  /** The paper's J: the weighted sum, over the edges, of squared differences of normalised rows. */
  readonly energy: number;
  /** J by the squared norm of all rows that have an edge: 0 where rows are the same, about 1 where they know nothing of each other. */
  readonly share: number;
}

/**
 * See {@linkcode Graph.smoothness}.
 *
 * @param csr The graph.
 * @param data The rows, row-major.
 * @param width Numbers of a row.
 * @returns How smooth they are.
 */
export function smoothnessOf({ rowOffsets, columns, values }: Csr, data: Float32Array, width: number): Smoothness {
  const rows = rowOffsets.length - 1;
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
