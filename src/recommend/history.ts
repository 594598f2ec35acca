import type { Dataset } from "../data/dataset.ts";
import { distinct, hasItem } from "../data/distinct_items.ts";
import { packHistories } from "../data/histories.ts";
import { type PackedSequences, sequencesAt } from "../data/sequences.ts";
import type { Exclusions } from "../models/ranker.ts";
import type { RankingCounts } from "./metrics.ts";

/** Which held-out items of each user are ranked. */
export type Split = "valid" | "test";

/** What full ranking asks for one split: who is ranked, their targets and what is left out of their rankings. */
export interface RankingTask {
  /** Which held-out items are the targets. */
  readonly split: Split;
  /** Users who are ranked, ascending. */
  readonly users: Uint32Array<ArrayBuffer>;
  /** Targets of each of these users, ascending and each once; every user has one at least. */
  readonly targets: PackedSequences;
  /** What is left out of the ranking of each of these users: their history, or nothing where repeats are ranked. */
  readonly excluded: Exclusions;
  /** Which users and targets are ranked, and which are not. */
  readonly counts: RankingCounts;
}

/** How a {@linkcode rankingTask} takes repeats. */
export interface RankingTaskOptions {
  /**
   * Whether targets that are items of the user's own history are ranked, and nothing of the history is left out of the
   * ranking; false by default: such targets are left out of the metrics.
   */
  readonly rankRepeats?: boolean;
}

/**
 * The ranking task of a split of a dataset. Ranked are users with an item to train on and a target left to rank, so that
 * every model ranks the same users. A target that a user has twice counts once.
 *
 * @example
 * ```ts
 * import { rankingTask } from "@sevo/sevo/recommend";
 * import { generatedDataset } from "@sevo/sevo/training";
 * import { assertEquals } from "@std/assert";
 *
 * const { users, targets } = rankingTask(generatedDataset({ users: 50, items: 40 }), "test");
 * assertEquals(targets.offsets.length, users.length + 1);
 * ```
 *
 * @param dataset The dataset.
 * @param split Which held-out items are the targets.
 * @param options How repeats are taken.
 * @returns Users, targets and what is left out.
 * @throws {RangeError} If nobody is left to rank.
 */
export function rankingTask(dataset: Dataset, split: Split, options: RankingTaskOptions = {}): RankingTask {
  const { rankRepeats = false } = options, { userCount, train } = dataset;
  const everybody = Uint32Array.from(Array(userCount).keys()), lengthOf = lengthIn(dataset[split]);
  const held = everybody.filter((user) => lengthOf(user) > 0), isTrained = lengthIn(train);
  const known = held.filter((user) => isTrained(user) > 0);
  const history = historyOf(dataset, known, split), targets = distinct(sequencesAt(dataset[split], known));

  const met = new Uint8Array(dataset.itemCount);
  for (const item of train.items) met[item] = 1;
  const users: number[] = [], places: number[] = [], offsets = [0], items: number[] = [];
  let repeats = 0, unseen = 0;
  known.forEach((user, place) => {
    for (let at = targets.offsets[place]!; at < targets.offsets[place + 1]!; at++) {
      const target = targets.items[at]!, isRepeat = hasItem(history, place, target);
      if (isRepeat) repeats++;
      if (isRepeat && !rankRepeats) continue;
      if (met[target] === 0) unseen++;
      items.push(target);
    }
    if (items.length === offsets.at(-1)) return;
    users.push(user);
    places.push(place);
    offsets.push(items.length);
  });
  const counts = { repeats, withoutHistory: held.length - known.length, unseen };
  if (users.length === 0) throw nobody(dataset.name, split, held.length, counts);
  return {
    split,
    users: Uint32Array.from(users),
    targets: { offsets: Uint32Array.from(offsets), items: Uint32Array.from(items) },
    excluded: rankRepeats
      ? { offsets: new Uint32Array(users.length + 1), items: new Uint32Array(0) }
      : sequencesAt(history, Uint32Array.from(places)),
    counts,
  };
}

function lengthIn({ offsets }: PackedSequences): (user: number) => number {
  return (user) => offsets[user + 1]! - offsets[user]!;
}

/** Why nobody is left to rank. */
function nobody(name: string, split: Split, held: number, { repeats, withoutHistory }: RankingCounts): RangeError {
  const cannot = `Cannot ${split === "valid" ? "validate" : "test"} as`, on = split === "valid" ? "validate" : "test";
  if (held === 0) return new RangeError(`${cannot} no user of '${name}' has an item to ${on} on`);
  const without = `${withoutHistory} user${withoutHistory === 1 ? " has" : "s have"} no item to train on`;
  if (repeats === 0) return new RangeError(`${cannot} nobody of '${name}' is left to rank: ${without}`);
  const others = withoutHistory === 0 ? "" : `, and ${without}`;
  return new RangeError(
    `${cannot} all ${repeats} targets are items of the user's own history${others}: set rankRepeats (--rank-repeats) to rank them`,
  );
}

/**
 * The items that users are known to have met before a split.
 *
 * @example
 * ```ts
 * import { historyOf } from "@sevo/sevo/recommend";
 * import { generatedDataset } from "@sevo/sevo/training";
 * import { assert } from "@std/assert";
 *
 * const dataset = generatedDataset({ users: 50, items: 40 }), user = new Uint32Array([7]);
 * const [before, after] = [historyOf(dataset, user, "valid"), historyOf(dataset, user, "test")];
 * assert(before.items.every((item) => after.items.includes(item)));
 * ```
 *
 * @param dataset The dataset.
 * @param users The users.
 * @param split `valid`: training items; `test`: the items to validate on too.
 * @returns Their items, ascending and each once.
 */
export function historyOf(dataset: Dataset, users: Uint32Array, split: Split): Exclusions {
  return distinct(packHistories(dataset, users, split));
}
