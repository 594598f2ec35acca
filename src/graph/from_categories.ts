import { crc32 } from "../crc32.ts";
import { shuffleBy } from "../data/shuffle.ts";
import { type Bounds, checkOptions, checkType, isWithin, SEED, shown } from "../options.ts";
import { Philox, Stream } from "../philox.ts";
import { buildNormalised, type NormalisedCsr, type PairVisitor } from "./_build.ts";
import { ACTION, checkArray, checkCount, checkLength, checkRow, type Integers } from "./_checks.ts";

/** What belongs to which category, for {@linkcode Graph.fromCategories}. */
export interface Memberships {
  /** Rows of the graph. One without a category, or alone in its categories, is isolated. */
  readonly rows: number;
  /** Row of each membership, counted from `offset`. A row may be in any number of categories. */
  readonly items: Integers;
  /** Category of each membership: a text or a number. */
  readonly categories: ArrayLike<string | number>;
  /** Row of item 0: 1 where row 0 is padding. Default 0. */
  readonly offset?: number;
  /** Rows of one category that a row of it is related to at most, from 2. Default 10. */
  readonly neighbours?: number;
  /** Seed of the relations within large categories: an integer in [0, 2^32). Default 1. */
  readonly seed?: number;
}

const MEMBERSHIPS: readonly (keyof Memberships)[] = ["rows", "items", "categories", "offset", "neighbours", "seed"];

/** What the number of neighbours of a row may be. */
export const NEIGHBOUR_BOUNDS = { integer: true, min: 2, max: 1024 } as const satisfies Bounds;

/**
 * See {@linkcode Graph.fromCategories}.
 *
 * @param memberships Rows and their categories.
 * @returns The normalised matrix.
 */
export function categoryCsr(memberships: Memberships): NormalisedCsr {
  checkOptions(ACTION, memberships, MEMBERSHIPS, "the memberships");
  const { rows, items, categories, offset = 0, neighbours = 10, seed = 1 } = memberships;
  checkCount("rows", rows, 0);
  checkCount("offset", offset, 0);
  checkNeighbours("neighbours", neighbours);
  checkType(ACTION, "seed", seed, "number");
  if (!isWithin(SEED, seed)) {
    throw new RangeError(`${ACTION} as seed must be an integer in [0, 2^32): current value is ${seed}`);
  }
  checkArray("items", items);
  checkArray("categories", categories);
  checkLength("categories", categories.length, items.length, "items");
  for (let at = 0; at < items.length; at++) {
    checkRow("item", items[at]!, rows - offset);
    const category: unknown = categories[at];
    if (typeof category === "string" || Number.isFinite(category)) continue;
    throw new TypeError(`${ACTION} as category ${at} must be a text or a finite number: it is ${shown(category)}`);
  }
  const groups = groupsOf(items, categories, offset), philox = new Philox(seed, Stream.graph);
  // Each circle gives a row two neighbours
  const circles = Math.floor(neighbours / 2);
  const visit: PairVisitor = (emit) => {
    for (const { key, members } of groups) {
      const count = members.length;
      if (count - 1 <= neighbours) {
        for (let one = 0; one < count; one++) {
          for (let other = one + 1; other < count; other++) emit(members[one]!, members[other]!, 1 / (count - 1));
        }
        continue;
      }
      for (let circle = 0; circle < circles; circle++) {
        const order = members.slice();
        shuffleBy(philox, order, key, circle);
        order.forEach((row, at) => emit(row, order[(at + 1) % count]!, 1 / (2 * circles)));
      }
    }
  };
  return buildNormalised(rows, visit, { weighted: true });
}

/**
 * Checks how many neighbours a row has at most.
 *
 * @param name Name of the number.
 * @param value The number.
 * @param min Its least value.
 * @throws {TypeError} If it is no number.
 * @throws {RangeError} If it is out of range.
 */
export function checkNeighbours(name: string, value: number, min: number = NEIGHBOUR_BOUNDS.min): void {
  checkType(ACTION, name, value, "number");
  if (isWithin({ ...NEIGHBOUR_BOUNDS, min }, value)) return;
  throw new RangeError(
    `${ACTION} as ${name} must be an integer in [${min}, ${NEIGHBOUR_BOUNDS.max}]: current value is ${value}`,
  );
}

/** A category: what draws within it are keyed by, so that they do not depend on the other categories, and its rows. */
interface Group {
  readonly key: number;
  readonly members: Uint32Array;
}

/** The rows of each category, ascending and each once. */
function groupsOf(items: Integers, categories: ArrayLike<string | number>, offset: number): Group[] {
  const numbers = new Map<string | number, number>(), ofItem = new Uint32Array(items.length), sizes: number[] = [];
  for (let at = 0; at < items.length; at++) {
    const category = categories[at]!;
    let number = numbers.get(category);
    if (number === undefined) numbers.set(category, number = sizes.push(0) - 1);
    ofItem[at] = number;
    sizes[number]!++;
  }
  const rows = new Uint32Array(items.length), next = new Float64Array(sizes.length);
  for (let number = 1; number < sizes.length; number++) next[number] = next[number - 1]! + sizes[number - 1]!;
  const begins = next.slice();
  for (let at = 0; at < items.length; at++) rows[next[ofItem[at]!]!++] = items[at]! + offset;
  return Array.from(numbers, ([category, number]) => {
    const own = rows.subarray(begins[number], next[number]).sort();
    const members = own.filter((row, at) => at === 0 || row !== own[at - 1]);
    return { key: crc32(new TextEncoder().encode(String(category))), members };
  });
}
