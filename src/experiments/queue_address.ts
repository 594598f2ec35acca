/** Thrown where a queue cannot be used. */
export class QueueError extends Error {
  /** Tells this error from others. */
  override readonly name = "QueueError";
}

/** Thrown where a queue does not answer, which may be over when the same is tried again. */
export class QueueAwayError extends Error {
  /** Tells this error from others. */
  override readonly name = "QueueAwayError";
}

/** Port of Redis where a URL names none. */
const PORT = 6379;

/** Where a queue is, and how to be let in. */
export class QueueAddress {
  /** Host, a name or an address. */
  readonly host: string;
  /** Port. */
  readonly port: number;
  /** Number of the database. */
  readonly database: number;
  /** Whether the connection is encrypted. */
  readonly encrypted: boolean;
  // Out of reach of whatever prints an object
  readonly #username: string | undefined;
  readonly #password: string | undefined;

  /**
   * Reads the URL of a queue.
   *
   * @param url As `redis://host`, `redis://:password@host:6380/2` or, encrypted, `rediss://user:password@host`.
   * @throws {QueueError} If it is none; the message does not repeat it, as it may hold a password.
   */
  constructor(url: string) {
    const fail = (what: string) =>
      new QueueError(
        `Cannot use the queue as its URL ${what}: expected redis://HOST or rediss://USER:PASSWORD@HOST:PORT`,
      );
    const parsed = URL.parse(url);
    if (parsed === null) throw fail("cannot be read");
    const { protocol, hostname, port, pathname, username, password } = parsed;
    if (!["redis:", "rediss:"].includes(protocol)) throw fail(`begins with ${protocol}//`);
    if (hostname === "") throw fail("has no host");
    const database = /^\/?(\d{0,5})\/?$/.exec(pathname);
    if (database === null) throw fail("names a database that is no number");
    try {
      this.#username = decodeURIComponent(username) || undefined;
      this.#password = decodeURIComponent(password) || undefined;
    } catch {
      throw fail("has a % in its password that is not written as %25");
    }
    this.host = hostname.replace(/^\[|\]$/g, "");
    this.port = port === "" ? PORT : Number(port);
    this.database = Number(database[1]);
    this.encrypted = protocol === "rediss:";
  }

  /** Host and port as a permission names them. */
  get place(): string {
    return `${this.host.includes(":") ? `[${this.host}]` : this.host}:${this.port}`;
  }

  /**
   * What a client needs to be let in.
   *
   * @returns Name and password, where the URL has them.
   */
  credentials(): { username?: string; password?: string } {
    return {
      ...this.#username !== undefined && { username: this.#username },
      ...this.#password !== undefined && { password: this.#password },
    };
  }

  /**
   * The address for people, without name and password.
   *
   * @returns The URL.
   */
  toString(): string {
    return `${this.encrypted ? "rediss" : "redis"}://${this.place}${this.database === 0 ? "" : `/${this.database}`}`;
  }
}
