/**
 * What the checks of the update kernels share: the gradient of a row, dense or summed from the rows of a sparse one.
 *
 * @module
 */
import { type Draws, type Expected, ROUNDOFF, strideOf } from "./_check.ts";

/** Sizes of a gradient. */
export interface GradientCase {
  /** Rows of the table. */
  readonly rows: number;
  /** Columns that hold something. */
  readonly columns: number;
  /** Whether rows are summed by a plan, and not one for each row. */
  readonly sparse: boolean;
  /** Whether one element is not finite. */
  readonly nonFinite: boolean;
  /** Whether one element is finite and its square is not. */
  readonly large?: boolean;
}

/** A gradient: rows, and where it is sparse what {@linkcode planOf} joins. */
export interface GradientData {
  /** Gradient rows as stored. */
  readonly gradient: Float32Array<ArrayBuffer>;
  /** Where the entries of each row begin in `order`; `null` if dense. */
  readonly offsets: Uint32Array<ArrayBuffer> | null;
  /** Gradient rows, grouped by row of the table; `null` if dense. */
  readonly order: Uint32Array<ArrayBuffer> | null;
}

/**
 * Draws a gradient with rows of every kind: none at all, of zeros of either sign, a lone subnormal, several that add up
 * to 0, several that do not.
 *
 * @param draws Where the numbers come from.
 * @param options Sizes.
 * @returns The gradient.
 */
export function drawGradient(draws: Draws, options: GradientCase): GradientData {
  const { rows, columns, sparse, nonFinite, large = false } = options;
  const stride = strideOf(columns);
  const data = sparse
    ? drawSparse(draws, rows, columns)
    : { ...drawDense(draws, rows, columns), offsets: null, order: null };
  const stored = data.gradient.length / stride;
  if (nonFinite && stored > 0) {
    data.gradient[draws.integer(stored) * stride + draws.integer(columns)] = [
      NaN,
      Infinity,
      -Infinity,
    ][draws.integer(3)]!;
  }
  if (large && stored > 0) data.gradient[draws.integer(stored) * stride + draws.integer(columns)] = 3e38;
  return data;
}

function drawDense(draws: Draws, rows: number, columns: number): { gradient: Float32Array<ArrayBuffer> } {
  const stride = strideOf(columns);
  const gradient = draws.matrix(rows, columns);
  for (let row = 0; row < rows; row++) {
    const kind = draws.integer(8);
    if (kind > 2) continue;
    gradient.fill(kind === 0 ? -0 : 0, row * stride, row * stride + columns);
    // Not zero, though arithmetic on many a device makes it so
    if (kind === 1) gradient[row * stride + draws.integer(columns)] = 2 ** -140;
  }
  return { gradient };
}

function drawSparse(draws: Draws, rows: number, columns: number): GradientData {
  const stride = strideOf(columns);
  const groups = Array.from({ length: rows }, () => {
    const kind = draws.integer(8);
    if (kind < 2) return [];
    if (kind === 2) return [new Float32Array(stride).fill(-0, 0, columns)];
    const first = draws.matrix(1, columns);
    if (kind === 3) return [first, first.map((value) => -value)];
    return Array.from({ length: draws.integer(4) }, () => draws.matrix(1, columns)).concat(first);
  });
  const total = groups.reduce((sum, group) => sum + group.length, 0);
  const places = Uint32Array.from({ length: total }, (_, at) => at);
  for (let at = total - 1; at > 0; at--) {
    const other = draws.integer(at + 1);
    [places[at], places[other]] = [places[other]!, places[at]!];
  }
  const gradient = new Float32Array(total * stride), offsets = new Uint32Array(rows + 1);
  let at = 0;
  groups.forEach((group, row) => {
    for (const values of group) gradient.set(values, places[at++]! * stride);
    offsets[row + 1] = at;
  });
  return { gradient, offsets, order: places };
}

/**
 * The plan of a gradient as the update kernels bind it.
 *
 * @param data The gradient.
 * @returns Offsets and order in one array; `null` if dense.
 */
export function planOf({ offsets, order }: GradientData): Uint32Array<ArrayBuffer> | null {
  return offsets && order && Uint32Array.from([...offsets, ...order]);
}

/**
 * Draws the scale of each row of a direction.
 *
 * @param draws Where the numbers come from.
 * @param rows Rows of the stack.
 * @param scaled Whether there are scales.
 * @returns The scales, or `null`.
 */
export function drawScales(draws: Draws, rows: number, scaled: boolean): Float32Array<ArrayBuffer> | null {
  return scaled ? Float32Array.from({ length: rows }, () => 0.1 + Math.abs(draws.float())) : null;
}

/**
 * One element of the gradient, in float64.
 *
 * @param data The gradient.
 * @param stride Elements of a stored row.
 * @param row Row of the table.
 * @param column Column.
 * @returns The sum, the magnitude of what was summed, and how far a float32 sum may be off.
 */
export function gradientAt(
  { gradient, offsets, order }: GradientData,
  stride: number,
  row: number,
  column: number,
): { value: number; magnitude: number; error: number } {
  if (!offsets || !order) {
    const value = gradient[row * stride + column]!;
    return { value, magnitude: Math.abs(value), error: 0 };
  }
  let value = 0, magnitude = 0;
  for (let at = offsets[row]!; at < offsets[row + 1]!; at++) {
    const term = gradient[order[at]! * stride + column]!;
    value += term;
    magnitude += Math.abs(term);
  }
  return { value, magnitude, error: (offsets[row + 1]! - offsets[row]!) * ROUNDOFF * magnitude };
}

/**
 * An element of the gradient as it is clipped.
 *
 * @param clip Factor of the gradient, and magnitude of its elements at most, or 0.
 * @param element What {@linkcode gradientAt} gave.
 * @returns The same of the clipped element: a factor rounds once, and a limit brings no two numbers further apart.
 */
export function clippedAt(
  { factor, limit }: { readonly factor: number; readonly limit: number },
  element: { readonly value: number; readonly magnitude: number; readonly error: number },
): { value: number; magnitude: number; error: number } {
  const scaled = factor * element.value;
  const value = limit === 0 ? scaled : Math.max(-limit, Math.min(limit, scaled));
  const rounding = factor === 1 ? 0 : ROUNDOFF * factor * element.magnitude;
  return { value, magnitude: factor * element.magnitude, error: factor * element.error + rounding };
}

/**
 * Whether the whole gradient of a row is 0.
 *
 * @param data The gradient.
 * @param stride Elements of a stored row.
 * @param row Row of the table.
 * @returns Whether it is.
 */
export function isIdle(data: GradientData, stride: number, row: number): boolean {
  for (let column = 0; column < stride; column++) {
    if (gradientAt(data, stride, row, column).value !== 0) return false;
  }
  return true;
}

/**
 * Whether some element of the gradient is not finite.
 *
 * @param data The gradient.
 * @returns Whether there is one.
 */
export function hasNonFinite({ gradient }: GradientData): boolean {
  return gradient.some((value) => !Number.isFinite(value));
}

/**
 * The status words after a step.
 *
 * @param before The words before.
 * @param step The step.
 * @param gradient The gradient, which the first word is about.
 * @param results What the kernel may have written, which the second word is about.
 * @returns The words.
 */
export function statusAfter(
  before: readonly number[],
  step: number,
  gradient: GradientData,
  results: readonly Expected[],
): number[] {
  const beyond = results.some(({ values, tolerance }) =>
    values.some((value, at) => tolerance[at] !== 0 && !Number.isFinite(Math.fround(value)))
  );
  return [hasNonFinite(gradient), beyond].map((met, word) => before[word] === 0 && met ? step : before[word]!);
}
