/**
 * Repeated and rarely seen interactions, and numbers in place of ids.
 *
 * @module
 */
import type { Database } from "./_database.ts";
import type { Repeats } from "./options.ts";

/** How many interactions, users and items there are. */
export type Counts = Record<"interactions" | "users" | "items", number>;

/**
 * Gives numbers to ids, so that all that follows is cheap: the tables `user_ids`, `item_ids` and `core`, in place of
 * `kept`.
 *
 * @param db The database.
 * @param times Columns of times.
 */
export async function shortenIds(db: Database, times: readonly string[]): Promise<void> {
  for (const [table, id, key] of [["user_ids", "user_id", "u"], ["item_ids", "item_id", "i"]] as const) {
    await db.run(
      `CREATE TABLE ${table} AS SELECT ${id}, (row_number() OVER ())::UINTEGER AS ${key}
        FROM (SELECT DISTINCT ${id} FROM kept)`,
    );
  }
  await db.run(
    `CREATE TABLE core AS SELECT u, i, split, place${times.map((time) => `, ${time}`).join("")}
      FROM kept JOIN user_ids USING (user_id) JOIN item_ids USING (item_id)`,
  );
  await db.run("DROP TABLE kept");
}

/**
 * Counts what is there.
 *
 * @param db The database.
 * @returns Interactions, users and items of `core`.
 */
export function countCore(db: Database): Promise<Counts> {
  return db.numbers<keyof Counts>(
    "SELECT count(*) AS interactions, count(DISTINCT u) AS users, count(DISTINCT i) AS items FROM core",
  );
}

/**
 * Keeps one of a user's interactions with an item.
 *
 * @param db The database.
 * @param repeats Which one stays.
 * @param times Columns of times.
 */
export async function dropRepeats(db: Database, repeats: Repeats, times: readonly string[]): Promise<void> {
  if (repeats === "keep") return;
  const best = repeats === "first" ? "arg_min" : "arg_max";
  await db.run(
    `CREATE OR REPLACE TABLE core AS SELECT * FROM core SEMI JOIN
      (SELECT ${best}(place, row(${[...times, "place"].join(", ")})) AS place FROM core GROUP BY u, i) USING (place)`,
  );
}

/**
 * Keeps the users and items that have enough interactions with one another: users first, then items, until nothing
 * changes.
 *
 * @param db The database.
 * @param minUser Fewest interactions of a user.
 * @param minItem Fewest interactions of an item.
 */
export async function filterCore(db: Database, minUser: number, minItem: number): Promise<void> {
  const size = async () => (await db.numbers<"size">("SELECT count(*) AS size FROM core")).size;
  for (let before = Infinity, now = await size(); now < before; now = await size()) {
    before = now;
    for (const [key, least] of [["u", minUser], ["i", minItem]] as const) {
      if (least <= 1) continue;
      await db.run(`CREATE OR REPLACE TABLE core AS SELECT * FROM core
        WHERE ${key} IN (SELECT ${key} FROM core GROUP BY 1 HAVING count(*) >= ${least})`);
    }
  }
}

/**
 * Numbers what is left from 0, as the table `users` or `items`: in the order of the numbers if all ids are integers, else
 * of the texts.
 *
 * @param db The database.
 * @param table The table to make.
 */
export async function numberIds(db: Database, table: "users" | "items"): Promise<void> {
  const [key, id, from] = table === "users" ? ["u", "user_id", "user_ids"] : ["i", "item_id", "item_ids"];
  await db.run(`CREATE TABLE left_ids AS SELECT ${key}, ${id} AS id FROM ${from} SEMI JOIN core USING (${key})`);
  const { others } = await db.numbers<"others">(
    "SELECT count(*) FILTER (NOT regexp_full_match(id, '-?\\d{1,18}')) AS others FROM left_ids",
  );
  await db.run(
    `CREATE TABLE ${table} AS SELECT ${key}, id,
      (row_number() OVER (ORDER BY ${others === 0 ? "id::BIGINT, " : ""}id) - 1)::UINTEGER AS number FROM left_ids`,
  );
  await db.run("DROP TABLE left_ids");
}
