import { type Expected, ROUNDOFF, TINY, unchanged } from "../_check.ts";
import { clippedAt, gradientAt, type GradientData, statusAfter } from "../_row_gradient_check.ts";

/** Arrays and scalars of one launch; rows of `stride` elements, those of a stack but for the gradient's. */
export interface SgdInput {
  readonly gradient: GradientData;
  readonly moment1: Float32Array;
  readonly parameter: Float32Array;
  readonly direction: Float32Array;
  readonly scales: Float32Array | null;
  /** Factor of the gradient; 1 for none. */
  readonly factor: number;
  /** Magnitude of its elements at most; 0 for none. */
  readonly limit: number;
  readonly status: readonly number[];
  readonly rows: number;
  readonly firstRow: number;
  readonly stride: number;
  readonly nesterov: boolean;
  readonly direct: boolean;
  readonly step: number;
  readonly momentum: number;
  readonly learningRate: number;
  readonly weightDecay: number;
}

/** What `sgd` leaves behind. */
export interface SgdExpected {
  readonly moment1: Expected;
  readonly parameter: Expected;
  readonly direction: Expected;
  readonly status: readonly number[];
}

/**
 * g += weightDecay * parameter; buffer = momentum * buffer + g; the direction is g without momentum, `buffer` with it,
 * and g + momentum * buffer with `nesterov`; where `direct`, parameter -= learningRate * direction.
 *
 * Tolerance: each product and each sum rounds once, on magnitudes bounded by the sum of those of the terms.
 *
 * @param input Arrays and scalars.
 * @returns What the kernel leaves behind.
 */
export function sgdOracle(input: SgdInput): SgdExpected {
  const { gradient, rows, firstRow, stride, nesterov, direct, step, momentum, learningRate, weightDecay } = input;
  const moment1 = unchanged(input.moment1);
  const parameter = unchanged(input.parameter), direction = unchanged(input.direction);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < stride; column++) {
      const at = (firstRow + row) * stride + column;
      const p = input.parameter[at]!;
      const own = clippedAt(input, gradientAt(gradient, stride, row, column));
      const g = own.value + weightDecay * p;
      let d = g, magnitude = own.magnitude + Math.abs(weightDecay * p);
      let error = own.error + 3 * ROUNDOFF * magnitude + TINY;
      if (momentum !== 0) {
        const kept = momentum * input.moment1[at]!;
        const buffer = kept + g, bufferMagnitude = Math.abs(kept) + magnitude;
        const bufferError = error + 3 * ROUNDOFF * bufferMagnitude + TINY;
        set(moment1, at, buffer, bufferError);
        d = nesterov ? g + momentum * buffer : buffer;
        magnitude = nesterov ? magnitude + momentum * bufferMagnitude : bufferMagnitude;
        error = nesterov ? error + momentum * bufferError + 3 * ROUNDOFF * magnitude : bufferError;
      }
      if (direct) {
        const moved = learningRate * d;
        set(parameter, at, p - moved, learningRate * error + 3 * ROUNDOFF * (Math.abs(p) + Math.abs(moved)) + TINY);
      } else {
        const scale = input.scales?.[firstRow + row] ?? 1, scaled = scale * d;
        set(direction, at, scaled, scale * error + (input.scales ? ROUNDOFF * Math.abs(scaled) + TINY : 0));
      }
    }
  }
  const status = statusAfter(input.status, step, gradient, [moment1, parameter]);
  return { moment1, parameter, direction, status };
}

/** What comes of a value that is not finite, or of one beyond float32, is left open: only `status` counts. */
function set({ values, tolerance }: Expected, at: number, value: number, error: number): void {
  values[at] = value;
  tolerance[at] = Number.isFinite(Math.fround(value)) ? error : Infinity;
}
