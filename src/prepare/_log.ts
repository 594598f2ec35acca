/**
 * A log as one table of the database: `text`, all cells as texts, a row for every line that can be read.
 *
 * @module
 */
import { isOneOf, quoted } from "./_database.ts";
import type { BadLine } from "./formats/format.ts";
import { checkFractions, checkItems, checkUnnamed, timeColumn } from "./_guesses.ts";
import type { Input } from "./input/input.ts";
import { MISSING, type PrepareOptions } from "./options.ts";
import { PrepareError, shown } from "./prepare_error.ts";
import { type Columns, columnsOf, findColumn, type Role, type Roles, rolesOf } from "./_roles.ts";
import { type Read, reading, readInput, type Stage } from "./_staged.ts";
import type { Where } from "./where/where.ts";

/** Splits, by their numbers in a dataset. */
export const SPLITS = ["train", "valid", "test"] as const;

/** Files of a log, and which split they are where that is given. */
export interface Part {
  /** The files. */
  readonly inputs: readonly Input[];
  /** Number of the split; null where the files do not say. */
  readonly split: number | null;
}

/** A log that was read. */
export interface Log {
  /** Its files. */
  readonly reads: readonly Read[];
  /** Columns by their roles, by the names that they have in the log. */
  readonly columns: Readonly<Partial<Record<Role, readonly string[]>>>;
  /** Whether the interactions of a user stand in the order of time. */
  readonly ordered: boolean;
  /** Rows of `text`. */
  readonly rows: number;
  /** Lines that could not be read. */
  readonly bad: number;
  /** The first of them. */
  readonly firstBad: readonly (BadLine & { readonly file: string })[];
  /** A column that looks like a time and is not used; null if there is none. */
  readonly unusedTime: string | null;
  /** Column of `text` that a column of the condition is. */
  whereColumn(name: string): string;
  /** Says where a row of `text` stands: the file, and the words "line 3". */
  placeOf(row: number): Promise<{ file: string; place: string }>;
}

/** Bad lines that are kept to be shown. */
const KEPT_BAD = 3;

/**
 * Reads a log.
 *
 * @param parts Its files.
 * @param stage Where it is read.
 * @param options How it is read.
 * @param where The condition that interactions will have to meet.
 * @returns What was read.
 * @throws {PrepareError} If it cannot be read.
 */
export async function readLog(
  parts: readonly Part[],
  stage: Stage,
  options: PrepareOptions,
  where: Where | null,
): Promise<Log> {
  const { db } = stage;
  const { user, item, timestamp, rating, event, splitColumn: split } = options;
  const asked = { user, item, timestamp, rating, event, split };
  const conditions = where?.columns ?? [], missing = options.missing ?? MISSING;
  const names = [...Object.values(asked).filter((name) => name !== undefined), ...conditions];
  const reads: Read[] = [], ends: number[] = [], firstBad: (BadLine & { file: string })[] = [];
  let rows = 0, bad = 0, columns: Log["columns"] = {}, first: Columns | undefined, unusedTime: string | null = null;
  for (const part of parts) {
    for (const input of part.inputs) {
      const read = await readInput(input, stage, options, names);
      const { name, table } = read;
      const own = like(first, table);
      const roles = rolesOf(name, own, asked, table.roles);
      const found = Object.fromEntries(
        Object.entries(roles).map(([role, places]) => [role, places.map((place) => own.columns[place]!)]),
      );
      const given = [user ?? table.roles.user, item ?? table.roles.item];
      if (!own.named) await reading(read, () => checkUnnamed(db, read, own, roles, given));
      const used = conditions.map((column) => whereColumn(name, own, column));
      if (reads.length === 0) {
        [columns, first] = [found, own];
        await db.run(`CREATE TABLE text (${textColumns(roles, conditions.length).join(", ")})`);
      } else {
        checkAlike(reads[0]!, read, columns, found);
      }
      const cells = cellsSql(roles, part.split, used, missing);
      await reading(read, () => db.run(`INSERT INTO text SELECT ${cells} FROM ${table.from}`));
      const { count } = await db.numbers<"count">(`SELECT count(*) AS count FROM text`);
      if (reads.length === 0) await checkItems(db, name);
      const lost = await table.bad();
      bad += lost.count;
      firstBad.push(...lost.first.map((line) => ({ ...line, file: name })).slice(0, KEPT_BAD - firstBad.length));
      refuseBad(name, options, bad, lost.first[0]);
      if (reads.length === 0 && roles.timestamp === undefined) {
        unusedTime = await timeColumn(db, read, own, Object.values(roles).flat());
      }
      rows = count;
      reads.push(read);
      ends.push(rows);
    }
  }
  if (!reads[0]!.table.named && user === undefined && item === undefined) await checkFractions(db, reads[0]!.name);
  if (rows === 0) throw new PrepareError(reads[0]!.name, "it holds no interactions");
  return {
    reads,
    columns,
    ordered: reads.every(({ table }) => table.ordered),
    rows,
    bad,
    firstBad,
    unusedTime,
    whereColumn: (name) => `w${conditions.indexOf(name)}`,
    async placeOf(row) {
      const at = ends.findIndex((end) => row < end);
      const { name, table } = reads[at]!;
      return { file: name, place: `${table.record} ${await table.lineOf(row - (ends[at - 1] ?? 0))}` };
    },
  };
}

/** Names of `text` for the columns of a log. */
function textColumns(roles: Roles, conditions: number): string[] {
  const names = [
    "user_id",
    "item_id",
    ...(roles.timestamp ?? []).map((_, at) => `t${at}`),
    ...roles.rating === undefined ? [] : ["rating"],
    ...roles.event === undefined ? [] : ["event"],
    "split",
    ...Array.from({ length: conditions }, (_, at) => `w${at}`),
  ];
  return names.map((name) => `${name} VARCHAR`);
}

/** SQL of the cells of `text`, in the order of its columns. */
function cellsSql(roles: Roles, split: number | null, used: readonly number[], missing: readonly string[]): string {
  const given = split === null ? "NULL" : quoted(SPLITS[split]!);
  return [
    ...(["user", "item", "timestamp", "rating", "event"] as const).flatMap((role) => roles[role] ?? [])
      .map((place) => cellSql(place, missing)),
    roles.split === undefined ? given : cellSql(roles.split[0]!, MISSING),
    ...used.map((place) => cellSql(place, missing)),
  ].join(", ");
}

/** SQL of a cell: trimmed, NULL where it is missing. */
function cellSql(place: number, missing: readonly string[]): string {
  const isMissing = isOneOf(`trim(c${place})`, ["", ...missing].map(quoted));
  return `CASE WHEN ${isMissing} THEN NULL ELSE trim(c${place}) END`;
}

/** A file that goes on where another ended has its columns, though no header. */
function like(first: Columns | undefined, { columns, named, header }: Columns): Columns {
  return first?.named && !named && first.columns.length === columns.length ? first : { columns, named, header };
}

function whereColumn(file: string, table: Columns, column: string): number {
  const position = /^#(\d+)$/.exec(column)?.[1];
  if (position === undefined) {
    const at = table.columns.indexOf(column);
    if (at >= 0) return at;
  }
  return findColumn(file, table, position ?? column);
}

function checkAlike(first: Read, read: Read, columns: Log["columns"], found: Log["columns"]): void {
  if (JSON.stringify(found) === JSON.stringify(columns)) return;
  const { columns: names, named } = read.table;
  throw new PrepareError(
    read.name,
    `its columns are not those of ${shown(first.name)}: ${columnsOf({ columns: names, named })}`,
  );
}

/**
 * Ends it all where a line cannot be read, or too many cannot.
 *
 * @param file Name of the file.
 * @param options What is to be done with such lines.
 * @param count How many there are.
 * @param first The first of them.
 * @throws {PrepareError} If there is one and lines are not to be left out, or there are too many.
 */
export function refuseBad(
  file: string,
  { onBad = "refuse", maxBad = 1000 }: PrepareOptions,
  count: number,
  first: BadLine | undefined,
): void {
  if (first === undefined) return;
  const what = `line ${first.line} ${first.why}: ${shown(first.text, 60)}`;
  if (onBad === "refuse") throw new PrepareError(file, `${what}; --on-bad skip leaves out such lines`);
  if (count > maxBad) {
    throw new PrepareError(file, `${count} lines cannot be read and --max-bad is ${maxBad}: ${what}`);
  }
}
