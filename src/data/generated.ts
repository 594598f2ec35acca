import { checkOptions, checkType } from "../options.ts";
import { below, Philox, Stream, unit } from "../philox.ts";
import { type Dataset, SCHEMA_VERSION } from "./dataset.ts";
import { leaveOneOut } from "./leave_one_out.ts";

/** Size and shape of a {@linkcode generatedDataset}. */
export interface GeneratedOptions {
  /** Number of users; 4,000 by default. */
  users?: number;
  /** Number of items; 6,000 by default. */
  items?: number;
  /** Number of item groups; one for 250 items by default. */
  groups?: number;
  /** Fewest interactions of a user; 4 by default. */
  minLength?: number;
  /** Most interactions of a user; 8 by default. */
  maxLength?: number;
  /** Number of groups a user walks between; 2 by default. */
  groupsPerUser?: number;
  /** Probability of drawing the next item's group anew; 0.1 by default. */
  leave?: number;
  /** Probability of taking an item near the one before, and not any of the group; 0.8 by default. */
  follow?: number;
  /** Exponent of the popularity within a group: the r-th item is drawn in proportion to r^-tail; 0.8 by default. */
  tail?: number;
  /** An integer in [0, 2^32); 0 by default. */
  seed?: number;
}

const DEFAULTS: Required<GeneratedOptions> = {
  users: 4000,
  items: 6000,
  groups: 0,
  minLength: 4,
  maxLength: 8,
  groupsPerUser: 2,
  leave: 0.1,
  follow: 0.8,
  tail: 0.8,
  seed: 0,
};

/** How far along the ring of its group a following item lies at most, either way. */
const REACH = 6;
/** How often another item is drawn where a user already has the one drawn. */
const ATTEMPTS = 8;

const ACTION = "Cannot generate a dataset";

function checked(options: GeneratedOptions): Required<GeneratedOptions> {
  const names = Object.keys(DEFAULTS) as (keyof GeneratedOptions)[];
  checkOptions(ACTION, options, names);
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const all = { ...DEFAULTS, ...given };
  for (const name of names) checkType(ACTION, name, all[name], "number");
  if (given.groups === undefined) all.groups = Math.max(1, Math.round(all.items / 250));
  const integers = [["users", 1], ["items", 1], ["groups", 1], ["minLength", 1], ["groupsPerUser", 1], [
    "seed",
    0,
  ]] as const;
  for (const [name, least] of integers) {
    const value = all[name];
    if (!Number.isInteger(value) || value < least || value >= 2 ** 32) {
      throw new RangeError(
        `${ACTION} as ${name} must be an integer of at least ${least}: current value is ${value}`,
      );
    }
  }
  if (all.groups > all.items) {
    throw new RangeError(
      `${ACTION} as groups must be at most items (${all.items}): current value is ${all.groups}`,
    );
  }
  if (!Number.isInteger(all.maxLength) || all.maxLength < all.minLength || all.maxLength > all.items) {
    throw new RangeError(
      `${ACTION} as maxLength must be an integer in [${all.minLength}, ${all.items}]: current value is ${all.maxLength}`,
    );
  }
  for (const name of ["leave", "follow"] as const) {
    if (!(all[name] >= 0 && all[name] <= 1)) {
      throw new RangeError(`${ACTION} as ${name} must be in [0, 1]: current value is ${all[name]}`);
    }
  }
  if (!(all.tail >= 0 && all.tail <= 10)) {
    throw new RangeError(`${ACTION} as tail must be in [0, 10]: current value is ${all.tail}`);
  }
  return all;
}

/** Sums of r^-exponent over the ranks 1..length, scaled to end at 1: where a draw falls is its rank. */
function cumulative(length: number, exponent: number): Float64Array {
  const sums = new Float64Array(length);
  let sum = 0;
  for (let rank = 0; rank < length; rank++) sums[rank] = sum += (rank + 1) ** -exponent;
  for (let rank = 0; rank < length; rank++) sums[rank]! /= sum;
  return sums;
}

function rankOf(draw: number, sums: Float64Array): number {
  let low = 0, high = sums.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sums[middle]! < draw) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** What the provenance of generated datasets says that made them. */
export const GENERATED_BY = "generatedDataset";

/**
 * Makes up a dataset in which related items go together, as in a real log of interactions but small, and from a seed.
 *
 * Items belong to latent groups. Within a group they have a popularity with a long tail, and they lie on a ring whose order
 * has nothing to do with popularity. A user belongs to a few groups and walks: mostly on to an item near the last one on
 * the ring, else to any item of the group by popularity, now and then over to another of the user's groups. No user takes
 * an item twice unless a group runs out of others. So items that follow one another are related, a graph of them says
 * more than each item's own few interactions do, and popularity alone says little.
 *
 * @example
 * ```ts
 * import { generatedDataset } from "./generated.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const dataset = generatedDataset({ users: 100, items: 80, seed: 1 });
 * assertEquals(dataset.userCount, 100);
 * assertEquals(dataset.train.offsets.length, 101);
 * ```
 *
 * @param options Size, shape and seed.
 * @returns The dataset: the same for the same options on every machine.
 * @throws {TypeError} If an option is unknown or of another type.
 * @throws {RangeError} If an option is out of range.
 */
export function generatedDataset(options: GeneratedOptions = {}): Dataset {
  const resolved = checked(options);
  const { users, items, groups, minLength, maxLength, groupsPerUser, leave, follow, tail, seed } = resolved;
  const philox = new Philox(seed, Stream.dataset);

  // Two shuffles of the items: one deals them to the groups in the order of the ring, the other ranks them by popularity.
  const shuffled = (purpose: number) => {
    const order = Uint32Array.from({ length: items }, (_, item) => item);
    for (let at = items - 1; at > 0; at--) {
      const other = below(philox.draw(at, 0, purpose)[0]!, at + 1);
      const swapped = order[at]!;
      order[at] = order[other]!;
      order[other] = swapped;
    }
    return order;
  };
  const groupOf = new Uint32Array(items), placeOf = new Uint32Array(items);
  const rings: number[][] = Array.from({ length: groups }, () => []);
  shuffled(1).forEach((item, at) => {
    groupOf[item] = at % groups;
    placeOf[item] = rings[at % groups]!.push(item) - 1;
  });
  const ranked: number[][] = Array.from({ length: groups }, () => []);
  for (const item of shuffled(2)) ranked[groupOf[item]!]!.push(item);
  const itemSums = rings.map((ring) => cumulative(ring.length, tail));
  // Groups have a long tail as well, but a gentle one: a head of few groups would make popularity a good guess.
  const groupSums = cumulative(groups, tail / 4);

  const offsets = new Uint32Array(users + 1);
  const sequences = new Uint32Array(users * maxLength);
  const takenBy = new Int32Array(items).fill(-1);
  const own = new Uint32Array(groupsPerUser);
  let end = 0;
  for (let user = 0; user < users; user++) {
    for (let at = 0; at < groupsPerUser; at++) own[at] = rankOf(unit(philox.draw(at, user, 3)[0]!), groupSums);
    const length = minLength + below(philox.draw(0, user, 4)[0]!, maxLength - minLength + 1);
    let group = own[0]!, last = 0;
    for (let position = 0; position < length; position++) {
      let item = 0;
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const words = philox.draw(position, user, 5, attempt);
        const draw = words[3]!;
        // A group whose near items the user all has is left in the end.
        const leaves = attempt === 0 ? unit(words[0]!) < leave : attempt > ATTEMPTS / 2;
        if (position > 0 && leaves) group = own[below(words[1]!, groupsPerUser)]!;
        const ring = rings[group]!;
        if (position > 0 && groupOf[last] === group && unit(words[2]!) < follow) {
          const reach = Math.min(REACH, ring.length - 1);
          const step = below(draw, 2 * reach + 1) - reach;
          item = ring[(placeOf[last]! + step + ring.length) % ring.length]!;
        } else {
          item = ranked[group]![rankOf(unit(draw), itemSums[group]!)]!;
        }
        if (takenBy[item] !== user) break;
      }
      takenBy[item] = user;
      sequences[end++] = item;
      last = item;
    }
    offsets[user + 1] = end;
  }

  const split = leaveOneOut({ offsets, items: sequences.subarray(0, end) });
  const { train, valid, test } = split;
  const counts = { train: train.items.length, valid: valid.items.length, test: test.items.length };
  return {
    name: "generated",
    userCount: users,
    itemCount: items,
    users: Array.from({ length: users }, (_, user) => `user-${user}`),
    items: Array.from({ length: items }, (_, item) => `item-${item}`),
    ...split,
    itemColumns: { category: Array.from(groupOf, (group) => `group-${group}`) },
    provenance: {
      schemaVersion: SCHEMA_VERSION,
      name: "generated",
      createdBy: GENERATED_BY,
      source: [],
      options: { ...resolved },
      counts: { users, items, interactions: end, ...counts },
    },
  };
}
