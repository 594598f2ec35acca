/**
 * Reads a column of times: finds out from all of its values what they are, and gives the SQL of an instant to sort by.
 *
 * @module
 */
import { type Database, named, quoted } from "../_database.ts";
import { firstWhere } from "./column.ts";
import { countsSql, dateSql, isOurs, SHAPES, UNITS } from "./counts.ts";
import {
  COMPACT,
  DAY_MONTH,
  epochSql,
  instantSql,
  INTEGER,
  ISO,
  matches,
  MONTH_DAY,
  NAMED,
  NUMBER,
  SHORT_YEAR,
} from "./forms.ts";
import { formatsOf, twoDays } from "./hints.ts";

/** Thrown when nobody can say what the times of a column mean. */
export class TimeError extends Error {
  /** Tells this error from others. */
  override readonly name = "TimeError";
  /** Why the column cannot be read. */
  readonly why: string;
  /** Number of the row that shows it, from 0; `null` if it is no single one. */
  readonly row: number | null;

  /**
   * Says what is wrong.
   *
   * @param why Why the column cannot be read.
   * @param row Number of the row that shows it, from 0.
   */
  constructor(why: string, row: number | null = null) {
    super(`Cannot read the times as ${why}`);
    this.why = why;
    this.row = row;
  }
}

/** How a column of times is read. */
export interface TimeReading {
  /**
   * SQL of the value to sort by, over the column: a BIGINT of nanoseconds since 1970 UTC, or for numbers that are no time
   * a BIGINT or DOUBLE. NULL where the value is missing or cannot be read.
   */
  readonly at: string;
  /** Whether the values are instants, and not only numbers. */
  readonly isTime: boolean;
  /** What the values are, in words. */
  readonly kind: string;
  /** Values that are there and cannot be read. */
  readonly unreadable: number;
}

const shown = (value: unknown) => `'${String(value).slice(0, 40)}'`;

/** Part of the numbers that must reach a unit: fewer are mistakes and placeholders. */
const REACH = 0.1;

/** Part of the numbers that are times of our days in another unit, from which on a column holds both units. */
const MIXED = 0.02;

type Guess = Omit<TimeReading, "unreadable">;
type Counts = (name: string) => number;

async function refuseMixed(db: Database, table: string, column: string, units: number[]): Promise<never> {
  const size = `abs(try_cast(${named(column)} AS DOUBLE))`;
  const found = [];
  for (const at of units) {
    const { name, nanoseconds } = UNITS[at]!;
    found.push({ name, ...await firstWhere(db, table, column, isOurs(size, nanoseconds)) });
  }
  found.sort((a, b) => a.row - b.row);
  const examples = found.map(({ name, value }) => `${shown(value)} would be ${name} since 1970`).join(" and ");
  throw new TimeError(`its times are of several units: ${examples}`, found[1]!.row);
}

async function readNumbers(db: Database, table: string, column: string, count: Counts): Promise<Guess> {
  const text = named(column);
  const numbers = count("number");
  const used = Object.entries(COMPACT).filter((_, at) => count(`compact${at}`) > 0);
  const compact = Object.keys(COMPACT).reduce((sum, _, at) => sum + count(`compact${at}`), 0);
  if (2 * compact >= numbers) {
    const forms = used.map(([, form]) => form);
    const kind = `dates of digits (${used.map(([format]) => format).join(", ")})`;
    return { at: instantSql(text, forms), isTime: true, kind };
  }
  const isLarge = 2 * count("reach3") >= numbers;
  const unit = UNITS.findIndex((_, at) => count(`reach${at}`) >= REACH * numbers);
  if (isLarge && unit >= 0 && 2 * count(`within${unit}`) >= numbers) {
    const others = UNITS.map((_, at) => at).filter((at) => at > unit && count(`ours${at}`) >= MIXED * numbers);
    if (others.length > 0 && count(`ours${unit}`) > 0) await refuseMixed(db, table, column, [unit, ...others]);
    const { name, nanoseconds } = UNITS[unit]!;
    return { at: epochSql(text, nanoseconds), isTime: true, kind: `${name} since 1970` };
  }
  // A double has no room for all integers of 64 bits, so it is taken only where there are others.
  return count("integers") === numbers
    ? {
      at: `CASE WHEN ${matches(text, INTEGER)} THEN try_cast(${text} AS BIGINT) END`,
      isTime: false,
      kind: "whole numbers",
    }
    : {
      at: `CASE WHEN ${matches(text, NUMBER)} AND isfinite(try_cast(${text} AS DOUBLE)) THEN ${text}::DOUBLE END`,
      isTime: false,
      kind: "numbers",
    };
}

async function readSlashed(
  db: Database,
  table: string,
  column: string,
  counts: Record<string, unknown>,
): Promise<Guess> {
  const text = named(column), [day, month] = [Number(counts["dayMonth"]), Number(counts["monthDay"])];
  if (day === month && day > Number(counts["eitherWay"])) {
    const only = (one: "day" | "month", other: "day" | "month") =>
      firstWhere(db, table, column, `${dateSql(text, one)} IS NOT NULL AND ${dateSql(text, other)} IS NULL`);
    const days = await only("day", "month"), months = await only("month", "day");
    throw new TimeError(
      `${shown(days.value)} has its day first and ${shown(months.value)} its month: expected one order in all lines`,
      Math.max(days.row, months.row),
    );
  }
  const differing = counts["differing"] as { place: bigint; value: string } | null;
  if (day === month && differing !== null) {
    const example = differing.value;
    const [dayFirst, monthFirst] = formatsOf(example);
    throw new TimeError(
      `${shown(example)} could be ${twoDays(example)}: say which by --time-format "${dayFirst}" or ` +
        `--time-format "${monthFirst}"`,
      Number(differing.place),
    );
  }
  return day >= month
    ? { at: instantSql(text, DAY_MONTH), isTime: true, kind: "dates, day first (%d/%m/%Y)" }
    : { at: instantSql(text, MONTH_DAY), isTime: true, kind: "dates, month first (%m/%d/%Y)" };
}

async function refuseShort(db: Database, table: string, column: string): Promise<never> {
  const text = named(column);
  const { value, row } = await firstWhere(db, table, column, matches(text, SHORT_YEAR));
  const formats = formatsOf(value);
  const counts = await db.row(
    `SELECT ${formats.map((format, at) => `count(${formatSql(text, format)}) AS "${at}"`).join(", ")} FROM ${
      named(table)
    }`,
  );
  const read = formats.map((_, at) => Number(counts[at]));
  const fitting = formats.filter((_, at) => read[at]! > 0 && read[at] === Math.max(...read));
  const hint = (fitting.length > 0 ? fitting : formats).map((format) => `--time-format "${format}"`).join(" or ");
  throw new TimeError(`${shown(value)} has a year of two digits: say how it is written by ${hint}`, row);
}

/** DuckDB reads `epoch` and `infinity` by any format, as 1900. */
function formatSql(text: string, format: string): string {
  const time = `try_strptime(${text}, ${quoted(format)})`;
  // Only %n makes nanoseconds of it; the others are refused by epoch_ns where they are beyond its range.
  const nanoseconds = /%n/.test(format) ? `epoch_ns(${time})` : `try_cast(epoch_us(${time})::HUGEINT * 1000 AS BIGINT)`;
  return `CASE WHEN regexp_matches(${text}, '\\d') AND NOT regexp_matches(${text}, '(?i)^\\s*(?:-?infinity|epoch)')
    THEN ${nanoseconds} END`;
}

async function readFormat(db: Database, text: string, format: string): Promise<Guess> {
  try {
    if (!format.includes("%")) throw new Error("It names no part of a time");
    await db.run(`SELECT try_strptime('', ${quoted(format)})`);
  } catch {
    throw new TimeError(`'${format}' is no format of times: expected one such as %d/%m/%Y or %Y-%m-%d %H:%M:%S`);
  }
  return { at: formatSql(text, format), isTime: true, kind: `times of the format ${format}` };
}

/**
 * Finds out what the times of a column are.
 *
 * @param db The database.
 * @param table A table in it, and no view, as its rows are told by number.
 * @param column A column of text, trimmed, NULL where the time is missing.
 * @param format How its values are written, as a format of DuckDB's strptime; found out if undefined.
 * @returns How to read them.
 * @throws {TimeError} If there are none, they may mean two things, or most of them cannot be read.
 */
export async function readTimes(
  db: Database,
  table: string,
  column: string,
  format?: string,
): Promise<TimeReading> {
  const text = named(column);
  let guess: Guess | undefined;
  if (format !== undefined) guess = await readFormat(db, text, format);
  else {
    const counts = await db.row(countsSql(table, column));
    const count: Counts = (name) => Number(counts[name]);
    const most = Math.max(...SHAPES.map(count));
    if (count("present") === 0) throw new TimeError("there is no time in any line");
    if (most > 0) {
      if (count("number") === most) guess = await readNumbers(db, table, column, count);
      else if (count("iso") === most) guess = { at: instantSql(text, ISO), isTime: true, kind: "dates, year first" };
      else if (count("named") === most) {
        guess = { at: instantSql(text, NAMED), isTime: true, kind: "dates with the name of the month" };
      } else if (count("slashed") === most) guess = await readSlashed(db, table, column, counts);
      else await refuseShort(db, table, column);
    }
  }
  const { present, readable } = await db.row(
    `SELECT count(${text}) AS present, ${guess === undefined ? "0" : `count(${guess.at})`} AS readable
      FROM ${named(table)}`,
  );
  if (Number(present) === 0) throw new TimeError("there is no time in any line");
  if (guess !== undefined && 2 * Number(readable) >= Number(present)) {
    return { ...guess, unreadable: Number(present) - Number(readable) };
  }
  const { value, row } = await firstWhere(db, table, column, guess === undefined ? "true" : `${guess.at} IS NULL`);
  throw new TimeError(
    format === undefined
      ? `${shown(value)} is no time that can be read: say how it is written by --time-format, such as ` +
        `--time-format "%d/%m/%Y"`
      : `${shown(value)} is not written as --time-format "${format}" says`,
    row,
  );
}
