import { pathOf } from "../_database.ts";
import { toJson } from "../input/python_literal.ts";
import type { Roles } from "../_roles.ts";
import { PrepareError } from "../prepare_error.ts";
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
  summary: "a JSON object a line (or a dictionary as Python writes it), or one JSON list of objects",
  recognise(sample) {
    const keys = keysOf(sample);
    return keys.length > 0 ? `JSON objects with the keys ${keys.slice(0, 8).join(", ")}` : null;
  },
  read: (file) => readJson(file),
};

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

/** How lines become JSON: some are dictionaries as Python writes them. */
function lineOf({ lines }: Sample): ((line: string) => string) | undefined {
  return /^\s*\{u?'/.test(lines[0] ?? "") ? toJson : undefined;
}

const isList = (sample: Sample) => /^\s*\[/.test(sample.text ?? "");

/** Objects of the beginning of a text, a list or lines. */
function objectsOf(sample: Sample): Record<string, unknown>[] {
  if (!isList(sample)) {
    const line = lineOf(sample) ?? ((text: string) => text);
    return sample.lines.slice(0, 1000).map((text) => parsed(line(text))).filter((value) => value !== null);
  }
  const found: Record<string, unknown>[] = [], { text } = sample;
  // Objects at the depth of the list; a brace inside of a text is skipped with it
  let depth = 0, start = 0;
  for (const { 0: token, index } of text!.matchAll(/"(?:[^"\\]|\\.)*"|[{}]/gs)) {
    if (token === "{" && depth++ === 0) start = index;
    if (token === "}" && --depth === 0) {
      const value = parsed(text!.slice(start, index + 1));
      if (value !== null) found.push(value);
    }
    if (found.length >= 1000) break;
  }
  return found;
}

/**
 * Keys of the first objects of a file.
 *
 * @param sample The beginning of the file.
 * @returns The keys; none where it holds no objects of JSON.
 */
export function keysOf(sample: Sample): string[] {
  const first = sample.text?.trimStart()[0];
  if (first !== "{" && first !== "[") return [];
  return [...new Set(objectsOf(sample).flatMap(Object.keys))];
}

/** SQL of the text of a key, lists of texts as `one|two`. */
function valueSql(key: string): string {
  // A pointer and not a path: keys may hold whatever they like
  const pointer = `'/${key.replaceAll("~", "~0").replaceAll("/", "~1").replaceAll("'", "''")}'`;
  const strings = `regexp_extract_all(json_extract(line, ${pointer})::VARCHAR, '"((?:[^"\\\\]|\\\\.)*)"', 1)`;
  return `CASE WHEN json_type(line, ${pointer}) = 'ARRAY' THEN array_to_string(${strings}, '|')
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
  const keys = keysOf(sample).filter((key) => known.keys?.includes(key) ?? true);
  if (keys.length === 0) throw new PrepareError(file.name, "its first line is no JSON object");
  const path = await file.copy({ line: lineOf(sample) });
  const lines = isList(sample)
    ? `(SELECT json::VARCHAR AS line FROM read_json_objects(${pathOf(path)}, format = 'array',
        maximum_object_size = ${LONGEST_LINE}))`
    : linesFrom(path);
  const view = db.fresh("json");
  await db.run(`CREATE VIEW ${view} AS SELECT row_number() OVER () AS number, line FROM ${lines}`);
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
    reading: isList(sample) ? "one list" : "an object a line",
    from: `(SELECT ${values.map((value, at) => `${value} AS c${at}`).join(", ")} FROM ${view} WHERE ${isObject})`,
    record: "line",
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
 * @param path The text.
 * @returns A table function.
 */
export function linesFrom(path: string): string {
  // A character that no text holds separates the cells, so that a line is one cell
  return `read_csv(${pathOf(path)}, delim = '\x02', header = false, quote = '', escape = '',
    columns = {'line': 'VARCHAR'}, auto_detect = false, max_line_size = ${LONGEST_LINE})`;
}
