/**
 * What the checks of the ranking kernels share: rows, what is left out, and the scores in float64.
 *
 * @module
 */
import { type Draws, ROUNDOFF, strideOf } from "./_check.ts";

/** Sizes and options of a check. */
export interface ScoreCase {
  readonly seed: number;
  readonly queries: number;
  readonly items: number;
  readonly columns: number;
  /** Items that a query leaves out at most. */
  readonly exclude: number;
  /** Whether scores are small integers, so that many tie and all are exact. */
  readonly exact: boolean;
}

/** Query and item rows, and the items that a query leaves out. */
export interface ScoreInput {
  readonly query: Float32Array;
  readonly table: Float32Array;
  readonly columns: number;
  readonly items: number;
  readonly queries: number;
  readonly firstQuery: number;
  readonly firstItem: number;
  readonly offsets: Uint32Array;
  readonly excluded: Uint32Array;
  /** Whether the elements are so small integers that float32 scores are exact. */
  readonly exact: boolean;
}

/** Scores of all items for one query. */
export interface Scores {
  readonly values: Float64Array;
  /** How far a float32 score may be off: n + 1 roundoffs of the magnitudes of n products. */
  readonly bounds: Float64Array;
  /** Which items are left out. */
  readonly excluded: ReadonlySet<number>;
}

/**
 * Scores all items for one query, in float64.
 *
 * @param input Rows and exclusions.
 * @param q The query.
 * @returns The scores.
 */
export function scoresOf(input: ScoreInput, q: number): Scores {
  const { query, table, columns, items, firstQuery, firstItem, offsets } = input, width = strideOf(columns);
  const values = new Float64Array(items), bounds = new Float64Array(items);
  for (let item = 0; item < items; item++) {
    let magnitude = 0;
    for (let column = 0; column < columns; column++) {
      const term = query[(firstQuery + q) * width + column]! * table[(firstItem + item) * width + column]!;
      values[item]! += term;
      magnitude += Math.abs(term);
    }
    bounds[item] = input.exact ? 0 : (columns + 1) * ROUNDOFF * magnitude;
  }
  return { values, bounds, excluded: new Set(input.excluded.subarray(offsets[q]!, offsets[q + 1]!)) };
}

/** Query and item rows before those that a launch uses. */
export const FIRST_QUERY = 2, FIRST_ITEM = 3;

/**
 * Draws rows and what each query leaves out.
 *
 * @param draws Random numbers.
 * @param options Sizes and options.
 * @returns Query and item rows, and exclusions.
 */
export function drawScores(draws: Draws, { queries, items, columns, exclude, exact }: ScoreCase): ScoreInput {
  const width = strideOf(columns);
  const draw = (rows: number) => exact ? draws.integers(rows, columns) : draws.matrix(rows, columns);
  const query = draw(FIRST_QUERY + queries), table = draw(FIRST_ITEM + items);
  // A few items are the same as another, so that there are ties whatever the rounding
  for (let copies = items >> 3; copies > 0; copies--) {
    const from = (FIRST_ITEM + draws.integer(items)) * width;
    table.copyWithin((FIRST_ITEM + draws.integer(items)) * width, from, from + width);
  }
  const offsets = new Uint32Array(queries + 1), excluded: number[] = [];
  for (let q = 0; q < queries; q++) {
    // A bound above the number of items leaves out all of them now and then
    const count = draws.integer(4) === 0 ? exclude : draws.integer(exclude + 1);
    const chosen = count >= items
      ? [...Array(items).keys()]
      : [...new Set(Array.from({ length: count }, () => draws.integer(items)))].sort((a, b) => a - b);
    excluded.push(...chosen);
    offsets[q + 1] = excluded.length;
  }
  const places = { queries, items, columns, firstQuery: FIRST_QUERY, firstItem: FIRST_ITEM };
  return { ...places, query, table, offsets, excluded: Uint32Array.from(excluded), exact };
}
