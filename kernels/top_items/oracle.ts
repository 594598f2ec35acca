import type { Scores } from "../_score_check.ts";

/** What a score counts as that is NaN, or below it. */
const LOWEST = Math.fround(-3.4e38);

/**
 * The scores as they count: NaN is the lowest there is.
 *
 * @param scores Scores of all items for one query.
 * @returns The same, and exact where they are the lowest.
 */
export function countedScores({ values, bounds, excluded }: Scores): Scores {
  const counts = (score: number) => score >= LOWEST;
  return {
    values: values.map((score) => counts(score) ? score : LOWEST),
    bounds: bounds.map((bound, item) => counts(values[item]!) ? bound : 0),
    excluded,
  };
}

/**
 * The items that are not excluded, best first; of equal scores the lower row first.
 *
 * @param scores Scores of all items for one query.
 * @returns All of them in order.
 */
export function orderOracle({ values, excluded }: Scores): number[] {
  return [...values.keys()].filter((item) => !excluded.has(item)).sort((a, b) => values[b]! - values[a]! || a - b);
}
