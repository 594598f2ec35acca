import type { Device } from "../../src/device/device.ts";
import { type CheckResult, Comparison, Draws, poison, strideOf, Tensors } from "../_check.ts";
import { BLOCK_ROWS, cgDirection, cgScalars, cgStep, columnDots } from "./conjugate_gradient.ts";
import { cgDirectionOracle, cgScalarsOracle, cgStepOracle, columnDotsOracle } from "./oracle.ts";

/** Sizes of a check of the kernels over a matrix. */
export interface MatrixCase {
  readonly seed: number;
  readonly rows: number;
  readonly columns: number;
}

/** Sizes and options of a check of `cgScalars`. */
export interface CgScalarsCase {
  readonly seed: number;
  readonly blocks: number;
  readonly columns: number;
  readonly phase: number;
  /** Whether the residual of some column is above its threshold. */
  readonly open: boolean;
}

/** Cases of the self-checks over a matrix. */
export const matrixCases: readonly MatrixCase[] = [
  { seed: 1, rows: 1, columns: 1 },
  { seed: 2, rows: 256, columns: 64 },
  { seed: 3, rows: 1000, columns: 130 },
  { seed: 4, rows: 257, columns: 1100 },
];

/** Cases of the self-check of `cgScalars`. */
export const cgScalarsCases: readonly CgScalarsCase[] = [
  { seed: 1, blocks: 5, columns: 20, phase: 0, open: true },
  { seed: 2, blocks: 300, columns: 64, phase: 1, open: true },
  { seed: 3, blocks: 3, columns: 130, phase: 2, open: true },
  { seed: 4, blocks: 2, columns: 1100, phase: 3, open: true },
  { seed: 5, blocks: 2, columns: 33, phase: 3, open: false },
];

/**
 * Checks `columnDots` against its oracle.
 *
 * @param device The device.
 * @param options Sizes.
 * @param kernel The kernel, or one to try in its place.
 * @returns The outcome.
 */
export async function checkColumnDots(device: Device, options: MatrixCase, kernel = columnDots): Promise<CheckResult> {
  const draws = new Draws(options.seed);
  const { rows, columns } = options, stride = strideOf(columns), blocks = Math.ceil(rows / BLOCK_ROWS);
  const left = draws.matrix(rows, columns), right = draws.matrix(rows, columns);
  using tensors = new Tensors(device);
  const partials = tensors.floats(poison(blocks * stride), [blocks, stride]);
  const shape = [rows, stride] as const;
  device.launch(kernel, { left: tensors.floats(left, shape), right: tensors.floats(right, shape), partials }, {
    rows,
    quads: stride / 4,
  });
  const comparison = new Comparison();
  comparison.floats("partials", await device.read(partials), columnDotsOracle(left, right, stride));
  return comparison.result(kernel.name, options);
}

/**
 * Checks `cgStep` against its oracle.
 *
 * @param device The device.
 * @param options Sizes.
 * @param kernel The kernel, or one to try in its place.
 * @returns The outcome.
 */
export async function checkCgStep(device: Device, options: MatrixCase, kernel = cgStep): Promise<CheckResult> {
  const draws = new Draws(options.seed);
  const { rows, columns } = options, stride = strideOf(columns), blocks = Math.ceil(rows / BLOCK_ROWS);
  const shape = [rows, stride] as const, matrix = () => draws.matrix(rows, columns);
  const scalars = draws.matrix(4, columns);
  const direction = matrix(), image = matrix(), solution = matrix(), residual = matrix();
  using tensors = new Tensors(device);
  const outputs = {
    solution: tensors.floats(solution, shape),
    residual: tensors.floats(residual, shape),
    partials: tensors.floats(poison(blocks * stride), [blocks, stride]),
  };
  device.launch(kernel, {
    scalars: tensors.floats(scalars, [4, stride]),
    direction: tensors.floats(direction, shape),
    image: tensors.floats(image, shape),
    ...outputs,
  }, { rows, quads: stride / 4 });
  const expected = cgStepOracle({ scalars, direction, image, solution, residual }, stride);
  const comparison = new Comparison();
  const names = ["solution", "residual", "partials"] as const;
  const floats = await Promise.all(names.map((name) => device.read(outputs[name])));
  names.forEach((name, at) => comparison.floats(name, floats[at]!, expected[name]));
  return comparison.result(kernel.name, options);
}

/**
 * Checks `cgDirection` against its oracle.
 *
 * @param device The device.
 * @param options Sizes.
 * @param kernel The kernel, or one to try in its place.
 * @returns The outcome.
 */
export async function checkCgDirection(
  device: Device,
  options: MatrixCase,
  kernel = cgDirection,
): Promise<CheckResult> {
  const draws = new Draws(options.seed);
  const { rows, columns } = options, stride = strideOf(columns), shape = [rows, stride] as const;
  const scalars = draws.matrix(4, columns),
    residual = draws.matrix(rows, columns),
    before = draws.matrix(rows, columns);
  using tensors = new Tensors(device);
  const direction = tensors.floats(before, shape);
  const bound = { scalars: tensors.floats(scalars, [4, stride]), residual: tensors.floats(residual, shape), direction };
  device.launch(kernel, bound, { rows, quads: stride / 4 });
  const comparison = new Comparison();
  comparison.floats("direction", await device.read(direction), cgDirectionOracle(scalars, residual, before, stride));
  return comparison.result(kernel.name, options);
}

/**
 * Checks `cgScalars` against its oracle, with columns that have converged, columns of zeros and columns that have not.
 *
 * @param device The device.
 * @param options Sizes and options.
 * @param kernel The kernel, or one to try in its place.
 * @returns The outcome.
 */
export async function checkCgScalars(device: Device, options: CgScalarsCase, kernel = cgScalars): Promise<CheckResult> {
  const draws = new Draws(options.seed);
  const { blocks, columns, phase, open } = options, stride = strideOf(columns);
  const tolerance = Math.fround(1e-3), step = 7;
  // Sums of squares: not negative
  const partials = draws.matrix(blocks, columns).map(Math.abs), before = draws.matrix(4, columns).map(Math.abs);
  for (let column = 0; column < columns; column++) {
    const kind = draws.integer(6);
    if (!open || kind === 0) before[stride + column] = before[column]!;
    if (kind === 1) before[column] = before[stride + column] = 0;
    if (kind < 2) { for (let block = 0; block < blocks; block++) partials[block * stride + column] = 0; }
    // A sum that has vanished though the residual has not
    if (kind === 2) { for (let block = 0; block < blocks; block++) partials[block * stride + column] = 0; }
  }
  using tensors = new Tensors(device);
  const scalars = tensors.floats(before, [4, stride]), status = tensors.integers(new Uint32Array(1));
  device.launch(kernel, { partials: tensors.floats(partials, [blocks, stride]), scalars, status }, {
    blocks,
    quads: stride / 4,
    phase,
    step,
    tolerance,
  });
  const expected = cgScalarsOracle({ partials, scalars: before, status: 0, stride, phase, step, tolerance });
  const [after, word] = await Promise.all([device.read(scalars), device.read(status)]);
  const comparison = new Comparison();
  comparison.floats("scalars", after, expected.scalars);
  comparison.integers("status", word, [expected.status]);
  return comparison.result(kernel.name, options);
}
