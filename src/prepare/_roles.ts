import { PrepareError, shown, visible } from "./prepare_error.ts";

/** What a column of a log is for. */
export type Role = "user" | "item" | "timestamp" | "rating" | "event" | "split";

/** Columns of a log by their roles, from 0. A log may be sorted by several. */
export type Roles = Readonly<Partial<Record<Role, readonly number[]>>>;

/** Names that columns of each role have in logs, the likeliest first; only letters and digits count. */
const NAMES: Readonly<Record<Role, readonly string[]>> = {
  user: [
    "user",
    "userid",
    "uid",
    "username",
    "userkey",
    "reviewerid",
    "visitorid",
    "visitor",
    "customerid",
    "customer",
    "memberid",
    "profileid",
    "accountid",
    "playerid",
    "readerid",
    "listenerid",
    "sessionid",
    "session",
  ],
  item: [
    "item",
    "itemid",
    "iid",
    "parentasin",
    "asin",
    "movieid",
    "movie",
    "productid",
    "product",
    "isbn",
    "bookid",
    "songid",
    "trackid",
    "artistid",
    "articleid",
    "article",
    "newsid",
    "videoid",
    "gameid",
    "businessid",
    "recipeid",
    "animeid",
    "sku",
    "contentid",
  ],
  timestamp: [
    "timestamp",
    "unixreviewtime",
    "unixtime",
    "time",
    "datetime",
    "date",
    "ts",
    "eventtime",
    "eventtimestamp",
    "eventdate",
    "createdat",
    "created",
    "dateadded",
    "playedat",
    "reviewdate",
    "reviewtime",
    "ratingtimestamp",
    "timems",
  ],
  rating: ["rating", "overall", "ratings", "score", "stars", "bookrating", "reviewscore"],
  event: ["event", "eventtype", "eventname", "behavior", "behaviortype", "behaviour", "action", "actiontype"],
  split: [],
};

const plain = (name: string) => name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");

/**
 * Whether a column has the name of a role, so that a line of such names is a header.
 *
 * @param name The name.
 * @returns Whether it is the name of a user, an item, a time, a rating or an event.
 */
export function isAnyRole(name: string): boolean {
  return Object.values(NAMES).some((names) => names.includes(plain(name)));
}

/**
 * The column that has the name of a role.
 *
 * @param columns Names of the columns.
 * @param role The role.
 * @returns The column, from 0, or -1.
 */
export function columnOfRole(columns: readonly string[], role: Role): number {
  const names = columns.map(plain);
  return NAMES[role].map((name) => names.indexOf(name)).find((at) => at >= 0) ?? -1;
}

/** Names of columns, and whether they are the file's own or only positions. */
export interface Columns {
  /** Name of each column. */
  readonly columns: readonly string[];
  /** Whether the file names its columns. */
  readonly named: boolean;
  /** Whether its first line does, which may be taken for names by mistake. */
  readonly header?: boolean | undefined;
}

/**
 * Finds a column by its position from 1, or by its name, which may be a number too if there is no such position.
 *
 * @param file Name of the file, for messages.
 * @param table Its columns.
 * @param column The position or name.
 * @returns The column, from 0.
 * @throws {PrepareError} If there is no such column.
 */
export function findColumn(file: string, { columns, named }: Columns, column: string): number {
  const found = positionOf(column, columns.length) ?? columns.indexOf(column);
  if (found >= 0) return found;
  const same = columns.findIndex((name) => name !== "" && plain(name) === plain(column));
  const meant = same >= 0 ? `: did you mean ${shown(columns[same]!)}?` : `: ${columnsOf({ columns, named })}`;
  throw new PrepareError(file, `there is no column ${shown(column)}${meant}`);
}

/** Columns that a message names. */
const SHOWN_COLUMNS = 20;

/** The columns of a table in words. */
export function columnsOf({ columns, named }: Columns): string {
  if (named) {
    const names = columns.filter((name) => name !== "");
    const more = names.length - SHOWN_COLUMNS;
    const first = names.slice(0, SHOWN_COLUMNS).map((name) => visible(name, 60)).join(", ");
    return `its columns are ${first}${more > 0 ? ` and ${more} more` : ""}`;
  }
  return columns.length === 1
    ? "its columns have no names and there is 1"
    : `its columns have no names and are numbered 1 to ${columns.length}`;
}

function positionOf(column: string, count: number): number | undefined {
  return /^[1-9]\d*$/.test(column) && Number(column) <= count ? Number(column) - 1 : undefined;
}

/** Columns that are asked for, by position or name; none is asked for where there is none. */
export type AskedColumns = { readonly [role in Role]?: string | undefined };

/** What is missing, and the way out of it. */
const NEEDED = { user: "users", item: "items" } as const;

/**
 * The columns of a log: those asked for, else those that its format knows, else those that have such a name; users and
 * items are the first two where columns have no names.
 *
 * @param file Name of the file, for messages.
 * @param table Its columns.
 * @param asked Columns asked for.
 * @param known Columns that the format knows.
 * @returns The columns.
 * @throws {PrepareError} If a column is not there, or users and items are one column.
 */
export function rolesOf(
  file: string,
  table: Columns,
  asked: AskedColumns,
  known: Roles,
): Roles & Readonly<Record<"user" | "item", readonly number[]>> {
  const roles: Partial<Record<Role, readonly number[]>> = {};
  for (const role of Object.keys(NAMES) as Role[]) {
    const names = asked[role];
    if (names !== undefined) {
      const several = role === "timestamp" ? names.split(",").map((name) => name.trim()) : [names];
      // A name may hold a comma itself
      roles[role] = table.columns.includes(names)
        ? [table.columns.indexOf(names)]
        : several.map((name) => findColumn(file, table, name));
      continue;
    }
    const found = known[role] ?? [columnOfRole(table.columns, role)].filter((at) => at >= 0);
    if (found.length > 0) roles[role] = found;
  }
  if (!table.named) {
    roles.user ??= [0];
    roles.item ??= [1];
  }
  for (const role of ["user", "item"] as const) {
    if (roles[role] !== undefined && roles[role]![0]! < table.columns.length) continue;
    throw new PrepareError(
      file,
      `it does not say which column holds the ${NEEDED[role]}: ${columnsOf(table)}; name it by --${role}` +
        (table.header ? ", or pass --no-header if the first line is an interaction" : "") +
        (table.columns.length > SHOWN_COLUMNS && role === "item"
          ? "; if every item has a column of its own, write a line for each interaction first"
          : ""),
    );
  }
  const { user, item } = roles;
  if (user![0] === item![0]) {
    const column = table.columns[user![0]!];
    throw new PrepareError(file, `users and items are both in column ${shown(column!)}: see --user and --item`);
  }
  return { ...roles, user: user!, item: item! };
}
