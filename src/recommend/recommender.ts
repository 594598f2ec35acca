import type { Device } from "../device/device.ts";
import type { ModelDefinition } from "../models/define_model.ts";
import { decodeModel, type ModelFile } from "../models/model_file.ts";
import type { Similarity } from "../models/network.ts";
import { NO_ITEM, type Ranker, type TopItems } from "../models/ranker.ts";
import { checkOptions, checkType, shown } from "../options.ts";
import { distinct } from "../data/distinct_items.ts";
import { packSequences } from "../data/sequences.ts";
import { emptyExclusions } from "./dot_ranker.ts";
import { rankerOf } from "./ranker_of.ts";
import { checkLists, type HistoryRequest, RequestReader, type StreamRequest, type UserRequest } from "./requests.ts";
import { titlesOf } from "./titles.ts";

/** One item of a list. */
export interface Recommendation {
  /** Id of the item in the source. */
  readonly item: string;
  /** Its title, where the model file has one. */
  readonly title: string | null;
  /** What it is ranked by; comparable within a list, and between lists of one model. */
  readonly score: number;
}

/** How lists are made. */
export interface RecommendOptions {
  /** Items of a list; as many as there are, where there are fewer. Default 10. */
  readonly count?: number;
  /** Whether items of the history may be recommended again. Default false. */
  readonly repeat?: boolean;
}

/** How similar items are found. */
export interface SimilarOptions {
  /** Items of a list; as many as there are, where there are fewer. Default 10. */
  readonly count?: number;
  /** The cosine of two rows, or their dot product. By default the model's own measure: the cosine, for STOSA its distance. */
  readonly by?: Similarity;
}

/** Requests answered at a time, of those that come in one by one, and items of their lists. */
const BATCH = 4096, BATCH_ITEMS = 2 ** 18;

/**
 * A trained model without its trainer: it holds the weights once, and no moments, gradients or data. Ids are those of the
 * source, on the way in and on the way out.
 *
 * @example
 * ```ts
 * import { openDevice } from "@sevo/sevo";
 * import { encodeModel, sasRec } from "@sevo/sevo/models";
 * import { Recommender } from "@sevo/sevo/recommend";
 * import { generatedDataset, train } from "@sevo/sevo/training";
 * import { assertEquals } from "@std/assert";
 *
 * await using device = await openDevice("cpu");
 * const dataset = generatedDataset({ users: 200, items: 100 });
 * const { model, settings, weights } = await train(device, dataset, sasRec, { epochs: 1, batch: 64 });
 * const bytes = encodeModel(model, settings, weights, dataset); // or Deno.readFile("runs/first/model.safetensors")
 *
 * using recommender = Recommender.load(device, bytes);
 * const history = dataset.items.slice(0, 3);
 * const [list] = await recommender.recommend({ histories: [history] }, { count: 5 });
 * assertEquals(list!.length, 5);
 * ```
 */
export class Recommender implements Disposable {
  /** The model. */
  readonly model: ModelDefinition;
  /** Ids of the items in the source, by row. */
  readonly items: readonly string[];
  /** What else is known of the items, by name. */
  readonly itemColumns: ModelFile["itemColumns"];
  readonly #ranker: Ranker;
  readonly #requests: RequestReader;
  readonly #titles: readonly (string | null)[] | null;
  #disposed = false;

  /**
   * Takes a model that is decoded already. Its weights are copied to the device and not kept; those of item-knn, which
   * ranks on the host, are kept as they are.
   *
   * @param device The device to compute on; it outlives this.
   * @param file The model.
   */
  constructor(device: Device, { model, settings, weights, users, items, itemColumns }: Omit<ModelFile, "provenance">) {
    this.model = model;
    this.items = items;
    this.itemColumns = itemColumns;
    this.#requests = new RequestReader(model, users, items);
    this.#titles = titlesOf(itemColumns);
    this.#ranker = rankerOf(device, model, weights, settings);
  }

  /**
   * Reads a model file.
   *
   * @param device The device to compute on; it outlives the recommender.
   * @param bytes The bytes of a `model.safetensors`; not kept.
   * @param models The models that there are; by default those of this package.
   * @returns The recommender.
   * @throws {SyntaxError} If the bytes are not a model file.
   * @throws {RangeError} If the device cannot hold the weights.
   */
  static load(device: Device, bytes: Uint8Array, models?: readonly ModelDefinition[]): Recommender {
    return new Recommender(device, decodeModel(bytes, models));
  }

  /**
   * What to recommend: the items with the best scores, without those of the history, ties by the order of the catalogue.
   *
   * @param request Users of a dataset, or histories.
   * @param options Length of the lists, and whether items may come again.
   * @returns A list for each user or history, best first.
   * @throws {RangeError} If there is no such user or item, a history is empty, or `count` is no integer >= 1.
   */
  async recommend(
    request: UserRequest | HistoryRequest,
    options: RecommendOptions = {},
  ): Promise<Recommendation[][]> {
    this.#checkAlive("Cannot recommend");
    checkOptions("Cannot recommend", options, ["count", "repeat"]);
    const { count = 10, repeat = false } = options;
    checkCount("Cannot recommend", count);
    checkType("Cannot recommend", "repeat", repeat, "boolean");
    const requests = this.#requests.read(request, "recommend"), { histories } = requests;
    const excluded = repeat ? emptyExclusions(histories.offsets.length - 1) : distinct(histories);
    const most = Math.min(count, this.items.length), lists = histories.offsets.length - 1;
    if (most === 0) return Array.from({ length: lists }, () => []);
    return this.#lists(await this.#ranker.top(requests, most, excluded), most);
  }

  /**
   * Lists for requests that come in one by one, such as all users of a dataset, in bounded memory.
   *
   * @param requests Ids of users, or histories.
   * @param options As for {@linkcode Recommender.recommend}; users need the dataset.
   * @returns Each request with its list, in order.
   */
  async *stream(
    requests: Iterable<StreamRequest> | AsyncIterable<StreamRequest>,
    { dataset, historyOf, ...options }: RecommendOptions & Partial<Pick<UserRequest, "dataset" | "historyOf">> = {},
  ): AsyncGenerator<{ readonly request: StreamRequest; readonly list: readonly Recommendation[] }> {
    const most = Math.max(1, Math.min(BATCH, Math.floor(BATCH_ITEMS / Math.max(1, options.count ?? 10))));
    let batch: StreamRequest[] = [], taken = 0;
    const answer = async () => {
      const users = batch.flatMap((request) => "user" in request ? [request.user] : []);
      const histories = batch.flatMap((request) => "history" in request ? [request.history] : []);
      const ofUsers = users.length === 0
        ? []
        : await this.recommend({ users, dataset: dataset!, ...historyOf && { historyOf } }, options);
      const ofHistories = histories.length === 0 ? [] : await this.recommend({ histories }, options);
      let user = 0, history = 0;
      return batch.map((request) => ({
        request,
        list: "user" in request ? ofUsers[user++]! : ofHistories[history++]!,
      }));
    };
    for await (const request of requests) {
      this.#requests.checkStreamed(request, ++taken);
      batch.push(request);
      if (batch.length < most) continue;
      yield* await answer();
      batch = [];
    }
    if (batch.length > 0) yield* await answer();
  }

  /**
   * The items most like some items: by the cosine of their rows unless asked otherwise; STOSA by the distance of its
   * Gaussians, BERT4Rec over its output table, item-knn by its neighbours.
   *
   * @param items Ids of the items.
   * @param options Length of the lists, and the measure.
   * @returns A list for each item, the most similar first, without the item itself.
   * @throws {RangeError} If there is no such item, the model has no such measure, or `count` is no integer >= 1.
   */
  async similar(items: readonly string[], options: SimilarOptions = {}): Promise<Recommendation[][]> {
    this.#checkAlive("Cannot find similar items");
    checkOptions("Cannot find similar items", options, ["count", "by"]);
    const { count = 10, by } = options;
    checkCount("Cannot find similar items", count);
    if (by !== undefined && by !== "cosine" && by !== "dot") {
      throw new TypeError(`Cannot find similar items as by must be 'cosine' or 'dot': current value is ${shown(by)}`);
    }
    const rows = Uint32Array.from(this.#requests.items(items, "items", "find similar items"));
    const most = Math.min(count, this.items.length);
    return this.#lists(await this.#ranker.similar(rows, most, by ?? null), most);
  }

  /**
   * The scores of given items.
   *
   * @param request Users of a dataset, or histories.
   * @param items Ids of items for each user or history.
   * @returns The scores, in the order of the items.
   * @throws {RangeError} If there is no such user or item, or there are not as many lists of items as users or histories.
   */
  async score(
    request: UserRequest | HistoryRequest,
    items: readonly (readonly string[])[],
  ): Promise<number[][]> {
    this.#checkAlive("Cannot score");
    const { users, histories } = this.#requests.read(request, "score"), total = histories.offsets.length - 1;
    checkLists("Cannot score", "items", items);
    if (items.length !== total) {
      throw new RangeError(`Cannot score as there must be ${total} lists of items: current value is ${items.length}`);
    }
    const rows = items.map((ids, at) => this.#requests.items(ids, `list ${at} of items`, "score"));
    const scores = await this.#ranker.scores({ users, histories }, packSequences(rows));
    let at = 0;
    return items.map((list) => Array.from(scores.subarray(at, at += list.length)));
  }

  #lists({ items, scores }: TopItems, count: number): Recommendation[][] {
    return Array.from({ length: items.length / count }, (_, list) => {
      const found: Recommendation[] = [];
      for (let at = list * count; at < (list + 1) * count && items[at] !== NO_ITEM; at++) {
        const row = items[at]!;
        found.push({ item: this.items[row]!, title: this.#titles?.[row] ?? null, score: scores[at]! });
      }
      return found;
    });
  }

  #checkAlive(cannot: string): void {
    if (this.#disposed) throw new ReferenceError(`${cannot} as the recommender was disposed`);
  }

  /** Gives the memory of the weights back; a second call does nothing. */
  [Symbol.dispose](): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#ranker[Symbol.dispose]();
  }
}

function checkCount(cannot: string, count: number): void {
  checkType(cannot, "count", count, "number");
  if (Number.isSafeInteger(count) && count >= 1) return;
  throw new RangeError(`${cannot} as count must be an integer >= 1: current value is ${count}`);
}
