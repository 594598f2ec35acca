/**
 * Numbers as programs and people write them in a log.
 *
 * @module
 */
import { quoted } from "./_database.ts";

/** A number with a point or none. What the database alone would take for one has a few more forms: `1_000`, `nan`. */
export const NUMBER = String.raw`[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?`;
/** Groups of three digits, as in `1,234.5`. */
const THOUSANDS = String.raw`[+-]?\d{1,3}(?:,\d{3})+(?:\.\d*)?`;
/** A comma for the point, as in `4,5`. */
const COMMA = String.raw`[+-]?\d+,\d+`;

/**
 * SQL of the number that a cell holds: `4,5` is 4.5, and `1,234` is 1234.
 *
 * @param cell SQL of the text of the cell.
 * @returns SQL of a DOUBLE that is NULL where the cell holds no number.
 */
export function numberSql(cell: string): string {
  const is = (pattern: string) => `regexp_full_match(${cell}, ${quoted(pattern)})`;
  return `try_cast(CASE WHEN ${is(NUMBER)} THEN ${cell} WHEN ${is(THOUSANDS)} THEN replace(${cell}, ',', '')
    WHEN ${is(COMMA)} THEN replace(${cell}, ',', '.') END AS DOUBLE)`;
}
