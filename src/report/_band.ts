import { type Summary, summaryOf } from "../experiments/summary.ts";

/** A point of a line over seeds. */
export interface BandPoint {
  /** Where it is, such as the epoch. */
  readonly x: number;
  /** Mean of the seeds. */
  readonly y: number;
  /** One standard deviation below; the mean where there is one seed. */
  readonly low: number;
  /** One standard deviation above. */
  readonly high: number;
}

/**
 * A line over seeds: as far as all of them go, as a mean of fewer would jump where one ends.
 *
 * @param seeds For each seed, values by where they are.
 * @returns The points, from left to right.
 */
export function bandOf(seeds: readonly ReadonlyMap<number, number>[]): BandPoint[] {
  const [first, ...others] = seeds;
  return [...first?.keys() ?? []].filter((x) => others.every((seed) => seed.has(x))).sort((a, b) => a - b).map((x) => {
    const { mean, low, high } = spanOf(summaryOf(seeds.map((seed) => seed.get(x)!)));
    return { x, y: mean, low, high };
  });
}

/**
 * A mean with one standard deviation to each side; of one value, the value.
 *
 * @param summary The values in short.
 * @returns The mean and the ends.
 */
export function spanOf({ mean, deviation }: Summary): { mean: number; low: number; high: number } {
  const reach = deviation ?? 0;
  return { mean, low: mean - reach, high: mean + reach };
}
