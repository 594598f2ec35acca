/** Elements of one table, or of what is kept of each of its elements. */
export interface TableInit {
  /** Row-major elements. */
  readonly data: Float32Array;
  /** Rows and columns. */
  readonly shape: readonly [rows: number, columns: number];
}
