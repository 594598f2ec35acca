/**
 * A log of interactions as tables of DuckDB: `core` (user, item, time, place), `users`, `items` and `details` of items.
 *
 * @module
 */
import type { DuckDBConnection } from "@duckdb/node-api";
import {
  type AskedColumns,
  columnIndex,
  type Layout,
  layoutOf,
  quoted,
  readDelimited,
  readError,
} from "./_delimited.ts";
import { SequenceParser } from "./_sequences.ts";
import { PrepareError, readSource, type Source, TextFile } from "./_source.ts";
import type { PrepareOptions } from "./options.ts";

async function rowsOf(db: DuckDBConnection, sql: string): Promise<Record<string, unknown>[]> {
  return (await db.runAndReadAll(sql)).getRowObjectsJS();
}

export async function numbersOf<K extends string>(db: DuckDBConnection, sql: string): Promise<Record<K, number>> {
  const [row] = await rowsOf(db, sql);
  return Object.fromEntries(Object.entries(row!).map(([key, value]) => [key, Number(value)])) as Record<K, number>;
}

/** Line of the n-th record of a delimited text, which is not n where lines are blank. */
async function lineOf(path: string, layout: Layout, record: number): Promise<number> {
  const lines = (await Deno.readTextFile(path)).split("\n");
  let seen = layout.header ? -2 : -1;
  return lines.findIndex((line) => line.replace(/\r$/, "") !== "" && ++seen === record) + 1;
}

/** Copies a file as plain UTF-8 and finds out how it is laid out. */
async function copyDelimited(
  file: string,
  target: string,
  encoding: string,
  delimiter: string | undefined,
  header: boolean | undefined,
  asked?: AskedColumns,
): Promise<{ source: Source; layout: Layout }> {
  await using copy = new TextFile(target);
  let first = "", complete = false;
  const source = await readSource(file, encoding, async (text) => {
    if (!complete) {
      first = (first + text).replace(/^\s*\n/, "");
      complete = first.includes("\n");
    }
    await copy.write(text);
  });
  return { source, layout: layoutOf(first.split("\n")[0]!, delimiter, header, asked) };
}

interface Loaded {
  readonly source: Source;
  readonly order: string;
  /** Options that say how the file was read. */
  readonly options: Readonly<Record<string, string>>;
  readonly columns: string | null;
  /** A column that looks like a time and was not used. */
  readonly unusedTime?: string | null;
}

export async function loadSequences(db: DuckDBConnection, options: PrepareOptions, work: string): Promise<Loaded> {
  const { file, encoding } = options;
  const parser = new SequenceParser(file);
  const target = `${work}/pairs.csv`;
  let source: Source;
  {
    await using copy = new TextFile(target);
    source = await readSource(file, encoding, (text) => copy.write(parser.push(text)));
    await copy.write(parser.end());
  }
  const layout: Layout = { delimiter: ",", header: false, columns: ["user", "item"] };
  await db.run(`CREATE TABLE raw AS SELECT c0 AS user_id, c1 AS item_id, NULL::BIGINT AS stamp, NULL::BIGINT AS moment
    FROM ${readDelimited(target, layout)}`);
  return { source, order: "the order of the line", options: {}, columns: null };
}

const INTEGER = "[+-]?\\d{1,18}";
const DECIMAL = "[+-]?(\\d+\\.?\\d*|\\.\\d+)([eE][+-]?\\d+)?";

/** How a column of timestamps is stored and sorted: whole numbers and decimals by value, dates by microsecond. */
async function timestampSql(db: DuckDBConnection, file: string, at: string, layout: Layout): Promise<[string, string]> {
  const counts = await numbersOf<"rows" | "integers" | "decimals" | "dates">(
    db,
    `SELECT count(*) AS rows, count(*) FILTER (regexp_full_match(stamp, '${INTEGER}')) AS integers,
      count(*) FILTER (regexp_full_match(stamp, '${DECIMAL}')) AS decimals,
      count(*) FILTER (try_cast(stamp AS TIMESTAMP) IS NOT NULL) AS dates FROM text`,
  );
  if (counts.integers === counts.rows) return ["stamp::BIGINT", "stamp::BIGINT"];
  if (counts.decimals === counts.rows) return ["floor(stamp::DOUBLE)::BIGINT", "stamp::DOUBLE"];
  if (counts.dates === counts.rows) {
    return ["floor(epoch(stamp::TIMESTAMP))::BIGINT", "epoch_us(stamp::TIMESTAMP)"];
  }
  // Most lines know what the column holds: a line of another kind is the wrong one.
  const isFine = counts.decimals >= counts.dates
    ? `regexp_full_match(stamp, '${DECIMAL}')`
    : "try_cast(stamp AS TIMESTAMP) IS NOT NULL";
  const [wrong] = await rowsOf(
    db,
    `SELECT rowid AS record, stamp FROM text WHERE NOT coalesce(${isFine}, false) ORDER BY 1 LIMIT 1`,
  );
  const line = await lineOf(at, layout, Number(wrong!["record"]));
  const shown = wrong!["stamp"] === null ? "no timestamp" : `the timestamp '${String(wrong!["stamp"]).slice(0, 40)}'`;
  throw new PrepareError(file, `line ${line} holds ${shown}: expected a number or a date`);
}

export async function loadDelimited(db: DuckDBConnection, options: PrepareOptions, work: string): Promise<Loaded> {
  const { file, encoding, delimiter, header } = options;
  const target = `${work}/interactions.csv`;
  const { source, layout } = await copyDelimited(file, target, encoding, delimiter, header, options);
  const find = (column: string) => columnIndex(file, layout, column);
  const user = find(options.user ?? (layout.header ? "user" : "1"));
  const item = find(options.item ?? (layout.header ? "item" : "2"));
  const timed = options.timestamp ?? (layout.header && layout.columns.includes("timestamp") ? "timestamp" : undefined);
  const stamp = timed === undefined ? undefined : find(timed);
  if (user === item) {
    throw new PrepareError(file, `users and items are both in column '${layout.columns[user]}': see --user and --item`);
  }
  try {
    // A table of its own, as rowid is then the number of the record in the file, whatever threads read it.
    await db.run(
      `CREATE TABLE text AS SELECT nullif(trim(c${user}), '') AS user_id, nullif(trim(c${item}), '') AS item_id,
      ${stamp === undefined ? "NULL" : `nullif(trim(c${stamp}), '')`}::VARCHAR AS stamp
      FROM ${readDelimited(target, layout)}`,
    );
  } catch (error) {
    throw readError(file, error);
  }
  const [missing] = await rowsOf(
    db,
    `SELECT rowid AS record, user_id FROM text WHERE user_id IS NULL OR item_id IS NULL ORDER BY 1 LIMIT 1`,
  );
  if (missing !== undefined) {
    const column = layout.columns[missing["user_id"] === null ? user : item]!;
    const line = await lineOf(target, layout, Number(missing["record"]));
    throw new PrepareError(file, `line ${line} has no id in column '${column}'`);
  }
  const [stored, sorted] = stamp === undefined
    ? ["NULL::BIGINT", "NULL::BIGINT"]
    : await timestampSql(db, file, target, layout);
  await db.run(
    `CREATE TABLE raw AS SELECT user_id, item_id, ${stored} AS stamp, ${sorted} AS moment FROM text ORDER BY rowid`,
  );
  await db.run("DROP TABLE text");
  const unusedTime = stamp === undefined ? await timeColumn(db, target, layout, [user, item]) : null;
  const columns: Record<string, string> = { user: layout.columns[user]!, item: layout.columns[item]! };
  if (stamp !== undefined) columns["timestamp"] = layout.columns[stamp]!;
  return {
    source,
    options: { ...columns, delimiter: layout.delimiter },
    columns: `${Object.entries(columns).map(([what, column]) => `${what}=${column}`).join(", ")} ` +
      `(${layout.header ? "the first line is a header" : "no header"})`,
    order: stamp === undefined ? "the order of the file" : `column '${layout.columns[stamp]}'`,
    unusedTime,
  };
}

/** Lines that a column is judged by. */
const JUDGED = 1000;

/** Seconds, milliseconds, microseconds or nanoseconds of the years 1973 to 2096, or a date with its year first. */
const LOOKS_LIKE_TIME = "(\\d{9}|[1-3]\\d{9})(\\d{3}){0,3}(\\.\\d+)?|\\d{4}-\\d{2}-\\d{2}([ T].*)?";

/** The first column that looks like a time and is none of those used. */
async function timeColumn(
  db: DuckDBConnection,
  path: string,
  layout: Layout,
  used: readonly number[],
): Promise<string | null> {
  const places = [...layout.columns.keys()].filter((place) => !used.includes(place));
  if (places.length === 0) return null;
  const counts = places.map((place) =>
    `count(*) FILTER (regexp_full_match(trim(c${place}), '${LOOKS_LIKE_TIME}')) = count(*) AS c${place}`
  );
  const [row] = await rowsOf(
    db,
    `SELECT ${counts.join(", ")} FROM (SELECT * FROM ${readDelimited(path, layout)} LIMIT ${JUDGED})`,
  );
  const found = places.find((place) => row![`c${place}`]);
  return found === undefined ? null : layout.columns[found]!;
}

const COUNTS = "count(*) AS interactions, count(DISTINCT u) AS users, count(DISTINCT i) AS items";
type Counts = Record<"interactions" | "users" | "items", number>;

/**
 * Keeps the users and items that have enough interactions with one another: users first, then items, until nothing
 * changes.
 */
export async function filterCore(
  db: DuckDBConnection,
  minUser: number,
  minItem: number,
): Promise<{ start: Counts; left: Counts }> {
  // Numbers in place of names, so that every pass of the filter is cheap.
  await db.run(
    `CREATE TABLE user_ids AS SELECT user_id, row_number() OVER () AS u FROM (SELECT DISTINCT user_id FROM raw)`,
  );
  await db.run(
    `CREATE TABLE item_ids AS SELECT item_id, row_number() OVER () AS i FROM (SELECT DISTINCT item_id FROM raw)`,
  );
  await db.run(`CREATE TABLE core AS SELECT u, i, stamp, moment, raw.rowid AS place
    FROM raw JOIN user_ids USING (user_id) JOIN item_ids USING (item_id)`);
  await db.run("DROP TABLE raw");
  const count = () => numbersOf<keyof Counts>(db, `SELECT ${COUNTS} FROM core`);
  const start = await count();
  let left = start;
  for (let before = Infinity; left.interactions < before;) {
    before = left.interactions;
    for (const [key, least] of [["u", minUser], ["i", minItem]] as const) {
      if (least <= 1) continue;
      await db.run(`CREATE OR REPLACE TABLE core AS SELECT * FROM core
        WHERE ${key} IN (SELECT ${key} FROM core GROUP BY 1 HAVING count(*) >= ${least})`);
    }
    left = await count();
  }
  return { start, left };
}

/** Numbers what is left from 0: in the order of the numbers if all ids are integers, else of the strings. */
export async function numberIds(db: DuckDBConnection, table: "users" | "items", key: "u" | "i"): Promise<void> {
  const id = key === "u" ? "user_id" : "item_id", from = key === "u" ? "user_ids" : "item_ids";
  await db.run(`CREATE TABLE kept AS SELECT ${key}, ${id} AS id FROM ${from} SEMI JOIN core USING (${key})`);
  const { others } = await numbersOf<"others">(
    db,
    `SELECT count(*) FILTER (NOT regexp_full_match(id, '-?\\d{1,18}')) AS others FROM kept`,
  );
  await db.run(`CREATE TABLE ${table} AS SELECT ${key}, id,
    (row_number() OVER (ORDER BY ${others === 0 ? "id::BIGINT, " : ""}id) - 1)::UINTEGER AS number FROM kept`);
  await db.run("DROP TABLE kept");
}

/** Adds what the items file says of the items, column by column, and returns the SQL of the columns. */
export async function loadItems(
  db: DuckDBConnection,
  options: PrepareOptions,
  work: string,
): Promise<{ columns: string[]; matches: number }> {
  const { items: file, itemColumns, encoding } = options;
  if (file === undefined) return { columns: [], matches: 0 };
  const names = itemColumns?.split(",").map((name) => name.trim());
  const target = `${work}/items.csv`;
  const { layout } = await copyDelimited(file, target, encoding, undefined, names === undefined ? undefined : false);
  if (names !== undefined && names.length > layout.columns.length) {
    throw new PrepareError(file, `it has ${layout.columns.length} columns and --item-columns names ${names.length}`);
  }
  try {
    await db.run(`CREATE TABLE details AS SELECT * FROM (SELECT trim(c0) AS id, * EXCLUDE (c0)
      FROM ${readDelimited(target, layout)}) WHERE id IS NOT NULL`);
  } catch (error) {
    throw readError(file, error);
  }
  const { matches } = await numbersOf<"matches">(
    db,
    "SELECT count(*) AS matches FROM items SEMI JOIN details USING (id)",
  );
  if (matches === 0) {
    const [ours] = await rowsOf(db, "SELECT id FROM items ORDER BY number LIMIT 1");
    const [theirs] = await rowsOf(db, "SELECT id FROM details LIMIT 1");
    throw new PrepareError(
      options.file,
      `none of its items is in '${file}': its first id is '${ours?.["id"]}', that of '${file}' is '${theirs?.["id"]}'`,
    );
  }
  const heading = names === undefined && layout.header ? layout.columns[0]!.trim() : "";
  const { items } = await numbersOf<"items">(db, `SELECT count(*) AS items FROM items WHERE id = ${quoted(heading)}`);
  if (items > 0) {
    throw new PrepareError(
      file,
      `its first line is item '${heading}' and no names of columns: name them by --item-columns`,
    );
  }
  const used = new Set(["item", "id"]);
  const columns = (names ?? layout.columns).slice(1).map((name, at) => {
    let unique = name === "" ? `column_${at + 2}` : name;
    while (used.has(unique.toLowerCase())) unique += "_";
    used.add(unique.toLowerCase());
    return `c${at + 1} AS "${unique.replaceAll('"', '""')}"`;
  });
  return { columns, matches };
}
