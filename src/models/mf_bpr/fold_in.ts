import { matmulGradient } from "../../../kernels/matmul/matmul.ts";
import type { Device, RowRange } from "../../device/device.ts";
import { gatherRows } from "../../nn/gather_rows.ts";
import { Tape, Variable } from "../../nn/tape.ts";
import type { FoldIn } from "../network.ts";

/** Pull towards 0, as a multiple of the mean variance of the items' columns. */
const RIDGE = 1;

/**
 * Fits user rows to histories with the items held. BPR asks of a row u that it scores an item i of the history H above any
 * item j, so u is to separate the differences e_i - e_j. It is the least-squares answer to that: it minimises
 *
 *     mean over i in H and all j of (1 - u.(e_i - e_j))^2  +  RIDGE * variance * |u|^2,
 *
 * which needs no sampling: with the means m_H and m, the covariances C_H and C, and d = m_H - m, it solves
 * (C_H + C + d d^T + RIDGE * variance * I) u = d. Scores are of another scale than those of trained rows.
 *
 * @param device The device of the items.
 * @param items Rows of the items.
 * @returns What fits rows to histories.
 */
export async function fitter(device: Device, { tensor, firstRow, rows }: RowRange): Promise<FoldIn> {
  const width = tensor.shape[1]!, all = await momentsOf(device, { tensor, firstRow, rows });
  let variance = 0;
  for (let column = 0; column < width; column++) variance += all.covariance[column * width + column]! / width;
  return async (histories) => {
    const { offsets, items } = histories, count = offsets.length - 1;
    const fitted = new Float32Array(count * width);
    if (items.length > 0) {
      using tape = new Tape(device, null);
      const places = items.map((item) => item + firstRow);
      const taken = await device.read(gatherRows(tape, new Variable(tensor), places).tensor);
      for (let at = 0; at < count; at++) {
        const own = taken.subarray(offsets[at]! * width, offsets[at + 1]! * width);
        if (own.length > 0) fitted.set(fit(own, all, RIDGE * variance), at * width);
      }
    }
    const queries = device.upload(fitted, [count, width]);
    return { tensor: queries, firstRow: 0, rows: count, [Symbol.dispose]: () => queries.dispose() };
  };
}

/** Mean and covariance of rows. */
interface Moments {
  readonly mean: Float64Array;
  /** Row-major, width x width. */
  readonly covariance: Float64Array;
}

/** The moments of all items, of one pass over them on the device. */
async function momentsOf(device: Device, { tensor, firstRow, rows }: RowRange): Promise<Moments> {
  const { stride } = tensor, quads = stride / 4, width = tensor.shape[1]!;
  using sums = device.zeros("f32", [stride + 1, stride]);
  device.launch(matmulGradient, { y: tensor, x: tensor, weight: null, xGradient: null, gradient: sums }, {
    m: rows,
    n: stride,
    k: stride,
    yOffset: firstRow * quads,
    yStride: quads,
    xOffset: firstRow * quads,
    xStride: quads,
    weightOffset: 0,
    gradientOffset: 0,
    biasOffset: stride * quads,
    biased: 1,
    slices: 1,
    sliceStride: 0,
    inward: 0,
    accumulate: 0,
  });
  const found = await device.read(sums);
  const mean = Float64Array.from({ length: width }, (_, column) => found[stride * stride + column]! / rows);
  const covariance = new Float64Array(width * width);
  for (let i = 0; i < width; i++) {
    for (let j = 0; j < width; j++) covariance[i * width + j] = found[i * stride + j]! / rows - mean[i]! * mean[j]!;
  }
  return { mean, covariance };
}

/** The row of one history, whose items' rows are given. */
function fit(own: Float32Array, all: Moments, ridge: number): Float64Array {
  const width = all.mean.length, count = own.length / width;
  const difference = all.mean.map((value) => -value), matrix = all.covariance.slice();
  own.forEach((value, at) => difference[at % width]! += value / count);
  // C_H + d d^T is the second moment of the history's rows about the mean of all items
  const centred = new Float64Array(width);
  for (let begin = 0; begin < own.length; begin += width) {
    for (let i = 0; i < width; i++) centred[i] = own[begin + i]! - all.mean[i]!;
    for (let i = 0; i < width; i++) {
      const value = centred[i]! / count;
      for (let j = 0; j <= i; j++) matrix[i * width + j]! += value * centred[j]!;
    }
  }
  for (let i = 0; i < width; i++) matrix[i * width + i]! += ridge;
  return solved(matrix, difference);
}

/** Solves a symmetric positive definite system in place, by Cholesky's decomposition of the lower triangle. */
function solved(matrix: Float64Array, vector: Float64Array): Float64Array {
  const width = vector.length;
  for (let i = 0; i < width; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = matrix[i * width + j]!;
      for (let k = 0; k < j; k++) sum -= matrix[i * width + k]! * matrix[j * width + k]!;
      // A column in which nothing differs, as before any training, says nothing: its part stays 0
      if (i === j) matrix[i * width + i] = sum > 0 ? Math.sqrt(sum) : Infinity;
      else matrix[i * width + j] = sum / matrix[j * width + j]!;
    }
  }
  for (let i = 0; i < width; i++) {
    for (let k = 0; k < i; k++) vector[i]! -= matrix[i * width + k]! * vector[k]!;
    vector[i]! /= matrix[i * width + i]!;
  }
  for (let i = width - 1; i >= 0; i--) {
    for (let k = i + 1; k < width; k++) vector[i]! -= matrix[k * width + i]! * vector[k]!;
    vector[i]! /= matrix[i * width + i]!;
  }
  return vector;
}
