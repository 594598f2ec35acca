import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import fc from "../_fast_check.ts";
import { Database } from "../../src/prepare/_database.ts";
import { storedTime } from "../../src/prepare/times/stored_time.ts";
import { looksLikeTime } from "../../src/prepare/times/forms.ts";
import { readTimes, TimeError } from "../../src/prepare/times/times.ts";

const db = await Database.open(await Deno.makeTempDir());

type Value = string | null;
const literal = (value: Value) => value === null ? "NULL" : `'${value.replaceAll("'", "''")}'`;

async function fill(values: readonly Value[], column = "t"): Promise<string> {
  const name = column.replaceAll('"', '""');
  await db.run(`CREATE OR REPLACE TABLE times ("${name}" VARCHAR)`);
  if (values.length > 0) {
    await db.run(`INSERT INTO times VALUES ${values.map((value) => `(${literal(value)})`).join(", ")}`);
  }
  return column;
}

async function select(sql: string): Promise<unknown[]> {
  const rows = await db.rows(`SELECT ${sql} AS value FROM times ORDER BY rowid`);
  return rows.map((row) => row["value"]);
}

async function read(values: readonly Value[], format?: string) {
  await fill(values);
  const reading = await readTimes(db, "times", "t", format);
  const instants = await select(reading.at);
  const missing = values.filter((value) => value === null).length;
  assertEquals(reading.unreadable, instants.filter((value) => value === null).length - missing, "unreadable");
  return { ...reading, instants };
}

async function whyNot(values: readonly Value[], format?: string): Promise<TimeError> {
  await fill(values);
  return await assertRejects(() => readTimes(db, "times", "t", format), TimeError);
}

/** Nanoseconds of a date that JavaScript reads. */
const ns = (date: string, rest = 0n) => BigInt(Date.parse(date)) * 1_000_000n + rest;
const DAY = ns("2014-01-05T00:00:00Z"), TEN = ns("2014-01-05T10:00:00Z");

/** Values and what they are: instants, a number, or null for what cannot be read. */
const CASES: Record<string, { kind: string; values: readonly (readonly [Value, bigint | number | null])[] }> = {
  "seconds": {
    kind: "seconds since 1970",
    values: [["978300760", 978300760000000000n], ["-100000000", -100000000000000000n], ["0", 0n], [
      "+978300761",
      978300761000000000n,
    ]],
  },
  "milliseconds": {
    kind: "milliseconds since 1970",
    values: [["1396868469277", 1396868469277000000n], ["5", 5000000n], [null, null], [
      "-1396868469277",
      -1396868469277000000n,
    ]],
  },
  "microseconds": { kind: "microseconds since 1970", values: [["1396868469277001", 1396868469277001000n]] },
  "nanoseconds, exact to the last digit": {
    kind: "nanoseconds since 1970",
    values: [
      ["1396868469277000003", 1396868469277000003n],
      ["1396868469277000002", 1396868469277000002n],
      ["9223372036854775807", 9223372036854775807n],
      ["9223372036854775808", null],
    ],
  },
  "decimals of seconds": {
    kind: "seconds since 1970",
    values: [
      ["978300760.25", 978300760250000000n],
      ["887431973.0", 887431973000000000n],
      ["1.5886e9", 1588600000000000000n],
      ["1396868469.277000003", 1396868469277000003n],
      ["1396868469.", 1396868469000000000n],
      ["-978300760.25", -978300760250000000n],
      [".5", 500000000n],
      ["-.5", -500000000n],
      ["1396868469.2770000039", 1396868469277000003n],
      ["1.396868469277000003e9", 1396868469277000003n],
      ["1.3968684692770e+9", 1396868469277000000n],
      ["-1.5886E9", -1588600000000000000n],
      ["15886e5", 1588600000000000000n],
      ["13968684692.77e-1", 1396868469277000000n],
      ["9e9", 9000000000000000000n],
      ["1e10", null],
      ["99999999999.5", null],
      ["1e-9", 1n],
      ["978300760", 978300760000000000n],
    ],
  },
  "decimals of milliseconds": {
    kind: "milliseconds since 1970",
    values: [["1396868469277.5", 1396868469277500000n], ["1.3968684692775e12", 1396868469277500000n]],
  },
  "decimals of nanoseconds": {
    kind: "nanoseconds since 1970",
    values: [["1396868469277000003.0", 1396868469277000003n], ["1.396868469277e18", 1396868469277000000n]],
  },
  "seconds, one beyond the range": {
    kind: "seconds since 1970",
    values: [...Array(10).fill(["978300760", 978300760000000000n]), ["99999999999", null], ["1e400", null]],
  },
  "whole numbers": { kind: "whole numbers", values: [["1", 1n], ["3", 3n], ["-2", -2n], ["007", 7n], [null, null]] },
  "whole numbers of 64 bits among small ones": {
    kind: "whole numbers",
    values: [
      ...Array(12).fill(["1", 1n]),
      ["9007199254740993", 9007199254740993n],
      ["-9223372036854775808", -9223372036854775808n],
      ["9223372036854775808", null],
    ],
  },
  "numbers that would be beyond the range as times": {
    kind: "whole numbers",
    values: [["13245000000000001", 13245000000000001n], ["13245000000000002", 13245000000000002n]],
  },
  "fractions": { kind: "numbers", values: [["0.5", 0.5], ["1", 1], [".25", 0.25], ["1e-3", 0.001]] },
  "dates of digits": {
    kind: "dates of digits (%Y%m%d)",
    values: [["20140105", DAY], ["20140105.0", DAY], ["20140201", ns("2014-02-01")], ["20140231", null]],
  },
  "minutes of digits": {
    kind: "dates of digits (%Y%m%d%H%M)",
    values: [["201401051000", TEN], ["201401051001", ns("2014-01-05T10:01Z")]],
  },
  "seconds of digits": {
    kind: "dates of digits (%Y%m%d%H%M%S)",
    values: [["20140105100000", TEN], ["20140105106000", null], ["20140105000000", DAY]],
  },
  "numbers of eight digits, few of them dates": {
    kind: "whole numbers",
    values: [["20140105", 20140105n], ["20149999", 20149999n], ["33333333", 33333333n]],
  },
  "dates of ISO 8601": {
    kind: "dates, year first",
    values: [
      ["2014-01-05", DAY],
      ["2014/01/05", DAY],
      ["2014.01.05", DAY],
      ["2014-1-5", DAY],
      ["2014/01-05", null],
      ["2014-01-05T10:00", TEN],
      ["2014-01-05 10:00:00", TEN],
      ["2014/1/5 10:00", TEN],
      ["2014-01-05T10:00:00Z", TEN],
      ["2014-01-05T10:00:00.000Z", TEN],
      ["2014-01-05t10:00:00z", TEN],
      ["2014-01-05 10:00:00 UTC", TEN],
      ["2014-01-05T12:00:00+02", TEN],
      ["2014-01-05T12:00+02:00", TEN],
      ["2014-01-05T12:00:00+0200", TEN],
      ["2014-01-05 04:30:00 -0530", TEN],
      ["2014-01-05 10:00:00 AM", TEN],
      ["2014-01-05 10:00:00.123456789", TEN + 123456789n],
      ["2014-01-05 10:00:00,5", TEN + 500000000n],
      ["2014-01-05T09:30:00.5-00:30", TEN + 500000000n],
      ["20140105T100000Z", TEN],
      ["20140105T1000", TEN],
      ["2014-01-04T24:00:00", DAY],
      ["1969-12-31T23:59:59.999999999Z", -1n],
      ["2014-13-45", null],
      ["2014-02-29", null],
      ["2012-02-29", ns("2012-02-29")],
      ["2014-01-05 25:00", null],
      ["2014-01-05 10:00:61", null],
      ["2014-01-05 10:00:00+99", null],
      ["2014-01-05 10:00:00.1234567890", null],
      ["1677-01-01", null],
      ["2262-12-31", null],
      ["9999-12-31", null],
      ["0001-01-01 00:00:00", null],
      ["2014-01-05'; DROP TABLE times; --", null],
    ],
  },
  "words are no times": {
    kind: "dates, year first",
    values: [
      ...Array(20).fill(["2014-01-05", DAY]),
      ...[
        "infinity",
        "-infinity",
        "epoch",
        "now",
        "today",
        "tomorrow",
        "nan",
        "1_000",
        "0x1F",
        "٢٠١٤-٠١-٠٥",
        "",
        "2014",
      ].map(
        (word) => [word, null] as const,
      ),
    ],
  },
  "words are no numbers": {
    kind: "seconds since 1970",
    values: [
      ...Array(10).fill(["978300760", 978300760000000000n]),
      ...["infinity", "nan", "1_000", "0x1F", "1e", ".", "epoch", "2014-01-05"].map((word) => [word, null] as const),
    ],
  },
  "names of months": {
    kind: "dates with the name of the month",
    values: [
      ["Jan 5, 2014", DAY],
      ["January 5, 2014", DAY],
      ["JAN 05 2014", DAY],
      ["Jan. 5th, 2014", DAY],
      ["5 Jan 2014", DAY],
      ["5 January, 2014", DAY],
      ["05-Jan-2014", DAY],
      ["05/Jan/2014:10:00:00 +0000", TEN],
      ["2014-Jan-05", DAY],
      ["Sunday, January 5, 2014", DAY],
      ["Jan 5, 2014 10:00 AM", TEN],
      ["Jan 5, 2014, 10:00:00 a.m.", TEN],
      ["Jan 5, 2014 10:00:00 PM", TEN + 12n * 3600_000_000_000n],
      ["Jan 5, 2014 12:30 AM", DAY + 1800_000_000_000n],
      ["Jan 5, 2014 12:30 PM", DAY + 45000_000_000_000n],
      ["Jan 5, 2014 10:12:34 AM", ns("2014-01-05T10:12:34Z")],
      ["Jan 5, 2014 13:30 PM", null],
      ["Jan 5, 2014 10:13:14 PM", ns("2014-01-05T22:13:14Z")],
      ["Sun, 05 Jan 2014 12:00:00 +0200", TEN],
      ["Sun, 5 Jan 2014 10:00:00 GMT", TEN],
      ["Sun Jan 05 10:00:00 +0000 2014", TEN],
      ["Sun Jan 05 12:00:00 +0200 2014", TEN],
      ["Sun Jan  5 10:00:00 2014", TEN],
      ["Sun Jan  5 10:00:00 UTC 2014", TEN],
      ["Sun Jan 05 2014 11:00:00 GMT+0100 (CET)", TEN],
      ["5 May 2014", ns("2014-05-05")],
      ["September 30, 2014", ns("2014-09-30")],
      ["Feb 30, 2014", null],
      ["Foo 3, 2014", null],
      ["5 Jan 14", null],
    ],
  },
  "day first": {
    kind: "dates, day first (%d/%m/%Y)",
    values: [
      ["13/01/2014", ns("2014-01-13")],
      ["3/2/2014", ns("2014-02-03")],
      ["03-02-2014", ns("2014-02-03")],
      ["03.02.2014 10:00", ns("2014-02-03T10:00Z")],
      ["03/02/2014 10:00:00 PM", ns("2014-02-03T22:00Z")],
      ["03/02/2014, 10:00:00", ns("2014-02-03T10:00Z")],
      ["33/02/2014", null],
    ],
  },
  "month first": {
    kind: "dates, month first (%m/%d/%Y)",
    values: [["01/13/2014", ns("2014-01-13")], ["3/2/2014 12:05 AM", ns("2014-03-02T00:05Z")], ["02/30/2014", null]],
  },
  "day first, but for a few": {
    kind: "dates, day first (%d/%m/%Y)",
    values: [...Array(3).fill(["13/01/2014", ns("2014-01-13")]), ["01/14/2014", null], ["13/01/2014 25:00", null]],
  },
  "month, day, year with a comma": {
    kind: "dates, month first (%m/%d/%Y)",
    values: [["09 13, 2009", ns("2009-09-13")], ["01 2, 2010", ns("2010-01-02")]],
  },
  "days that are the same in both readings": {
    kind: "dates, day first (%d/%m/%Y)",
    values: [["05/05/2014", ns("2014-05-05")], ["01/01/2014", ns("2014-01-01")]],
  },
};

for (const [name, { kind, values }] of Object.entries(CASES)) {
  Deno.test(`times: ${name}`, async () => {
    const reading = await read(values.map(([value]) => value));
    assertEquals(reading.kind, kind);
    assertEquals(reading.isTime, !kind.endsWith("numbers"));
    values.forEach(([value, expected], at) => assertEquals(reading.instants[at], expected, String(value)));
  });
}

/** Files of times, with the order of their lines, or what is said of them. */
const FILES: Record<string, { values: readonly string[]; order?: string; error?: string }> = {
  compact: { values: ["20140105", "20131201", "20140205", "20140305"], order: "xwyz" },
  dmy2: {
    values: ["03/02/14", "01/12/13", "05/01/14", "02/02/14"],
    error: `'03/02/14' has a year of two digits: say how it is written by --time-format "%d/%m/%y" or ` +
      `--time-format "%m/%d/%y" or --time-format "%y/%m/%d"`,
  },
  dmy4: { values: ["03/02/2014", "01/12/2013", "15/01/2014", "02/02/2014"], order: "xyzw" },
  mon: { values: ["Jan 5, 2014", "Dec 1, 2013", "Feb 5, 2014", "Mar 5, 2014"], order: "xwyz" },
  ns: {
    values: ["1396868469277000003", "1396868469277000002", "1396868469277000001", "1396868469277000000"],
    order: "zyxw",
  },
  special: { values: ["infinity", "2013-01-01", "2014-02-05", "epoch"], order: "xy" },
  tz: {
    values: [
      "2014-02-03T10:00:00+0200",
      "2014-02-03T09:30:00Z",
      "2014-02-03 08:15:00+00",
      "2014-02-03T08:05:00.5+00:00",
    ],
    order: "wzyx",
  },
};

for (const [name, { values, order, error }] of Object.entries(FILES)) {
  Deno.test(`times of a file: ${name}`, async () => {
    if (error !== undefined) return assertEquals((await whyNot(values)).why, error);
    const { instants, unreadable } = await read(values);
    const lines = instants.map((at, line) => ({ at, line: "wxyz"[line]! })).filter(({ at }) => at !== null);
    lines.sort((a, b) => a.at! < b.at! ? -1 : 1);
    assertEquals(lines.map(({ line }) => line).join(""), order);
    assertEquals(unreadable, 4 - order!.length);
  });
}

const REFUSED: Record<string, { values: readonly Value[]; format?: string; why: string; row?: number }> = {
  "nothing there": { values: [], why: "there is no time in any line" },
  "all missing": { values: [null, null], why: "there is no time in any line" },
  "all missing, with a format": { values: [null], format: "%Y", why: "there is no time in any line" },
  "day or month first": {
    values: [null, "05/05/2014", "03/02/2014", "01/12/2013"],
    why: `'03/02/2014' could be the 3rd of February or March 2nd: say which by --time-format "%d/%m/%Y" or ` +
      `--time-format "%m/%d/%Y"`,
    row: 2,
  },
  "day or month first, with the time of day": {
    values: ["11-12-2014 10:00:00 PM"],
    why: `'11-12-2014 10:00:00 PM' could be the 11th of December or November 12th: say which by ` +
      `--time-format "%d-%m-%Y %I:%M:%S %p" or --time-format "%m-%d-%Y %I:%M:%S %p"`,
    row: 0,
  },
  "day or month first, with a comma": {
    values: ["01 2, 2010"],
    why: `'01 2, 2010' could be the 1st of February or January 2nd: say which by --time-format "%d %m, %Y" or ` +
      `--time-format "%m %d, %Y"`,
  },
  "seconds and milliseconds": {
    values: ["0", "1388916000", "1388916000123", "1388916001123", "1388916002123"],
    why: "its times are of several units: '1388916000' would be seconds since 1970 and '1388916000123' would be " +
      "milliseconds since 1970",
    row: 2,
  },
  "day first and month first": {
    values: ["03/03/2014", "13/02/2014", "02/14/2014", "01/02/2014"],
    why: "'13/02/2014' has its day first and '02/14/2014' its month: expected one order in all lines",
    row: 2,
  },
  "day first and month first, at a time that is none": {
    values: ["02/14/2014", "13/02/2014 25:00"],
    why: "'13/02/2014 25:00' has its day first and '02/14/2014' its month: expected one order in all lines",
    row: 1,
  },
  "a year of two digits": {
    values: ["31/01/14 10:00", "03/02/14 11:00"],
    why: `'31/01/14 10:00' has a year of two digits: say how it is written by --time-format "%d/%m/%y %H:%M" or ` +
      `--time-format "%y/%m/%d %H:%M"`,
    row: 0,
  },
  "a year of two digits after a name": {
    values: ["5-Jan-14"],
    why: `'5-Jan-14' has a year of two digits: say how it is written by --time-format "%d-%b-%y"`,
  },
  "words": {
    values: ["yesterday", "2014-01-05", "today"],
    why: `'yesterday' is no time that can be read: say how it is written by --time-format, such as ` +
      `--time-format "%d/%m/%Y"`,
    row: 0,
  },
  "no form of most": {
    values: ["a", "b", "c"],
    why: `'a' is no time that can be read: say how it is written by --time-format, such as --time-format "%d/%m/%Y"`,
  },
  "dates of no calendar": {
    values: ["2014-01-05", "2014-13-45", "2014-02-30"],
    why: `'2014-13-45' is no time that can be read: say how it is written by --time-format, such as ` +
      `--time-format "%d/%m/%Y"`,
    row: 1,
  },
  "a format that does not fit": {
    values: ["2014-01-05"],
    format: "%d/%m/%Y",
    why: `'2014-01-05' is not written as --time-format "%d/%m/%Y" says`,
    row: 0,
  },
  "a format with an unknown letter": {
    values: ["2014"],
    format: "%Q",
    why: "'%Q' is no format of times: expected one such as %d/%m/%Y or %Y-%m-%d %H:%M:%S",
  },
  "a format of no parts": {
    values: ["x1"],
    format: "x1",
    why: "'x1' is no format of times: expected one such as %d/%m/%Y or %Y-%m-%d %H:%M:%S",
  },
  "no format": {
    values: ["2014"],
    format: "",
    why: "'' is no format of times: expected one such as %d/%m/%Y or %Y-%m-%d %H:%M:%S",
  },
};

for (const [name, { values, format, why, row }] of Object.entries(REFUSED)) {
  Deno.test(`times refused: ${name}`, async () => {
    const error = await whyNot(values, format);
    assertEquals(error.why, why);
    if (row !== undefined) assertEquals(error.row, row);
    assertStringIncludes(error.message, why);
  });
}

Deno.test("a format is all that is tried", async () => {
  const { instants, kind } = await read(
    ["03/02/2014", "31/12/2013", "2014-01-05", "infinity"],
    "%d/%m/%Y",
  );
  assertEquals(kind, "times of the format %d/%m/%Y");
  assertEquals(instants, [ns("2014-02-03"), ns("2013-12-31"), null, null]);
});

Deno.test("a format reads offsets, fractions and quotes, and no word", async () => {
  const zoned = await read(["2014-02-03T10:00:00.5 +0200", "2014-02-03T08:00:00.5 +0000"], "%Y-%m-%dT%H:%M:%S.%f %z");
  assertEquals(zoned.instants, Array(2).fill(ns("2014-02-03T08:00:00.5Z")));
  const fine = await read(["2014-02-03 10:00:00.123456789"], "%Y-%m-%d %H:%M:%S.%n");
  assertEquals(fine.instants, [ns("2014-02-03T10:00:00Z", 123456789n)]);
  assertEquals((await read(["year '2014'"], "year '%Y'")).instants, [ns("2014-01-01")]);
  const words = await read(["2014", "2015", "2016", "epoch", "-infinity", "1500"], "%Y");
  assertEquals(words.instants.slice(3), [null, null, null]);
  assertEquals((await read(["03/02/14"], "%d/%m/%y")).instants, [ns("2014-02-03")]);
});

Deno.test("the formats that are proposed read what they are proposed for", async () => {
  for (
    const value of ["03/02/2014", "3.2.2014 10:05", "11-12-2014 10:00:00 PM", "01 2, 2010", "01/02/2014 10:00:00.123"]
  ) {
    const { why } = await whyNot([value]);
    const formats = Array.from(why.matchAll(/--time-format "([^"]*)"/g), ([, format]) => format!);
    assertEquals(formats.length, 2);
    const instants: unknown[] = [];
    for (const format of formats) instants.push((await read([value], format)).instants[0]);
    assert(instants[0] !== instants[1] && !instants.includes(null), value);
  }
  for (const value of ["31/01/14", "5-Jan-14", "January 5, 14", "14-01-31 10:00"]) {
    const { why } = await whyNot([value]);
    const formats = Array.from(why.matchAll(/--time-format "([^"]*)"/g), ([, format]) => format!);
    assert(formats.length > 0);
    for (const format of formats) assertEquals((await read([value], format)).unreadable, 0, `${value} ${format}`);
  }
});

Deno.test("numbers that run through all magnitudes are of one unit", async () => {
  const { kind, instants } = await read(Array.from({ length: 1000 }, (_, at) => String(at * 1_000_000_000)));
  assertEquals(kind, "milliseconds since 1970");
  assertEquals(instants.slice(0, 3), [0n, 1_000_000_000_000_000n, 2_000_000_000_000_000n]);
});

Deno.test("a column of any name is read", async () => {
  for (const name of ["place", "value", "shape", 'a "b"', "select", "x y;"]) {
    const column = await fill(["2014-01-05"], name);
    assertEquals(await select((await readTimes(db, "times", column)).at), [DAY]);
  }
});

const two = (n: number) => String(n).padStart(2, "0");
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const shifted = (at: bigint, minutes: number) =>
  new Date(Number(at / 1_000_000n) + minutes * 60_000).toISOString().slice(0, 19);
const fraction = (at: bigint) => String(((at % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n).padStart(9, "0");
const dateOf = (at: bigint) => new Date(Number(at / 1_000_000n));
const clock = (date: Date) => `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`;
const half = (date: Date) =>
  `${date.getUTCHours() % 12 || 12}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())} ${
    date.getUTCHours() < 12 ? "AM" : "PM"
  }`;
/** Ways to write an instant; `step` is what the form can tell apart, in nanoseconds. */
const WAYS: Record<string, { step: bigint; write: (at: bigint) => string }> = {
  seconds: { step: 1_000_000_000n, write: (at) => String(at / 1_000_000_000n) },
  "decimals of seconds": { step: 1n, write: (at) => `${at / 1_000_000_000n}.${fraction(at)}` },
  milliseconds: { step: 1_000_000n, write: (at) => String(at / 1_000_000n) },
  microseconds: { step: 1_000n, write: (at) => String(at / 1_000n) },
  nanoseconds: { step: 1n, write: String },
  "digits": { step: 1_000_000_000n, write: (at) => shifted(at, 0).replace(/\D/g, "") },
  "ISO, any offset and separator": {
    step: 1n,
    write: (at) => {
      const minutes = Number(at % 27n) * 30 - 390, sign = minutes < 0 ? "-" : "+";
      const offset = `${sign}${two(Math.floor(Math.abs(minutes) / 60))}${at % 2n === 0n ? ":" : ""}${
        two(Math.abs(minutes) % 60)
      }`;
      const text = shifted(at, minutes).replace("T", at % 3n === 0n ? "T" : " ");
      return `${at % 5n === 0n ? text.replaceAll("-", "/") : text}.${fraction(at)}${offset}`;
    },
  },
  "names of months": {
    step: 1_000_000_000n,
    write: (at) => {
      const date = dateOf(at),
        month = MONTHS[date.getUTCMonth()]!,
        day = date.getUTCDate(),
        year = date.getUTCFullYear();
      return [
        `${month} ${day}, ${year} ${half(date)}`,
        date.toUTCString(),
        `${date.toUTCString().slice(0, 3)} ${month} ${two(day)} ${clock(date)} +0000 ${year}`,
        `${two(day)}-${month.toUpperCase()}-${year} ${clock(date)}`,
      ][Number(at / 1_000_000_000n % 4n)]!;
    },
  },
  "day first": {
    step: 1_000_000_000n,
    write: (at) => {
      const date = dateOf(at);
      return `${date.getUTCDate()}/${two(date.getUTCMonth() + 1)}/${date.getUTCFullYear()} ${half(date)}`;
    },
  },
  "month first": {
    step: 1_000_000_000n,
    write: (at) => {
      const date = dateOf(at);
      return `${date.getUTCMonth() + 1}-${date.getUTCDate()}-${date.getUTCFullYear()} ${clock(date)}`;
    },
  },
};

for (const [name, { step, write }] of Object.entries(WAYS)) {
  Deno.test(`any instants written as ${name} are read as they were`, async () => {
    const instant = fc.bigInt({ min: ns("1990-01-01"), max: ns("2099-12-31") });
    await fc.assert(
      fc.asyncProperty(fc.array(instant, { minLength: 1, maxLength: 40 }), async (drawn) => {
        // A day that is no month decides which of both comes first.
        const instants = [...drawn, ns("2014-01-31T10:00:00Z")].map((at) => at / step * step);
        const reading = await read(instants.map(write));
        assertEquals(reading.instants, instants);
        assertEquals(reading.isTime, true);
      }),
      { numRuns: 20 },
    );
  });
}

Deno.test("any texts are either read or refused with a row that is there", async () => {
  const part = fc.constantFrom(
    ..."0 1 5 13 31 99 2014 1970 9999 20140105 1388916000 1388916000123 99999999999999999999 1e400 . - + / : , Jan"
      .split(" "),
    ..."february mon T Z UTC am PM epoch infinity ' \\ % é".split(" "),
    " ",
    "\n",
  );
  const text = fc.oneof(fc.array(part, { maxLength: 9 }).map((parts) => parts.join("")), fc.string());
  const value = fc.option(text.map((some) => some.replaceAll("\0", "")));
  const format = fc.option(
    fc.array(fc.constantFrom("%Y", "%m", "%d", "%y", "%n", "%f", "%z", "%Z", "%", "-", "%q", "'")),
    {
      nil: undefined,
    },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(value, { minLength: 1, maxLength: 5 }), format, async (values, parts) => {
      try {
        await read(values, parts?.join(""));
      } catch (error) {
        if (!(error instanceof TimeError)) throw error;
        assert(error.row === null || values[error.row] != null, String(error.row));
      }
    }),
    { numRuns: 300 },
  );
});

Deno.test("the same instants are stored alike, however they were written", async () => {
  const stored = async (values: readonly string[]) => {
    const { at, isTime } = await read(values);
    const { unit, sql } = await storedTime(db, "times", at, isTime);
    return { unit, values: await select(sql) };
  };
  const seconds = { unit: "s" as const, values: [1388916000n, -1388916000n] };
  assertEquals(await stored(["1388916000", "-1388916000"]), seconds);
  assertEquals(await stored(["1388916000000", "-1388916000000"]), seconds);
  assertEquals(await stored(["1388916000000000000", "-1388916000000000000.0"]), seconds);
  assertEquals(await stored(["2014-01-05T11:00:00+01:00"]), { unit: "s", values: [1388916000n] });
  assertEquals(await stored(["1388916000.5", "-1388916000.5"]), {
    unit: "ms",
    values: [1388916000500n, -1388916000500n],
  });
  assertEquals(await stored(["2014-01-05 10:00:00.000001", "2014-01-05"]), {
    unit: "us",
    values: [1388916000000001n, 1388880000000000n],
  });
  assertEquals((await stored(["1388916000000000001"])).unit, "ns");
  assertEquals(await stored(["1", "-3"]), { unit: null, values: [1n, -3n] });
  assertEquals(await stored(["1.5", "-3.5", "0"]), { unit: null, values: [1n, -4n, 0n] });
  assertEquals(
    await stored([...Array(20).fill("1"), "9007199254740993"]).then(({ values }) => values[20]),
    9007199254740993n,
  );
});

Deno.test("what looks like a time is told from what does not", async () => {
  const times = [
    "978300760",
    "1396868469277",
    "1396868469.5",
    "2014-01-05",
    "2014/01/05 10:00",
    "20140105",
    "20140105100000",
  ];
  times.push("Jan 5, 2014", "5 Jan 2014", "03/02/2014", "03/02/14", "Sun Jan 05 10:00:00 +0000 2014", "09 13, 2009");
  const others = [
    "4.5",
    "3",
    "B00012345",
    "20149905",
    "Action|Drama",
    "2014",
    "10:00",
    "5 stars",
    "",
    "now",
    "infinity",
  ];
  await fill([...times, ...others, null]);
  assertEquals(await select(`coalesce(${looksLikeTime("t")}, false)`), [
    ...times.map(() => true),
    ...others.map(() => false),
    false,
  ]);
});

Deno.test("times: closes the database", () => {
  db[Symbol.dispose]();
});
