import { packPanels, panelLength, rankTargets as rankTargetsKernel } from "../../kernels/rank_targets/rank_targets.ts";
import { findTopItems } from "../../kernels/top_items/find_top_items.ts";
import type { RowRange, Tensor } from "../device/device.ts";
import type { Exclusions, TopItems } from "../models/ranker.ts";

/**
 * Full ranking: the place of each query's target among all items, by the dot product of query and item row. Excluded
 * items are left out; ties are broken by the lower row; an excluded target comes behind all items that are not. No
 * queries x items matrix is made.
 *
 * @example
 * ```ts
 * import { openDevice } from "@sevo/sevo";
 * import { rankTargets } from "@sevo/sevo/recommend";
 * import { assertEquals } from "@std/assert";
 *
 * await using device = await openDevice("cpu");
 * using items = device.upload(new Float32Array([1, 0, 2, 0, 3, 0]), [3, 2]);
 * using query = device.upload(new Float32Array([1, 0]), [1, 2]);
 * const all = { offsets: new Uint32Array([0, 0]), items: new Uint32Array() };
 * const rows = (tensor: typeof items, count: number) => ({ tensor, firstRow: 0, rows: count });
 * assertEquals([...await rankTargets(rows(query, 1), rows(items, 3), new Uint32Array([1]), all)], [2]);
 * ```
 *
 * @param queries Query rows.
 * @param items Item rows, on the same device and of the same width.
 * @param targets Target of each query, a row of `items` counted from its first.
 * @param excluded Items to leave out for each query.
 * @returns Place of each target, counted from 1.
 * @throws {TypeError} If queries and items differ in width.
 * @throws {RangeError} If there are not as many targets or exclusions as queries, a target is no item, or exclusions do
 * not ascend.
 */
export async function rankTargets(
  queries: RowRange,
  items: RowRange,
  targets: Uint32Array,
  excluded: Exclusions,
): Promise<Uint32Array<ArrayBuffer>> {
  checkQueries(queries, items, excluded);
  const outside = targets.find((target) => target >= items.rows);
  if (targets.length !== queries.rows || outside !== undefined) {
    throw new RangeError(
      `Cannot rank as each of ${queries.rows} queries must have a target in [0, ${items.rows}): current value is ${
        outside ?? `${targets.length} targets`
      }`,
    );
  }
  const { device } = queries.tensor;
  using ranks = device.zeros("u32", [queries.rows]);
  using target = device.upload(targets);
  withPanels(items, excluded, ({ panels, offsets, list }) =>
    device.launch(
      rankTargetsKernel,
      { query: queries.tensor, panels, targets: target, offsets, excluded: list, ranks },
      { queries: queries.rows, firstQuery: queries.firstRow, items: items.rows, width: items.tensor.stride },
    ));
  return (await device.read(ranks)).map((before) => before + 1);
}

/**
 * The best items of each query by the dot product of query and item row, without the excluded ones. Ties are broken
 * by the lower row.
 *
 * @example
 * ```ts
 * import { openDevice } from "@sevo/sevo";
 * import { topItems } from "@sevo/sevo/recommend";
 * import { assertEquals } from "@std/assert";
 *
 * await using device = await openDevice("cpu");
 * using tensor = device.upload(new Float32Array([1, 0, 2, 0, 3, 0]), [3, 2]);
 * using query = device.upload(new Float32Array([1, 0]), [1, 2]);
 * const excluded = { offsets: new Uint32Array([0, 1]), items: new Uint32Array([2]) };
 * const queries = { tensor: query, firstRow: 0, rows: 1 };
 * const { items, scores } = await topItems(queries, { tensor, firstRow: 0, rows: 3 }, 2, excluded);
 * assertEquals([[...items], [...scores]], [[1, 0], [2, 1]]);
 * ```
 *
 * @param queries Query rows.
 * @param items Item rows, on the same device and of the same width.
 * @param count Number of items for each query.
 * @param excluded Items to leave out for each query.
 * @returns Items and scores.
 * @throws {TypeError} If queries and items differ in width.
 * @throws {RangeError} If `count` is not an integer >= 1, there are not as many exclusions as queries, or they do not
 * ascend.
 */
export async function topItems(
  queries: RowRange,
  items: RowRange,
  count: number,
  excluded: Exclusions,
): Promise<TopItems> {
  if (!Number.isInteger(count) || count < 1) {
    throw new RangeError(`Cannot find the top items as count must be an integer >= 1: current value is ${count}`);
  }
  checkQueries(queries, items, excluded);
  return await findTopItems(queries, items, count, excluded);
}

function checkQueries(queries: RowRange, items: RowRange, { offsets, items: list }: Exclusions): void {
  const [width, other] = [queries.tensor.shape[1], items.tensor.shape[1]];
  if (width !== other) {
    throw new TypeError(`Cannot rank as queries have ${width} columns: items have ${other}`);
  }
  if (offsets.length !== queries.rows + 1 || offsets.at(-1) !== list.length) {
    throw new RangeError(
      `Cannot rank as exclusions must be those of ${queries.rows} queries: there are ${offsets.length - 1}`,
    );
  }
  // Kernels look for an item in order: one out of order would not be found, and be given after all
  let at = 0;
  for (let query = 0; query < queries.rows; query++) {
    const end = offsets[query + 1]!;
    if (offsets[query] !== at || end < at) {
      throw new RangeError(
        `Cannot rank as the offsets of exclusions must ascend from 0: current value is ${offsets[query]}, ${end}`,
      );
    }
    for (let least = 0; at < end; at++) {
      const item = list[at]!;
      if (item < least || item >= items.rows) {
        throw new RangeError(
          `Cannot rank as the exclusions of query ${query} must ascend in [0, ${items.rows}): current value is ${item}`,
        );
      }
      least = item + 1;
    }
  }
}

function withPanels(
  { tensor, firstRow, rows }: RowRange,
  excluded: Exclusions,
  launch: (tensors: { panels: Tensor<"f32">; offsets: Tensor<"u32">; list: Tensor<"u32"> }) => void,
): void {
  const { device, stride } = tensor;
  using panels = device.empty("f32", [panelLength(rows, stride / 4)]);
  using offsets = device.upload(excluded.offsets);
  using list = device.upload(excluded.items);
  device.batch(() => {
    device.launch(packPanels, { table: tensor, panels }, { items: rows, firstRow, width: stride });
    launch({ panels, offsets, list });
  });
}
