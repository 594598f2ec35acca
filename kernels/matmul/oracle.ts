import { type Expected, ROUNDOFF, TINY } from "../_check.ts";
import { dropoutFactors, type DropoutScalars } from "../_dropout_check.ts";
import { activationOracle, type Rounded } from "../activate/oracle.ts";

/** Elements as a device holds them, or in float64 for what has no rounding. */
export type Elements = Float32Array | Float64Array;

/** Scalars of `matmul` but those of dropout. */
export type MatmulScalars = Readonly<
  Record<
    | ("m" | "n" | "k" | "aOffset" | "aStride" | "bOffset" | "bStride" | "biasOffset" | "cOffset" | "cStride")
    | ("biased" | "added" | "kind"),
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
  readonly dropout: DropoutScalars;
}

/** Scalars of `matmulGradient`. */
export type MatmulGradientScalars = Readonly<
  Record<
    | (
      | "m"
      | "n"
      | "k"
      | "yOffset"
      | "yStride"
      | "xOffset"
      | "xStride"
      | "weightOffset"
      | "gradientOffset"
      | "biasOffset"
    )
    | ("biased" | "slices" | "sliceStride" | "inward" | "accumulate"),
    number
  >
>;

/** Arrays and scalars of one launch of `matmulGradient`. */
export interface MatmulGradientInput extends MatmulGradientScalars {
  readonly y: Elements;
  readonly x: Elements;
  readonly weight: Elements;
  /** What the gradients hold before the launch. */
  readonly gradient: Elements;
  readonly xGradient: Elements;
}

/** What `matmulGradient` leaves behind. */
export interface MatmulGradientExpected {
  readonly gradient: Expected;
  readonly xGradient: Expected;
}

/**
 * c = mask * scale * f(a b^T), with bias and addend where they are asked for.
 *
 * Tolerance: in a sum of k products and a bias, in whatever order, no term is rounded more than k + 1 times. By so much is
 * off what f is taken of; then f rounds, and so do the product with the scale, the sum with the addend, and their product.
 *
 * @param input Arrays and scalars.
 * @returns All of c.
 */
export function matmulOracle(input: MatmulInput): Expected {
  const { a, b, bias, addend, c, m, n, k, kind } = input;
  const expected = { values: Float64Array.from(c), tolerance: new Float64Array(c.length) };
  const factor = dropoutFactors(input.dropout);
  for (let row = 0; row < m; row++) {
    for (let column = 0; column < n; column++) {
      const sum = new Sum();
      for (let depth = 0; depth < k; depth++) {
        sum.add(
          a[(input.aOffset + row * input.aStride) * 4 + depth]! *
            b[(input.bOffset + column * input.bStride) * 4 + depth]!,
        );
      }
      if (input.biased) sum.add(bias![input.biasOffset * 4 + column]!);
      const { value: x, error } = sum.rounded(k + 1), f = activationOracle(kind, x);
      const spread = [x - error, x + error].map((near) => Math.abs(activationOracle(kind, near).value - f.value));
      const at = (input.cOffset + row * input.cStride) * 4 + column, index = row * n + column;
      const scale = factor(index), own = scale * f.value, other = input.added ? addend![index]! : 0;
      expected.values[at] = own + other;
      expected.tolerance[at] = scale * (Math.max(error, ...spread) + f.error) +
        3 * ROUNDOFF * (Math.abs(own) + Math.abs(other)) + TINY;
    }
  }
  return expected;
}

/**
 * For each slice of the rows weight = y^T x and bias = column sums of y; and the gradient of x (+)= y weight.
 *
 * Tolerance: in a sum of m products, in whatever order, none is rounded more than m times, and likewise in one of n
 * products and what was there.
 *
 * @param input Arrays and scalars.
 * @returns All of both gradients.
 */
export function matmulGradientOracle(input: MatmulGradientInput): MatmulGradientExpected {
  const { y, x, weight, m, n, k, slices } = input;
  const gradient = copied(input.gradient), xGradient = copied(input.xGradient);
  const yAt = (row: number, column: number) => y[(input.yOffset + row * input.yStride) * 4 + column]!;
  const xPlace = (row: number) => (input.xOffset + row * input.xStride) * 4;
  for (let slice = 0; slice < slices; slice++) {
    const sliceRows = Math.ceil(m / slices), begin = Math.min(slice * sliceRows, m);
    const end = Math.min(begin + sliceRows, m), place = slice * input.sliceStride;
    const sumOf = (term: (token: number) => number, at: number) => {
      const sum = new Sum();
      for (let token = begin; token < end; token++) sum.add(term(token));
      sum.put(gradient, at, end - begin);
    };
    for (let row = 0; row < n; row++) {
      const first = (place + input.gradientOffset) * 4 + row * k;
      for (let column = 0; column < k; column++) {
        sumOf((token) => yAt(token, row) * x[xPlace(token) + column]!, first + column);
      }
      if (input.biased) sumOf((token) => yAt(token, row), (place + input.biasOffset) * 4 + row);
    }
  }
  for (let token = 0; token < (input.inward ? m : 0); token++) {
    for (let column = 0; column < k; column++) {
      const sum = new Sum(), at = xPlace(token) + column;
      for (let row = 0; row < n; row++) sum.add(yAt(token, row) * weight[input.weightOffset * 4 + row * k + column]!);
      if (input.accumulate) sum.add(input.xGradient[at]!);
      sum.put(xGradient, at, n + 1);
    }
  }
  return { gradient, xGradient };
}

function copied(before: Elements): Expected {
  return { values: Float64Array.from(before), tolerance: new Float64Array(before.length) };
}

/** A sum and that of the magnitudes of its terms. */
class Sum {
  #value = 0;
  #magnitude = 0;

  add(term: number): void {
    this.#value += term;
    this.#magnitude += Math.abs(term);
  }

  rounded(roundings: number): Rounded {
    return { value: this.#value, error: roundings * (ROUNDOFF * this.#magnitude + TINY) };
  }

  put({ values, tolerance }: Expected, at: number, roundings: number): void {
    const { value, error } = this.rounded(roundings);
    values[at] = value;
    tolerance[at] = error;
  }
}
