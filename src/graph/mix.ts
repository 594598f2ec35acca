import { checkType, shown } from "../options.ts";
import type { Csr, NormalisedCsr } from "./_build.ts";

const ACTION = "Cannot mix graphs";

/**
 * See {@linkcode Graph.mix}.
 *
 * @param graphs The matrices.
 * @param weights Weight of each; all the same by default.
 * @returns The mixture.
 */
export function mixedCsr(graphs: readonly Csr[], weights: ArrayLike<number> | undefined): NormalisedCsr {
  const shares = checkedShares(graphs, weights);
  const used = graphs.map((graph, at) => ({ graph, share: shares[at]! })).filter(({ share }) => share > 0);
  const rows = graphs[0]!.rowOffsets.length - 1, scale = scaleOf(rows, used);
  const entries = used.reduce((sum, { graph }) => sum + graph.columns.length, 0);
  if (entries >= 2 ** 32) {
    throw new RangeError(`${ACTION} as they must have fewer than 2^32 entries together: current value is ${entries}`);
  }
  const rowOffsets = new Uint32Array(rows + 1), columns = new Uint32Array(entries), values = new Float32Array(entries);
  const sums = new Float64Array(rows), seen = new Uint8Array(rows);
  let end = 0;
  for (let row = 0; row < rows; row++) {
    const begin = end;
    for (const { graph, share } of used) {
      for (let at = graph.rowOffsets[row]!; at < graph.rowOffsets[row + 1]!; at++) {
        const column = graph.columns[at]!;
        if (!seen[column]) columns[end++] = column;
        seen[column] = 1;
        sums[column]! += share * graph.values[at]!;
      }
    }
    columns.subarray(begin, end).sort();
    for (let at = begin; at < end; at++) {
      const column = columns[at]!;
      values[at] = scale[row]! * sums[column]! * scale[column]!;
      sums[column] = seen[column] = 0;
    }
    rowOffsets[row + 1] = end;
  }
  return { rowOffsets, columns: columns.slice(0, end), values: values.slice(0, end), degrees: null };
}

/** For each row 1/sqrt of the shares of the graphs in which it is not isolated; of one that is so in all, nothing is scaled. */
function scaleOf(rows: number, used: readonly { readonly graph: Csr; readonly share: number }[]): Float64Array {
  const present = new Float64Array(rows);
  for (const { graph: { rowOffsets }, share } of used) {
    for (let row = 0; row < rows; row++) if (rowOffsets[row + 1]! > rowOffsets[row]!) present[row]! += share;
  }
  return present.map((share) => share > 0 ? 1 / Math.sqrt(share) : 0);
}

/** Weights that sum to 1. */
function checkedShares(graphs: readonly Csr[], weights: ArrayLike<number> | undefined): number[] {
  if (!Array.isArray(graphs) || graphs.length === 0) {
    throw new TypeError(`${ACTION} as there is none: expected an array of graphs`);
  }
  graphs.forEach((graph: Csr | null | undefined, at) => {
    if (graph?.rowOffsets instanceof Uint32Array) return;
    throw new TypeError(`${ACTION} as graph ${at} must be a Graph: current value is ${shown(graph)}`);
  });
  const rows = graphs.map(({ rowOffsets }) => rowOffsets.length - 1), other = rows.find((count) => count !== rows[0]);
  if (other !== undefined) {
    throw new RangeError(`${ACTION} as all must have the same number of rows: current values are ${rows.join(", ")}`);
  }
  if (weights === undefined) return graphs.map(() => 1 / graphs.length);
  if (typeof weights !== "object" || weights === null) {
    throw new TypeError(`${ACTION} as weights must be an array: current value is ${shown(weights)}`);
  }
  const given = Array.from(weights);
  if (given.length !== graphs.length) {
    throw new TypeError(
      `${ACTION} as weights must be as many as graphs, ${graphs.length}: current value is ${given.length}`,
    );
  }
  given.forEach((weight, at) => {
    checkType(ACTION, `weight ${at}`, weight, "number");
    if (weight >= 0 && weight < Infinity) return;
    throw new RangeError(`${ACTION} as weight ${at} must be finite and at least 0: current value is ${weight}`);
  });
  // By the largest first, as the sum of finite weights may not be finite
  const largest = Math.max(...given), parts = given.map((weight) => weight / largest);
  if (largest === 0) {
    throw new RangeError(`${ACTION} as a weight must be above 0: current values are ${given.join(", ")}`);
  }
  const sum = parts.reduce((all, part) => all + part, 0);
  return parts.map((part) => part / sum);
}
