/**
 * Which interactions are to train on, which to validate on and which to test on.
 *
 * @module
 */
import { LONGEST_UNSPLIT } from "../data/leave_one_out.ts";
import { type Database, quoted } from "./_database.ts";
import type { Interactions } from "./_interactions.ts";
import { PrepareError, shown } from "./prepare_error.ts";

/** How a log is split. */
export type SplitRule =
  | { readonly kind: "leave-one-out" | "given" }
  | { readonly kind: "ratio"; readonly shares: readonly number[] }
  | { readonly kind: "time"; readonly points: readonly TimePoint[] };

/** A point in time: a share of all interactions that lie before it, or an instant. */
export type TimePoint = { readonly share: number } | { readonly text: string };

/** Of the interactions before the point where testing begins, the part that is validated on. */
const VALIDATED = 0.1;

/**
 * Reads what `--split` says.
 *
 * @param text `leave-one-out`, `time=80%`, `time=2020-01-01`, `time=80%,90%`, `ratio=80,10,10` or `given`.
 * @returns The rule.
 * @throws {RangeError} If it is none of these.
 */
export function splitRuleOf(text: string): SplitRule {
  const fail = (why: string): RangeError => new RangeError(`Cannot split as ${why}: current value is ${shown(text)}`);
  if (text === "leave-one-out" || text === "given") return { kind: text };
  const [, kind, value] = /^(time|ratio)=(.+)$/s.exec(text) ?? [];
  const parts = (value ?? "").split(",").map((part) => part.trim());
  if (kind === "ratio") {
    const shares = parts.map((part) => Number(part.replace(/%$/, "")));
    if (shares.length !== 3 || !shares.every((share) => share >= 0) || !(shares[0]! > 0)) {
      throw fail("a ratio is three numbers, for training, validation and test, such as ratio=80,10,10");
    }
    return { kind, shares };
  }
  if (kind !== "time") throw fail("the splits are leave-one-out, time=..., ratio=... and given");
  if (parts.length > 2) throw fail("there are at most two points in time, where validation and where testing begin");
  const points = parts.map((part): TimePoint => {
    const share = /^([\d.]+)%$/.exec(part) ?? /^(0?\.\d+)$/.exec(part);
    if (share === null) return { text: part };
    const number = part.endsWith("%") ? Number(share[1]) / 100 : Number(share[1]);
    if (!(number > 0 && number < 1)) throw fail("a share of the interactions is more than 0 % and less than 100 %");
    return { share: number };
  });
  return { kind, points };
}

/**
 * Splits the interactions: the table `placed` with `user`, `item`, `position`, `split` and the stored time, in place of
 * `core`.
 *
 * @param db The database, with the tables `core`, `users` and `items`.
 * @param file The log, for messages.
 * @param rule The rule.
 * @param log What the interactions are ordered by.
 * @param seed What is drawn at random depends on it.
 * @returns The split in words.
 * @throws {PrepareError} If the log cannot be split so.
 */
export async function splitInteractions(
  db: Database,
  file: string,
  rule: SplitRule,
  log: Interactions,
  seed: number,
): Promise<string> {
  const { times, order, stored } = log;
  const inOrder = [...times, "place"].join(", ");
  // An item's draw depends on nothing but the seed and the ids: the same whatever else is in the log
  const draw = `md5(concat(${seed}, ' ', users.id, ' ', items.id)), place`;
  const key = order === "random" ? draw : inOrder;
  const plan = await planOf(db, file, rule, log, seed);
  await db.run(
    `CREATE TABLE placed AS SELECT "user", item, stamp, split,
      (row_number() OVER (PARTITION BY "user" ORDER BY split, ${inOrder}) - 1)::UINTEGER AS position
      FROM (SELECT *, (${plan.sql})::UTINYINT AS split FROM (
        SELECT users.number AS "user", items.number AS item, ${stored.sql} AS stamp, core.split AS given,
          place${times.map((time) => `, ${time}`).join("")},
          row_number() OVER (PARTITION BY core.u ORDER BY ${key}) AS nth,
          count(*) OVER (PARTITION BY core.u) AS length
        FROM core JOIN users USING (u) JOIN items USING (i)))`,
  );
  await db.run("DROP TABLE core");
  return order === "random" && rule.kind !== "given" && rule.kind !== "time"
    ? plan.words.random + `, seed ${seed}`
    : plan.words.ordered;
}

interface Plan {
  /** SQL of the split of an interaction by `nth`, `length`, `given`, `place` and the times. */
  readonly sql: string;
  /** The split in words, where interactions have an order and where they have none. */
  readonly words: { readonly ordered: string; readonly random: string };
}

async function planOf(db: Database, file: string, rule: SplitRule, log: Interactions, seed: number): Promise<Plan> {
  switch (rule.kind) {
    case "leave-one-out":
      return {
        sql: `CASE WHEN length <= ${LONGEST_UNSPLIT} OR nth <= length - 2 THEN 0 WHEN nth < length THEN 1 ELSE 2 END`,
        words: {
          ordered: "leave-one-out: the last item of a user is for testing, the one before for validation",
          random: "leave-one-out at random: of each user one item for testing and one for validation",
        },
      };
    case "ratio": {
      const sum = rule.shares.reduce((total, share) => total + share, 0);
      const [first, second] = [rule.shares[0]! / sum, (rule.shares[0]! + rule.shares[1]!) / sum];
      const words = rule.shares.join(" : ");
      return {
        sql: `CASE WHEN nth <= greatest(1, round(length * ${first})) THEN 0
          WHEN nth <= round(length * ${second}) THEN 1 ELSE 2 END`,
        words: {
          ordered: `ratio ${words} of each user's interactions, oldest first`,
          random: `ratio ${words} of each user's interactions, at random`,
        },
      };
    }
    case "given":
      return await givenPlan(db, file, log, seed);
    case "time":
      return await timePlan(db, file, rule.points, log);
  }
}

/** What a column may call the splits. */
const NAMES = [["train", "training", "0"], ["valid", "validation", "val", "dev", "1"], ["test", "testing", "2"]];

async function givenPlan(db: Database, file: string, log: Interactions, seed: number): Promise<Plan> {
  const list = (names: readonly string[]) => names.map(quoted).join(", ");
  const [other] = await db.rows(
    `SELECT split FROM core WHERE split IS NULL OR lower(split) NOT IN (${list(NAMES.flat())}) LIMIT 1`,
  );
  if (other !== undefined) {
    const value = other["split"];
    throw new PrepareError(
      file,
      `its split column holds ${value === null ? "nothing" : shown(String(value))} in a line: ` +
        "expected train, valid or test",
    );
  }
  const [train, valid] = NAMES;
  const { validated } = await db.numbers<"validated">(
    `SELECT count(*) FILTER (lower(split) IN (${list(valid!)})) AS validated FROM core`,
  );
  const given = `CASE WHEN lower(given) IN (${list(train!)}) THEN 0 WHEN lower(given) IN (${list(valid!)}) THEN 1
    ELSE 2 END`;
  if (validated > 0) {
    const words = "given: each interaction is in the split that its file or column says";
    return { sql: given, words: { ordered: words, random: words } };
  }
  // Without a validation no best epoch could be told
  await db.run(
    `CREATE TABLE lasts AS SELECT place FROM core WHERE lower(split) IN (${list(train!)})
      QUALIFY count(*) OVER (PARTITION BY u) > ${LONGEST_UNSPLIT} AND row_number() OVER (PARTITION BY u
        ORDER BY ${
      log.order === "random"
        ? `md5(concat(${seed}, ' ', place))`
        : [...log.times, "place"].map((name) => `${name} DESC`).join(", ")
    }) = 1`,
  );
  const words = "given; of each user's interactions to train on, " +
    (log.order === "random" ? "one at random is for validation" : "the last is for validation");
  return {
    sql: `CASE WHEN place IN (SELECT place FROM lasts) THEN 1 ELSE ${given} END`,
    words: { ordered: words, random: words },
  };
}

async function timePlan(db: Database, file: string, points: readonly TimePoint[], log: Interactions): Promise<Plan> {
  if (log.order !== "time") {
    throw new PrepareError(file, "a split by time needs times: name their column by --timestamp");
  }
  const quantile = async (share: number, condition = "true") => {
    const [row] = await db.rows(`SELECT quantile_disc(m0, ${share})::VARCHAR AS m FROM core WHERE ${condition}`);
    return row!["m"] === null ? "NULL" : String(row!["m"]);
  };
  const valueOf = (point: TimePoint) =>
    "share" in point ? quantile(point.share) : Promise.resolve(instantOf(file, point, log));
  const last = points.at(-1)!;
  const test = await valueOf(last);
  const valid = points.length === 2
    ? await valueOf(points[0]!)
    : "share" in last
    ? await quantile(last.share * (1 - VALIDATED))
    : await quantile(1 - VALIDATED, `m0 < ${test}`);
  const day = async (value: string) => {
    if (!log.isTime || value === "NULL") return value;
    const [row] = await db.rows(`SELECT strftime(make_timestamp_ns(${value}), '%Y-%m-%dT%H:%M:%SZ') AS day`);
    return String(row!["day"]);
  };
  const counts = await db.numbers<"train" | "valid" | "test">(
    `SELECT count(*) FILTER (m0 < ${valid} AND m0 < ${test}) AS train,
      count(*) FILTER (m0 >= ${valid} AND m0 < ${test}) AS valid, count(*) FILTER (m0 >= ${test}) AS test FROM core`,
  );
  const [validDay, testDay] = [await day(valid), await day(test)];
  const empty = (["train", "valid", "test"] as const).find((split) => counts[split] === 0);
  if (empty !== undefined) {
    const what = { train: "to train on", valid: "to validate on", test: "to test on" }[empty];
    const { span } = log;
    throw new PrepareError(
      file,
      `no interaction is left ${what} where validation begins at ${validDay} and testing at ${testDay}` +
        (span === null ? "" : `: the log goes from ${span.first} to ${span.last}`),
    );
  }
  const words = `by time: training before ${validDay}, validation before ${testDay}, testing from there on`;
  return {
    sql: `CASE WHEN m0 >= ${test} THEN 2 WHEN m0 >= ${valid} THEN 1 ELSE 0 END`,
    words: { ordered: words, random: words },
  };
}

/** An instant as nanoseconds since 1970, or the number itself where times are only numbers. */
function instantOf(file: string, point: { readonly text: string }, { isTime }: Interactions): string {
  const { text } = point;
  if (!isTime && /^-?\d+(\.\d+)?$/.test(text)) return text;
  const iso = /^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?$/.test(text);
  const zoned = /T|Z$|[+-]\d{2}:?\d{2}$/.test(text.slice(10)) && /(Z|[+-]\d{2}:?\d{2})$/.test(text);
  const time = iso ? Date.parse(text.length === 10 ? text : text.replace(" ", "T") + (zoned ? "" : "Z")) : NaN;
  if (!isTime || Number.isNaN(time)) {
    const expected = isTime ? "a date such as 2020-01-01, or a share such as 80%" : "a number, or a share such as 80%";
    throw new PrepareError(file, `it cannot be split at ${shown(text)}: expected ${expected}`);
  }
  return `${BigInt(time) * 1_000_000n}`;
}
