import { pathOf, quoted } from "../_database.ts";
import { type Dialect, dialectOf, shownDelimiter, squeezed, type TextOptions } from "../input/dialect.ts";
import type { Roles } from "../_roles.ts";
import { PrepareError, shown } from "../prepare_error.ts";
import { type BadLines, type Format, type LogFile, type LogTable, NONE_BAD, SHOWN_BAD } from "./format.ts";

/** The longest line, in bytes: a review may be long. */
export const LONGEST_LINE = 1 << 24;

/** A table with more columns is no log, whatever it is. */
const MOST_COLUMNS = 5000;

/** What another format knows of a delimited text. */
export interface KnownText {
  /** How it is laid out, where that is not to be found out. */
  readonly dialect?: Partial<Dialect>;
  /** Columns whose meaning is known. */
  readonly roles?: Roles;
  /** What a line becomes before it is read. */
  readonly line?: (line: string) => string;
}

/** Delimited text: cells of a line separated by a tab, a comma, or whatever it is. */
export const delimited: Format = {
  name: "csv",
  summary: "delimited text: a line for each interaction, cells separated by tab, comma, semicolon, |, ::, or spaces",
  recognise({ text, options }) {
    if (text === null) return null;
    const { columns } = dialectOf(text, options);
    return columns.length < 2 && options.delimiter === undefined ? null : `${columns.length} cells a line`;
  },
  read: (file) => readDelimited(file),
};

/**
 * Reads a delimited text.
 *
 * @param file The file.
 * @param known What is known of it.
 * @returns How the database reads it.
 */
export async function readDelimited(file: LogFile, known: KnownText = {}): Promise<LogTable> {
  const { sample, options, asked, db } = file;
  const found = dialectOf(sample.text ?? "", { delimiter: known.dialect?.delimiter, ...given(options) }, asked);
  const dialect: Dialect = { ...found, ...known.dialect, ...said(options, known.dialect) };
  const { delimiter, quote, escape, header, comment, skip } = dialect;
  if (dialect.columns.length > MOST_COLUMNS) {
    throw new PrepareError(
      file.name,
      `a line has more than ${MOST_COLUMNS} cells, separated by ${shownDelimiter(delimiter)}: ` +
        "a log has a line for each interaction; --delimiter names another delimiter",
    );
  }
  const squeeze = delimiter === " " ? (line: string) => squeezed(line, quote) : undefined;
  const path = await file.copy({ skip, comment, line: known.line ?? squeeze });
  const rejects = db.fresh("bad_lines");
  const columns = dialect.columns.map((_, at) => `'c${at}': 'VARCHAR'`).join(", ");
  const from = `read_csv(${pathOf(path)}, delim = ${quoted(delimiter)}, header = false, quote = ${quoted(quote)}, ` +
    `escape = ${quoted(escape)}, columns = {${columns}}, auto_detect = false, max_line_size = ${LONGEST_LINE}, ` +
    `store_rejects = true, rejects_table = '${rejects}', rejects_scan = '${rejects}_scan')`;
  const reading = [
    `separated by ${shownDelimiter(delimiter)}`,
    ...quote === "" ? [] : [`quotes ${quote}`],
    ...escape === "" || escape === quote ? [] : [`escape ${escape}`],
    header ? "with a header" : "no header",
  ].join(", ");
  return {
    columns: dialect.columns,
    header,
    named: header || known.dialect?.columns !== undefined,
    roles: known.roles ?? {},
    ordered: false,
    reading,
    from,
    record: "line",
    lineOf: async (record) => {
      const bad = await db.rows(`SELECT DISTINCT line_byte_position AS place FROM ${rejects} ORDER BY 1`);
      return await lineOfRecord(path, dialect, record, bad.map(({ place }) => Number(place)));
    },
    bad: () => badLines(file, path, rejects),
  };
}

/** What is said of a text whose format knows the rest. */
function said({ comment, skipLines = 0 }: TextOptions, known: Partial<Dialect> = {}): Partial<Dialect> {
  return {
    ...known.skip === undefined ? {} : { skip: known.skip + skipLines },
    ...known.comment === undefined || comment === undefined ? {} : { comment: comment === "none" ? null : comment },
  };
}

function given<T extends object>(options: T): Partial<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<T>;
}

async function badLines({ db, name }: LogFile, path: string, rejects: string): Promise<BadLines> {
  // A line of blanks is blank
  const isText = `trim(csv_line, E' \\t\\n') <> ''`;
  const { count } = await db.numbers<"count">(
    `SELECT count(DISTINCT line_byte_position) AS count FROM ${rejects} WHERE ${isText}`,
  );
  if (count === 0) return NONE_BAD;
  const rows = await db.rows(
    `SELECT line_byte_position AS place, first(csv_line) AS text, first(error_message) AS message,
      first(error_type::VARCHAR) AS kind FROM ${rejects} WHERE ${isText} GROUP BY 1 ORDER BY 1 LIMIT ${SHOWN_BAD}`,
  );
  const first = [];
  for (const { place, text, message, kind } of rows) {
    const cells = /Expected Number of Columns: (\d+) Found: (\d+)/.exec(String(message));
    const why = cells !== null
      ? `has ${cells[2]} columns: expected ${cells[1]}`
      : kind === "UNQUOTED VALUE"
      ? "has a quote that does not end"
      : kind === "LINE SIZE OVER MAXIMUM"
      ? `is longer than ${LONGEST_LINE} bytes`
      : "cannot be read";
    // The database counts the blank lines before a line to it, and bytes from 1
    const whole = String(text ?? "").trimEnd(), own = whole.replace(/^(?:[ \t]*\n)+/, "");
    const blank = whole.slice(0, whole.length - own.length).split("\n").length - 1;
    const line = await lineAt(path, Number(place) - 1) + blank;
    if (kind === "UNQUOTED VALUE" && own.includes("\n")) {
      // With it all lines below it would be left out
      throw new PrepareError(
        name,
        `line ${line} has a quote that does not end: ${shown(own, 60)}; --quote none reads quotes as other characters`,
      );
    }
    first.push({ line, text: own, why });
  }
  return { count, first };
}

/** Pieces of a text file, with the byte that each begins at. */
async function* pieces(path: string): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  using file = await Deno.open(path);
  yield* file.readable;
}

/** Number of the line that a byte stands in. */
async function lineAt(path: string, byte: number): Promise<number> {
  let line = 1, at = 0;
  for await (const piece of pieces(path)) {
    for (let place = 0; place < piece.length && at + place < byte; place++) if (piece[place] === 10) line++;
    at += piece.length;
    if (at >= byte) break;
  }
  return line;
}

/** Number of the line that a record begins in: not that of the record, where lines are blank or quotes hold line ends. */
async function lineOfRecord(path: string, dialect: Dialect, record: number, bad: readonly number[]): Promise<number> {
  const bytes = new TextEncoder(), delimiter = bytes.encode(dialect.delimiter);
  const [quote = -1] = bytes.encode(dialect.quote), [escape = -1] = bytes.encode(dialect.escape);
  let line = 1, at = 0, seen = -1, next = 0;
  // Where the record begins, and where the one before it ended
  let start = 0, startLine = 1, end = 0;
  let state: "begin" | "cell" | "quoted" | "escaped" | "closed" = "begin", matched = 0, blank = true;
  const ends = () => {
    if (blank) return false;
    // The database counts blank lines before a record to it, and bytes from 1
    while (next < bad.length && bad[next]! < end) next++;
    if (!(next < bad.length && bad[next]! <= start + 1)) seen++;
    end = at + 1;
    return seen === record;
  };
  for await (const piece of pieces(path)) {
    for (const byte of piece) {
      if (byte === 10 && state !== "quoted" && state !== "escaped") {
        if (ends()) return startLine;
        line++;
        [start, startLine, blank, state, matched] = [at + 1, line, true, "begin", 0];
      } else {
        if (byte === 10) line++;
        blank = false;
        matched = byte === delimiter[matched] ? matched + 1 : byte === delimiter[0] ? 1 : 0;
        if (state === "escaped") state = "quoted";
        else if (state === "quoted") {
          if (byte === escape && escape !== quote) state = "escaped";
          else if (byte === quote) state = "closed";
        } else if (byte === quote && (state === "begin" || state === "closed")) state = "quoted";
        else if (matched === delimiter.length) [state, matched] = ["begin", 0];
        else if (state !== "begin" || byte !== 32) state = "cell";
      }
      at++;
    }
  }
  ends();
  return startLine;
}
