import { type Database, named } from "../_database.ts";

/** How instants are stored. */
export interface StoredTime {
  /** The unit; `null` where the values are no instants. */
  readonly unit: "s" | "ms" | "us" | "ns" | null;
  /** SQL of the stored value, a BIGINT. */
  readonly sql: string;
}

/**
 * The coarsest unit that holds all instants exactly, so that the same instants are stored alike however they were written.
 *
 * @param db The database.
 * @param table A table in it.
 * @param at SQL over the table: what reading a column of times gives, or a column that holds it.
 * @param isTime Whether it is an instant. Of numbers that are no time, the next lower integer is stored.
 * @returns How to store it.
 */
export async function storedTime(
  db: Database,
  table: string,
  at: string,
  isTime: boolean,
): Promise<StoredTime> {
  if (!isTime) {
    // The floor of a BIGINT is a DOUBLE, which has no room for all of them.
    const sql =
      `CASE typeof(${at}) WHEN 'BIGINT' THEN try_cast(${at} AS BIGINT) ELSE try_cast(floor(${at}) AS BIGINT) END`;
    return { unit: null, sql };
  }
  const units = [["s", 1_000_000_000], ["ms", 1_000_000], ["us", 1_000], ["ns", 1]] as const;
  const counts = await db.row(
    `SELECT ${units.map(([unit, size]) => `count(*) FILTER (instant % ${size} <> 0) AS ${unit}`).join(", ")}
      FROM (SELECT ${at} AS instant FROM ${named(table)})`,
  );
  const [unit, size] = units.find(([unit]) => Number(counts[unit]) === 0)!;
  return { unit, sql: `((${at}) // ${size})` };
}
