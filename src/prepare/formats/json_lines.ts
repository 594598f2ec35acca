import { DatabaseFault, pathOf } from "../_database.ts";
import { toJson } from "../input/python_literal.ts";
import type { Roles } from "../_roles.ts";
import { PrepareError, shown } from "../prepare_error.ts";
import { LONGEST_LINE } from "./delimited.ts";
import { type Format, type LogFile, type LogTable, type Sample, SHOWN_BAD } from "./format.ts";

/** What another format knows of lines of JSON. */
export interface KnownJson {
  /** Columns whose meaning is known, by their names. */
  readonly roles?: (columns: readonly string[]) => Roles;
  /** The keys that are read; all by default. */
  readonly keys?: readonly string[];
}

/** JSON lines: an object for each interaction. */
export const jsonLines: Format = {
  name: "json-lines",
  summary: "JSON objects, one a line, over several lines or in one list; or dictionaries of Python, one a line",
  recognise(sample) {
    const keys = keysOf(sample);
    return keys.length > 0 ? `JSON objects with the keys ${keys.slice(0, 8).join(", ")}` : null;
  },
  read: (file) => readJson(file),
};

/** Objects that a file is judged by. */
const JUDGED = 1000;
/** What separates the cells where a line is one cell. */
const NEVER = "\x02";
/** How a text is copied whose lines are read whole. */
export const LINES = { without: NEVER, longest: LONGEST_LINE } as const;

function parsed(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? value as Record<string, unknown>
      : null;
  } catch {
    return null;
  }
}

/** Where a text of JSON ends that begins at a place. */
function endOfText(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
  return at;
}

/** How objects follow one another: an object a line, one list, or each over several lines. */
type Layout = "lines" | "list" | "spread";

/** Objects of the beginning of a text, and how they follow one another. */
function objectsOf(sample: Sample, line?: (line: string) => string): { layout: Layout; objects: object[] } {
  const first = sample.lines[0]?.trimStart()[0];
  if (first !== "{" && first !== "[") return { layout: "lines", objects: [] };
  if (first === "{") {
    const objects = sample.lines.slice(0, JUDGED).map((text) => parsed(line?.(text) ?? text)).filter((it) =>
      it !== null
    );
    if (objects.length > 0) return { layout: "lines", objects };
  }
  const objects: object[] = [], text = sample.lines.join("\n");
  // Objects at the least depth; a brace inside of a text is skipped with it
  for (let at = 0, depth = 0, start = 0; at < text.length && objects.length < JUDGED; at++) {
    if (text[at] === '"') at = endOfText(text, at);
    else if (text[at] === "{" && depth++ === 0) start = at;
    else if (text[at] === "}" && --depth === 0) {
      const value = parsed(text.slice(start, at + 1));
      if (value !== null) objects.push(value);
    }
  }
  return { layout: first === "[" ? "list" : "spread", objects };
}

/**
 * Keys of the first objects of a file.
 *
 * @param sample The beginning of the file.
 * @param line What makes JSON of a line that is none.
 * @returns The keys; none where it holds no objects of JSON.
 */
export function keysOf(sample: Sample, line: ((line: string) => string) | undefined = lineOf(sample)): string[] {
  return [...new Set(objectsOf(sample, line).objects.flatMap(Object.keys))];
}

/** What makes JSON of the lines of a file, where they are written as Python writes its dictionaries. */
function lineOf({ lines }: Sample): ((line: string) => string) | undefined {
  return /^\s*\{\s*[uU]?'/.test(lines[0] ?? "") ? toJson : undefined;
}

/** SQL of the text of a key, lists of texts and numbers as `one|two`. */
function valueSql(key: string): string {
  // A pointer and not a path: keys may hold whatever they like
  const pointer = `'/${key.replaceAll("~", "~0").replaceAll("/", "~1").replaceAll("'", "''")}'`;
  const token = `'"(?:[^"\\\\]|\\\\.)*"|[^\\s",:\\[\\]{}]+'`;
  const tokens = `regexp_extract_all(json_extract(line, ${pointer})::VARCHAR, ${token})`;
  return `CASE WHEN json_type(line, ${pointer}) = 'ARRAY'
    THEN array_to_string(list_transform(${tokens}, lambda token: json_extract_string(token, '$')), '|')
    ELSE json_extract_string(line, ${pointer}) END`;
}

/**
 * Reads lines of JSON.
 *
 * @param file The file.
 * @param known What is known of it.
 * @returns How the database reads it.
 * @throws {PrepareError} If it holds no objects.
 */
export async function readJson(file: LogFile, known: KnownJson = {}): Promise<LogTable> {
  const { db, sample } = file;
  const dotted = file.asked.flatMap((name) => name.split(",")).filter((name) => name.includes("."));
  const line = lineOf(sample), { layout, objects } = objectsOf(sample, line);
  for (const name of file.asked) {
    const isNested = (value: unknown) => Array.isArray(value) && typeof value[0] === "object" && value[0] !== null;
    if (!objects.some((object) => isNested((object as Record<string, unknown>)[name]))) continue;
    throw new PrepareError(
      file.name,
      `its key ${shown(name)} holds lists of objects: write an object for each interaction first`,
    );
  }
  const keys = keysOf(sample, line).filter((key) => known.keys?.includes(key) ?? true);
  if (keys.length === 0) throw new PrepareError(file.name, "it holds no JSON objects");
  const view = db.fresh("json"), isLines = layout === "lines";
  const numbered = "SELECT row_number() OVER () AS number, line FROM";
  if (isLines) await db.run(`CREATE VIEW ${view} AS ${numbered} ${linesFrom(await file.copy({ ...LINES, line }))}`);
  else {
    const path = await file.copy(), format = layout === "list" ? "array" : "unstructured";
    try {
      await db.run(
        `CREATE TABLE ${view} AS ${numbered} (SELECT json::VARCHAR AS line FROM read_json_objects(${pathOf(path)},
          format = '${format}', maximum_object_size = ${LONGEST_LINE}))`,
      );
    } catch (error) {
      if (!(error instanceof DatabaseFault && /malformed|maximum_object_size/i.test(String(error.cause)))) throw error;
      const place = /in record\/value (\d+)/.exec(String(error.cause))?.[1];
      const why = /maximum_object_size/.test(String(error.cause))
        ? `an object of its JSON is longer than ${LONGEST_LINE} bytes`
        : `its JSON is damaged${place === undefined ? "" : ` at object ${place}`}: expected ` +
          (layout === "list" ? "a list of objects, [{...}, {...}]" : "objects, one after another");
      throw new PrepareError(file.name, why, { cause: error.cause });
    }
  }
  // `user.id` is the key id of the object user, if there is no such key
  const nested = dotted.filter((name) => !keys.includes(name));
  const columns = [...keys, ...nested];
  const values = [
    ...keys.map(valueSql),
    ...nested.map((name) => valueSql(name.replaceAll(".", "/")).replaceAll("~1", "/")),
  ];
  const isObject = "CASE WHEN json_valid(line) THEN json_type(line) = 'OBJECT' ELSE false END";
  const isBad = `trim(line) <> '' AND NOT ${isObject}`;
  return {
    columns,
    named: true,
    roles: known.roles?.(columns) ?? {},
    ordered: false,
    reading: { lines: "an object a line", list: "one list", spread: "objects over several lines" }[layout],
    from: `(SELECT ${values.map((value, at) => `${value} AS c${at}`).join(", ")} FROM ${view} WHERE ${isObject})`,
    record: isLines ? "line" : "row",
    async lineOf(record) {
      const [row] = await db.rows(`SELECT number FROM ${view} WHERE ${isObject} ORDER BY 1 LIMIT 1 OFFSET ${record}`);
      return Number(row!["number"]);
    },
    async bad() {
      const { count } = await db.numbers<"count">(`SELECT count(*) AS count FROM ${view} WHERE ${isBad}`);
      const rows = await db.rows(`SELECT number, line FROM ${view} WHERE ${isBad} ORDER BY number LIMIT ${SHOWN_BAD}`);
      return {
        count,
        first: rows.map(({ number, line }) => ({
          line: Number(number),
          text: String(line),
          why: "is no JSON object",
        })),
      };
    },
  };
}

/**
 * SQL of the lines of a text, one column `line`.
 *
 * @param path The text, copied by {@linkcode LINES}.
 * @returns A table function.
 */
export function linesFrom(path: string): string {
  // A character that the text does not hold separates the cells, so that a line is one cell
  return `read_csv(${pathOf(path)}, delim = '${NEVER}', header = false, quote = '', escape = '',
    columns = {'line': 'VARCHAR'}, auto_detect = false, max_line_size = ${LONGEST_LINE})`;
}
