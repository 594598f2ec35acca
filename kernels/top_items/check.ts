import type { Device } from "../../src/device/device.ts";
import { type CheckResult, Comparison, Draws, POISON, poison, strideOf, Tensors } from "../_check.ts";
import { drawScores, FIRST_ITEM, FIRST_QUERY, type ScoreCase, scoresOf } from "../_score_check.ts";
import { countedScores, orderOracle } from "./oracle.ts";
import { topItems, topItemsScratch } from "./top_items.ts";

/** Sizes and options of a check of `topItems`. */
export interface TopCase extends ScoreCase {
  /** Items to find for each query. */
  readonly count: number;
  /** Items that a launch before the one that is checked has found for each query. */
  readonly found: number;
  /** Items that score NaN. */
  readonly broken: number;
}

/** Cases of the self-check of `topItems`. */
export const topCases: readonly TopCase[] = [
  { seed: 1, queries: 1, items: 1, columns: 1, exclude: 0, exact: false, count: 1, found: 0, broken: 0 },
  { seed: 2, queries: 19, items: 1500, columns: 64, exclude: 20, exact: false, count: 10, found: 0, broken: 3 },
  { seed: 3, queries: 5, items: 900, columns: 33, exclude: 100, exact: true, count: 20, found: 7, broken: 0 },
  { seed: 4, queries: 3, items: 12, columns: 6, exclude: 12, exact: true, count: 15, found: 0, broken: 5 },
  // So many more than are kept that they are cut several times, and nearly all of them alike
  { seed: 5, queries: 2, items: 4200, columns: 1, exclude: 50, exact: true, count: 1000, found: 0, broken: 40 },
  { seed: 6, queries: 2, items: 2500, columns: 4, exclude: 0, exact: false, count: 1000, found: 0, broken: 0 },
];

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
  const { queries, items, exact, found, broken } = options, width = strideOf(options.columns);
  const count = found + options.count, stride = strideOf(count + 1);
  const input = drawScores(draws, options);
  for (let i = 0; i < broken; i++) input.table[(FIRST_ITEM + draws.integer(items)) * width] = NaN;
  using tensors = new Tensors(device);
  const top = tensors.integers(new Uint32Array(queries * stride).fill(POISON));
  const scores = tensors.floats(poison(queries * stride));
  const most = Math.max(...[found, options.count].map((n) => topItemsScratch(device.kind, queries, width, n)));
  const bound = {
    query: tensors.floats(input.query, [FIRST_QUERY + queries, width]),
    table: tensors.floats(input.table, [FIRST_ITEM + items, width]),
    offsets: tensors.integers(input.offsets),
    excluded: tensors.integers(input.excluded),
    scratch: tensors.integers(new Uint32Array(most).fill(POISON)),
    top,
    scores,
  };
  const scalars = { queries, firstQuery: FIRST_QUERY, items, firstRow: FIRST_ITEM, width, stride };
  if (found > 0) device.launch(topItems, bound, { ...scalars, found: 0, count: found });
  device.launch(kernel, bound, { ...scalars, found, count: options.count });
  const [actualTop, actualScores] = await Promise.all([device.read(top), device.read(scores)]);
  const comparison = new Comparison();
  for (let q = 0; q < queries; q++) {
    const all = countedScores(scoresOf(input, q)),
      order = orderOracle(all),
      tolerance = all.bounds.reduce((a, b) => Math.max(a, b), 0);
    for (let at = q * stride + count; at < (q + 1) * stride; at++) {
      if (actualTop[at] !== POISON) comparison.at(Infinity, `top[${at}], which is nobody's place, was written`);
    }
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
      const compare = (expected: number, off: number) =>
        comparison.floats(`scores of query ${q}, place ${place}, `, Float32Array.of(score), {
          values: Float64Array.of(expected),
          tolerance: Float64Array.of(off),
        });
      compare(all.values[best]!, tolerance);
      if (item < items) compare(all.values[item]!, all.bounds[item]!);
    }
  }
  return comparison.result(kernel.name, options);
}
