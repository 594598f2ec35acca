import type { Device } from "../../src/device/device.ts";
import type { Tensor } from "../../src/device/tensor.ts";
import { type CheckResult, Comparison, Draws, POISON, poison, strideOf, Tensors } from "../_check.ts";
import { orderOracle, packPanelsOracle, rankOracle, type ScoreInput, scoresOf } from "./oracle.ts";
import { packPanels, panelLength, rankTargets, topItems } from "./score.ts";

/** Sizes and options of a check of `rankTargets`. */
export interface RankCase {
  readonly seed: number;
  readonly queries: number;
  readonly items: number;
  readonly columns: number;
  /** Items that a query leaves out at most. */
  readonly exclude: number;
  /** Whether scores are small integers, so that many tie and all are exact. */
  readonly exact: boolean;
}

/** Sizes and options of a check of `topItems`. */
export interface TopCase extends RankCase {
  /** Items to find for each query. */
  readonly count: number;
}

/** Sizes of a check of `packPanels`. */
export interface PackCase {
  readonly seed: number;
  readonly items: number;
  readonly columns: number;
  readonly firstRow: number;
}

/** Cases of the self-check of `packPanels`. */
export const packCases: readonly PackCase[] = [
  { seed: 1, items: 1, columns: 1, firstRow: 0 },
  { seed: 2, items: 1000, columns: 64, firstRow: 7 },
];

/** Cases of the self-check of `rankTargets`. */
export const rankCases: readonly RankCase[] = [
  { seed: 1, queries: 1, items: 1, columns: 1, exclude: 0, exact: false },
  { seed: 2, queries: 41, items: 1000, columns: 64, exclude: 20, exact: false },
  { seed: 3, queries: 9, items: 4500, columns: 33, exclude: 50, exact: true },
  { seed: 4, queries: 5, items: 40, columns: 130, exclude: 40, exact: true },
];

/** Cases of the self-check of `topItems`. */
export const topCases: readonly TopCase[] = [
  { seed: 1, queries: 1, items: 1, columns: 1, exclude: 0, exact: false, count: 1 },
  { seed: 2, queries: 7, items: 700, columns: 64, exclude: 20, exact: false, count: 10 },
  { seed: 3, queries: 5, items: 300, columns: 33, exclude: 100, exact: true, count: 20 },
  { seed: 4, queries: 3, items: 12, columns: 6, exclude: 12, exact: true, count: 15 },
];

/** Query and item rows before those that a launch uses. */
const FIRST_QUERY = 2, FIRST_ITEM = 3;

/**
 * Checks `packPanels` against its oracle.
 *
 * @param device The device.
 * @param options Sizes.
 * @param kernel The kernel, or one to try in its place.
 * @returns The outcome.
 */
export async function checkPackPanels(device: Device, options: PackCase, kernel = packPanels): Promise<CheckResult> {
  const { items, columns, firstRow } = options, width = strideOf(columns);
  const table = new Draws(options.seed).matrix(firstRow + items + 1, columns);
  using tensors = new Tensors(device);
  const panels = tensors.floats(poison(panelLength(items, width / 4)));
  device.launch(kernel, { table: tensors.floats(table, [firstRow + items + 1, width]), panels }, {
    items,
    firstRow,
    width,
  });
  const values = packPanelsOracle(table, width, items, firstRow);
  const comparison = new Comparison();
  comparison.floats("panels", await device.read(panels), { values, tolerance: new Float64Array(values.length) });
  return comparison.result(kernel.name, options);
}

/**
 * Checks `rankTargets` against its oracle: a rank may be off by the number of items within rounding of the target.
 *
 * @param device The device.
 * @param options Sizes and options.
 * @param kernel The kernel, or one to try in its place.
 * @returns The outcome.
 */
export async function checkRankTargets(device: Device, options: RankCase, kernel = rankTargets): Promise<CheckResult> {
  const draws = new Draws(options.seed);
  const { queries, items } = options, width = strideOf(options.columns), input = drawScores(draws, options);
  const targets = Uint32Array.from({ length: queries }, (_, q) => {
    const excluded = input.excluded.subarray(input.offsets[q]!, input.offsets[q + 1]!);
    // Now and then an excluded one
    return excluded.length > 0 && draws.integer(4) === 0
      ? excluded[draws.integer(excluded.length)]!
      : draws.integer(items);
  });
  using tensors = new Tensors(device);
  const ranks = tensors.integers(new Uint32Array(queries));
  const bound = bindScores(device, tensors, input);
  device.launch(kernel, { ...bound, targets: tensors.integers(targets), ranks }, {
    queries,
    firstQuery: FIRST_QUERY,
    items,
    width,
  });
  const actual = await device.read(ranks);
  const comparison = new Comparison();
  for (let q = 0; q < queries; q++) {
    const { rank, ambiguous } = rankOracle(input, q, targets[q]!);
    const error = Math.abs(actual[q]! - rank);
    comparison.at(error === 0 ? 0 : error / ambiguous, `ranks[${q}] is ${actual[q]}: expected ${rank} +- ${ambiguous}`);
  }
  return comparison.result(kernel.name, options);
}

/**
 * Checks `topItems` against its oracle. The k-th best of scores that are off by at most b is off by at most b from the
 * k-th best, whichever item it is; so each score is compared with that of the item and with that of the place, and items
 * only where scores are exact.
 *
 * @param device The device.
 * @param options Sizes and options.
 * @param kernel The kernel, or one to try in its place.
 * @returns The outcome.
 */
export async function checkTopItems(device: Device, options: TopCase, kernel = topItems): Promise<CheckResult> {
  const draws = new Draws(options.seed);
  const { queries, items, count, exact } = options, width = strideOf(options.columns), stride = strideOf(count);
  const input = drawScores(draws, options);
  using tensors = new Tensors(device);
  const top = tensors.integers(new Uint32Array(queries * stride).fill(POISON));
  const scores = tensors.floats(poison(queries * stride));
  device.launch(kernel, { ...bindScores(device, tensors, input), top, scores }, {
    queries,
    firstQuery: FIRST_QUERY,
    items,
    width,
    count,
    stride,
  });
  const [actualTop, actualScores] = await Promise.all([device.read(top), device.read(scores)]);
  const comparison = new Comparison();
  for (let q = 0; q < queries; q++) {
    const all = scoresOf(input, q), order = orderOracle(all), bound = all.bounds.reduce((a, b) => Math.max(a, b), 0);
    const wrong = (condition: boolean, detail: string) =>
      condition && comparison.at(Infinity, `top of query ${q}: ${detail}`);
    for (let place = 0; place < count; place++) {
      const at = q * stride + place, item = actualTop[at]!, score = actualScores[at]!, best = order[place];
      if (best === undefined) {
        wrong(item !== 0xffffffff || score !== 0, `place ${place} is item ${item}, score ${score}: expected none`);
        continue;
      }
      wrong(!(item < items) || all.excluded.has(item), `place ${place} is item ${item}: excluded or none at all`);
      wrong(exact && item !== best, `place ${place} is item ${item}: expected ${best}`);
      const last = at - 1,
        follows = place === 0 || actualScores[last]! > score ||
          (actualScores[last] === score && actualTop[last]! < item);
      wrong(!follows, `place ${place} is item ${item}, score ${score}, which does not come after the one before`);
      const compare = (expected: number, tolerance: number) =>
        comparison.floats(`scores of query ${q}, place ${place}, `, Float32Array.of(score), {
          values: Float64Array.of(expected),
          tolerance: Float64Array.of(tolerance),
        });
      compare(all.values[best]!, bound);
      if (item < items) compare(all.values[item]!, all.bounds[item]!);
    }
  }
  return comparison.result(kernel.name, options);
}

function drawScores(draws: Draws, { queries, items, columns, exclude, exact }: RankCase): ScoreInput {
  const width = strideOf(columns);
  const draw = (rows: number) => exact ? draws.integers(rows, columns) : draws.matrix(rows, columns);
  const query = draw(FIRST_QUERY + queries), table = draw(FIRST_ITEM + items);
  // A few items are the same as another, so that there are ties whatever the rounding
  for (let copies = items >> 3; copies > 0; copies--) {
    const from = (FIRST_ITEM + draws.integer(items)) * width;
    table.copyWithin((FIRST_ITEM + draws.integer(items)) * width, from, from + width);
  }
  const offsets = new Uint32Array(queries + 1), excluded: number[] = [];
  for (let q = 0; q < queries; q++) {
    // A bound above the number of items leaves out all of them now and then
    const count = draws.integer(4) === 0 ? exclude : draws.integer(exclude + 1);
    const chosen = count >= items
      ? [...Array(items).keys()]
      : [...new Set(Array.from({ length: count }, () => draws.integer(items)))].sort((a, b) => a - b);
    excluded.push(...chosen);
    offsets[q + 1] = excluded.length;
  }
  const places = { queries, items, columns, firstQuery: FIRST_QUERY, firstItem: FIRST_ITEM };
  return { ...places, query, table, offsets, excluded: Uint32Array.from(excluded), exact };
}

function bindScores(
  device: Device,
  tensors: Tensors,
  { query, table, columns, items, queries, offsets, excluded }: ScoreInput,
): { query: Tensor<"f32">; panels: Tensor<"f32">; offsets: Tensor<"u32">; excluded: Tensor<"u32"> } {
  const width = strideOf(columns);
  const panels = tensors.floats(poison(panelLength(items, width / 4)));
  const tableTensor = tensors.floats(table, [FIRST_ITEM + items, width]);
  device.launch(packPanels, { table: tableTensor, panels }, { items, firstRow: FIRST_ITEM, width });
  return {
    query: tensors.floats(query, [FIRST_QUERY + queries, width]),
    panels,
    offsets: tensors.integers(offsets),
    excluded: tensors.integers(excluded),
  };
}
