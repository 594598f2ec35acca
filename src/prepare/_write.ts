import type { Database } from "./_database.ts";
import { named, quoted } from "./_database.ts";

async function writeParquet(db: Database, path: string, sql: string): Promise<void> {
  await db.run(`COPY (${sql}) TO ${quoted(path)} (FORMAT parquet, COMPRESSION snappy)`);
  using file = await Deno.open(path, { read: true, write: true });
  await file.sync();
}

/**
 * Writes a value as JSON.
 *
 * @param path The file to write.
 * @param value The value.
 */
export async function writeJson(path: string, value: unknown): Promise<void> {
  using file = await Deno.open(path, { write: true, createNew: true });
  const bytes = new TextEncoder().encode(JSON.stringify(value, null, 2) + "\n");
  for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
  await file.sync();
}

/**
 * Writes the tables of a dataset: `interactions.parquet`, `users.parquet` and `items.parquet`.
 *
 * @param db The database, with the tables `placed`, `users`, `items` and, where columns are given, `details`.
 * @param folder The folder of the dataset.
 * @param columns Columns of `details`.
 */
export async function writeTables(db: Database, folder: string, columns: readonly string[]): Promise<void> {
  await writeParquet(
    db,
    `${folder}/interactions.parquet`,
    `SELECT "user", item, position, stamp AS timestamp, split FROM placed ORDER BY "user", position`,
  );
  await writeParquet(db, `${folder}/users.parquet`, `SELECT number AS "user", id FROM users ORDER BY number`);
  const more = columns.map((name) => `, details.${named(name)}`).join("");
  await writeParquet(
    db,
    `${folder}/items.parquet`,
    `SELECT number AS item, items.id${more} FROM items
      ${columns.length === 0 ? "" : "LEFT JOIN details USING (id)"} ORDER BY number`,
  );
}
