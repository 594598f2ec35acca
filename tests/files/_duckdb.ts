import { DuckDBInstance } from "npm:@duckdb/node-api@1.5.6-r.1";

/**
 * Runs SQL in a database of its own, as DuckDB's command line would.
 *
 * @param statements The statements.
 */
export async function runSql(...statements: string[]): Promise<void> {
  const instance = await DuckDBInstance.create(":memory:");
  const db = await instance.connect();
  try {
    for (const statement of statements) await db.run(statement);
  } finally {
    db.closeSync();
    instance.closeSync();
  }
}

/**
 * Runs a query in a database of its own.
 *
 * @param query The query.
 * @returns Its rows, by the names of the columns.
 */
export async function rowsOf(query: string): Promise<Record<string, unknown>[]> {
  const instance = await DuckDBInstance.create(":memory:");
  const db = await instance.connect();
  try {
    return await (await db.runAndReadAll(query)).getRowObjects();
  } finally {
    db.closeSync();
    instance.closeSync();
  }
}
