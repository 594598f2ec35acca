import { PartFile } from "../../src/files/part_file.ts";
import { createTable, type TableFile } from "../../src/files/table_file.ts";
import type { Recommendation } from "../../src/recommend/recommender.ts";
import type { StreamRequest } from "../../src/recommend/requests.ts";
import { UsageError } from "../cli/flags.ts";
import { listTable } from "../cli/list_table.ts";

/** A list and what asked for it. */
export interface AnsweredRequest {
  readonly request: StreamRequest;
  readonly list: readonly Recommendation[];
}

/** Takes lists as they are made. */
export interface ListsOutput extends Disposable {
  /** Takes the next list. */
  add(answer: AnsweredRequest): void;
  /** There are no more. */
  finish(): void;
}

/** Items of lists that are written to a table together. */
const ITEMS = 2 ** 17;

/**
 * Where lists go: a file by its name, or standard output as tables for people or JSON lines for programs. A file appears
 * whole or not at all.
 *
 * @param to The file; undefined or `-` for standard output.
 * @param json Whether standard output gets JSON lines.
 * @returns The output.
 * @throws {UsageError} If the name says no known format.
 */
export async function openOutput(to: string | undefined, json: boolean): Promise<ListsOutput> {
  if (to === undefined || to === "-") {
    return { add: json ? (answer) => console.log(jsonOf(answer)) : printList, finish() {}, [Symbol.dispose]() {} };
  }
  if (to.endsWith(".jsonl")) {
    const file = new PartFile(to), encoder = new TextEncoder();
    return {
      add: (answer) => file.write(encoder.encode(`${jsonOf(answer)}\n`)),
      finish: () => file.finish(),
      [Symbol.dispose]: () => file[Symbol.dispose](),
    };
  }
  if (!/\.(parquet|csv)$/.test(to)) {
    throw new UsageError(`Cannot run recommend as --to must end in .parquet, .csv or .jsonl: current value is '${to}'`);
  }
  return new TableOutput(
    await createTable(to, {
      request: "integer",
      user: "string",
      rank: "integer",
      item: "string",
      title: "string",
      score: "float",
    }),
  );
}

/** A row for each item of a list. Requests are numbered from 1; a history has no user. */
class TableOutput implements ListsOutput {
  readonly #table: TableFile;
  #waiting: AnsweredRequest[] = [];
  #items = 0;
  #written = 0;

  constructor(table: TableFile) {
    this.#table = table;
  }

  add(answer: AnsweredRequest): void {
    this.#waiting.push(answer);
    this.#items += answer.list.length;
    if (this.#items >= ITEMS) this.#write();
  }

  finish(): void {
    this.#write();
    this.#table.finish();
  }

  #write(): void {
    const rows = this.#waiting.flatMap(({ request, list }, at) =>
      list.map((found, rank) => ({
        request: this.#written + at + 1,
        user: "user" in request ? request.user : null,
        rank: rank + 1,
        ...found,
      }))
    );
    this.#table.write({
      request: rows.map(({ request }) => request),
      user: rows.map(({ user }) => user),
      rank: rows.map(({ rank }) => rank),
      item: rows.map(({ item }) => item),
      title: rows.map(({ title }) => title),
      score: rows.map(({ score }) => score),
    });
    this.#written += this.#waiting.length;
    this.#waiting = [];
    this.#items = 0;
  }

  [Symbol.dispose](): void {
    this.#table[Symbol.dispose]();
  }
}

function jsonOf({ request, list }: AnsweredRequest): string {
  return JSON.stringify({ ...request, items: list.map(({ item, title, score }) => ({ item, title, score })) });
}

function printList({ request, list }: AnsweredRequest): void {
  const whose = "user" in request
    ? `user ${request.user}`
    : request.history.length === 0
    ? "an empty history"
    : `history ${request.history.join(", ")}`;
  console.log(`For ${whose}:\n${listTable(list)}\n`);
}
