import type { Device, Tensor } from "../../src/device/device.ts";
import { type CheckResult, Comparison, Draws, poison, strideOf, Tensors, unchanged } from "../_check.ts";
import {
  BLOCK_ROWS,
  cgDirection,
  cgFinish,
  cgScalars,
  cgStart,
  cgStep,
  columnDots,
  columnMaxima,
  Phase,
  SCALAR_ROWS,
} from "./conjugate_gradient.ts";
import {
  cgDirectionOracle,
  cgFinishOracle,
  cgScalarsOracle,
  cgStartOracle,
  cgStepOracle,
  columnDotsOracle,
  columnMaximaOracle,
} from "./oracle.ts";

/** Sizes of a check of the kernels over a matrix. */
export interface MatrixCase {
  readonly seed: number;
  readonly rows: number;
  readonly columns: number;
  /** Whether it is not the turn of the launch, which then leaves everything as it is. */
  readonly over?: boolean;
}

/** Sizes and options of a check of `cgScalars`. */
export interface CgScalarsCase {
  readonly seed: number;
  readonly blocks: number;
  readonly columns: number;
  readonly phase: number;
  /** Whether the residual of some column is above its threshold, and it is the turn of the launch. */
  readonly open: boolean;
}

/** Cases of the self-checks over a matrix. */
export const matrixCases: readonly MatrixCase[] = [
  { seed: 1, rows: 1, columns: 1 },
  { seed: 2, rows: 256, columns: 64 },
  { seed: 3, rows: 1000, columns: 130 },
  { seed: 4, rows: 257, columns: 1100 },
  { seed: 5, rows: 300, columns: 20, over: true },
];

/** Sizes and options of a check of `cgFinish`. */
export interface CgFinishCase extends MatrixCase {
  readonly keep: number;
  /** Whether the results are beyond float32. */
  readonly overflow?: boolean;
}

/** Cases of the self-check of `cgFinish`. */
export const cgFinishCases: readonly CgFinishCase[] = [
  { seed: 1, rows: 1, columns: 1, keep: 0 },
  { seed: 2, rows: 300, columns: 130, keep: 0.9 },
  { seed: 3, rows: 257, columns: 1100, keep: 1, overflow: true },
];

/** The turn of launches in checks. */
const TURN = 3;

/** Cases of the self-check of `cgScalars`. */
export const cgScalarsCases: readonly CgScalarsCase[] = [
  { seed: 1, blocks: 5, columns: 20, phase: 0, open: true },
  { seed: 2, blocks: 300, columns: 64, phase: 1, open: true },
  { seed: 3, blocks: 3, columns: 130, phase: 2, open: true },
  { seed: 4, blocks: 2, columns: 1100, phase: 3, open: true },
  { seed: 5, blocks: 2, columns: 33, phase: 3, open: false },
  { seed: 6, blocks: 300, columns: 64, phase: 4, open: true },
  { seed: 7, blocks: 3, columns: 130, phase: 4, open: false },
  { seed: 8, blocks: 1, columns: 9, phase: 2, open: false },
];

/** The word that says whose turn it is. */
function turnsOf(tensors: Tensors, { over = false }: MatrixCase): Tensor<"u32"> {
  return tensors.integers(Uint32Array.of(over ? TURN - 1 : TURN));
}

/**
 * Checks `columnMaxima` against its oracle.
 *
 * @param device The device.
 * @param options Sizes.
 * @param kernel The kernel, or one to try in its place.
 * @returns The outcome.
 */
export async function checkColumnMaxima(
  device: Device,
  options: MatrixCase,
  kernel = columnMaxima,
): Promise<CheckResult> {
  const draws = new Draws(options.seed);
  const { rows, columns } = options, stride = strideOf(columns), blocks = Math.ceil(rows / BLOCK_ROWS);
  const input = draws.matrix(rows, columns);
  using tensors = new Tensors(device);
  const partials = tensors.floats(poison(blocks * stride), [blocks, stride]);
  device.launch(kernel, { input: tensors.floats(input, [rows, stride]), partials }, { rows, quads: stride / 4 });
  const comparison = new Comparison();
  comparison.floats("partials", await device.read(partials), columnMaximaOracle(input, stride));
  return comparison.result(kernel.name, options);
}

/**
 * Checks `cgStart` against its oracle.
 *
 * @param device The device.
 * @param options Sizes.
 * @param kernel The kernel, or one to try in its place.
 * @returns The outcome.
 */
export async function checkCgStart(device: Device, options: MatrixCase, kernel = cgStart): Promise<CheckResult> {
  const draws = new Draws(options.seed);
  const { rows, columns } = options, stride = strideOf(columns), blocks = Math.ceil(rows / BLOCK_ROWS);
  const shape = [rows, stride] as const, input = draws.matrix(rows, columns);
  const scalars = draws.matrix(SCALAR_ROWS, columns);
  using tensors = new Tensors(device);
  const outputs = {
    solution: tensors.floats(poison(rows * stride), shape),
    residual: tensors.floats(poison(rows * stride), shape),
    direction: tensors.floats(poison(rows * stride), shape),
    partials: tensors.floats(poison(blocks * stride), [blocks, stride]),
  };
  const bound = { scalars: tensors.floats(scalars, [SCALAR_ROWS, stride]), input: tensors.floats(input, shape) };
  device.launch(kernel, { ...bound, ...outputs }, { rows, quads: stride / 4 });
  const expected = cgStartOracle(scalars, input, stride), comparison = new Comparison();
  const names = ["solution", "residual", "direction", "partials"] as const;
  const floats = await Promise.all(names.map((name) => device.read(outputs[name])));
  names.forEach((name, at) => comparison.floats(name, floats[at]!, expected[name]));
  return comparison.result(kernel.name, options);
}

/**
 * Checks `cgFinish` against its oracle.
 *
 * @param device The device.
 * @param options Sizes and options.
 * @param kernel The kernel, or one to try in its place.
 * @returns The outcome.
 */
export async function checkCgFinish(device: Device, options: CgFinishCase, kernel = cgFinish): Promise<CheckResult> {
  const draws = new Draws(options.seed);
  const { rows, columns, overflow = false } = options, stride = strideOf(columns), shape = [rows, stride] as const;
  const keep = Math.fround(options.keep), factor = Math.fround(overflow ? 3e38 : -0.1), step = 7;
  const scalars = draws.matrix(SCALAR_ROWS, columns), solution = draws.matrix(rows, columns);
  if (overflow) {
    scalars[5 * stride + columns - 1] = 2;
    solution[(rows - 1) * stride + columns - 1] = 1;
  }
  const before = keep === 0 ? poison(rows * stride) : draws.matrix(rows, columns);
  using tensors = new Tensors(device);
  const output = tensors.floats(before, shape), status = tensors.integers(new Uint32Array(1));
  const bound = { scalars: tensors.floats(scalars, [SCALAR_ROWS, stride]), solution: tensors.floats(solution, shape) };
  device.launch(kernel, { ...bound, output, status }, { rows, quads: stride / 4, step, keep, factor });
  const comparison = new Comparison();
  const [after, word] = await Promise.all([device.read(output), device.read(status)]);
  comparison.floats("output", after, cgFinishOracle({ scalars, solution, before, stride, keep, factor }));
  comparison.integers("status", word, [overflow ? step : 0]);
  return comparison.result(kernel.name, options);
}

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
  const left = draws.matrix(rows, columns), right = draws.matrix(rows, columns), before = poison(blocks * stride);
  using tensors = new Tensors(device);
  const partials = tensors.floats(before, [blocks, stride]), shape = [rows, stride] as const;
  const bound = { left: tensors.floats(left, shape), right: tensors.floats(right, shape), partials };
  const turns = turnsOf(tensors, options);
  device.launch(kernel, { ...bound, turns }, { rows, quads: stride / 4, turn: TURN });
  const comparison = new Comparison();
  const expected = options.over ? unchanged(before) : columnDotsOracle(left, right, stride);
  comparison.floats("partials", await device.read(partials), expected);
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
  const scalars = draws.matrix(SCALAR_ROWS, columns), before = poison(blocks * stride);
  const direction = matrix(), image = matrix(), solution = matrix(), residual = matrix();
  using tensors = new Tensors(device);
  const outputs = {
    solution: tensors.floats(solution, shape),
    residual: tensors.floats(residual, shape),
    partials: tensors.floats(before, [blocks, stride]),
  };
  device.launch(kernel, {
    scalars: tensors.floats(scalars, [SCALAR_ROWS, stride]),
    direction: tensors.floats(direction, shape),
    image: tensors.floats(image, shape),
    turns: turnsOf(tensors, options),
    ...outputs,
  }, { rows, quads: stride / 4, turn: TURN });
  const expected = options.over
    ? { solution: unchanged(solution), residual: unchanged(residual), partials: unchanged(before) }
    : cgStepOracle({ scalars, direction, image, solution, residual }, stride);
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
  const scalars = draws.matrix(SCALAR_ROWS, columns),
    residual = draws.matrix(rows, columns),
    before = draws.matrix(rows, columns);
  using tensors = new Tensors(device);
  const direction = tensors.floats(before, shape);
  const bound = { scalars: tensors.floats(scalars, [SCALAR_ROWS, stride]), residual: tensors.floats(residual, shape) };
  const turns = turnsOf(tensors, options);
  device.launch(kernel, { ...bound, direction, turns }, { rows, quads: stride / 4, turn: TURN });
  const comparison = new Comparison();
  const expected = options.over ? unchanged(before) : cgDirectionOracle(scalars, residual, before, stride);
  comparison.floats("direction", await device.read(direction), expected);
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
  const partials = draws.matrix(blocks, columns).map(Math.abs),
    before = draws.matrix(SCALAR_ROWS, columns).map(Math.abs);
  for (let column = 0; column < columns; column++) {
    const kind = draws.integer(6);
    if (!open || kind === 0) before[stride + column] = before[column]!;
    if (kind === 1) before[column] = before[stride + column] = 0;
    if (kind < 2) { for (let block = 0; block < blocks; block++) partials[block * stride + column] = 0; }
    // A sum that has vanished though the residual has not
    if (kind === 2) { for (let block = 0; block < blocks; block++) partials[block * stride + column] = 0; }
  }
  // The last column of the largest numbers there are, or of none
  if (phase === Phase.scale && columns > 2) partials[columns - 1] = [Infinity, 3e38, 2 ** -126][options.seed % 3]!;
  // A residual that has run away, in a column that was open
  if (phase === Phase.direction && columns > 2) {
    before[columns - 1] = 4;
    partials[columns - 1] = [Infinity, NaN, 3e38][options.seed % 3]!;
  }
  using tensors = new Tensors(device);
  const scalars = tensors.floats(before, [SCALAR_ROWS, stride]), status = tensors.integers(new Uint32Array(1));
  const start = phase < Phase.step ? 0 : open ? TURN : TURN - 1, turns = tensors.integers(Uint32Array.of(start));
  device.launch(kernel, { partials: tensors.floats(partials, [blocks, stride]), scalars, turns, status }, {
    blocks,
    quads: stride / 4,
    phase,
    turn: TURN,
    step,
    tolerance,
  });
  const shared = { stride, phase, turn: TURN, step, tolerance };
  const expected = cgScalarsOracle({ partials, scalars: before, turns: start, status: 0, ...shared });
  const [after, turn, word] = await Promise.all([device.read(scalars), device.read(turns), device.read(status)]);
  const comparison = new Comparison();
  comparison.floats("scalars", after, expected.scalars);
  comparison.integers("turns", turn, [expected.turns]);
  comparison.integers("status", word, [expected.status]);
  return comparison.result(kernel.name, options);
}
