import { named, quoted } from "../_database.ts";
import {
  COMPACT,
  DAY_MONTH,
  instantSql,
  INTEGER,
  ISO,
  matches,
  NAMED,
  NUMBER,
  patternsOf,
  SHORT_YEAR,
} from "./forms.ts";

/** Units of time from the finest, each with the least number that is taken for it. */
export const UNITS = [
  { name: "nanoseconds", nanoseconds: 1n, least: 1e17 },
  { name: "microseconds", nanoseconds: 1_000n, least: 1e14 },
  { name: "milliseconds", nanoseconds: 1_000_000n, least: 1e11 },
  { name: "seconds", nanoseconds: 1_000_000_000n, least: 1e8 },
] as const;

/** Seconds of the years 1990 to 2099, which are January 1970 if they are taken for milliseconds. */
const OUR_DAYS = [631_152_000, 4_102_444_800] as const;

const LARGEST = 2 ** 63;

/**
 * The SQL that tells whether a number is a time of our days in a unit.
 *
 * @param size SQL of the size of the number.
 * @param nanoseconds Nanoseconds of the unit.
 * @returns SQL of a boolean.
 */
export function isOurs(size: string, nanoseconds: bigint): string {
  const scale = 1e9 / Number(nanoseconds);
  return `${size} BETWEEN ${OUR_DAYS[0] * scale} AND ${OUR_DAYS[1] * scale}`;
}

/** Ways of writing a time, each with rules of its own. */
export const SHAPES = ["number", "iso", "named", "slashed", "short"] as const;

/** How the parts of a date of numbers are put to have its year first, where its day or its month comes first. */
const ORDERS = { day: "\\3-\\2-\\1", month: "\\3-\\1-\\2" } as const;

/**
 * The SQL that reads the day alone of a date of numbers.
 *
 * @param text SQL of the text.
 * @param order Which of its parts comes first.
 * @returns SQL of a date, NULL where the text is no such date.
 */
export function dateSql(text: string, order: keyof typeof ORDERS): string {
  const parts = String.raw`^(\d{1,2})[-/. ](\d{1,2})(?:[-/.]|, )(\d{4}).*$`;
  return `CASE WHEN ${matches(text, ...patternsOf(DAY_MONTH))}
    THEN try_cast(regexp_replace(${text}, ${quoted(parts)}, ${quoted(ORDERS[order])}) AS DATE) END`;
}

/**
 * The SQL that counts, in one look at all values, what tells their kind. Every value is of one shape at most.
 *
 * @param table A table.
 * @param column A column of text in it.
 * @returns A query of one row.
 */
export function countsSql(table: string, column: string): string {
  const count = (when: string) => `count(*) FILTER (${when})`;
  const shapes = SHAPES.map((shape) => `${count(`shape = '${shape}'`)} AS "${shape}"`);
  const dates = Object.values(COMPACT).map((form, at) =>
    `count(CASE WHEN shape = 'number' THEN ${instantSql("value", [form])} END) AS compact${at}`
  );
  const units = UNITS.map(({ nanoseconds, least }, at) =>
    `${count(`size >= ${least}`)} AS reach${at}, ${count(`size < ${LARGEST / Number(nanoseconds)}`)} AS within${at}, ` +
    `${count(isOurs("size", nanoseconds))} AS ours${at}`
  );
  return `SELECT count(value) AS present, ${[...shapes, ...dates, ...units].join(", ")},
      ${count("is_integer")} AS integers, count(day_month) AS "dayMonth", count(month_day) AS "monthDay",
      count(*) FILTER (day_month IS NOT NULL AND month_day IS NOT NULL) AS "eitherWay",
      min({'place': place, 'value': value}) FILTER (day_month <> month_day) AS differing
    FROM (SELECT *, CASE WHEN shape = 'number' THEN abs(try_cast(value AS DOUBLE)) END AS size,
        shape = 'number' AND ${matches("value", INTEGER)} AS is_integer,
        CASE WHEN shape = 'slashed' THEN ${dateSql("value", "day")} END AS day_month,
        CASE WHEN shape = 'slashed' THEN ${dateSql("value", "month")} END AS month_day
      FROM (SELECT *, CASE WHEN ${matches("value", NUMBER)} THEN 'number'
          WHEN ${matches("value", ...patternsOf(ISO))} THEN 'iso'
          WHEN ${matches("value", ...patternsOf(DAY_MONTH))} THEN 'slashed'
          WHEN ${matches("value", ...patternsOf(NAMED))} THEN 'named'
          WHEN ${matches("value", SHORT_YEAR)} THEN 'short' END AS shape
        FROM (SELECT ${named(column)} AS value, rowid AS place FROM ${named(table)})))`;
}
