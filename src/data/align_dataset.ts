import type { Dataset, SplitItems } from "./dataset.ts";
import { checkMatch, matchIds } from "./match_ids.ts";
import type { PackedSequences } from "./sequences.ts";

/** The ids that a model knows. */
export interface KnownIds {
  /** Ids of its users, or null where it does not tell users apart. */
  readonly users: readonly string[] | null;
  /** Ids of its items. */
  readonly items: readonly string[];
}

/** A dataset in the numbering of a model, and what of it the model does not know. */
export interface AlignedDataset {
  /** The dataset: its items, and for a model of users its users, are those of the model, in the model's order. */
  readonly dataset: Dataset;
  /** What was left out. */
  readonly unknown: {
    /** Users whose interactions were left out. */
    readonly users: number;
    /** Items that occur and were left out. */
    readonly items: number;
    /** Items to validate on, of users that are known, that were left out. */
    readonly valid: number;
    /** Items to test on, of users that are known, that were left out. */
    readonly test: number;
  };
}

/**
 * Numbers a dataset as a model does, so that the model can be evaluated on another dataset than that of its training. Items
 * are matched by id, and so are users for a model with a row for each. What the model does not know is left out of the
 * histories and of what is held out, and counted.
 *
 * @example
 * ```ts
 * import { alignDataset, generatedDataset } from "@sevo/sevo/training";
 * import { assertEquals } from "@std/assert";
 *
 * const dataset = generatedDataset({ users: 50, items: 40 });
 * // A model that knows all items but one, in another order
 * const known = dataset.items.slice(1).reverse();
 * const aligned = alignDataset(dataset, { users: null, items: known });
 * assertEquals([aligned.dataset.items, aligned.unknown.items], [known, 1]);
 * ```
 *
 * @param dataset The dataset.
 * @param known The ids that the model knows.
 * @returns The dataset and what was left out of it.
 * @throws {RangeError} If the two have no item, or no user, in common.
 */
export function alignDataset(dataset: Dataset, { users, items }: KnownIds): AlignedDataset {
  const itemRows = matchIds(dataset.items, items);
  checkMatch("use the model", "items", itemRows, dataset.items, items);
  const userRows = users === null ? Int32Array.from(dataset.users.keys()) : matchIds(dataset.users, users);
  if (users !== null) checkMatch("use the model", "users", userRows, dataset.users, users);
  const names = users ?? dataset.users, order = new Int32Array(names.length).fill(-1);
  userRows.forEach((row, user) => row >= 0 && (order[row] = user));

  const occurring = new Uint8Array(dataset.itemCount);
  const unknown = { users: 0, items: 0, valid: 0, test: 0 };
  for (const { items } of [dataset.train, dataset.valid, dataset.test]) for (const item of items) occurring[item] = 1;
  itemRows.forEach((row, item) => row < 0 && (unknown.items += occurring[item]!));
  userRows.forEach((row) => row < 0 && unknown.users++);
  const part = (split: keyof SplitItems) => {
    const { sequences, dropped } = renumber(dataset[split], order, itemRows);
    if (split !== "train") unknown[split] = dropped;
    return sequences;
  };
  const splits = { train: part("train"), valid: part("valid"), test: part("test") };

  const itemOrder = matchIds(items, dataset.items);
  const itemColumns = Object.fromEntries(
    Object.entries(dataset.itemColumns).map(([name, values]) => [
      name,
      Array.from(itemOrder, (item) => item < 0 ? null : values[item]!),
    ]),
  );
  return {
    dataset: {
      ...dataset,
      userCount: names.length,
      itemCount: items.length,
      users: names,
      items,
      ...splits,
      itemColumns,
    },
    unknown,
  };
}

/** The sequences of users in another order, with items by other numbers; an item without a number is dropped. */
function renumber(
  { offsets, items }: PackedSequences,
  order: Int32Array,
  itemRows: Int32Array,
): { sequences: PackedSequences; dropped: number } {
  const begins = new Uint32Array(order.length + 1), kept = new Uint32Array(items.length);
  let count = 0, dropped = 0;
  order.forEach((user, at) => {
    for (let place = user < 0 ? 0 : offsets[user]!; user >= 0 && place < offsets[user + 1]!; place++) {
      const row = itemRows[items[place]!]!;
      if (row >= 0) kept[count++] = row;
      else dropped++;
    }
    begins[at + 1] = count;
  });
  return { sequences: { offsets: begins, items: kept.slice(0, count) }, dropped };
}
