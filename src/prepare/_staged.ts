import type { SourceFile } from "../data/dataset.ts";
import { Counter, type Unpacked, unpacked, untilAborted } from "./input/bytes.ts";
import { type Database, DatabaseFault } from "./_database.ts";
import type { TextOptions } from "./input/dialect.ts";
import type { Format, LogFile, LogTable, Sample } from "./formats/format.ts";
import { formatOf, recognise } from "./formats/formats.ts";
import type { Input } from "./input/input.ts";
import { PrepareError } from "./prepare_error.ts";
import type { Progress } from "./_progress.ts";
import { decoded, headText, LineChanger, TextFile } from "./input/text.ts";

/** Where files are read, and who is told how far that is. */
export interface Stage {
  /** The database. */
  readonly db: Database;
  /** A folder for copies. */
  readonly work: string;
  /** Ends the reading early. */
  readonly signal?: AbortSignal | undefined;
  /** Told of the bytes that are read. */
  readonly progress: Progress;
}

/** A file as the database reads it, and what was found out of it. */
export interface Read {
  /** How messages name it. */
  readonly name: string;
  /** The table. */
  readonly table: LogTable;
  /** Its format. */
  readonly format: string;
  /** What the format was told by; empty where it was given. */
  readonly why: string;
  /** Its encoding; null where it is no text. */
  readonly encoding: string | null;
  /** Comment lines that were left out. */
  readonly comments: number;
  /** Its name, size and digest. */
  readonly source: SourceFile;
}

/**
 * Reads a file: recognises its format, copies it to where the database can read it, and tells how.
 *
 * @param input The file.
 * @param stage Where it is read.
 * @param options Its format, `auto` to recognise it, and what is said of its text.
 * @param asked Columns that are asked for, by position or name.
 * @param prefix What stands before the names of the flags that say so, for messages.
 * @returns The table.
 * @throws {PrepareError} If it cannot be read.
 */
export async function readInput(
  input: Input,
  stage: Stage,
  options: TextOptions & { readonly format?: string | undefined },
  asked: readonly string[],
  prefix = "",
): Promise<Read> {
  const { name, file } = input;
  const counter = new Counter((bytes) => stage.progress.read(input, bytes));
  const peeked = await unpacked(name, counter.count(untilAborted(() => input.open(), stage.signal)));
  if (peeked.head.length === 0) throw new PrepareError(name, "it is empty");
  const { format = "auto", ...text } = options, comment = commentOf(text);
  const sampleAs = (encoding: string | undefined): Sample => {
    const whole = headText(name, peeked, encoding);
    const lines = (whole ?? "").split("\n").slice(text.skipLines ?? 0)
      .filter((line) => line.trim() !== "" && (comment === null || !line.startsWith(comment)));
    return { file, head: peeked.head, text: whole, lines, options: text };
  };
  let sample = sampleAs(text.encoding), { encoding } = text;
  let own: Format | undefined = format === "auto" ? undefined : formatOf(format), why = "";
  if (own === undefined) {
    // Some formats are older than UTF-8
    const other = sample.text === null && encoding === undefined ? sampleAs("latin1") : sample;
    const found = recognise(sample) ?? recognise(other);
    if (found !== null) [own, why] = [found.format, found.why];
  }
  if (sample.text === null && own?.encoding !== undefined && encoding === undefined) {
    encoding = own.encoding;
    sample = sampleAs(encoding);
  }
  const staged = new Staged(input, stage, sample, { ...text, encoding }, asked, peeked, prefix);
  if (own === undefined || (sample.text === null && own.name !== "parquet")) {
    // Says what is wrong with it as a text
    await staged.copy();
    throw new PrepareError(
      name,
      `its format is not recognised: name it by --${prefix}format, and what separates cells by --${prefix}delimiter`,
    );
  }
  const table = await own.read(staged);
  await staged.finish();
  return {
    name,
    table,
    format: own.name,
    why,
    encoding: sample.text === null ? null : staged.encoding,
    comments: staged.comments,
    source: counter.source(file),
  };
}

/**
 * Reads a table, which the database does only now: what is wrong with a file may be far behind its beginning.
 *
 * @param read The file.
 * @param use Reads it.
 * @throws {PrepareError} If the file is damaged.
 */
export async function reading({ name, format }: Read, use: () => Promise<void>): Promise<void> {
  try {
    await use();
  } catch (error) {
    if (!(error instanceof DatabaseFault && error.isContent)) throw error;
    const what = format === "parquet" ? "Parquet data is damaged" : "text cannot be read";
    throw new PrepareError(name, `its ${what}, or of a kind that is not read`, { cause: error.cause });
  }
}

/** How lines begin that are said to be comments, or null. */
function commentOf({ comment }: TextOptions): string | null {
  return comment === undefined || comment === "none" ? null : comment;
}

class Staged implements LogFile {
  readonly name: string;
  readonly sample: Sample;
  readonly options: TextOptions;
  readonly asked: readonly string[];
  readonly #input: Input;
  readonly #stage: Stage;
  readonly #peeked: Unpacked;
  readonly #prefix: string;
  #isRead = false;
  comments = 0;

  constructor(
    input: Input,
    stage: Stage,
    sample: Sample,
    options: TextOptions,
    asked: readonly string[],
    peeked: Unpacked,
    prefix: string,
  ) {
    this.name = input.name;
    this.#input = input;
    this.#stage = stage;
    this.sample = sample;
    this.options = options;
    this.asked = asked;
    this.#peeked = peeked;
    this.#prefix = prefix;
  }

  get db(): Database {
    return this.#stage.db;
  }

  get encoding(): string {
    return this.options.encoding ?? "utf-8";
  }

  async copy(change: Parameters<LogFile["copy"]>[0] = {}): Promise<string> {
    this.#isRead = true;
    const path = `${this.#stage.work}/${this.db.fresh("text")}`, { skipLines = 0 } = this.options;
    const lines = new LineChanger({
      ...change,
      skip: Math.max(change.skip ?? 0, skipLines),
      comment: change.comment === undefined ? commentOf(this.options) : change.comment,
    });
    using file = new TextFile(path);
    for await (const text of decoded(this.name, this.#peeked, this.options.encoding, `--${this.#prefix}encoding`)) {
      await file.write(lines.push(text));
      if (lines.tooLong !== null) {
        throw new PrepareError(this.name, `line ${lines.tooLong} is longer than ${change.longest} bytes`);
      }
    }
    await file.write(lines.end());
    this.comments = lines.comments;
    return path;
  }

  async place(): Promise<string> {
    // A plain file is read where it lies
    if (this.#input.path !== null && !this.#peeked.packed) return this.#input.path;
    this.#isRead = true;
    const path = `${this.#stage.work}/${this.db.fresh("bytes")}`;
    using file = await Deno.open(path, { write: true, createNew: true });
    for await (const chunk of this.#peeked.chunks) {
      for (let at = 0; at < chunk.length;) at += await file.write(chunk.subarray(at));
    }
    return path;
  }

  /** Reads what was not read: the digest is that of all bytes. */
  async finish(): Promise<void> {
    if (this.#isRead) return;
    for await (const _ of this.#peeked.chunks);
  }
}
