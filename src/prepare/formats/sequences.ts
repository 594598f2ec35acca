import { PrepareError } from "../prepare_error.ts";
import { type Format, type LogFile, type LogTable, NONE_BAD } from "./format.ts";
import { LINES, linesFrom } from "./json_lines.ts";

/** A line for each user: the user, then the items, oldest first. */
export const sequences: Format = {
  name: "sequences",
  summary: "a line for each user: the user, then the items, oldest first, separated by spaces",
  recognise: ({ lines, file }) =>
    hasLists(lines) && /seq/i.test(file) ? "lines of ids, and a name that speaks of sequences" : null,
  read: (file) => readLists(file, true),
};

/** A line for each user, its items in no order: as LightGCN's data is. */
export const adjacency: Format = {
  name: "adjacency",
  summary: "a line for each user: the user, then the items in no order, as LightGCN's data is",
  recognise: ({ lines }) =>
    hasLists(lines) && new Set(lines.slice(0, JUDGED).map((line) => line.trim().split(/\s+/).length)).size > 1
      ? "lines of ids of different lengths; if the items stand oldest first, say --format sequences"
      : null,
  folder(files) {
    return files.includes("train.txt") && files.includes("test.txt") ? { log: ["train.txt"], test: "test.txt" } : null;
  },
  read: (file) => readLists(file, false),
};

/** Lines that a file is judged by. */
const JUDGED = 200;

function hasLists(lines: readonly string[]): boolean {
  return lines.length > 0 && lines.slice(0, JUDGED).every((line) => /^\s*[^\s,;|]+(\s+\d+)*\s*$/.test(line));
}

async function readLists(file: LogFile, ordered: boolean): Promise<LogTable> {
  const { db } = file, { lines } = file.sample;
  if (lines.length > 0 && lines.every((line) => !/\s/.test(line.trim())) && lines.some((line) => /[,;|]/.test(line))) {
    throw new PrepareError(file.name, "its lines hold no spaces: expected a user and its items, separated by spaces");
  }
  const path = await file.copy(LINES);
  const view = db.fresh("lists");
  await db.run(`CREATE VIEW ${view} AS SELECT number, string_split_regex(trim(line), '\\s+') AS ids
    FROM (SELECT row_number() OVER () AS number, line FROM ${linesFrom(path)}) WHERE trim(line) <> ''`);
  if (ordered) {
    // Which of its two lines is the older one nobody knows
    const [twice] = await db.rows(`SELECT ids[1] AS id, list(number ORDER BY number)[1:2] AS numbers FROM ${view}
      GROUP BY 1 HAVING count(*) > 1 ORDER BY 2 LIMIT 1`);
    if (twice !== undefined) {
      const [first, second] = (twice["numbers"] as { items?: bigint[] }).items ?? twice["numbers"] as bigint[];
      throw new PrepareError(
        file.name,
        `line ${second} is the second of user ${twice["id"]}: the first is line ${first}`,
      );
    }
  }
  return {
    columns: ["user", "item"],
    named: true,
    roles: { user: [0], item: [1] },
    ordered,
    reading: ordered ? "items oldest first" : "items in no order",
    from: `(SELECT ids[1] AS c0, unnest(ids[2:]) AS c1 FROM ${view})`,
    record: "line",
    lineOf: (record) => Promise.resolve(record + 1),
    bad: () => Promise.resolve(NONE_BAD),
  };
}
