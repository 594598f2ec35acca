/**
 * The forms that times are written in, and the SQL that reads each as nanoseconds since 1970 UTC.
 *
 * Every value passes a pattern of its whole text before DuckDB sees it: a cast alone would take `infinity`, `epoch`,
 * `1_000` and `0x1F`.
 *
 * @module
 */
import { quoted } from "../_database.ts";

const raw = String.raw;

/** A way of writing a time. */
export interface Form {
  /** Pattern of the whole text, with its parts as groups. */
  readonly pattern: string;
  /** The groups in the order year, month, day, hour, minute, second, fraction, offset. */
  readonly groups: readonly number[];
}

const CLOCK = raw`(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?(?: ?[ap]\.?m\.?)?`;
const OFFSET = raw`(?: *(?:utc|gmt|ut|z))? *([+-](?:0\d|1[0-5])(?::?[0-5]\d)?)?(?: \([^)]*\))?`;
const TIME = raw`(?:(?:t|,? +|:)${CLOCK}${OFFSET})?`;
const WEEKDAY = raw`(?:(?:mon|tue|wed|thu|fri|sat|sun)(?:[a-z]{0,3}day)?\.?,? +)?`;
const MONTH = raw`(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)` +
  raw`(?:u?ary|ruary|ch|il|e|y|ust|t|tember|ober|ember)?\.?`;
const DAY = raw`(\d{1,2})(?:st|nd|rd|th)?`;

const form = (pattern: string, groups: readonly number[]): Form => ({ pattern: `(?i)${pattern}`, groups });
const YEAR_FIRST = [1, 2, 3, 4, 5, 6, 7, 8], DAY_FIRST = [3, 2, 1, 4, 5, 6, 7, 8];

/** Dates with their year first. */
export const ISO: readonly Form[] = [
  ...["-", "/", raw`\.`].map((by) => form(raw`(\d{4})${by}(\d{1,2})${by}(\d{1,2})${TIME}`, YEAR_FIRST)),
  form(raw`(\d{4})(\d{2})(\d{2})t(\d{2}):?(\d{2})(?::?(\d{2})(?:[.,](\d{1,9}))?)?${OFFSET}`, YEAR_FIRST),
];

/** Dates with the name of their month. */
export const NAMED: readonly Form[] = [
  form(raw`${WEEKDAY}${MONTH} +${DAY}(?:,| ) *(\d{4})${TIME}`, [3, 1, 2, 4, 5, 6, 7, 8]),
  form(raw`${WEEKDAY}${DAY}(?: +|[-/.])${MONTH}(?:,? +|[-/.])(\d{4})${TIME}`, DAY_FIRST),
  form(raw`(\d{4})(?: +|[-/.])${MONTH}(?: +|[-/.])${DAY}${TIME}`, YEAR_FIRST),
  // As ctime and date write it: the year comes last.
  form(raw`${WEEKDAY}${MONTH} +(\d{1,2}) +${CLOCK}${OFFSET} +(\d{4})`, [8, 1, 2, 3, 4, 5, 6, 7]),
];

const SEPARATORS: readonly (readonly [string, string])[] = [["/", "/"], ["-", "-"], [raw`\.`, raw`\.`], [" ", ", "]];
const slashed = (groups: readonly number[]) =>
  SEPARATORS.map(([one, two]) => form(raw`(\d{1,2})${one}(\d{1,2})${two}(\d{4})${TIME}`, groups));

/** Dates of numbers with their day first. */
export const DAY_MONTH: readonly Form[] = slashed(DAY_FIRST);

/** Dates of numbers with their month first. */
export const MONTH_DAY: readonly Form[] = slashed([3, 1, 2, 4, 5, 6, 7, 8]);

const digits = (more: string) => form(raw`(19\d\d|20\d\d|2100)(\d\d)(\d\d)${more}(?:\.0*)?`, YEAR_FIRST);

/** Dates of digits alone: `20140131`, `201401312359` and `20140131235959`, which some programs write with a `.0`. */
export const COMPACT: Readonly<Record<string, Form>> = {
  "%Y%m%d": digits("()()()()()"),
  "%Y%m%d%H%M": digits(raw`(\d\d)(\d\d)()()()`),
  "%Y%m%d%H%M%S": digits(raw`(\d\d)(\d\d)(\d\d)()()`),
};

/** Pattern of whole numbers. */
export const INTEGER = raw`[+-]?\d+`;

/** Pattern of numbers. */
export const NUMBER = raw`[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?`;

/** Pattern of dates whose year has two digits: 2003 or 1903, and at the start or at the end, nobody can tell. */
export const SHORT_YEAR =
  raw`(?i)(?:\d{1,2}([-/.])\d{1,2}[-/.]\d{1,2}|${WEEKDAY}${DAY}[-/. ]${MONTH}[-/., ] *'?\d{2}|` +
  raw`${WEEKDAY}${MONTH} +${DAY}(?:,| ) *'?\d{2})${TIME}`;

/**
 * The SQL that tells whether a text matches one of some patterns.
 *
 * @param text SQL of the text.
 * @param patterns The patterns.
 * @returns SQL of a boolean.
 */
export function matches(text: string, ...patterns: readonly string[]): string {
  return `regexp_full_match(${text}, ${quoted(patterns.map((pattern) => `(?:${pattern})`).join("|"))})`;
}

/** Patterns of some forms. */
export function patternsOf(forms: readonly Form[]): string[] {
  return forms.map(({ pattern }) => pattern);
}

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const HOUR = 3_600_000_000_000n;

/** The form that DuckDB casts: zeros stand before parts that may be missing, and go again where a part has two digits. */
function canonical(text: string, { pattern, groups }: Form): string {
  const [y, mo, d, h, mi, s, f, z] = groups;
  const parts = `\\${y}-\\${mo}-\\${d} 0\\${h}:0\\${mi}:0\\${s}.\\${f}0\\${z}`;
  const padded = `regexp_replace(${text}, ${quoted(`^(?:${pattern})$`)}, ${quoted(parts)})`;
  const plain = `regexp_replace(${padded}, '([ :])0(\\d\\d)', '\\1\\2', 'g')`;
  return pattern.includes(MONTH)
    ? MONTHS.reduce((sql, name, at) => `replace(${sql}, '-${name}-', '-${at + 1}-')`, `lower(${plain})`)
    : plain;
}

/**
 * The SQL that reads a text of some forms.
 *
 * @param text SQL of the text.
 * @param forms The forms.
 * @returns SQL of nanoseconds since 1970 UTC: NULL where the text is of another form, no day of the calendar, or
 *   beyond the range, September 1677 to April 2262.
 */
export function instantSql(text: string, forms: readonly Form[]): string {
  const nanoseconds = (canon: string) => `epoch_ns(try_cast(${canon} AS TIMESTAMP_NS))`;
  const branches = forms.map((form) =>
    `WHEN ${matches(text, form.pattern)} THEN ${nanoseconds(canonical(text, form))}`
  );
  const found = `CASE ${branches.join(" ")} END`;
  if (!forms.some(({ pattern }) => pattern.includes(CLOCK))) return found;
  const hour = (hours: string, half: string) =>
    `regexp_matches(${text}, ${quoted(raw`(?i)(?:[t ,]|\d{4}:)(?:${hours}):\d\d(?::[\d.,]+)? ?${half}\.?m`)})`;
  // Most logs are written by programs, of which most write this.
  const usual = raw`\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-](?:0\d|1[0-5]):[0-5]\d)?)?`;
  const fast = forms === ISO ? `WHEN ${matches(text, usual)} THEN ${nanoseconds(text)}` : "";
  // Twelve o'clock is the first hour of its half of the day.
  return `CASE ${fast} WHEN NOT regexp_matches(${text}, '(?i)\\d ?[ap]\\.?m') THEN ${found}
    WHEN ${hour("00?|1[3-9]|2\\d", "[ap]")} THEN NULL
    WHEN ${hour("12", "a")} THEN try_cast(${found}::HUGEINT - ${12n * HOUR} AS BIGINT)
    WHEN ${hour("0?[1-9]|1[01]", "p")} THEN try_cast(${found}::HUGEINT + ${12n * HOUR} AS BIGINT)
    ELSE ${found} END`;
}

/**
 * The SQL that reads numbers of a unit of time.
 *
 * @param text SQL of the text.
 * @param nanoseconds Nanoseconds of a unit.
 * @returns SQL of nanoseconds since 1970 UTC: NULL where the text is no number or an instant beyond their range.
 */
export function epochSql(text: string, nanoseconds: bigint): string {
  const digits = String(nanoseconds).length - 1;
  // Digits are moved and not multiplied: a double has no room for them, and DuckDB is slow to read wide decimals.
  const point = raw`^([+-]?\d*)\.(\d{${digits}})\d*$`;
  const moved = `regexp_replace(${text} || '${"0".repeat(digits)}', ${quoted(point)}, '\\1\\2')`;
  const scaled = (decimal: string) =>
    `try_cast(try_cast(${text} AS ${decimal})::DECIMAL(28, 9) * ${nanoseconds} AS BIGINT)`;
  const narrow = Math.max(0, digits - 1);
  return `CASE WHEN ${
    matches(text, INTEGER)
  } THEN try_cast(try_cast(${text} AS BIGINT)::HUGEINT * ${nanoseconds} AS BIGINT)
    WHEN ${matches(text, raw`[+-]?(?:\d+\.\d*|\.\d+)`)} THEN try_cast(${moved} AS BIGINT)
    WHEN ${matches(text, raw`[+-]?\d(?:\.\d{0,${narrow}})?[eE]\+?\d{1,2}`)} THEN ${scaled(`DECIMAL(18, ${narrow})`)}
    WHEN ${matches(text, NUMBER)} THEN ${scaled("DECIMAL(28, 9)")} END`;
}

/**
 * The SQL that tells whether a text looks like a time: seconds to nanoseconds of the years 1973 to 2096, or a date.
 *
 * @param text SQL of the text, trimmed.
 * @returns SQL of a boolean.
 */
export function looksLikeTime(text: string): string {
  const epoch = String.raw`(?:\d{9}|[1-3]\d{9})(?:\d{3}){0,3}(?:\.\d+)?`;
  const compact = String
    .raw`(?:19[7-9]\d|20\d\d)(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:[01]\d[0-5]\d|2[0-3][0-5]\d)?(?:[0-5]\d)?`;
  return matches(text, epoch, compact, SHORT_YEAR, ...patternsOf([...ISO, ...NAMED, ...DAY_MONTH]));
}
