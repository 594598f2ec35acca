import { type Expected, expectedZeros, ROUNDOFF, TINY } from "../_check.ts";

/** Arrays and scalars of one launch of `layerNorm`; offsets in quads. */
export interface LayerNormInput {
  readonly input: ArrayLike<number>;
  readonly parameters: ArrayLike<number>;
  readonly rows: number;
  readonly quads: number;
  readonly weightOffset: number;
  readonly biasOffset: number;
  readonly epsilon: number;
}

/** What `layerNorm` writes. */
export interface LayerNormExpected {
  readonly output: Expected;
  readonly statistics: Expected;
}

/** Arrays and scalars of one launch of `layerNormGradient`; offsets in quads. */
export interface LayerNormGradientInput {
  readonly input: ArrayLike<number>;
  readonly parameters: ArrayLike<number>;
  readonly statistics: ArrayLike<number>;
  readonly outputGradient: ArrayLike<number>;
  /** The gradient before the launch. */
  readonly before: ArrayLike<number>;
  /** The partial sums before the launch. */
  readonly partial: ArrayLike<number>;
  readonly partialOffset: number;
  readonly blockRows: number;
  readonly rows: number;
  readonly quads: number;
  readonly weightOffset: number;
  readonly accumulate: boolean;
}

/** What `layerNormGradient` writes. */
export interface LayerNormGradientExpected {
  readonly inputGradient: Expected;
  readonly partial: Expected;
}

/**
 * output = (input - mean) / sqrt(variance + epsilon) * weight + bias, row by row.
 *
 * Tolerance: a mean of n numbers is off by n roundoffs of the mean of their magnitudes and what the quotient rounds; its
 * error and a roundoff are in every difference to it, and go through the square; the error of the variance goes through
 * 1 / sqrt, whose own is that of a root, 10 roundoffs in WGSL, and of a quotient, 5.
 *
 * @param input Arrays and scalars.
 * @returns Output, and mean and 1 / sqrt(variance + epsilon) of each row.
 */
export function layerNormOracle(input: LayerNormInput): LayerNormExpected {
  const { rows, quads, weightOffset, biasOffset, epsilon, parameters } = input;
  const width = 4 * quads, sumError = (width + 6) * ROUNDOFF;
  const output = expectedZeros(rows * width), statistics = expectedZeros(2 * rows);
  for (let row = 0; row < rows; row++) {
    const x = Array.from({ length: width }, (_, column) => input.input[row * width + column]!);
    const mean = x.reduce((sum, value) => sum + value, 0) / width;
    const meanError = sumError * x.reduce((sum, value) => sum + Math.abs(value), 0) / width + TINY;
    let variance = 0, varianceError = TINY;
    for (const value of x) {
      const c = value - mean, error = meanError + ROUNDOFF * Math.abs(c);
      variance += c * c / width;
      varianceError += (error * (2 * Math.abs(c) + error) + sumError * (Math.abs(c) + error) ** 2) / width;
    }
    const square = variance + epsilon, squareError = varianceError + ROUNDOFF * (square + varianceError);
    const inverse = 1 / Math.sqrt(square);
    // The variance is a sum of squares, so no error takes it below 0
    const largest = 1 / Math.sqrt(Math.max(square - squareError, epsilon * (1 - ROUNDOFF)));
    const inverseError = largest - inverse + 17 * ROUNDOFF * largest;
    statistics.values.set([mean, inverse], 2 * row);
    statistics.tolerance.set([meanError, inverseError], 2 * row);
    for (let column = 0; column < width; column++) {
      const at = row * width + column;
      const w = parameters[4 * weightOffset + column]!, b = parameters[4 * biasOffset + column]!;
      const c = x[column]! - mean, cError = meanError + ROUNDOFF * Math.abs(c);
      output.values[at] = c * inverse * w + b;
      output.tolerance[at] = Math.abs(w) * (cError * (inverse + inverseError) + Math.abs(c) * inverseError) +
        4 * ROUNDOFF * (Math.abs(w) * (Math.abs(c) + cError) * (inverse + inverseError) + Math.abs(b)) + TINY;
    }
  }
  return { output, statistics };
}

/**
 * With g = outputGradient * weight and x = (input - mean) * inverse: inputGradient (+)= inverse (g - mean(g) - x mean(g
 * x)), and for each block of rows the sums of outputGradient * x and of outputGradient.
 *
 * Tolerance: mean and inverse are given, so x is off by 2 roundoffs and g by 1; sums of n terms by n roundoffs of the
 * sum of the magnitudes besides, and a quotient by 5.
 *
 * @param input Arrays and scalars.
 * @returns The gradient of the input, and the partial sums of the blocks.
 */
export function layerNormGradientOracle(input: LayerNormGradientInput): LayerNormGradientExpected {
  const { rows, quads, weightOffset, accumulate, statistics, partialOffset, blockRows } = input;
  const width = 4 * quads, blocks = Math.ceil(rows / blockRows);
  const inputGradient = expectedZeros(rows * width);
  const partial: Expected = { ...expectedZeros(input.partial.length), values: Float64Array.from(input.partial) };
  partial.values.fill(0, 4 * partialOffset, 4 * partialOffset + blocks * 2 * width);
  const blockError = (Math.min(rows, blockRows) + 4) * ROUNDOFF;
  for (let row = 0; row < rows; row++) {
    const mean = statistics[2 * row]!, inverse = statistics[2 * row + 1]!;
    const x: number[] = [], g: number[] = [];
    let sum = 0, product = 0, sumMagnitude = 0, productMagnitude = 0;
    for (let column = 0; column < width; column++) {
      const at = row * width + column, d = input.outputGradient[at]!;
      x[column] = (input.input[at]! - mean) * inverse;
      g[column] = d * input.parameters[4 * weightOffset + column]!;
      sum += g[column]! / width;
      product += g[column]! * x[column]! / width;
      sumMagnitude += Math.abs(g[column]!) / width;
      productMagnitude += Math.abs(g[column]! * x[column]!) / width;
      const weightAt = 4 * partialOffset + Math.floor(row / blockRows) * 2 * width + column, biasAt = weightAt + width;
      partial.values[weightAt]! += d * x[column]!;
      partial.tolerance[weightAt]! += blockError * Math.abs(d * x[column]!) + TINY;
      partial.values[biasAt]! += d;
      partial.tolerance[biasAt]! += blockError * Math.abs(d) + TINY;
    }
    const sumError = (width + 7) * ROUNDOFF * sumMagnitude + TINY;
    const productError = (width + 10) * ROUNDOFF * productMagnitude + TINY;
    for (let column = 0; column < width; column++) {
      const at = row * width + column, xOf = Math.abs(x[column]!);
      const own = inverse * (g[column]! - sum - x[column]! * product), other = accumulate ? input.before[at]! : 0;
      const magnitude = inverse * (Math.abs(g[column]!) + Math.abs(sum) + xOf * Math.abs(product));
      inputGradient.values[at] = own + other;
      inputGradient.tolerance[at] = inverse * (sumError + xOf * productError) +
        7 * ROUNDOFF * (magnitude + Math.abs(other)) + TINY;
    }
  }
  return { inputGradient, partial };
}
