import type { RowRange } from "../../src/device/device.ts";
import { MAXIMUM_COUNT, topItems, topItemsScratch } from "./top_items.ts";

/** Rows left out for each query: those of all queries end to end, ascending and each once within a query. */
export interface LeftOut {
  /** Where the rows of each query begin, and where the last end. */
  readonly offsets: Uint32Array;
  /** The rows. */
  readonly items: Uint32Array;
}

/** The best rows of each query, best first: `count` for each, end to end. */
export interface FoundItems {
  /** Rows, counted from the first; 0xffffffff where there were too few. */
  readonly items: Uint32Array<ArrayBuffer>;
  /** Their scores. */
  readonly scores: Float32Array<ArrayBuffer>;
}

/**
 * Runs `topItems` for any count, in as many launches as it takes, and reads back what it finds. Nothing is checked.
 *
 * @param queries Query rows.
 * @param items The rows to find; those of the queries may be among them.
 * @param count How many to find for each query.
 * @param excluded Rows to leave out for each query.
 * @returns Rows and scores.
 */
export async function findTopItems(
  queries: RowRange,
  items: RowRange,
  count: number,
  excluded: LeftOut,
): Promise<FoundItems> {
  const { device } = queries.tensor;
  const { rows: length, firstRow: firstQuery } = queries, width = items.tensor.stride;
  using top = device.empty("u32", [length, count]);
  using scores = device.empty("f32", [length, count]);
  using scratch = device.empty("u32", [
    topItemsScratch(device.kind, length, width, Math.min(count, MAXIMUM_COUNT)),
  ]);
  using offsets = device.upload(excluded.offsets);
  using list = device.upload(excluded.items);
  const tensors = { query: queries.tensor, table: items.tensor, offsets, excluded: list, scratch, top, scores };
  const scalars = { queries: length, firstQuery, items: items.rows, firstRow: items.firstRow, width };
  device.batch(() => {
    for (let found = 0; found < count; found += MAXIMUM_COUNT) {
      const next = Math.min(count - found, MAXIMUM_COUNT);
      device.launch(topItems, tensors, { ...scalars, found, count: next, stride: top.stride });
    }
  });
  const [rows, values] = await Promise.all([device.read(top), device.read(scores)]);
  return { items: rows, scores: values };
}
