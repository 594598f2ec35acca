import { PrepareError } from "./_source.ts";

/** How a delimited text is laid out. */
export interface Layout {
  /** What separates the cells of a line. */
  readonly delimiter: string;
  /** Whether the first line names the columns. */
  readonly header: boolean;
  /** Names of the columns: "1", "2", ... where there are none. */
  readonly columns: readonly string[];
}

const CANDIDATES = ["\t", ",", ";", "|", "::"];
const WORDS: Readonly<Record<string, string>> = {
  tab: "\t",
  comma: ",",
  semicolon: ";",
  pipe: "|",
  space: " ",
  "\\t": "\t",
};

/** Cells are quoted where a comma may stand inside of one; tabs and bars do not, and quotes in such files are text. */
export function isQuoted(delimiter: string): boolean {
  return delimiter === "," || delimiter === ";";
}

/** The delimiter as messages show it. */
export function shownDelimiter(delimiter: string): string {
  return delimiter === "\t" ? "tab" : `'${delimiter}'`;
}

function splitRecord(line: string, delimiter: string): string[] {
  if (!isQuoted(delimiter)) return line.split(delimiter).map((cell) => cell.trim());
  const cells: string[] = [];
  const cell = new RegExp(`\\s*(?:"((?:[^"]|"")*)"|([^${delimiter}]*))\\s*(${delimiter}|$)`, "y");
  for (let match = cell.exec(line); match !== null; match = cell.exec(line)) {
    cells.push(match[1]?.replaceAll('""', '"') ?? match[2]!.trim());
    if (match[3] === "") break;
  }
  return cells;
}

const isNumber = (cell: string) => cell !== "" && Number.isFinite(Number(cell));

/** Index of a column that is given by its position from 1; `undefined` if it is not. */
function positionOf(column: string | undefined, count: number): number | undefined {
  return column !== undefined && /^[1-9]\d*$/.test(column) && Number(column) <= count ? Number(column) - 1 : undefined;
}

/** The columns asked for, by name or position. */
export interface AskedColumns {
  /** Column of the users. */
  readonly user?: string | undefined;
  /** Column of the items. */
  readonly item?: string | undefined;
  /** Column to sort by. */
  readonly timestamp?: string | undefined;
}

/**
 * Whether the first line names the columns. Whoever gives positions has no names to give, and ids may well be words: such
 * a line is a header only if it holds a word where the timestamp should be.
 */
function namesColumns(cells: readonly string[], { user, item, timestamp }: AskedColumns): boolean {
  const stamp = positionOf(timestamp, cells.length);
  const byPosition = [user, item].every((column) => positionOf(column, cells.length) !== undefined) &&
    (timestamp === undefined || stamp !== undefined);
  if (!byPosition) return !cells.every(isNumber);
  // Numbers and dates start with a digit, but for a sign or a point.
  return stamp !== undefined && /^(?![+-]?\.?\d)./.test(cells[stamp]!);
}

/**
 * Finds out how a delimited text is laid out, from its first line.
 *
 * @param line The first line.
 * @param delimiter The delimiter or its name; found out if undefined.
 * @param header Whether the line names the columns; found out if undefined.
 * @param asked The columns asked for, which help to find out.
 * @returns The layout.
 */
export function layoutOf(
  line: string,
  delimiter: string | undefined,
  header: boolean | undefined,
  asked: AskedColumns = {},
): Layout {
  const counts = CANDIDATES.map((candidate) => line.split(candidate).length);
  const most = Math.max(...counts);
  // A space separates cells only if nothing else does: names of columns may hold spaces.
  const found = delimiter === undefined
    ? most > 1 ? CANDIDATES[counts.indexOf(most)]! : " "
    : WORDS[delimiter.toLowerCase()] ?? delimiter;
  const cells = splitRecord(line.replace(/\r$/, ""), found);
  const named = header ?? namesColumns(cells, asked);
  return { delimiter: found, header: named, columns: named ? cells : cells.map((_, at) => String(at + 1)) };
}

/**
 * Finds a column by its position from 1, or by its name, which may be a number too if there is no such position.
 *
 * @param file Name of the file, for messages.
 * @param layout Its layout.
 * @param column The position or name.
 * @returns Index of the column, from 0.
 * @throws {PrepareError} If there is no such column.
 */
export function columnIndex(file: string, layout: Layout, column: string): number {
  const { length } = layout.columns;
  const found = positionOf(column, length) ?? layout.columns.indexOf(column);
  if (found >= 0) return found;
  const names = layout.header
    ? `are ${layout.columns.join(", ")}`
    : length === 1
    ? "have no names and there is 1"
    : `have no names and are numbered 1 to ${length}`;
  throw new PrepareError(
    file,
    `there is no column '${column}': its columns, separated by ${shownDelimiter(layout.delimiter)}, ${names}`,
  );
}

/** A string of SQL. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/**
 * The SQL that reads a delimited text, all columns as text under the names c0, c1, ...
 *
 * @param path The file, plain UTF-8.
 * @param layout Its layout.
 * @returns A table function.
 */
export function readDelimited(path: string, layout: Layout): string {
  const columns = layout.columns.map((_, at) => `'c${at}': 'VARCHAR'`).join(", ");
  const quote = isQuoted(layout.delimiter) ? quoted('"') : "''";
  // DuckDB takes the path for a pattern.
  const literal = path.replace(/[*?[]/g, "[$&]");
  return `read_csv(${quoted(literal)}, delim = ${
    quoted(layout.delimiter)
  }, header = ${layout.header}, quote = ${quote}, ` +
    `escape = ${quote}, columns = {${columns}}, auto_detect = false)`;
}

/**
 * Says in one line what DuckDB says of a delimited text in twenty.
 *
 * @param file Name of the file, for messages.
 * @param error What DuckDB threw.
 * @returns The error to throw instead, or `error` itself if it is of another kind.
 */
export function readError(file: string, error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const line = /CSV Error on Line: (\d+)/.exec(error.message)?.[1];
  if (line === undefined) return error;
  const cells = /Expected Number of Columns: (\d+) Found: (\d+)/.exec(error.message);
  if (cells !== null) {
    return new PrepareError(file, `line ${line} has ${cells[2]} columns: expected ${cells[1]}`, { cause: error });
  }
  if (error.message.includes("unterminated quote")) {
    return new PrepareError(file, `line ${line} has a quote that does not end`, { cause: error });
  }
  return new PrepareError(file, `line ${line} cannot be read as delimited text`, { cause: error });
}
