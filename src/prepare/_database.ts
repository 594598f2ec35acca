import { type DuckDBConnection, DuckDBInstance } from "npm:@duckdb/node-api@1.5.6-r.1";

/** What DuckDB may hold in memory; the rest is on the disk, so that a log may be larger than the memory. */
const MEMORY = "1500MB";

/** Thrown when the database fails: what a user is told of it. */
export class DatabaseFault extends Error {
  /** What happened, as the end of a sentence. */
  readonly why: string;
  /** Whether it may be what the database read, and neither the machine nor an interruption. */
  readonly isContent: boolean;

  /**
   * Says what happened.
   *
   * @param why What happened, as the end of a sentence.
   * @param cause What DuckDB said.
   * @param isContent Whether it may be what the database read.
   */
  constructor(why: string, cause: unknown, isContent = false) {
    super(why, { cause });
    this.why = why;
    this.isContent = isContent;
  }
}

function faultOf(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { message } = error;
  if (/INTERRUPT/i.test(message)) return new DatabaseFault("it was interrupted", error);
  if (/No space left|out of disk|max_temp_directory_size/i.test(message)) {
    return new DatabaseFault("there is no room left on the disk for its working files", error);
  }
  if (/Out of Memory/i.test(message)) return new DatabaseFault("there is not enough memory for it", error);
  return new DatabaseFault("the database that reads it failed: SEVO_DEBUG=1 shows what it said", error, true);
}

/**
 * A database of its own in a folder. It reads and writes nothing but that folder and the files that it is told of, and
 * loads no extension.
 */
export class Database implements Disposable {
  readonly #instance: DuckDBInstance;
  readonly #db: DuckDBConnection;
  #names = 0;
  #isEnded = false;

  private constructor(instance: DuckDBInstance, db: DuckDBConnection) {
    this.#instance = instance;
    this.#db = db;
  }

  /**
   * Opens an empty database.
   *
   * @param folder Where it keeps what does not fit in memory.
   * @param files Files outside of it that may be read.
   * @returns The database.
   */
  static async open(folder: string, files: readonly string[] = []): Promise<Database> {
    const instance = await DuckDBInstance.create(":memory:");
    const database = new Database(instance, await instance.connect());
    try {
      await database.run(`SET memory_limit = '${MEMORY}'`);
      await database.run(`SET temp_directory = ${quoted(`${folder}/spill`)}`);
      await database.run("SET TimeZone = 'UTC'");
      // It compares paths before it takes them for patterns
      const both = (paths: readonly string[]) => paths.flatMap((path) => [quoted(path), pathOf(path)]).join(", ");
      await database.run(`SET allowed_directories = [${both([folder])}]`);
      await database.run(`SET allowed_paths = [${both(files)}]`);
      for (const name of ["autoinstall_known_extensions", "autoload_known_extensions", "enable_external_access"]) {
        await database.run(`SET ${name} = false`);
      }
      await database.run("SET lock_configuration = true");
      return database;
    } catch (error) {
      database[Symbol.dispose]();
      throw error;
    }
  }

  /**
   * Runs a statement.
   *
   * @param sql The statement.
   * @throws {DatabaseFault} If it fails.
   */
  async run(sql: string): Promise<void> {
    this.#throwIfEnded();
    try {
      await this.#db.run(sql);
    } catch (error) {
      throw faultOf(error);
    }
  }

  /**
   * Runs a query.
   *
   * @param sql The query.
   * @returns Its rows.
   * @throws {DatabaseFault} If it fails.
   */
  async rows(sql: string): Promise<Record<string, unknown>[]> {
    this.#throwIfEnded();
    try {
      return (await this.#db.runAndReadAll(sql)).getRowObjectsJS();
    } catch (error) {
      throw faultOf(error);
    }
  }

  /**
   * Runs a query of one row.
   *
   * @param sql The query.
   * @returns The row.
   * @throws {DatabaseFault} If it fails.
   */
  async row(sql: string): Promise<Record<string, unknown>> {
    return (await this.rows(sql))[0]!;
  }

  /**
   * Runs a query of one row of numbers.
   *
   * @param sql The query.
   * @returns The row.
   * @throws {DatabaseFault} If it fails.
   */
  async numbers<K extends string>(sql: string): Promise<Record<K, number>> {
    const row = await this.row(sql);
    return Object.fromEntries(Object.entries(row).map(([key, value]) => [key, Number(value)])) as Record<K, number>;
  }

  /**
   * A name that nothing else here has.
   *
   * @param what What it names.
   * @returns The name.
   */
  fresh(what: string): string {
    return `${what}_${++this.#names}`;
  }

  /** Ends the statement that is running; another one is not begun. */
  interrupt(): void {
    this.#isEnded = true;
    this.#db.interrupt();
  }

  #throwIfEnded(): void {
    if (this.#isEnded) throw new DatabaseFault("it was interrupted", undefined);
  }

  /** Closes the database. */
  [Symbol.dispose](): void {
    this.#db.closeSync();
    this.#instance.closeSync();
  }
}

/**
 * A string of SQL.
 *
 * @param text The text.
 * @returns The text in quotes.
 */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/**
 * SQL of whether a value is one of several: no IN, as the database makes a join of a long one, and after a join the rows
 * are in another order than the lines.
 *
 * @param value SQL of the value.
 * @param values SQL of the several values.
 * @returns SQL of a boolean that is NULL where the value is.
 */
export function isOneOf(value: string, values: readonly string[]): string {
  return `CASE WHEN ${value} IS NOT NULL THEN list_contains([${values.join(", ")}], ${value}) END`;
}

/**
 * A name of SQL.
 *
 * @param name The name.
 * @returns The name in quotes.
 */
export function named(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/**
 * A path of SQL. DuckDB takes paths for patterns.
 *
 * @param path The path.
 * @returns The path in quotes, as itself and not as a pattern.
 */
export function pathOf(path: string): string {
  return quoted(path.replace(/[*?[]/g, "[$&]"));
}
