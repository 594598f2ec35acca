/** Rows by id. */
export class IdIndex {
  static readonly #known = new WeakMap<readonly string[], IdIndex>();
  readonly #what: string;
  readonly #ids: readonly string[];
  #rows: Map<string, number> | null = null;

  /**
   * @param what What the ids are of, for messages.
   * @param ids An id for each row.
   */
  constructor(what: string, ids: readonly string[]) {
    this.#what = what;
    this.#ids = ids;
  }

  /**
   * The index of users of a dataset, which may have been asked for before.
   *
   * @param ids An id for each row; must not change.
   * @returns The index.
   */
  static ofUsers(ids: readonly string[]): IdIndex {
    let index = IdIndex.#known.get(ids);
    if (!index) IdIndex.#known.set(ids, index = new IdIndex("user", ids));
    return index;
  }

  /**
   * The row of an id.
   *
   * @param id The id.
   * @returns Its row, or undefined if there is none.
   */
  find(id: string): number | undefined {
    // Millions of ids are only indexed where one is looked up
    this.#rows ??= new Map(this.#ids.map((id, row) => [id, row]));
    return this.#rows.get(id);
  }

  /**
   * The row of an id that must be there.
   *
   * @param id The id.
   * @param doing What is being done, for the message: "Cannot DOING as".
   * @param where Where it was looked for, for the message.
   * @returns Its row.
   * @throws {RangeError} If there is none.
   */
  row(id: string, doing: string, where = ""): number {
    const row = this.find(id);
    if (row !== undefined) return row;
    throw new RangeError(`Cannot ${doing} as there is no ${this.#what} '${id}'${where}`);
  }
}
