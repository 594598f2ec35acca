import { strideOf } from "../_check.ts";
import { type ScoreInput, scoresOf } from "../_score_check.ts";
import { PANEL_ITEMS } from "./rank_targets.ts";

/**
 * panels[p][column][i] = table[firstRow + 16 p + i][column], and 0 past the last item. Exact.
 *
 * @param table The table.
 * @param width Elements of its rows.
 * @param items Rows to pack.
 * @param firstRow First of them.
 * @returns The panels.
 */
export function packPanelsOracle(table: Float32Array, width: number, items: number, firstRow: number): Float64Array {
  const panels = new Float64Array(Math.ceil(items / PANEL_ITEMS) * PANEL_ITEMS * width);
  for (let item = 0; item < items; item++) {
    for (let column = 0; column < width; column++) {
      const panel = Math.floor(item / PANEL_ITEMS), lane = item % PANEL_ITEMS;
      panels[(panel * width + column) * PANEL_ITEMS + lane] = table[(firstRow + item) * width + column]!;
    }
  }
  return panels;
}

/**
 * How many items that are not excluded come before the target: a higher score does, and of equal ones the lower row.
 * All do if the target is excluded.
 *
 * @param input Rows and exclusions.
 * @param q The query.
 * @param target Its target.
 * @returns The rank, and how many items lie within rounding of the target's score, each of which may move it by 1. Rows
 * that equal the target's do not: their scores are the same wherever they are computed.
 */
export function rankOracle(input: ScoreInput, q: number, target: number): { rank: number; ambiguous: number } {
  const { values, bounds, excluded } = scoresOf(input, q);
  let rank = 0, ambiguous = 0;
  for (let item = 0; item < input.items; item++) {
    if (item === target || excluded.has(item)) continue;
    const difference = values[item]! - values[target]!;
    if (excluded.has(target) || difference > 0 || (difference === 0 && item < target)) rank++;
    const within = Math.abs(difference) <= bounds[item]! + bounds[target]!;
    if (within && !excluded.has(target) && !input.exact && !sameRow(input, item, target)) ambiguous++;
  }
  return { rank, ambiguous };
}

function sameRow({ table, columns, firstItem }: ScoreInput, item: number, other: number): boolean {
  const width = strideOf(columns);
  for (let column = 0; column < columns; column++) {
    if (table[(firstItem + item) * width + column] !== table[(firstItem + other) * width + column]) return false;
  }
  return true;
}
