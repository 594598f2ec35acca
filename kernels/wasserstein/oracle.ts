import { type Expected, expectedZeros, ROUNDOFF, TINY, unchanged } from "../_check.ts";
import { LEAST_COVARIANCE } from "./wasserstein.ts";

/** Arrays and scalars of one launch of `wassersteinLoss`. */
export interface WassersteinInput {
  readonly hidden: ArrayLike<number>;
  readonly meanTable: ArrayLike<number>;
  readonly covTable: ArrayLike<number>;
  readonly ids: Uint32Array;
  readonly quads: number;
  readonly firstGradient: number;
  readonly pvn: number;
  /** What the row gradients hold before. */
  readonly meanRows: Float32Array;
  /** The same for the covariances. */
  readonly covRows: Float32Array;
}

/** What `wassersteinLoss` writes. */
export interface WassersteinExpected {
  readonly hiddenGradient: Expected;
  readonly meanRows: Expected;
  readonly covRows: Expected;
  readonly losses: Expected;
}

/** Arrays and scalars of one launch of `gaussianRows`. */
export interface GaussianInput {
  readonly mean: Float32Array;
  readonly cov: Float32Array;
  readonly rows: number;
  readonly quads: number;
  readonly meanOffset: number;
  readonly meanStride: number;
  readonly covOffset: number;
  readonly covStride: number;
  readonly query: boolean;
}

/** A number that is off by `error` at most. */
interface Value {
  readonly value: number;
  readonly error: number;
}

/** The root of a covariance, and twice its derivative by what the covariance is made from. */
interface Root extends Value {
  readonly slope: Value;
}

/**
 * Tolerance: WGSL allows exp(x) 2 (3 + 2 |x|) roundoffs, a root 9, a quotient 5. A covariance within its error of the
 * least one may count as either, so that its slope may be 0.
 */
function rootOf(x: number, table: boolean): Root {
  const c = !table ? x : x > 0 ? x + 1 : Math.exp(x);
  const relative = (!table ? 0 : x > 0 ? 1 : 2 * (3 + 2 * Math.abs(x))) * ROUNDOFF;
  const unsure = Math.abs(c - LEAST_COVARIANCE) <= 2 * c * (relative + ROUNDOFF);
  const least = c <= LEAST_COVARIANCE, value = Math.sqrt(least ? LEAST_COVARIANCE : c);
  const error = value * (relative + 10 * ROUNDOFF);
  if (least && !unsure) return { value, error, slope: { value: 0, error: 0 } };
  const slope = (table && x <= 0 ? c : 1) / value;
  return { value, error, slope: { value: slope, error: slope * (unsure ? 1 : 2 * relative + 20 * ROUNDOFF) } };
}

function difference(x: Value, y: Value): Value {
  const value = x.value - y.value;
  return { value, error: x.error + y.error + ROUNDOFF * Math.abs(value) };
}

function product(x: Value, y: Value): Value {
  const value = x.value * y.value;
  const error = Math.abs(x.value) * y.error + Math.abs(y.value) * x.error + x.error * y.error;
  return { value, error: error + 2 * ROUNDOFF * Math.abs(value) };
}

/** The sum of terms, in any order. */
function total(terms: readonly Value[]): Value {
  const magnitude = terms.reduce((sum, { value }) => sum + Math.abs(value), 0);
  return {
    value: terms.reduce((sum, { value }) => sum + value, 0),
    error: terms.reduce((sum, { error }) => sum + error, 0) + (terms.length + 2) * ROUNDOFF * magnitude,
  };
}

function scaled(x: Value, by: number): Value {
  return { value: x.value * by, error: x.error * Math.abs(by) };
}

function set({ values, tolerance }: Expected, at: number, { value, error }: Value): void {
  values[at] = value;
  tolerance[at] = error + TINY;
}

/**
 * The loss and, with s = sigmoid(a - b) / samples and v = pvn / samples where a > c, else 0, its gradient: (s + v) dW(h,
 * p) - s dW(h, n) - v dW(p, n), where dW is 2 (m - m') by m and 2 (r - r') dr by what the root r is made from.
 *
 * Tolerance: errors are carried from one operation to the next. Where a and c are within theirs, v may be either.
 *
 * @param input Arrays and scalars.
 * @returns Losses and gradient rows.
 */
export function wassersteinOracle(input: WassersteinInput): WassersteinExpected {
  const { hidden, meanTable, covTable, ids, quads, firstGradient, pvn } = input;
  const width = 4 * quads, samples = ids.length / 2;
  const hiddenGradient = expectedZeros(2 * samples * width), losses = expectedZeros(samples);
  const meanRows = unchanged(input.meanRows), covRows = unchanged(input.covRows);
  for (let sample = 0; sample < samples; sample++) {
    const h = 2 * sample * width, p = ids[sample]! * width, n = ids[samples + sample]! * width;
    const columns = Array.from({ length: width }, (_, column) => {
      const exact = (value: number) => ({ value, error: 0 });
      const mh = exact(hidden[h + column]!), mp = exact(meanTable[p + column]!), mn = exact(meanTable[n + column]!);
      const rh = rootOf(hidden[h + width + column]!, false);
      const rp = rootOf(covTable[p + column]!, true), rn = rootOf(covTable[n + column]!, true);
      const mean = [difference(mh, mp), difference(mh, mn), difference(mp, mn)] as const;
      const root = [difference(rh, rp), difference(rh, rn), difference(rp, rn)] as const;
      return { mean, root, slopes: [rh.slope, rp.slope, rn.slope] as const };
    });
    const [a, b, c] = ([0, 1, 2] as const).map((pair) =>
      total(columns.flatMap(({ mean, root }) => [mean[pair], root[pair]].map((x) => product(x, x))))
    ) as [Value, Value, Value];
    const x = difference(a, b), y = difference(a, c), size = Math.abs(x.value);
    const exponentialError = 2 * (3 + 2 * size) * ROUNDOFF;
    const softplus = Math.max(x.value, 0) + Math.log1p(Math.exp(-size));
    const softplusError = x.error + exponentialError + (8 + 2 * size) * ROUNDOFF;
    const margin = { value: pvn * Math.max(y.value, 0), error: pvn * (y.error + 2 * ROUNDOFF * Math.abs(y.value)) };
    set(losses, sample, total([{ value: softplus, error: softplusError }, margin]));

    const sigmoid = 1 / (1 + Math.exp(-x.value)) / samples;
    const s = { value: sigmoid, error: sigmoid * (Math.expm1(x.error) + exponentialError + 12 * ROUNDOFF) + TINY };
    const share = pvn / samples, unsure = Math.abs(y.value) <= y.error;
    const v = { value: y.value > 0 ? share : 0, error: share * (unsure ? 1 : 6 * ROUNDOFF) };
    const sv = total([s, v]);
    columns.forEach(({ mean, root, slopes }, column) => {
      const terms = ([hp, hn, pn]: readonly [Value, Value, Value]) => {
        const direct = product(sv, hp), other = product(s, hn), between = product(v, pn);
        return [
          total([direct, scaled(other, -1)]),
          scaled(total([direct, between]), -1),
          total([other, between]),
        ] as const;
      };
      const ofMean = terms(mean), ofRoot = terms(root);
      const row = (firstGradient + sample) * width + column, next = row + samples * width;
      set(hiddenGradient, h + column, scaled(ofMean[0], 2));
      set(meanRows, row, scaled(ofMean[1], 2));
      set(meanRows, next, scaled(ofMean[2], 2));
      set(hiddenGradient, h + width + column, product(ofRoot[0], slopes[0]));
      set(covRows, row, product(ofRoot[1], slopes[1]));
      set(covRows, next, product(ofRoot[2], slopes[2]));
    });
  }
  return { hiddenGradient, meanRows, covRows, losses };
}

/**
 * Rows of which the dot product of a query's and an item's is minus their distance.
 *
 * @param input Arrays and scalars.
 * @returns The rows.
 */
export function gaussianRowsOracle(input: GaussianInput): Expected {
  const { mean, cov, rows, quads, meanOffset, meanStride, covOffset, covStride, query } = input;
  const width = 4 * quads, stride = 2 * width + 4, factor = query ? 1 : 2;
  const output = expectedZeros(rows * stride);
  for (let row = 0; row < rows; row++) {
    const squares: Value[] = [];
    for (let column = 0; column < width; column++) {
      const m = { value: mean[4 * (meanOffset + row * meanStride) + column]!, error: 0 };
      const r = rootOf(cov[4 * (covOffset + row * covStride) + column]!, !query);
      output.values[row * stride + column] = factor * m.value;
      set(output, row * stride + width + column, scaled(r, factor));
      squares.push(product(m, m), product(r, r));
    }
    const at = row * stride + 2 * width;
    set(output, query ? at + 1 : at, scaled(total(squares), -1));
    output.values[query ? at : at + 1] = 1;
  }
  return output;
}
