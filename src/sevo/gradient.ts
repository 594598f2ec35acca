import { type Device, Tensor } from "../device/device.ts";

/** Gradient rows by index; a row named twice is summed, a row not named is 0. */
export interface SparseGradient {
  /** Row of the table for each gradient row. */
  readonly rows: Uint32Array;
  /** As many rows of the table's width, row-major. */
  readonly values: Float32Array;
}

/**
 * Gradient rows that are on the device already, with the plan of {@linkcode planRows} that sums them. Its indices are not
 * checked: they are on the device.
 */
export interface PlannedGradient {
  /** What {@linkcode planRows} gives for the rows of the table. */
  readonly plan: Tensor<"u32">;
  /** Gradient rows. */
  readonly values: Tensor<"f32">;
}

/** The gradient of one table: dense on the host or the device, or sparse rows. Tensors stay the caller's. */
export type Gradient = Float32Array | Tensor<"f32"> | SparseGradient | PlannedGradient;

/** A gradient on the device, as the update kernels bind it. */
export interface BoundGradient {
  readonly gradient: Tensor<"f32">;
  readonly plan: Tensor<"u32"> | null;
}

/**
 * Groups indices by row with a counting sort, keeping their order within a row: the plan of a deterministic
 * scatter-add.
 *
 * @example
 * ```ts
 * import { planRows } from "@sevo/sevo";
 * import { assertEquals } from "@std/assert";
 *
 * // Three gradient rows, of rows 2, 0 and 2 of a table of three
 * const plan = planRows(new Uint32Array([2, 0, 2]), 3);
 * assertEquals([...plan.subarray(0, 4)], [0, 1, 1, 3]); // row 0 has one, row 1 none, row 2 two
 * assertEquals([...plan.subarray(4)], [1, 0, 2]);
 * ```
 *
 * @param rows Row of each index.
 * @param rowCount Number of rows.
 * @returns `rowCount + 1` offsets, where the indices of each row begin and where the last end, and behind them the indices:
 * those of row r are `plan.subarray(rowCount + 1).subarray(plan[r], plan[r + 1])`.
 * @throws {RangeError} If a row is out of range.
 */
export function planRows(rows: Uint32Array, rowCount: number): Uint32Array<ArrayBuffer> {
  const plan = new Uint32Array(rowCount + 1 + rows.length);
  const offsets = plan.subarray(0, rowCount + 1), order = plan.subarray(rowCount + 1);
  for (let at = 0; at < rows.length; at++) {
    const row = rows[at]!;
    if (row >= rowCount) {
      throw new RangeError(`Cannot step as a gradient row must be in [0, ${rowCount}): current value is ${row}`);
    }
    offsets[row]!++;
  }
  for (let row = 0, sum = 0; row <= rowCount; row++) offsets[row] = sum += offsets[row]!;
  for (let at = rows.length - 1; at >= 0; at--) order[--offsets[rows[at]!]!] = at;
  return plan;
}

/**
 * Checks a gradient against the shape of its table, and that its tensors can be bound.
 *
 * @param device The device of the table.
 * @param name Name of the table.
 * @param gradient The gradient.
 * @param shape Rows and columns of the table.
 * @throws {TypeError} If it has another type or shape, or is on another device.
 * @throws {ReferenceError} If a tensor of it was disposed.
 * @throws {RangeError} If it names a row that the table does not have.
 */
export function checkGradient(
  device: Device,
  name: string,
  gradient: Gradient,
  [rows, columns]: readonly [number, number],
): void {
  const fail = (actual: string) => {
    throw new TypeError(`Cannot step as gradient '${name}' has ${actual}: expected shape [${rows}, ${columns}]`);
  };
  const checkTensor = (tensor: Tensor, dtype: string) => {
    if (tensor.device !== device) fail("a tensor of another device");
    if (tensor.dtype !== dtype) fail(`a tensor of ${tensor.dtype} in place of ${dtype}`);
    if (tensor.disposed) throw new ReferenceError(`Cannot step as gradient '${name}' was disposed`);
  };
  if (gradient instanceof Float32Array) {
    if (gradient.length !== rows * columns) fail(`${gradient.length} elements`);
  } else if (gradient instanceof Tensor) {
    checkTensor(gradient, "f32");
    if (gradient.shape[0] !== rows || gradient.shape[1] !== columns) fail(`shape [${gradient.shape.join(", ")}]`);
  } else if (isPlanned(gradient)) {
    checkTensor(gradient.values, "f32");
    checkTensor(gradient.plan, "u32");
    if (gradient.values.shape[1] !== columns) fail(`rows of shape [${gradient.values.shape.join(", ")}]`);
    const expected = rows + 1 + gradient.values.shape[0]!;
    if (gradient.plan.size !== expected) fail(`a plan of ${gradient.plan.size} words in place of ${expected}`);
  } else if (gradient?.rows instanceof Uint32Array && gradient.values instanceof Float32Array) {
    if (gradient.values.length !== gradient.rows.length * columns) {
      fail(`${gradient.values.length} elements in ${gradient.rows.length} rows`);
    }
    const row = gradient.rows.find((row) => row >= rows);
    if (row !== undefined) {
      throw new RangeError(`Cannot step as gradient '${name}' names row ${row}: expected rows in [0, ${rows})`);
    }
  } else {
    fail("a type that is neither Float32Array, Tensor nor sparse rows");
  }
}

/**
 * Brings a checked gradient to the device.
 *
 * @param device The device.
 * @param gradient The gradient.
 * @param shape Rows and columns of the table.
 * @param owned Takes what has to be disposed of after the step.
 * @returns What the update kernels bind.
 */
export function bindGradient(
  device: Device,
  gradient: Gradient,
  [rows, columns]: readonly [number, number],
  owned: DisposableStack,
): BoundGradient {
  if (gradient instanceof Tensor) return { gradient, plan: null };
  if (gradient instanceof Float32Array) {
    return { gradient: owned.use(device.upload(gradient, [rows, columns])), plan: null };
  }
  if (isPlanned(gradient)) return { gradient: gradient.values, plan: gradient.plan };
  return {
    gradient: owned.use(device.upload(gradient.values, [gradient.rows.length, columns])),
    plan: owned.use(device.upload(planRows(gradient.rows, rows))),
  };
}

function isPlanned(gradient: SparseGradient | PlannedGradient): gradient is PlannedGradient {
  return gradient?.values instanceof Tensor && "plan" in gradient;
}
