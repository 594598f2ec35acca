/**
 * Tests of whether paired differences are luck: Student's t and Wilcoxon's signed ranks, both two-sided.
 *
 * @module
 */

// The C functions that scipy took its own from. Version 3 sets __proto__ and so does not load in Deno
import { compiled, ndtr, stdtr } from "npm:cephes@2.0.0";

await compiled;

/** What a test says. */
export interface TestResult {
  /** Student's t; or the lesser of the rank sums of positive and negative differences, as scipy has it. */
  readonly statistic: number;
  /** How likely a statistic as far out is where the differences are luck, for either sign. */
  readonly p: number;
}

/** Paired differences and what the tests say of them. */
export interface PairedTest {
  /** Pairs. */
  readonly count: number;
  /** Mean of the differences; NaN of none. */
  readonly mean: number;
  /** Student's paired t test; null where there are fewer than two pairs, or all differences are the same. */
  readonly t: TestResult | null;
  /** Wilcoxon's signed-rank test; null where no difference is other than zero. */
  readonly wilcoxon: TestResult | null;
}

/** Differences up to which the signed-rank test is exact, ties or none. */
const EXACT = 50;

/**
 * Tests whether paired differences are other than zero. Student's t takes them for draws of a normal distribution; Wilcoxon's
 * test takes their distribution for symmetric. Zeros are left out of the latter, ties share their mean rank; up to 50
 * differences its p-value is exact, and above it is that of the normal distribution with the variance of the ties.
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const { t, wilcoxon } = pairedTest(Float64Array.of(0.006, 0.003, 0.005, 0.002, 0.006));
 * assertAlmostEquals(t!.p, 0.0056, 1e-4);
 * assertAlmostEquals(wilcoxon!.p, 0.0625); // no five pairs give less
 * ```
 *
 * @param differences The differences, `[pairs]`.
 * @returns What the tests say.
 * @throws {RangeError} If a difference is not finite.
 */
export function pairedTest(differences: Float64Array): PairedTest {
  const odd = differences.findIndex((difference) => !Number.isFinite(difference));
  if (odd >= 0) {
    throw new RangeError(
      `Cannot test the differences as each must be a finite number: current value of ${odd} is ${differences[odd]}`,
    );
  }
  const count = differences.length, mean = sumOf(differences) / count;
  return { count, mean, t: studentOf(differences, mean), wilcoxon: wilcoxonOf(differences) };
}

/**
 * The least p-value that the signed-rank test of so many differences can give: all of one sign.
 *
 * @param count Differences other than zero.
 * @returns The p-value.
 */
export function leastWilcoxon(count: number): number {
  return Math.min(1, 2 ** (1 - count));
}

function studentOf(differences: Float64Array, mean: number): TestResult | null {
  const count = differences.length;
  if (count < 2 || differences.every((difference) => difference === differences[0])) return null;
  const variance = sumOf(differences.map((difference) => (difference - mean) ** 2)) / (count - 1);
  const statistic = mean / Math.sqrt(variance / count);
  return { statistic, p: 2 * stdtr(count - 1, -Math.abs(statistic)) };
}

function wilcoxonOf(differences: Float64Array): TestResult | null {
  const others = differences.filter((difference) => difference !== 0), count = others.length;
  if (count === 0) return null;
  others.sort((a, b) => Math.abs(a) - Math.abs(b));
  // Twice the ranks, as the mean of two neighbours ends in a half
  const ranks = new Uint32Array(count);
  let tied = 0, positive = 0;
  for (let begin = 0, end = 0; begin < count; begin = end) {
    while (end < count && Math.abs(others[end]!) === Math.abs(others[begin]!)) end++;
    ranks.fill(begin + end + 1, begin, end);
    tied += (end - begin) ** 3 - (end - begin);
    for (let at = begin; at < end; at++) if (others[at]! > 0) positive += begin + end + 1;
  }
  const least = Math.min(positive, count * (count + 1) - positive), statistic = least / 2;
  if (count <= EXACT) return { statistic, p: exact(ranks, least) };
  const variance = count * (count + 1) * (2 * count + 1) / 24 - tied / 48;
  return { statistic, p: 2 * ndtr((statistic - count * (count + 1) / 4) / Math.sqrt(variance)) };
}

/** The share of all signs of these ranks whose positive ones sum up to so much at most, or whose negative ones do. */
function exact(ranks: Uint32Array, least: number): number {
  const most = sumOf(Float64Array.from(ranks)), ways = new Float64Array(most + 1);
  ways[0] = 1;
  let reached = 0;
  for (const rank of ranks) {
    reached += rank;
    for (let sum = reached; sum >= rank; sum--) ways[sum]! += ways[sum - rank]!;
  }
  return Math.min(1, 2 * sumOf(ways.subarray(0, least + 1)) / 2 ** ranks.length);
}

function sumOf(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0);
}
