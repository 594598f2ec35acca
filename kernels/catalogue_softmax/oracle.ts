import { type Expected, expectedZeros, ROUNDOFF, TINY } from "../_check.ts";

/** Rows of `stride` elements; float64 where an exact function is wanted. */
export interface SoftmaxInput {
  /** A row for each token. */
  readonly hidden: Float32Array | Float64Array;
  /** A row for each item. */
  readonly table: Float32Array | Float64Array;
  /** An element for each item. */
  readonly bias: Float32Array | Float64Array;
  /** The item of each token. */
  readonly labels: Uint32Array;
  readonly stride: number;
}

/** Maxima and sums of the chunks of items, one chunk's row of `tokens` elements after the other. */
export interface Partials {
  readonly maxima: ArrayLike<number>;
  readonly sums: ArrayLike<number>;
}

/** What `softmaxNormaliser` writes. */
export interface NormaliserExpected {
  readonly normaliser: Expected;
  readonly losses: Expected;
}

/** What `softmaxGradient` writes. */
export interface GradientExpected {
  /** A matrix like `hidden` for each chunk. */
  readonly partials: Expected;
  readonly tableGradient: Expected;
  readonly biasGradient: Expected;
}

/** What all four kernels together write. */
export interface SoftmaxExpected extends NormaliserExpected, Omit<GradientExpected, "partials"> {
  readonly hiddenGradient: Expected;
}

/** Tokens and items of one tile. */
const BLOCK = 64;

/** Levels of the tree in which a workgroup joins maxima and sums. */
const LEVELS = 4;

/**
 * Roundoffs of exp(x), x being a difference that is rounded: WGSL allows 3 + 2 |x| units in the last place, each two
 * roundoffs, and the rounding of x is one of |x|.
 *
 * @param x The argument.
 * @returns The relative error in roundoffs.
 */
function exponentialRoundoffs(x: number): number {
  return 6 + 5 * Math.abs(x);
}

/** What m + log(s) adds to the error of s: WGSL allows the logarithm 8 roundoffs near 1 and 6 relative ones elsewhere. */
function logarithmError(maximum: number, logarithm: number): number {
  return ROUNDOFF * (8 + 6 * Math.abs(logarithm) + Math.abs(maximum + logarithm));
}

/**
 * All logits. A logit is a sum of `stride` products and the bias in any order, so it is off by stride + 2 roundoffs of
 * their magnitudes at most.
 *
 * @param input Rows.
 * @returns tokens x items logits, with tolerances.
 */
export function logitsOracle({ hidden, table, bias, labels, stride }: SoftmaxInput): Expected {
  const tokens = labels.length, items = bias.length, logits = expectedZeros(tokens * items);
  for (let token = 0; token < tokens; token++) {
    for (let item = 0; item < items; item++) {
      let sum = bias[item]!, magnitude = Math.abs(sum);
      for (let column = 0; column < stride; column++) {
        const product = hidden[token * stride + column]! * table[item * stride + column]!;
        sum += product;
        magnitude += Math.abs(product);
      }
      logits.values[token * items + item] = sum;
      logits.tolerance[token * items + item] = (stride + 2) * ROUNDOFF * magnitude;
    }
  }
  return logits;
}

/**
 * The log-sum-exp of the logits of each token over each chunk, which is what its maximum and its sum stand for.
 *
 * Tolerance: each exponential is of a difference to a maximum that only grows, and is scaled as it does. The arguments of
 * its scalings add up to the difference to the last maximum, so beside the error of its logit it is off by 5 roundoffs for
 * each unit of that and 6 for each scaling: one a tile, and one a level where threads join theirs. The sum rounds once for
 * each of the at most 64 additions in a tile, twice for each tile, and twice for each level.
 *
 * @param input Rows.
 * @param chunkItems Items of a chunk.
 * @returns chunks x tokens elements.
 */
export function partialsOracle(input: SoftmaxInput, chunkItems: number): Expected {
  const tokens = input.labels.length, items = input.bias.length, chunks = Math.ceil(items / chunkItems);
  const logits = logitsOracle(input), expected = expectedZeros(chunks * tokens);
  for (let chunk = 0; chunk < chunks; chunk++) {
    const first = chunk * chunkItems, last = Math.min(first + chunkItems, items);
    const joins = Math.ceil((last - first) / BLOCK) + LEVELS;
    for (let token = 0; token < tokens; token++) {
      const row = logits.values.subarray(token * items + first, token * items + last);
      const maximum = row.reduce((a, b) => Math.max(a, b));
      let sum = 0, error = 0;
      row.forEach((logit, at) => {
        const term = Math.exp(logit - maximum);
        const logitError = logits.tolerance[token * items + first + at]!;
        sum += term;
        error += term * Math.expm1(logitError + ROUNDOFF * (6 * joins + exponentialRoundoffs(logit - maximum))) + TINY;
      });
      const relative = error / sum + ROUNDOFF * (BLOCK + 2 * joins);
      expected.values[chunk * tokens + token] = maximum + Math.log(sum);
      expected.tolerance[chunk * tokens + token] = relative + logarithmError(maximum, Math.log(sum));
    }
  }
  return expected;
}

/**
 * The log-sum-exp of all logits by token, from maxima and sums of chunks, and the losses.
 *
 * Tolerance: as in {@linkcode partialsOracle}, with one exponential and one addition for each chunk.
 *
 * @param input Rows.
 * @param partials Maxima and sums as the kernel reads them.
 * @returns Normalisers and losses.
 */
export function normaliserOracle(input: SoftmaxInput, { maxima, sums }: Partials): NormaliserExpected {
  const tokens = input.labels.length, items = input.bias.length, chunks = sums.length / tokens;
  const logits = logitsOracle(input), normaliser = expectedZeros(tokens), losses = expectedZeros(tokens);
  for (let token = 0; token < tokens; token++) {
    let maximum = -Infinity, sum = 0, error = 0;
    for (let at = token; at < maxima.length; at += tokens) maximum = Math.max(maximum, maxima[at]!);
    for (let at = token; at < maxima.length; at += tokens) {
      const term = sums[at]! * Math.exp(maxima[at]! - maximum);
      sum += term;
      error += term * ROUNDOFF * (exponentialRoundoffs(maxima[at]! - maximum) + 1 + chunks) + sums[at]! * TINY;
    }
    const result = maximum + Math.log(sum), at = token * items + input.labels[token]!;
    normaliser.values[token] = result;
    normaliser.tolerance[token] = error / sum + logarithmError(maximum, Math.log(sum));
    losses.values[token] = result - logits.values[at]!;
    losses.tolerance[token] = normaliser.tolerance[token]! + logits.tolerance[at]! +
      ROUNDOFF * Math.abs(losses.values[token]!) + TINY;
  }
  return { normaliser, losses };
}

/**
 * The gradient of the mean loss by tables and bias, and that by the hidden rows chunk by chunk.
 *
 * Tolerance: a derivative d is off by the errors of its logit and normaliser and of an exponential, or of two whose
 * arguments add up to that one's, by three roundoffs for the share and the products, and two of the share if it is the
 * label's. A sum of n products with derivatives is off by
 * their errors and n + 2 roundoffs of the magnitudes.
 *
 * @param input Rows.
 * @param normaliser Normalisers as the kernel reads them, and how far these may be off.
 * @param chunkItems Items of a chunk.
 * @returns Gradients.
 */
export function gradientOracle(input: SoftmaxInput, normaliser: Expected, chunkItems: number): GradientExpected {
  const { hidden, table, labels, stride } = input;
  const tokens = labels.length, items = input.bias.length, chunks = Math.ceil(items / chunkItems);
  const logits = logitsOracle(input), partials = expectedZeros(chunks * tokens * stride);
  const tableGradient = expectedZeros(items * stride), biasGradient = expectedZeros(items);
  const add = (to: Expected, at: number, derivative: number, error: number, magnitude: number, factor: number) => {
    to.values[at]! += derivative * factor;
    to.tolerance[at]! += (error + magnitude) * Math.abs(factor) + TINY;
  };
  for (let item = 0; item < items; item++) {
    const chunk = Math.floor(item / chunkItems);
    for (let token = 0; token < tokens; token++) {
      const at = token * items + item, exponent = logits.values[at]! - normaliser.values[token]!;
      const probability = Math.exp(exponent) / tokens, share = labels[token] === item ? 1 / tokens : 0;
      const relative = logits.tolerance[at]! + normaliser.tolerance[token]! +
        ROUNDOFF * (exponentialRoundoffs(0) + exponentialRoundoffs(exponent) + 3);
      const error = probability * Math.expm1(relative) + share * 2 * ROUNDOFF + TINY;
      const magnitude = ROUNDOFF * (probability + share), derivative = probability - share;
      for (let column = 0; column < stride; column++) {
        const toHidden = (chunk * tokens + token) * stride + column, toTable = item * stride + column;
        add(partials, toHidden, derivative, error, (chunkItems + 2) * magnitude, table[toTable]!);
        add(tableGradient, toTable, derivative, error, (tokens + 2) * magnitude, hidden[token * stride + column]!);
      }
      add(biasGradient, item, derivative, error, (tokens + 2) * magnitude, 1);
    }
  }
  return { partials, tableGradient, biasGradient };
}

/**
 * The sum of matrices that lie one after the other. Tolerance: a roundoff of the magnitudes for each addition, and what
 * the parts are off by.
 *
 * @param parts The matrices.
 * @param length Elements of one.
 * @returns Their sum.
 */
export function sumChunksOracle(parts: Expected, length: number): Expected {
  const sum = expectedZeros(length), chunks = parts.values.length / length;
  parts.values.forEach((value, at) => {
    sum.values[at % length]! += value;
    sum.tolerance[at % length]! += chunks * ROUNDOFF * Math.abs(value) + parts.tolerance[at]!;
  });
  for (let at = 0; at < length; at++) sum.tolerance[at]! += TINY;
  return sum;
}

/**
 * Losses and gradients, from the rows alone.
 *
 * Tolerance: the error of a normaliser is that of the worst of its chunks, and of the sum over chunks. What represents a
 * chunk lies at most log(items) away from its maximum, and so do the arguments of exponential and logarithm.
 *
 * @param input Rows.
 * @param chunkItems Items of a chunk.
 * @returns All that is computed.
 */
export function softmaxOracle(input: SoftmaxInput, chunkItems: number): SoftmaxExpected {
  const tokens = input.labels.length, partials = partialsOracle(input, chunkItems);
  const ones = new Float64Array(partials.values.length).fill(1);
  const { normaliser, losses } = normaliserOracle(input, { maxima: partials.values, sums: ones });
  for (let token = 0; token < tokens; token++) {
    const apart = ROUNDOFF * 12 * Math.log(input.bias.length);
    let worst = apart;
    for (let at = token; at < ones.length; at += tokens) worst = Math.max(worst, apart + partials.tolerance[at]!);
    normaliser.tolerance[token]! += worst;
    losses.tolerance[token]! += worst;
  }
  const gradients = gradientOracle(input, normaliser, chunkItems);
  const hiddenGradient = sumChunksOracle(gradients.partials, tokens * input.stride);
  return { normaliser, losses, hiddenGradient, ...gradients };
}
