/**
 * What is known of the items besides their ids.
 *
 * @module
 */
import { named, quoted } from "./_database.ts";
import type { LogTable } from "./formats/format.ts";
import type { Input } from "./input/input.ts";
import type { ItemsOptions } from "./options.ts";
import { PrepareError, shown } from "./prepare_error.ts";
import { columnOfRole, findColumn } from "./_roles.ts";
import { reading, readInput, type Stage } from "./_staged.ts";

/** What the items file has. */
export interface Details {
  /** Names of its columns besides the id: those of the table `details`. */
  readonly columns: readonly string[];
  /** Items that it tells of. */
  readonly described: number;
  /** Its lines that could not be read. */
  readonly leftOut: number;
}

/**
 * Reads the items file, as the table `details`: a row for each item, `id` and its columns.
 *
 * @param log The log, for messages.
 * @param input The items file.
 * @param stage Where it is read; the table `items` is there.
 * @param options How it is laid out.
 * @param itemColumn Name of the column of the items in the log.
 * @returns What it has.
 * @throws {PrepareError} If it cannot be read, or is about other items.
 */
export async function readItems(
  log: string,
  input: Input,
  stage: Stage,
  options: ItemsOptions,
  itemColumn: string,
): Promise<Details> {
  const { db } = stage, { name } = input;
  const names = options.columns?.split(",").map((column) => column.trim());
  const asked = options.id === undefined ? [] : [options.id];
  const read = (text: ItemsOptions) => readInput(input, stage, text, asked, "items-");
  let found = await read(names === undefined ? options : { header: false, ...options }), { table } = found;
  let id = idColumn(name, table, options.id, itemColumn);
  if (names === undefined && table.named && options.header === undefined) {
    // The id of an item in the place of its name: no header
    const first = table.columns[id] ?? "";
    const { same } = await db.numbers<"same">(`SELECT count(*) AS same FROM items WHERE id = ${quoted(first)}`);
    if (same > 0 && input.path !== null) {
      ({ table } = found = await read({ ...options, header: false }));
      id = idColumn(name, table, options.id, itemColumn);
    }
  }
  if (names !== undefined && names.length > table.columns.length) {
    throw new PrepareError(name, `it has ${table.columns.length} columns and --item-columns names ${names.length}`);
  }
  const places = [...table.columns.keys()].filter((place) => place !== id && place < (names?.length ?? Infinity));
  const cells = places.map((place) => `, c${place}`).join("");
  await reading(
    found,
    () =>
      db.run(
        `CREATE TABLE all_details AS SELECT trim(c${id}) AS id${cells} FROM ${table.from} WHERE trim(c${id}) <> ''`,
      ),
  );
  const { count: leftOut } = await table.bad();
  // Programs that take ids for numbers write 1.0 for 1
  await db.run(
    `UPDATE all_details SET id = regexp_replace(id, '\\.0+$', '') WHERE regexp_full_match(id, '\\d+\\.0+')
      AND id NOT IN (SELECT id FROM items)`,
  );
  const { described } = await db.numbers<"described">(
    "SELECT count(*) AS described FROM items SEMI JOIN all_details USING (id)",
  );
  if (described === 0) {
    const [ours] = await db.rows("SELECT id FROM items ORDER BY number LIMIT 1");
    const [theirs] = await db.rows("SELECT id FROM all_details LIMIT 1");
    if (theirs === undefined) throw new PrepareError(name, "it holds no items: is its only line a header?");
    throw new PrepareError(
      log,
      `none of its items is in ${shown(name)}: its first id is ${shown(String(ours?.["id"]), 40)}, ` +
        `that of ${shown(name)} is ${shown(String(theirs["id"]), 40)}; --items-id names the column of the ids`,
    );
  }
  const own = names ?? (table.named ? table.columns : await guessedNames(stage, table, places));
  const columns = uniqueNames(places.map((place) => own[place] ?? ""), places);
  // Of several lines on one item, each column has the first value that is there
  const values = places.map((place, at) => `arg_min(nullif(c${place}, ''), rowid) AS ${named(columns[at]!)}`);
  await db.run(
    `CREATE TABLE details AS SELECT id${values.map((value) => `, ${value}`).join("")} FROM all_details GROUP BY id`,
  );
  await db.run("DROP TABLE all_details");
  return { columns, described, leftOut };
}

function idColumn(file: string, table: LogTable, asked: string | undefined, itemColumn: string): number {
  if (asked !== undefined) return findColumn(file, table, asked);
  const known = table.roles.item?.[0];
  if (known !== undefined) return known;
  if (!table.named) return 0;
  const found = [
    table.columns.indexOf(itemColumn),
    columnOfRole(table.columns, "item"),
    table.columns.findIndex((name) => name.toLowerCase() === "id"),
  ];
  return found.find((at) => at >= 0) ?? 0;
}

/** Names of columns that have none: the first one of words is a title. */
async function guessedNames({ db }: Stage, table: LogTable, places: readonly number[]): Promise<readonly string[]> {
  const counts = places.map((place) =>
    `count(*) FILTER (regexp_matches(c${place}, '\\p{L}')) >= 0.5 * count(*) AS c${place}`
  );
  const [row] = counts.length === 0 ? [{}] : await db.rows(`SELECT ${counts.join(", ")} FROM all_details`);
  const title = places.find((place) => row![`c${place}`]);
  return table.columns.map((_, place) => place === title ? "title" : "");
}

/** Columns as `items.parquet` names them: `title` where another name means it, none twice, none like the ids. */
function uniqueNames(names: readonly string[], places: readonly number[]): string[] {
  const plain = names.map((name) => name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, ""));
  const has = plain.some((name) => name === "title" || name === "name");
  const title = has ? -1 : plain.findIndex((name) => /(title|name)$/.test(name));
  const used = new Set(["item", "id"]);
  return names.map((name, at) => {
    let unique = at === title ? "title" : name === "" ? `column_${places[at]! + 1}` : name;
    while (used.has(unique.toLowerCase())) unique += "_";
    used.add(unique.toLowerCase());
    return unique;
  });
}
