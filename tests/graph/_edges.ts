import { assertEquals, assertLessOrEqual } from "@std/assert";
import type { Graph } from "@sevo/sevo";
import { ROUNDING } from "../sevo/_fixtures.ts";

/** Weights between rows, both directions, by "row,column". */
export type Weights = Map<string, number>;

/** Adds an edge in both directions; a self-loop counts from both ends. */
export function add(weights: Weights, a: number, b: number, weight: number): void {
  for (const key of [`${a},${b}`, `${b},${a}`]) weights.set(key, (weights.get(key) ?? 0) + weight);
}

/** Asserts that a graph is D^-1/2 W D^-1/2 of these weights: the same entries in order, and values but for rounding. */
export function assertNormalised(graph: Graph, rows: number, weights: Weights): void {
  const entries = [...weights].map(([key, weight]) => {
    const [row, column] = key.split(",").map(Number) as [number, number];
    return { row, column, weight };
  }).sort((a, b) => a.row - b.row || a.column - b.column);
  const degrees = new Float64Array(rows);
  for (const { row, weight } of entries) degrees[row]! += weight;
  const rowOffsets = Array.from({ length: rows + 1 }, (_, row) => entries.filter((entry) => entry.row < row).length);
  assertEquals(graph.rows, rows);
  assertEquals(graph.entries, entries.length);
  assertEquals([...graph.rowOffsets], rowOffsets);
  assertEquals([...graph.columns], entries.map(({ column }) => column));
  entries.forEach(({ row, column, weight }, at) => {
    const expected = weight / Math.sqrt(degrees[row]! * degrees[column]!);
    // A weight is rounded as it is dealt and as it is summed, which the degrees inherit, and the value once more.
    assertLessOrEqual(Math.abs(graph.values[at]! - expected), 6 * ROUNDING * expected, `entry ${row}, ${column}`);
  });
}

/** Asserts that two graphs have the same bits. */
export function assertSameGraph(actual: Graph, expected: Graph): void {
  assertEquals(
    [actual.rowOffsets, actual.columns, actual.values],
    [expected.rowOffsets, expected.columns, expected.values],
  );
}

/** The matrix of a graph, row-major, in float64. */
export function dense({ rows, rowOffsets, columns, values }: Graph): Float64Array[] {
  return Array.from({ length: rows }, (_, row) => {
    const line = new Float64Array(rows);
    for (let at = rowOffsets[row]!; at < rowOffsets[row + 1]!; at++) line[columns[at]!]! += values[at]!;
    return line;
  });
}

/** All eigenvalues of a symmetric matrix, ascending, by Jacobi's rotations in float64. */
export function eigenvalues(matrix: readonly Float64Array[]): number[] {
  const a = matrix.map((row) => row.slice()), size = a.length;
  for (let sweep = 0; sweep < 60; sweep++) {
    let off = 0;
    for (let p = 0; p < size; p++) {
      for (let q = p + 1; q < size; q++) {
        off += a[p]![q]! ** 2;
        if (Math.abs(a[p]![q]!) < 1e-300) continue;
        const theta = (a[q]![q]! - a[p]![p]!) / (2 * a[p]![q]!);
        const t = (theta >= 0 ? 1 : -1) / (Math.abs(theta) + Math.hypot(theta, 1)), c = 1 / Math.hypot(t, 1), s = t * c;
        for (let k = 0; k < size; k++) {
          const [x, y] = [a[k]![p]!, a[k]![q]!];
          a[k]![p] = c * x - s * y;
          a[k]![q] = s * x + c * y;
        }
        for (let k = 0; k < size; k++) {
          const [x, y] = [a[p]![k]!, a[q]![k]!];
          a[p]![k] = c * x - s * y;
          a[q]![k] = s * x + c * y;
        }
      }
    }
    if (off < 1e-26) break;
  }
  return a.map((row, at) => row[at]!).sort((one, other) => one - other);
}
