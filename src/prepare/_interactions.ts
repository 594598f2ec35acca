/**
 * Which rows of a log are interactions, and when they were.
 *
 * @module
 */
import { type Database, isOneOf, quoted } from "./_database.ts";
import { type Log, refuseBad } from "./_log.ts";
import type { Order, PrepareOptions, Summary } from "./options.ts";
import { numberSql } from "./_numbers.ts";
import { PrepareError, shown } from "./prepare_error.ts";
import { storedTime } from "./times/stored_time.ts";
import { readTimes, TimeError, type TimeReading } from "./times/times.ts";
import type { Where } from "./where/where.ts";

/** The interactions of a log: the table `kept` with the columns `user_id`, `item_id`, `split`, `place` and the times. */
export interface Interactions {
  /** What the interactions of a user are ordered by. */
  readonly order: Order;
  /** The same in words. */
  readonly orderWords: string;
  /** Columns of `kept` to sort by, the most important first. */
  readonly times: readonly string[];
  /** Whether the first of them is an instant, in nanoseconds since 1970. */
  readonly isTime: boolean;
  /** SQL of the time as it is stored, over `kept`, and its unit. */
  readonly stored: { readonly sql: string; readonly unit: string | null };
  /** Rows that each step left out, by its name. */
  readonly leftOut: Readonly<Record<string, number>>;
  /** Ratings of the interactions. */
  readonly ratings: Summary["ratings"];
  /** Kinds of events. */
  readonly events: Summary["events"];
  /** First and last instant. */
  readonly span: Summary["span"];
}

/**
 * Keeps the rows that are interactions, as the table `kept`, and drops the table `text`.
 *
 * @param db The database.
 * @param file The log, for messages.
 * @param log The log.
 * @param options Which rows count.
 * @param where The condition that they meet.
 * @returns What was kept and what was left out.
 * @throws {PrepareError} If a row cannot be read and such rows are not to be left out.
 */
export async function keepInteractions(
  db: Database,
  file: string,
  log: Log,
  options: PrepareOptions,
  where: Where | null,
): Promise<Interactions> {
  const { columns } = log;
  const order = orderOf(file, log, options);
  const readings = order === "time" ? await timesOf(db, log, options) : [];
  const times = readings.map((_, at) => `m${at}`);
  // The first reason that applies is the one that is counted
  const reasons: (readonly [string, string])[] = [
    ["without a user", "user_id IS NULL"],
    ["without an item", "item_id IS NULL"],
  ];
  if (options.events !== undefined) {
    needs(file, columns.event, "events", "event");
    reasons.push(["events of other kinds", `NOT coalesce(${isOneOf("event", options.events.map(quoted))}, false)`]);
  }
  if (options.minRating !== undefined) {
    needs(file, columns.rating, "ratings", "rating");
    const least = Number(options.minRating);
    reasons.push(["ratings that are no numbers", `rating IS NOT NULL AND ${numberSql("rating")} IS NULL`]);
    reasons.push([`ratings below ${least}`, `NOT coalesce(${numberSql("rating")} >= ${least}, false)`]);
  }
  if (where !== null) reasons.push(["not meeting the condition", `NOT (${where.sql(log.whereColumn)})`]);
  if (readings.length > 0) reasons.push(["time", readings.map(({ at }) => `(${at}) IS NULL`).join(" OR ")]);
  const reason = `CASE ${reasons.map(([name, sql]) => `WHEN ${sql} THEN ${quoted(name)}`).join(" ")} END`;
  // No texts but those that are looked at again: at tens of millions of rows a second copy would be most of the disk
  const extra = ["rating", "event"].filter((name) => columns[name as "rating" | "event"] !== undefined);
  await db.run(
    `CREATE TABLE judged AS SELECT rowid AS place, ${reason} AS reason${extra.map((name) => `, ${name}`).join("")}
      ${readings.map(({ at }, index) => `, ${at} AS m${index}`).join("")} FROM text`,
  );
  const counts = new Map((await db.rows("SELECT reason, count(*) AS count FROM judged GROUP BY 1")).map((
    row,
  ) => [row["reason"], Number(row["count"])]));
  const untimed = counts.get("time") ?? 0;
  if (untimed > 0) await refuseUntimed(db, log, options, readings, columns.timestamp!, log.bad + untimed);
  const leftOut: Record<string, number> = {};
  if (log.bad + untimed > 0) leftOut["lines that cannot be read"] = log.bad + untimed;
  const comments = log.reads.reduce((sum, read) => sum + read.comments, 0);
  if (comments > 0) leftOut["comment lines"] = comments;
  for (const [name] of reasons) {
    const count = counts.get(name) ?? 0;
    if (count > 0 && name !== "time") leftOut[name] = count;
  }
  const ratings = columns.rating === undefined ? null : await ratingsOf(db);
  const events = columns.event === undefined ? null : await eventsOf(db);
  await db.run(
    `CREATE TABLE kept AS SELECT user_id, item_id, split, place${times.map((time) => `, ${time}`).join("")}
      FROM text POSITIONAL JOIN judged WHERE reason IS NULL`,
  );
  for (const table of ["text", "judged"]) await db.run(`DROP TABLE ${table}`);
  const isTime = readings[0]?.isTime ?? false;
  const stored = times.length === 0 ? { sql: "NULL::BIGINT", unit: null } : await storedTime(db, "kept", "m0", isTime);
  return {
    order,
    orderWords: orderWords(order, log, readings),
    times,
    isTime,
    stored,
    leftOut,
    ratings,
    events,
    span: isTime ? await spanOf(db) : null,
  };
}

function needs(file: string, column: unknown, what: string, flag: string): void {
  if (column === undefined) throw new PrepareError(file, `it has no column of ${what}: name it by --${flag}`);
}

function orderOf(file: string, { columns, ordered }: Log, { order }: PrepareOptions): Order {
  const timed = columns.timestamp !== undefined;
  if (order === "time" && !timed) needs(file, undefined, "times to order by", "timestamp");
  return order ?? (timed ? "time" : ordered ? "file" : "random");
}

function orderWords(order: Order, { columns, ordered }: Log, readings: readonly TimeReading[]): string {
  if (order === "time") {
    return columns.timestamp!.map((column, at) => `column ${shown(column)} (${readings[at]!.kind})`).join(", then ");
  }
  if (order === "file") return ordered ? "the order of the line" : "the order of the file";
  return "nothing: the log has no time";
}

async function timesOf(db: Database, log: Log, options: PrepareOptions): Promise<TimeReading[]> {
  const readings: TimeReading[] = [];
  for (const [at, column] of log.columns.timestamp!.entries()) {
    try {
      // Of several columns only the first one is written as a date is
      readings.push(await readTimes(db, "text", `t${at}`, at === 0 ? options.timeFormat : undefined));
    } catch (error) {
      if (!(error instanceof TimeError)) throw error;
      const { file, place } = error.row === null
        ? { file: log.reads[0]!.name, place: "" }
        : await log.placeOf(error.row);
      // A column that was taken for its name need not be the one that is wanted
      const way = options.timestamp === undefined ? "; --order file or --order random does without it" : "";
      const why = `column ${shown(column)} cannot be read${place && ` in ${place}`}: ${error.why}${way}`;
      throw new PrepareError(file, why, { cause: error });
    }
  }
  return readings;
}

/** Ends it all at the first row whose time cannot be read, unless such rows are left out. */
async function refuseUntimed(
  db: Database,
  log: Log,
  options: PrepareOptions,
  readings: readonly TimeReading[],
  names: readonly string[],
  count: number,
): Promise<void> {
  const cells = readings.map((_, at) => `t${at}, m${at} IS NULL AS w${at}`).join(", ");
  const [row] = await db.rows(
    `SELECT place, ${cells} FROM text JOIN judged ON text.rowid = place WHERE reason = 'time' ORDER BY place LIMIT 1`,
  );
  const at = readings.findIndex((_, at) => row![`w${at}`]);
  const value = row![`t${at}`];
  const { file, place } = await log.placeOf(Number(row!["place"]));
  const what = value === null
    ? `has no time in column ${shown(names[at]!)}`
    : `holds the time ${shown(String(value), 40)}: the others are ${readings[at]!.kind}`;
  if ((options.onBad ?? "refuse") === "refuse") {
    throw new PrepareError(
      file,
      `${place} ${what}; --on-bad skip leaves out such lines, --time-format says how times are written`,
    );
  }
  const line = Number(/\d+$/.exec(place)![0]);
  refuseBad(file, options, count, { line, text: String(value ?? ""), why: what });
}

async function ratingsOf(db: Database): Promise<Summary["ratings"]> {
  const value = numberSql("rating");
  const [range] = await db.rows(
    `SELECT min(${value}) AS least, max(${value}) AS greatest FROM judged WHERE reason IS NULL AND isfinite(${value})`,
  );
  if (range!["least"] === null) return null;
  const least = Number(range!["least"]), greatest = Number(range!["greatest"]);
  const { low } = await db.numbers<"low">(
    `SELECT count(*) AS low FROM judged WHERE reason IS NULL AND ${value} < ${(least + greatest) / 2}`,
  );
  return { least, greatest, low };
}

async function eventsOf(db: Database): Promise<Summary["events"]> {
  const rows = await db.rows(
    `SELECT coalesce(event, '') AS event, count(*) AS count FROM judged WHERE reason IS NULL GROUP BY 1
      ORDER BY 2 DESC, 1 LIMIT 20`,
  );
  return rows.map(({ event, count }) => ({ event: String(event), count: Number(count) }));
}

async function spanOf(db: Database): Promise<Summary["span"]> {
  const day = (sql: string) => `strftime(make_timestamp_ns(${sql}), '%Y-%m-%dT%H:%M:%SZ')`;
  const [row] = await db.rows(`SELECT ${day("min(m0)")} AS first, ${day("max(m0)")} AS last FROM kept`);
  return row!["first"] === null ? null : { first: String(row!["first"]), last: String(row!["last"]) };
}
