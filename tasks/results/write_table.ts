import { columnType, type ResultTable, tableOfMeans, tableOfRuns } from "../../src/experiments/result_tables.ts";
import type { Results } from "../../src/experiments/results.ts";
import { createTable, csvOf, type TableColumns, type TableRows } from "../../src/files/table_file.ts";

/**
 * Writes results as a table for programs, whole or not at all.
 *
 * @param path The file, .csv or .parquet; null for CSV on standard output.
 * @param results The results.
 * @param isMeans Whether a row is the mean over seeds.
 * @returns The CSV for standard output; null where it was written.
 * @throws {WriteError} If it cannot be written.
 */
export async function writeTable(path: string | null, results: Results, isMeans: boolean): Promise<string | null> {
  const table: ResultTable = isMeans ? tableOfMeans(results, results.groups) : tableOfRuns(results, results.rows);
  const entries = [...table], columns = Object.fromEntries(entries.map(([name, cells]) => [name, columnType(cells)]));
  const rows: TableRows = Object.fromEntries(
    entries.map((
      [name, cells],
    ) => [name, columns[name] === "string" ? cells.map((cell) => cell === null ? null : String(cell)) : cells]),
  );
  if (path === null) return csvOf(columns as TableColumns, rows);
  using file = await createTable(path, columns);
  file.write(rows);
  file.finish();
  return null;
}
