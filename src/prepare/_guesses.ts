/**
 * What speaks against how a log is about to be read: better refused than read wrong without a word.
 *
 * @module
 */
import type { Database } from "./_database.ts";
import { PrepareError, shown } from "./prepare_error.ts";
import type { Columns, Roles } from "./_roles.ts";
import type { Read } from "./_staged.ts";
import { looksLikeTime } from "./times/forms.ts";

/** Rows that a column is judged by. */
const JUDGED = 1000;
/** Columns that are looked at for times and numbers: there may be thousands. */
const JUDGED_COLUMNS = 50;
/** Columns without names from which on a table of numbers is no log but a matrix, or lists. */
const WIDE = 8;

/**
 * Ends it all where columns without names are not what is taken for granted: users first, then items.
 *
 * @param db The database.
 * @param read The file.
 * @param columns Its columns.
 * @param roles What they are taken for.
 * @param known The columns of users and items, where they are asked for or the format knows them.
 * @throws {PrepareError} If they are something else.
 */
export async function checkUnnamed(
  db: Database,
  { name, table }: Read,
  { columns }: Columns,
  roles: Roles,
  [user, item]: readonly unknown[],
): Promise<void> {
  if (item !== undefined) return;
  const place = roles.item![0]!, wide = user === undefined && columns.length >= WIDE;
  const numbers = columns.slice(0, JUDGED_COLUMNS).map((_, at) =>
    `(trim(c${at}) = '' OR try_cast(c${at} AS DOUBLE) IS NOT NULL)`
  ).join(" AND ");
  const { times, all, cells } = await db.numbers<"times" | "all" | "cells">(
    `SELECT count(*) FILTER (${looksLikeTime(`trim(c${place})`)} AND regexp_matches(c${place}, '\\d\\D')) AS times,
      count(c${place}) AS cells, ${wide ? `coalesce(bool_and(${numbers}), false)` : "false"} AS "all"
      FROM (SELECT * FROM ${table.from} LIMIT ${JUDGED})`,
  );
  if (times > 0.9 * cells) {
    throw new PrepareError(
      name,
      `its column ${columns[place]}, which would be that of the items, holds times: --user, --item and --timestamp ` +
        "say which column is which",
    );
  }
  if (all > 0) {
    throw new PrepareError(
      name,
      `it holds ${columns.length} numbers a line and does not say what they are: if they are a user and its items, ` +
        "say --format sequences or adjacency; of a matrix of ratings, write a line for each rating first; if only " +
        "some of them count, --user and --item say which",
    );
  }
}

/**
 * Ends it all where most items are lists of items, such as `N106403 N71415` or `[1, 2]`.
 *
 * @param db The database, with the table `text`.
 * @param file The file, for messages.
 * @throws {PrepareError} If they are.
 */
export async function checkItems(db: Database, file: string): Promise<void> {
  // Of two numbers an id may well consist
  const id = "[A-Za-z]{0,3}\\d+", list = `\\[.*\\]|${id}(?:[ |,;]+${id}){2,}`;
  const [row] = await db.rows(
    `SELECT count(*) AS items, count(*) FILTER (regexp_full_match(item_id, '${list}')) AS lists,
      min(item_id) FILTER (regexp_full_match(item_id, '${list}')) AS example
      FROM (SELECT item_id FROM text WHERE item_id IS NOT NULL LIMIT ${JUDGED})`,
  );
  if (2 * Number(row!["lists"]) <= Number(row!["items"])) return;
  throw new PrepareError(
    file,
    `its items are lists, such as ${shown(String(row!["example"]), 40)}: write a line for each item of a list first`,
  );
}

/**
 * Ends it all where what would be taken for ids are measurements, as in a matrix of ratings.
 *
 * @param db The database, with the table `text`.
 * @param file The file, for messages.
 * @throws {PrepareError} If they are.
 */
export async function checkFractions(db: Database, file: string): Promise<void> {
  const isFraction = (column: string) => `regexp_full_match(${column}, '[+-]?\\d*\\.\\d*[1-9]\\d*')`;
  const { fractions } = await db.numbers<"fractions">(
    `SELECT greatest(avg(${isFraction("user_id")}::INT), avg(${isFraction("item_id")}::INT)) AS fractions
      FROM (SELECT user_id, item_id FROM text LIMIT ${JUDGED})`,
  );
  if (fractions < 0.25) return;
  throw new PrepareError(
    file,
    "its first two columns hold numbers with a fraction, which are no ids: expected a line for each interaction; " +
      "--user and --item name the columns of the ids",
  );
}

/**
 * The first column that looks like a time and is none of those used.
 *
 * @param db The database.
 * @param read The file.
 * @param columns Its columns.
 * @param used Places of columns that are used.
 * @returns Its name, or null.
 */
export async function timeColumn(
  db: Database,
  { table }: Read,
  { columns }: Columns,
  used: readonly number[],
): Promise<string | null> {
  const places = [...columns.keys()].filter((place) => !used.includes(place)).slice(0, JUDGED_COLUMNS);
  if (places.length === 0) return null;
  const counts = places.map((place) => {
    const cell = `nullif(trim(c${place}), '')`;
    return `count(*) FILTER (${looksLikeTime(cell)}) >= 0.9 * count(${cell}) AND count(${cell}) > 0 AS c${place}`;
  });
  const [row] = await db.rows(`SELECT ${counts.join(", ")} FROM (SELECT * FROM ${table.from} LIMIT ${JUDGED})`);
  const found = places.find((place) => row![`c${place}`]);
  return found === undefined ? null : columns[found]!;
}
