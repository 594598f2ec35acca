import { type Database, named } from "../_database.ts";

/**
 * The first value of a column that satisfies a condition, of which there must be one.
 *
 * @param db The database.
 * @param table A table in it.
 * @param column The column.
 * @param condition SQL of a boolean.
 * @returns The value and the number of its row, from 0.
 */
export async function firstWhere(
  db: Database,
  table: string,
  column: string,
  condition: string,
): Promise<{ value: string; row: number }> {
  const text = named(column);
  const found = await db.row(
    `SELECT ${text} AS value, rowid AS row FROM ${named(table)} WHERE ${text} IS NOT NULL AND ${condition}
      ORDER BY rowid LIMIT 1`,
  );
  return { value: String(found["value"]), row: Number(found["row"]) };
}
