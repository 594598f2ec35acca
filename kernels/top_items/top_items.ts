import type { DeviceKind } from "../../src/device/device.ts";
import { defineKernel } from "../../src/device/kernel.ts";
import { excludedWgsl, topItemsWgsl } from "../wgsl.generated.ts";

/** Items that one launch of `topItems` finds for a query at most. */
export const MAXIMUM_COUNT = 1024;

/** On the cpu: pieces that the queries are cut into at most, queries of a piece at least, and those that go together. */
const MAXIMUM_RUNS = 64, LEAST_RUN = 8, TILE_QUERIES = 32;

/** Workgroups at most, and queries that one serves at a time. */
const MAXIMUM_WORKGROUPS = 512, WORKGROUP_QUERIES = 8;

/** Candidates of a query on webgpu at most: eight for each thread of the workgroup that cuts them. */
const MAXIMUM_CANDIDATES = 2048;

/**
 * Elements that `topItems` needs as scratch: it grows with the number of queries up to 64 pieces or 512 workgroups, and not
 * beyond.
 *
 * @param kind The device.
 * @param queries Queries of the launch.
 * @param width Elements of a stored row.
 * @param count Items to find for each query.
 * @returns The length of the scratch vector.
 */
export function topItemsScratch(kind: DeviceKind, queries: number, width: number, count: number): number {
  if (kind === "webgpu") {
    return 2 * candidates(count) * WORKGROUP_QUERIES * Math.min(MAXIMUM_WORKGROUPS, tiles(queries));
  }
  const run = runOf(queries), tile = Math.min(run, TILE_QUERIES);
  const ofQuery = 8 + 2 * (count + Math.max(64, count >> 1));
  return Math.ceil(queries / run) * (16 + 16 * width + tile * ofQuery);
}

/** Queries of a piece on the cpu: whole tiles of four. */
function runOf(queries: number): number {
  return Math.max(LEAST_RUN, 4 * Math.ceil(queries / (4 * MAXIMUM_RUNS)));
}

/** Room for candidates on webgpu: the best, and all of the items that a workgroup scores before it looks again. */
function candidates(count: number): number {
  return Math.min(MAXIMUM_CANDIDATES, 256 * Math.ceil((2 * count + 256) / 256));
}

function tiles(queries: number): number {
  return Math.ceil(queries / WORKGROUP_QUERIES);
}

/**
 * The best items that are not excluded, best first, for each query row from `firstQuery` on, out of the `items` rows of
 * `table` from `firstRow` on: their numbers, counted from there, in `top[q * stride ..]` and their scores. The score of an
 * item is the dot product of the query and the item's row, summed over the columns in order, as `rankTargets` does it.
 * Ties go to the lower row. A score that is NaN, or below -3.4e38, counts as -3.4e38. Where fewer items are left, the row
 * is filled up with 0xffffffff and 0.
 *
 * A query's excluded items are `excluded[offsets[q] .. offsets[q + 1]]`, ascending and each once. The first `found` places
 * hold what an earlier launch has found: the `count` places after them are filled with what comes next. `count` is at
 * most {@linkcode MAXIMUM_COUNT}, and `scratch` has {@linkcode topItemsScratch} elements.
 *
 * The catalogue is scored once, and no queries x items matrix is ever stored.
 */
export const topItems = defineKernel({
  name: "topItems",
  bindings: {
    query: { type: "f32", access: "read" },
    table: { type: "f32", access: "read" },
    offsets: { type: "u32", access: "read" },
    excluded: { type: "u32", access: "read" },
    scratch: { type: "u32", access: "update" },
    top: { type: "u32", access: "update" },
    scores: { type: "f32", access: "update" },
  },
  params: {
    queries: "u32",
    firstQuery: "u32",
    items: "u32",
    firstRow: "u32",
    width: "u32",
    found: "u32",
    count: "u32",
    stride: "u32",
  },
  wgsl: excludedWgsl + topItemsWgsl,
  shape: ({ queries }) => ({
    items: Math.ceil(queries / runOf(queries)),
    grain: 1,
    workgroups: Math.min(MAXIMUM_WORKGROUPS, tiles(queries)),
  }),
});
