/** Several values in short. */
export interface Summary {
  /** Their mean. */
  readonly mean: number;
  /** Their sample standard deviation; null of one value. */
  readonly deviation: number | null;
  /** How many there are. */
  readonly count: number;
}

/**
 * Mean, sample standard deviation and count.
 *
 * @param values The values, one at least.
 * @returns The summary.
 */
export function summaryOf(values: readonly number[]): Summary {
  const count = values.length, mean = values.reduce((sum, value) => sum + value, 0) / count;
  if (count === 1) return { mean, deviation: null, count };
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: Math.sqrt(squares / (count - 1)), count };
}
