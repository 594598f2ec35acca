import { type Expected, ROUNDOFF, TINY } from "../_check.ts";

/** Elements as a device holds them, or in float64 for what has no rounding. */
export type Elements = Float32Array | Float64Array;

/** Scalars of `matmul`. */
export type MatmulScalars = Readonly<
  Record<
    | ("m" | "n" | "k" | "aOffset" | "aStride" | "bOffset" | "bStride" | "biasOffset" | "cOffset" | "cStride")
    | ("transposed" | "biased" | "added" | "accumulate"),
    number
  >
>;

/** Arrays and scalars of one launch of `matmul`. */
export interface MatmulInput extends MatmulScalars {
  readonly a: Elements;
  readonly b: Elements;
  readonly bias: Elements | null;
  readonly addend: Elements | null;
  /** What c holds before the launch. */
  readonly c: Elements;
}

/** Scalars of `matmulGradient`. */
export type MatmulGradientScalars = Readonly<
  Record<
    "m" | "n" | "k" | "yOffset" | "yStride" | "xOffset" | "xStride" | "weightOffset" | "biasOffset" | "biased",
    number
  >
>;

/** Arrays and scalars of one launch of `matmulGradient`. */
export interface MatmulGradientInput extends MatmulGradientScalars {
  readonly y: Elements;
  readonly x: Elements;
  /** What the gradient holds before the launch. */
  readonly gradient: Elements;
}

/**
 * c = a op(b), and bias, addend and what c held, where they are asked for.
 *
 * Tolerance: in a sum of k products and up to three more terms, in whatever order, no term is rounded more than k + 3
 * times.
 *
 * @param input Arrays and scalars.
 * @returns All of c.
 */
export function matmulOracle(input: MatmulInput): Expected {
  const { a, b, bias, addend, c, m, n, k, transposed } = input;
  const expected = { values: Float64Array.from(c), tolerance: new Float64Array(c.length) };
  for (let row = 0; row < m; row++) {
    for (let column = 0; column < n; column++) {
      const sum = new Sum();
      for (let depth = 0; depth < k; depth++) {
        const [bRow, bColumn] = transposed ? [column, depth] : [depth, column];
        sum.add(
          a[(input.aOffset + row * input.aStride) * 4 + depth]! *
            b[(input.bOffset + bRow * input.bStride) * 4 + bColumn]!,
        );
      }
      const at = (input.cOffset + row * input.cStride) * 4 + column;
      if (input.biased) sum.add(bias![input.biasOffset * 4 + column]!);
      if (input.added) sum.add(addend![row * n + column]!);
      if (input.accumulate) sum.add(c[at]!);
      sum.put(expected, at, k + 3);
    }
  }
  return expected;
}

/**
 * weight = y^T x and bias = column sums of y.
 *
 * Tolerance: in a sum of m products, in whatever order, none is rounded more than m times.
 *
 * @param input Arrays and scalars.
 * @returns All of the gradient.
 */
export function matmulGradientOracle(input: MatmulGradientInput): Expected {
  const { y, x, gradient, m, n, k } = input;
  const expected = { values: Float64Array.from(gradient), tolerance: new Float64Array(gradient.length) };
  const yAt = (row: number, column: number) => y[(input.yOffset + row * input.yStride) * 4 + column]!;
  for (let row = 0; row < n; row++) {
    for (let column = 0; column < k; column++) {
      const sum = new Sum();
      for (let token = 0; token < m; token++) {
        sum.add(yAt(token, row) * x[(input.xOffset + token * input.xStride) * 4 + column]!);
      }
      sum.put(expected, input.weightOffset * 4 + row * k + column, m);
    }
    if (!input.biased) continue;
    const sum = new Sum();
    for (let token = 0; token < m; token++) sum.add(yAt(token, row));
    sum.put(expected, input.biasOffset * 4 + row, m);
  }
  return expected;
}

/** A sum and that of the magnitudes of its terms. */
class Sum {
  #value = 0;
  #magnitude = 0;

  add(term: number): void {
    this.#value += term;
    this.#magnitude += Math.abs(term);
  }

  put({ values, tolerance }: Expected, at: number, roundings: number): void {
    values[at] = this.#value;
    tolerance[at] = roundings * (ROUNDOFF * this.#magnitude + TINY);
  }
}
