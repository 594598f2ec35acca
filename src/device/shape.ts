/** Element type of a tensor. */
export type DType = "f32" | "u32";

/** The typed array that holds elements of a {@linkcode DType} on the host. */
export type HostArray<D extends DType> = D extends "f32" ? Float32Array<ArrayBuffer> : Uint32Array<ArrayBuffer>;

/** Rows and columns of a matrix, or the length of a vector. */
export type Shape = readonly [number] | readonly [rows: number, columns: number];

/**
 * Width of a stored row: columns rounded up to a multiple of four.
 *
 * @param columns Columns of a matrix.
 * @returns The row stride in elements.
 */
export function paddedWidth(columns: number): number {
  return Math.ceil(columns / 4) * 4;
}

/**
 * Lays rows of `columns` elements out with the padded stride. Returns `data` itself where no padding is needed.
 *
 * @param data Dense row-major elements.
 * @param shape Shape of `data`.
 * @returns The elements as a tensor stores them.
 */
export function padRows<T extends Float32Array | Uint32Array>(data: T, shape: Shape): T {
  if (shape.length === 1 || shape[1] % 4 === 0) return data;
  const [rows, columns] = shape;
  const stride = paddedWidth(columns);
  const padded = new (data.constructor as new (length: number) => T)(rows * stride);
  for (let row = 0; row < rows; row++) {
    padded.set(data.subarray(row * columns, (row + 1) * columns), row * stride);
  }
  return padded;
}

/**
 * The inverse of {@linkcode padRows}. Returns `stored` itself where there is no padding.
 *
 * @param stored Elements as a tensor stores them.
 * @param shape Shape of the tensor.
 * @returns Dense row-major elements.
 */
export function stripRows<T extends Float32Array | Uint32Array>(stored: T, shape: Shape): T {
  if (shape.length === 1 || shape[1] % 4 === 0) return stored;
  const [rows, columns] = shape;
  const stride = paddedWidth(columns);
  const data = new (stored.constructor as new (length: number) => T)(rows * columns);
  for (let row = 0; row < rows; row++) {
    data.set(stored.subarray(row * stride, row * stride + columns), row * columns);
  }
  return data;
}
