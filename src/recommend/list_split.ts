import type { Dataset } from "../data/dataset.ts";
import { packHistories } from "../data/histories.ts";
import { sliceSequences } from "../data/sequences.ts";
import { NO_ITEM, type Ranker } from "../models/ranker.ts";
import type { RankingTask } from "./history.ts";

/** Users whose lists are made at a time. */
const USERS = 8192;

/** What lists look like as a whole. */
export interface ListMetrics {
  /** The share of the catalogue that stands among the first k of at least one list. */
  readonly [coverage: `coverage@${number}`]: number;
  /** Mean place by popularity of the first k of all lists: 1 is the item with the most interactions in training. */
  readonly [popularity: `popularity@${number}`]: number;
}

/** Lists of some users of a task. */
export interface Lists {
  /** The first of these users, by its place in the task. */
  readonly begin: number;
  /** The first user after them. */
  readonly end: number;
  /** Items of all lists end to end, `count` each; `NO_ITEM` where there are too few. */
  readonly items: Uint32Array;
}

/**
 * Makes the list of every user of a task, and says what the lists look like as a whole.
 *
 * @example
 * ```ts
 * import { openDevice } from "@sevo/sevo";
 * import { popularity } from "@sevo/sevo/models";
 * import { listSplit, rankerOf, rankingTask } from "@sevo/sevo/recommend";
 * import { generatedDataset } from "@sevo/sevo/training";
 * import { assert } from "@std/assert";
 *
 * await using device = await openDevice("cpu");
 * const dataset = generatedDataset({ users: 50, items: 40 });
 * using ranker = rankerOf(device, popularity, popularity.count(dataset, {}), {});
 * const lists: number[] = [];
 * const metrics = await listSplit(ranker, dataset, rankingTask(dataset, "test"), [5], ({ items }) => {
 *   lists.push(...items);
 * });
 * assert(lists.length % 5 === 0 && metrics["coverage@5"]! < 1);
 * ```
 *
 * @param ranker How the model ranks.
 * @param dataset The dataset of the task.
 * @param task Who gets a list.
 * @param at Cut-offs; a list is as long as the greatest.
 * @param onLists Gets the lists, some at a time.
 * @returns Coverage of the catalogue and mean popularity rank.
 */
export async function listSplit(
  ranker: Pick<Ranker, "top" | "historyLength">,
  dataset: Dataset,
  { split, users, excluded }: RankingTask,
  at: readonly number[],
  onLists: (lists: Lists) => Promise<void> | void = () => {},
): Promise<ListMetrics> {
  const count = Math.min(Math.max(...at), dataset.itemCount), place = popularityRanks(dataset);
  const sums = at.map(() => ({ seen: new Uint8Array(dataset.itemCount), ranks: 0, entries: 0 }));
  for (let begin = 0; begin < users.length; begin += USERS) {
    const end = Math.min(users.length, begin + USERS), some = users.slice(begin, end);
    const histories = packHistories(dataset, some, split, ranker.historyLength);
    const left = sliceSequences(excluded, begin, end);
    const { items } = await ranker.top({ users: some, histories }, count, left);
    for (let list = 0; list < items.length; list += count) {
      at.forEach((k, which) => {
        const sum = sums[which]!;
        for (let rank = list; rank < list + Math.min(k, count) && items[rank] !== NO_ITEM; rank++) {
          sum.seen[items[rank]!] = 1;
          sum.ranks += place[items[rank]!]!;
          sum.entries++;
        }
      });
    }
    await onLists({ begin, end, items });
  }
  const share = (seen: Uint8Array) => seen.reduce((sum, one) => sum + one, 0) / dataset.itemCount;
  return {
    ...Object.fromEntries(at.map((k, which) => [`coverage@${k}`, share(sums[which]!.seen)])),
    ...Object.fromEntries(at.map((k, which) => {
      const { ranks, entries } = sums[which]!;
      return [`popularity@${k}`, entries === 0 ? 0 : ranks / entries];
    })),
  };
}

/** The place of each item by its number of training interactions, counted from 1; of equals the lower item is first. */
function popularityRanks({ itemCount, train }: Dataset): Uint32Array {
  const counts = new Uint32Array(itemCount);
  for (const item of train.items) counts[item]!++;
  const order = Uint32Array.from(counts.keys()).sort((a, b) => counts[b]! - counts[a]! || a - b);
  const ranks = new Uint32Array(itemCount);
  order.forEach((item, at) => ranks[item] = at + 1);
  return ranks;
}
