import { type Expected, ROUNDOFF, TINY, unchanged } from "../_check.ts";
import { clippedAt, gradientAt, type GradientData, isIdle, statusAfter } from "../_row_gradient_check.ts";

/** Arrays and scalars of one launch; rows of `stride` elements, those of a stack but for the gradient's. */
export interface AdamInput {
  readonly gradient: GradientData;
  readonly moment1: Float32Array;
  readonly moment2: Float32Array;
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
  readonly coupled: boolean;
  readonly correct: boolean;
  readonly refresh: boolean;
  readonly direct: boolean;
  readonly step: number;
  readonly gain1: number;
  readonly gain2: number;
  readonly epsilon: number;
  readonly learningRate: number;
  readonly weightDecay: number;
}

/** What `adam` leaves behind. */
export interface AdamExpected {
  readonly moment1: Expected;
  readonly moment2: Expected;
  readonly parameter: Expected;
  readonly direction: Expected;
  readonly status: readonly number[];
}

/**
 * m += gain1 (g - m), v += gain2 (g^2 - v), d = m / (sqrt(v) + epsilon), and where `direct`
 * parameter = (1 - learningRate weightDecay) parameter - learningRate d (no decay here where `coupled`, which adds
 * weightDecay * parameter to g).
 *
 * Tolerance: each operation rounds once, on magnitudes that are bounded by the sum of those of its terms, and errors of
 * the terms go through the derivative. WGSL allows sqrt 10 roundoffs and a quotient 5.
 *
 * @param input Arrays and scalars.
 * @returns What the kernel leaves behind.
 */
export function adamOracle(input: AdamInput): AdamExpected {
  const { gradient, rows, firstRow, stride, coupled, correct, refresh, direct, step } = input;
  const { gain1, gain2, epsilon, learningRate, weightDecay } = input;
  const moment1 = unchanged(input.moment1), moment2 = unchanged(input.moment2);
  const parameter = unchanged(input.parameter), direction = unchanged(input.direction);
  for (let row = 0; row < rows; row++) {
    const idle = correct && isIdle(gradient, stride, row);
    for (let column = 0; column < stride; column++) {
      const at = (firstRow + row) * stride + column;
      const p = input.parameter[at]!;
      let m = input.moment1[at]!, v = input.moment2[at]!;
      let mError = 0, vError = 0;
      if (!idle) {
        const own = clippedAt(input, gradientAt(gradient, stride, row, column));
        const decay = coupled ? weightDecay * p : 0;
        const g = own.value + decay;
        const gError = own.error + (coupled ? 2 * ROUNDOFF * (own.magnitude + Math.abs(decay)) : 0);
        mError = gain1 * gError + 4 * ROUNDOFF * (Math.abs(m) + gain1 * (Math.abs(g) + Math.abs(m))) + TINY;
        vError = gain2 * gError * (2 * Math.abs(g) + gError) + 4 * ROUNDOFF * (v + gain2 * (g * g + v)) + TINY;
        m += gain1 * (g - m);
        v += gain2 * (g * g - v);
        set(moment1, at, m, mError);
        set(moment2, at, v, vError);
      }
      if (idle && !direct && !refresh) continue;
      const root = Math.sqrt(v), divisor = root + epsilon, d = m / divisor;
      // Whichever is less: what the derivative says, or all of the root of the error, where v is near 0
      const rootError = Math.min(Math.sqrt(vError), vError / root || Infinity) + 10 * ROUNDOFF * root;
      const divisorError = rootError + 2 * ROUNDOFF * divisor;
      const dError = (mError + Math.abs(d) * divisorError) / Math.max(divisor - divisorError, 0) +
        6 * ROUNDOFF * Math.abs(d) + TINY + (Number.isFinite(Math.fround(v)) ? 0 : Infinity);
      if (direct) {
        const keep = coupled ? 1 : 1 - learningRate * weightDecay;
        const moved = learningRate * d;
        const magnitude = Math.abs(keep * p) + Math.abs(moved);
        const keepError = coupled ? 0 : 2 * ROUNDOFF * Math.abs(p);
        set(parameter, at, keep * p - moved, learningRate * dError + keepError + 3 * ROUNDOFF * magnitude + TINY);
      } else {
        const scale = input.scales?.[firstRow + row] ?? 1, scaled = scale * d;
        set(direction, at, scaled, scale * dError + (input.scales ? ROUNDOFF * Math.abs(scaled) + TINY : 0));
      }
    }
  }
  const status = statusAfter(input.status, step, gradient, [moment1, moment2, parameter]);
  return { moment1, moment2, parameter, direction, status };
}

/** What comes of a value that is not finite, or of one beyond float32, is left open: only `status` counts. */
function set({ values, tolerance }: Expected, at: number, value: number, error: number): void {
  values[at] = value;
  tolerance[at] = Number.isFinite(Math.fround(value)) && !Number.isNaN(error) ? error : Infinity;
}
