import type { Dataset } from "../data/dataset.ts";
import { packHistories } from "../data/histories.ts";
import { type PackedSequences, packSequences } from "../data/sequences.ts";
import type { ModelDefinition } from "../models/define_model.ts";
import type { Requests } from "../models/network.ts";
import { checkOptions, shown } from "../options.ts";
import { IdIndex } from "./id_index.ts";

/** Histories of anybody: item ids, oldest first. */
export interface HistoryRequest {
  /** A history for each list. */
  readonly histories: readonly (readonly string[])[];
}

/** Users of a dataset. */
export interface UserRequest {
  /** Ids of the users. */
  readonly users: readonly string[];
  /** Where their histories are. Items that the model does not know are left out of them. */
  readonly dataset: Dataset;
  /** Their histories: everything known (the default), or the training items alone. */
  readonly historyOf?: "all" | "train";
}

/** One request of a stream. */
export type StreamRequest = { readonly user: string } | { readonly history: readonly string[] };

/** What a request is for, as messages say it. */
type Doing = "recommend" | "score";

/** What is said of a user of the dataset who has no row in the model. */
const NOT_TRAINED = " in the model: pass the history in place of the user";

/** Reads requests: ids of the source become rows of the model, and what is no request is refused. */
export class RequestReader {
  readonly #model: ModelDefinition;
  readonly #ids: readonly string[];
  readonly #items: IdIndex;
  readonly #users: IdIndex | null;
  /** Whether the items of a dataset are those of the model, in the same order. */
  readonly #sameItems = new WeakMap<readonly string[], boolean>();

  /**
   * Takes the ids of a model.
   *
   * @param model The model.
   * @param users Ids of its users, if it knows users.
   * @param items Ids of its items.
   */
  constructor(model: ModelDefinition, users: readonly string[], items: readonly string[]) {
    this.#model = model;
    this.#ids = items;
    this.#items = new IdIndex("item", items);
    this.#users = model.userTable ? new IdIndex("user", users) : null;
  }

  /**
   * The rows of items.
   *
   * @param ids Their ids.
   * @param what What they are called in messages.
   * @param doing What they are for: "Cannot DOING as".
   * @returns A row for each.
   * @throws {TypeError} If they are no list of texts.
   * @throws {RangeError} If there is no such item.
   */
  items(ids: readonly string[], what: string, doing: string): number[] {
    checkIds(`Cannot ${doing}`, what, ids);
    return ids.map((id) => this.#items.row(id, doing));
  }

  /**
   * Reads a request.
   *
   * @param request Users of a dataset, or histories.
   * @param doing What it is for, for messages.
   * @returns Rows of the users, if the model knows them, and histories.
   * @throws {TypeError} If it is no request.
   * @throws {RangeError} If there is no such user or item, or a history is empty.
   */
  read(request: UserRequest | HistoryRequest, doing: Doing): Requests {
    checkRequest(`Cannot ${doing}`, request);
    if ("histories" in request) {
      const histories = request.histories.map((ids, at) => this.#historyRows(ids, `history ${at}`, doing));
      return { users: null, histories: packSequences(histories) };
    }
    const { users, dataset, historyOf = "all" } = request, index = IdIndex.ofUsers(dataset.users);
    const rows = Uint32Array.from(users, (id) => index.row(id, doing, ` in '${dataset.name}'`));
    const known = this.#known(packHistories(dataset, rows, historyOf === "train" ? "valid" : "all"), dataset);
    if (this.#users) {
      return { users: Uint32Array.from(users, (id) => this.#users!.row(id, doing, NOT_TRAINED)), histories: known };
    }
    const { offsets } = known, empty = users.findIndex((_, at) => offsets[at] === offsets[at + 1]);
    if (empty >= 0 && !this.#model.ignoresHistory) {
      throw new RangeError(
        `Cannot ${doing} as ${this.#model.name} knows no item of the history of user '${
          users[empty]
        }' in '${dataset.name}'`,
      );
    }
    return { users: null, histories: known };
  }

  /** The rows of a history; `what` names it in messages. */
  #historyRows(ids: readonly string[], what: string, doing: Doing): number[] {
    checkIds(`Cannot ${doing}`, what, ids);
    if (ids.length === 0 && !this.#model.ignoresHistory) {
      throw new RangeError(`Cannot ${doing} as ${what} is empty: ${this.#model.name} needs at least one item`);
    }
    return ids.map((id) => this.#items.row(id, doing));
  }

  /** Histories in the rows of the model, which need not be those of the dataset. */
  #known({ offsets, items }: PackedSequences, dataset: Dataset): PackedSequences {
    const ids = dataset.items;
    // Looked at once, not for every batch of a stream
    let same = this.#sameItems.get(ids);
    if (same === undefined) {
      same = ids.length === this.#ids.length && ids.every((id, row) => id === this.#ids[row]);
      this.#sameItems.set(ids, same);
    }
    if (same) return { offsets, items };
    const kept: number[] = [], shortened = new Uint32Array(offsets.length);
    for (let at = 0; at + 1 < offsets.length; at++) {
      for (let place = offsets[at]!; place < offsets[at + 1]!; place++) {
        const row = this.#items.find(ids[items[place]!]!);
        if (row !== undefined) kept.push(row);
      }
      shortened[at + 1] = kept.length;
    }
    return { offsets: shortened, items: Uint32Array.from(kept) };
  }

  /**
   * Checks a request of a stream. The message gives its number in the stream: its place in what is answered together would
   * mislead.
   *
   * @param request The request.
   * @param number Its number, counted from 1.
   * @throws {TypeError} If it is no request.
   * @throws {RangeError} If its history is empty or has an item that there is not.
   */
  checkStreamed(request: StreamRequest, number: number): void {
    if (typeof request !== "object" || request === null || ("user" in request) === ("history" in request)) {
      throw new TypeError(
        `Cannot recommend as request ${number} must have a user or a history: current value is ${shown(request)}`,
      );
    }
    if ("user" in request) checkIds("Cannot recommend", `request ${number}`, [request.user]);
    else this.#historyRows(request.history, `the history of request ${number}`, "recommend");
  }
}

/** Checks the form of a request, for callers without types. */
function checkRequest(cannot: string, request: UserRequest | HistoryRequest): void {
  const has = (name: string) => Object.hasOwn(Object(request), name);
  if (typeof request === "object" && request !== null && has("histories") === has("users")) {
    throw new TypeError(
      `${cannot} as the request must have users or histories: it has ${has("users") ? "both" : "neither"}`,
    );
  }
  const names = has("histories") ? ["histories"] : ["users", "dataset", "historyOf"];
  checkOptions(cannot, request, names, "the request");
  if ("histories" in request) return checkLists(cannot, "histories", request.histories);
  const { users, dataset, historyOf } = request as Partial<UserRequest>;
  checkIds(cannot, "users", users);
  if (dataset === undefined) throw new TypeError(`${cannot} for users as their dataset is missing`);
  if (historyOf !== undefined && historyOf !== "all" && historyOf !== "train") {
    throw new TypeError(`${cannot} as historyOf must be 'all' or 'train': current value is ${shown(historyOf)}`);
  }
}

/**
 * Checks that there is a list of lists.
 *
 * @param cannot What cannot be done otherwise, for the message.
 * @param what What the lists are.
 * @param lists The lists.
 * @throws {TypeError} If it is none.
 */
export function checkLists(cannot: string, what: string, lists: unknown): void {
  if (Array.isArray(lists)) return;
  throw new TypeError(`${cannot} as ${what} must be a list of lists of ids: current value is ${shown(lists)}`);
}

/** A text is iterable too, and its letters are no ids. */
function checkIds(cannot: string, what: string, ids: unknown): void {
  if (!Array.isArray(ids)) {
    throw new TypeError(`${cannot} as ${what} must be a list of ids: current value is ${shown(ids)}`);
  }
  const wrong = ids.findIndex((id) => typeof id !== "string");
  if (wrong < 0) return;
  throw new TypeError(`${cannot} as ids in ${what} must be texts: current value is ${shown(ids[wrong])}`);
}
