/**
 * Full ranking: the score of an item is the dot product of a query and the item's row. Scores are made tile by tile
 * and used at once, so that no queries x items matrix is ever stored. A query's excluded items (its history) are
 * `excluded[offsets[q] .. offsets[q + 1]]`, ascending and each once. Ties go to the lower row. A dot product is summed
 * over the columns in order, everywhere, so that a score is the same wherever it is computed.
 *
 * @module
 */
import { defineKernel } from "../../src/device/kernel.ts";
import { excludedWgsl, packPanelsWgsl, rankTargetsWgsl } from "../wgsl.generated.ts";

/** Items of one panel. */
export const PANEL_ITEMS = 16;

/** Items that one workgroup of `rankTargets` scores against its queries. */
const SPLIT_ITEMS = 4096;

/** Queries that one workgroup of `rankTargets` serves. */
const TILE_QUERIES = 8;

/**
 * Elements of the panels of a table.
 *
 * @param items Rows of the table.
 * @param quads Quads of a row.
 * @returns The length of the panel vector.
 */
export function panelLength(items: number, quads: number): number {
  return Math.ceil(items / PANEL_ITEMS) * PANEL_ITEMS * quads * 4;
}

/**
 * Regroups a table, from `firstRow` on, into panels of 16 items, column by column, so that sixteen scores advance
 * with every load: panels[p][column][i] = table[firstRow + 16 p + i][column], and 0 past the last item.
 */
export const packPanels = defineKernel({
  name: "packPanels",
  bindings: {
    table: { type: "f32", access: "read" },
    panels: { type: "f32", access: "write" },
  },
  params: { items: "u32", firstRow: "u32", width: "u32" },
  wgsl: packPanelsWgsl,
  shape: ({ items, width }) => ({
    items: Math.ceil(items / PANEL_ITEMS),
    grain: 32,
    workgroups: Math.ceil(panelLength(items, width / 4) / 256),
  }),
});

/**
 * ranks[q] += the number of items, excluded ones apart, that come before item targets[q] for query row
 * `firstQuery + q`: so 0 is the top. Every item that is not excluded comes before an excluded target. `ranks` starts
 * at 0. NaN counts against the target: one that scores NaN comes last, and an item that does comes before it, so that a
 * model that has diverged never ranks well.
 */
export const rankTargets = defineKernel({
  name: "rankTargets",
  bindings: {
    query: { type: "f32", access: "read" },
    panels: { type: "f32", access: "read" },
    targets: { type: "u32", access: "read" },
    offsets: { type: "u32", access: "read" },
    excluded: { type: "u32", access: "read" },
    ranks: { type: "atomic<u32>", access: "update" },
  },
  params: { queries: "u32", firstQuery: "u32", items: "u32", width: "u32" },
  wgsl: excludedWgsl + rankTargetsWgsl,
  shape: ({ queries, items }) => ({
    items: Math.ceil(queries / 4),
    grain: 8,
    workgroups: Math.ceil(queries / TILE_QUERIES) * Math.ceil(items / SPLIT_ITEMS),
  }),
});
