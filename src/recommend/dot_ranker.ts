import { type PackedSequences, sliceSequences } from "../data/sequences.ts";
import { unitRows } from "../data/unit_rows.ts";
import type { Device, RowRange, Tensor } from "../device/device.ts";
import type { BorrowedRows, FoldIn, Requests, ScoringNetwork, Similarity } from "../models/network.ts";
import type { Exclusions, Ranker, TopItems } from "../models/ranker.ts";
import { gatherRows } from "../nn/gather_rows.ts";
import { Tape, Variable } from "../nn/tape.ts";
import { topItems } from "./rank.ts";
import { rankLists } from "./rank_lists.ts";

/** Requests answered at a time, at most. */
const REQUESTS = 8192;

/** Tokens of their histories, at most: what a pass of inference holds grows with them. */
const TOKENS = 8192;

/** Rows of items whose scores are asked for that are fetched at a time, at most. */
const ROWS = 65536;

/** Bytes of the lists of a pass, at most. */
const LIST_BYTES = 2 ** 26;

/**
 * Ranks by the dot product of a query and an item's row, on the device of the weights.
 *
 * @example
 * ```ts
 * import { openDevice } from "@sevo/sevo";
 * import { sasRec } from "@sevo/sevo/models";
 * import { DotRanker, rankSplit } from "@sevo/sevo/recommend";
 * import { generatedDataset, startTraining } from "@sevo/sevo/training";
 * import { resolveSettings } from "@sevo/sevo/models";
 * import { assert } from "@std/assert";
 *
 * await using device = await openDevice("cpu");
 * const dataset = generatedDataset({ users: 50, items: 40 }), settings = resolveSettings(sasRec, { dimension: 8 });
 * using training = await startTraining(device, dataset, sasRec, sasRec.initialWeights(dataset, settings), settings);
 * // What is under training, as it is now
 * using ranker = new DotRanker(device, training.model.network, settings.maxLength);
 * assert((await rankSplit(ranker, dataset, "valid")).mrr > 0);
 * ```
 */
export class DotRanker implements Ranker {
  /** See {@linkcode Ranker.historyLength}. */
  readonly historyLength: number;
  readonly #device: Device;
  readonly #network: ScoringNetwork;
  readonly #items: BorrowedRows;
  #foldIn: FoldIn | null = null;

  /**
   * Takes the rows of the items.
   *
   * @param device The device of the weights.
   * @param network How the model computes; its weights must not change while this is in use.
   * @param historyLength Items of a history that the model looks at, at most.
   */
  constructor(device: Device, network: ScoringNetwork, historyLength: number = Infinity) {
    this.#device = device;
    this.#network = network;
    this.historyLength = historyLength;
    this.#items = network.items();
  }

  /** See {@linkcode Ranker.itemCount}. */
  get itemCount(): number {
    return this.#items.rows;
  }

  /** See {@linkcode Ranker.top}. */
  async top(requests: Requests, count: number, excluded: Exclusions): Promise<TopItems> {
    const total = requests.histories.offsets.length - 1;
    const items = new Uint32Array(total * count), scores = new Float32Array(total * count);
    const most = Math.max(1, Math.floor(LIST_BYTES / (8 * count)));
    await this.#eachChunk(requests, excluded, most, async (queries, begin, _, left) => {
      const found = await topItems(queries, this.#items, count, left);
      items.set(found.items, begin * count);
      scores.set(found.scores, begin * count);
    });
    return { items, scores };
  }

  /** See {@linkcode Ranker.ranks}. */
  async ranks(requests: Requests, targets: PackedSequences, excluded: Exclusions): Promise<Uint32Array<ArrayBuffer>> {
    checkLists(targets, requests, "rank", "targets");
    const ranks = new Uint32Array(targets.items.length);
    await this.#eachChunk(requests, excluded, REQUESTS, async (queries, begin, end, left) => {
      const own = sliceSequences(targets, begin, end);
      ranks.set(await rankLists(queries, this.#items, own, left), targets.offsets[begin]);
    });
    return ranks;
  }

  /** See {@linkcode Ranker.scores}. */
  async scores(requests: Requests, items: PackedSequences): Promise<Float32Array<ArrayBuffer>> {
    const device = this.#device, { tensor, firstRow, rows } = this.#items, width = tensor.shape[1]!;
    const scores = new Float32Array(items.items.length), total = requests.histories.offsets.length - 1;
    checkLists(items, requests, "score", "items");
    const outside = items.items.find((item) => item >= rows);
    if (outside !== undefined) {
      throw new RangeError(`Cannot score an item as it must be in [0, ${rows}): current value is ${outside}`);
    }
    await this.#eachChunk(requests, emptyExclusions(total), REQUESTS, async (queries, begin, end) => {
      const own = await readRows(queries), last = items.offsets[end]!;
      let request = begin;
      for (let from = items.offsets[begin]!; from < last; from += ROWS) {
        const wanted = items.items.slice(from, Math.min(last, from + ROWS)).map((item) => item + firstRow);
        using tape = new Tape(device, null);
        const theirs = await device.read(gatherRows(tape, new Variable(tensor), wanted).tensor);
        for (let at = 0; at < wanted.length; at++) {
          while (items.offsets[request + 1]! <= from + at) request++;
          // Rounded as the kernels of the cpu device round, so that a score is the same in a list and by itself
          let sum = 0;
          for (let column = 0; column < width; column++) {
            const product = own[(request - begin) * width + column]! * theirs[at * width + column]!;
            sum = Math.fround(sum + Math.fround(product));
          }
          scores[from + at] = sum;
        }
      }
    });
    return scores;
  }

  /** See {@linkcode Ranker.similar}. */
  async similar(items: Uint32Array, count: number, by: Similarity | null): Promise<TopItems> {
    const found = { items: new Uint32Array(items.length * count), scores: new Float32Array(items.length * count) };
    const most = Math.max(1, Math.floor(LIST_BYTES / (8 * count)));
    for (let begin = 0; begin < items.length; begin += most) {
      const part = await this.#similarTo(items.subarray(begin, begin + most), count, by);
      found.items.set(part.items, begin * count);
      found.scores.set(part.scores, begin * count);
    }
    return found;
  }

  async #similarTo(items: Uint32Array, count: number, by: Similarity | null): Promise<TopItems> {
    const device = this.#device;
    using tape = new Tape(device, null);
    const { queries, items: all, normalise } = device.batch(() =>
      this.#network.similarity?.(tape, items, by) ?? this.#rowsOf(tape, items, by)
    );
    const excluded = { offsets: Uint32Array.from({ length: items.length + 1 }, (_, at) => at), items: items.slice() };
    const own = { tensor: queries.tensor, firstRow: 0, rows: items.length };
    if (!normalise) return await topItems(own, all, count, excluded);
    using unitQueries = await normalised(own);
    using unitItems = await normalised(all);
    return await topItems(unitQueries, unitItems, count, excluded);
  }

  #rowsOf(tape: Tape, items: Uint32Array, by: Similarity | null) {
    const { tensor, firstRow } = this.#items;
    const queries = gatherRows(tape, new Variable(tensor), items.map((item) => item + firstRow));
    return { queries, items: this.#items, normalise: by !== "dot" };
  }

  async #eachChunk(
    requests: Requests,
    excluded: Exclusions,
    most: number,
    work: (queries: RowRange, begin: number, end: number, excluded: Exclusions) => Promise<void>,
  ): Promise<void> {
    const { users, histories } = requests, total = histories.offsets.length - 1;
    checkRequests(requests);
    for (let begin = 0; begin < total;) {
      const end = this.#chunkEnd(histories, begin, Math.min(total, begin + Math.min(most, REQUESTS)));
      using queries = await this.#queries({
        users: users && users.slice(begin, end),
        histories: sliceSequences(histories, begin, end),
      });
      await work(queries, begin, end, sliceSequences(excluded, begin, end));
      begin = end;
    }
  }

  async #queries(requests: Requests): Promise<BorrowedRows> {
    const network = this.#network;
    if (requests.users === null && network.foldIn) {
      this.#foldIn ??= await network.foldIn();
      return await this.#foldIn(requests.histories);
    }
    const tape = new Tape(this.#device, null);
    try {
      const { tensor } = this.#device.batch(() => network.queries(tape, requests));
      return { tensor, firstRow: 0, rows: tensor.shape[0], [Symbol.dispose]: () => tape[Symbol.dispose]() };
    } catch (error) {
      tape[Symbol.dispose]();
      throw error;
    }
  }

  /** Where the requests answered together with the one at `begin` end. */
  #chunkEnd({ offsets }: PackedSequences, begin: number, last: number): number {
    let end = begin;
    for (let tokens = 0; end < last; end++) {
      tokens += Math.min(offsets[end + 1]! - offsets[end]!, this.historyLength);
      if (tokens > TOKENS && end > begin) break;
    }
    return end;
  }

  /** Gives back what was made of the weights; not the weights. */
  [Symbol.dispose](): void {
    this.#items[Symbol.dispose]();
  }
}

/**
 * Leaves out nothing.
 *
 * @param queries Number of queries.
 * @returns Exclusions without an item.
 */
export function emptyExclusions(queries: number): Exclusions {
  return { offsets: new Uint32Array(queries + 1), items: new Uint32Array(0) };
}

function checkLists({ offsets }: PackedSequences, { histories }: Requests, doing: string, what: string): void {
  const total = histories.offsets.length - 1;
  if (offsets.length === total + 1) return;
  throw new RangeError(
    `Cannot ${doing} as there must be ${total} lists of ${what}: current value is ${offsets.length - 1}`,
  );
}

function checkRequests({ users, histories: { offsets, items } }: Requests): void {
  if (users && offsets.length !== users.length + 1) {
    throw new RangeError(
      `Cannot rank as there must be ${users.length} histories, one for each user: current value is ${
        offsets.length - 1
      }`,
    );
  }
  if (offsets[0] === 0 && offsets.at(-1) === items.length) return;
  throw new RangeError(
    `Cannot rank as the histories must have ${offsets.at(-1)} items from 0 on: current value is ${items.length}`,
  );
}

/** The elements of some rows, without those around them. */
async function readRows({ tensor, firstRow, rows }: RowRange): Promise<Float32Array> {
  const all = await tensor.device.read(tensor as Tensor<"f32">), width = tensor.shape[1]!;
  return all.subarray(firstRow * width, (firstRow + rows) * width);
}

/** Rows divided by their lengths. */
async function normalised(range: RowRange): Promise<BorrowedRows> {
  const width = range.tensor.shape[1]!, data = unitRows(await readRows(range), width);
  const tensor = range.tensor.device.upload(data, [range.rows, width]);
  return { tensor, firstRow: 0, rows: range.rows, [Symbol.dispose]: () => tensor.dispose() };
}
