import { Philox, Stream, unit } from "../philox.ts";
import type { Csr } from "./_build.ts";

/** Iterations at most, and those from one look at the eigenvalues to the next. */
const MOST_ITERATIONS = 300, LOOK_EVERY = 10;

/** The iteration ends where neither eigenvalue has moved by more since the last look. */
const TOLERANCE = 1e-9;

/**
 * The least and the greatest eigenvalue of a symmetric matrix by the iteration of Lanczos, in float64, from a vector of
 * fixed draws: three vectors of memory, and one product with the matrix an iteration. The greatest is found from below and
 * the least from above; ghosts of eigenvalues that are found already, which rounding brings in, do not matter to either.
 *
 * Where the iteration does not settle before its end, as on a long chain of rows, the expected error is below 2e-3 of the
 * spectrum's width for a million rows (Kuczynski and Wozniakowski, SIAM J. Matrix Anal. Appl. 13, 1992, theorem 3.2).
 *
 * @param csr The matrix.
 * @returns Both; 0 and 0 for a matrix without entries.
 */
export function extremeEigenvalues(csr: Csr): { least: number; largest: number } {
  const rows = csr.rowOffsets.length - 1;
  let vector = startVector(csr), before: Float64Array = new Float64Array(rows);
  const diagonal: number[] = [], beside: number[] = [];
  let found = { least: 0, largest: 0 };
  if (norm(vector) === 0) return found;
  scale(vector, 1 / norm(vector));
  while (diagonal.length < MOST_ITERATIONS) {
    const next = product(csr, vector), weight = dot(next, vector), last = beside.at(-1) ?? 0;
    for (let row = 0; row < rows; row++) next[row]! -= weight * vector[row]! + last * before[row]!;
    diagonal.push(weight);
    const length = norm(next), isWhole = length < TOLERANCE * (1 + Math.abs(weight));
    if (isWhole || diagonal.length % LOOK_EVERY === 0) {
      const seen = extremesOf(diagonal, beside), { least, largest } = found;
      const moved = Math.max(Math.abs(seen.least - least), Math.abs(seen.largest - largest));
      found = seen;
      if (isWhole || (moved < TOLERANCE && diagonal.length > LOOK_EVERY)) break;
    }
    beside.push(length);
    scale(next, 1 / length);
    [before, vector] = [vector, next];
  }
  return found;
}

/** Draws in (-1/2, 1/2), but 0 in rows without entries, which have eigenvalues 0 of their own. */
function startVector({ rowOffsets }: Csr): Float64Array {
  const philox = new Philox(0, Stream.graph);
  return Float64Array.from({ length: rowOffsets.length - 1 }, (_, row) => {
    return rowOffsets[row] === rowOffsets[row + 1] ? 0 : unit(philox.draw(row)[0]!) - 0.5;
  });
}

function product({ rowOffsets, columns, values }: Csr, vector: Float64Array): Float64Array {
  const output = new Float64Array(vector.length);
  for (let row = 0; row < output.length; row++) {
    let sum = 0;
    for (let at = rowOffsets[row]!; at < rowOffsets[row + 1]!; at++) sum += values[at]! * vector[columns[at]!]!;
    output[row] = sum;
  }
  return output;
}

function dot(one: Float64Array, other: Float64Array): number {
  let sum = 0;
  for (let row = 0; row < one.length; row++) sum += one[row]! * other[row]!;
  return sum;
}

function norm(vector: Float64Array): number {
  return Math.sqrt(dot(vector, vector));
}

function scale(vector: Float64Array, factor: number): void {
  for (let row = 0; row < vector.length; row++) vector[row]! *= factor;
}

/** The extreme eigenvalues of a symmetric tridiagonal matrix, by bisection with Sturm's count, to the last bits. */
function extremesOf(diagonal: readonly number[], beside: readonly number[]): { least: number; largest: number } {
  const size = diagonal.length;
  // Circles of Gershgorin
  const radii = diagonal.map((_, at) => Math.abs(beside[at - 1] ?? 0) + (at < size - 1 ? Math.abs(beside[at]!) : 0));
  const low = Math.min(...diagonal.map((value, at) => value - radii[at]!));
  const high = Math.max(...diagonal.map((value, at) => value + radii[at]!));
  const below = (bound: number) => {
    let count = 0, pivot = 1;
    for (let at = 0; at < size; at++) {
      const off = at === 0 ? 0 : beside[at - 1]! ** 2 / pivot;
      pivot = diagonal[at]! - bound - off;
      if (pivot === 0) pivot = Number.MIN_VALUE * 2 ** 52;
      if (pivot < 0) count++;
    }
    return count;
  };
  const where = (isAbove: (bound: number) => boolean) => {
    let [from, to] = [low, high];
    for (let turn = 0; turn < 100 && to - from > 1e-15 * (1 + Math.abs(to)); turn++) {
      const middle = (from + to) / 2;
      if (isAbove(middle)) to = middle;
      else from = middle;
    }
    return (from + to) / 2;
  };
  return { least: where((bound) => below(bound) >= 1), largest: where((bound) => below(bound) >= size) };
}
