import { defineKernel } from "../../src/device/kernel.ts";
import { nonFiniteWgsl, panelsWgsl, propagateWgsl } from "../wgsl.generated.ts";

/** What the entries of a matrix count, and what its `values` are. */
export const Entries = {
  /** Each its own value: `values` has one for each entry. */
  weighted: 0,
  /** 1 each; `values` is not read. */
  ones: 1,
  /** 1 each; `values` has the scale s of each row, and the product is multiplied by s^2. */
  within: 2,
  /** 1 each; `values` has the scale s of each row, the product is multiplied by s and the addend divided by it. */
  out: 3,
} as const;

/**
 * One layer of propagation, a sparse-times-dense product with its epilogue fused in:
 *
 *     output = keep * output + neighbour * (A source) + own * addend
 *
 * `A` is in compressed sparse rows, its entries of a kind of {@linkcode Entries}: docs/method.md says what the two with
 * scales are for. A column index of `sourceRows` or more means a row of `partials`, which counts once: that is how a hub row,
 * whose edges were summed in pieces by an earlier launch of this same kernel, collects the pieces. A row's edges are either
 * all of one kind or all of the other. `keep = 0` does not read `output`; `own = 0` does not read `addend`. Edges are
 * summed in the order stored, so neither threads nor workgroups change a bit.
 *
 * `source` and `addend` are in panels of `panel` quads (see `_panels.ts`), `partials` row-major, and `output` in panels
 * of `outputPanel`, which is either `panel` or `quads`. The cpu device's items are panels by rows, panel after panel:
 * {@linkcode itemCuts} makes cuts of rows into cuts of these.
 *
 * A result that is not finite sets `status` to `step` unless it is set; `step = 0` does not look. With a `turn` other
 * than 0 the launch does nothing where `status` is below it: see `conjugate_gradient.ts`.
 *
 * Least traffic: 4 bytes, 8 where it has a weight, and one row gathered per edge, one row written per row, and one read each for `addend`
 * and `output` where used.
 */
export const propagate = defineKernel({
  name: "propagate",
  bindings: {
    rowOffsets: { type: "u32", access: "read" },
    columns: { type: "u32", access: "read" },
    values: { type: "f32", access: "read" },
    source: { type: "vec4f", access: "read" },
    partials: { type: "vec4f", access: "read" },
    addend: { type: "vec4f", access: "read" },
    output: { type: "vec4f", access: "update" },
    status: { type: "atomic<u32>", access: "update" },
  },
  params: {
    rows: "u32",
    sourceRows: "u32",
    quads: "u32",
    panel: "u32",
    outputPanel: "u32",
    entries: "u32",
    turn: "u32",
    step: "u32",
    keep: "f32",
    neighbour: "f32",
    own: "f32",
  },
  wgsl: panelsWgsl + nonFiniteWgsl + propagateWgsl,
  shape: ({ rows, quads, panel }) => ({
    items: rows * Math.ceil(quads / panel),
    grain: 256,
    workgroups: Math.ceil(rows * quads / 256),
  }),
});

/** Pieces of a launch beyond which cuts of rows are left out: a panel is then cut into fewer. */
const PIECES = 256;

/**
 * Cuts of the items of a launch, from cuts of its rows.
 *
 * @param cuts Rows at which to cut, from 0 to the number of rows.
 * @param panels Panels of the matrices.
 * @returns Items at which to cut.
 */
export function itemCuts(cuts: Uint32Array, panels: number): Uint32Array {
  if (panels === 1) return cuts;
  const rows = cuts.at(-1)!, pieces = cuts.length - 1;
  const step = Math.ceil(panels * pieces / PIECES);
  const kept = cuts.filter((_, at) => at < pieces && at % step === 0);
  const items = new Uint32Array(panels * kept.length + 1);
  for (let panel = 0; panel < panels; panel++) {
    kept.forEach((row, at) => items[panel * kept.length + at] = panel * rows + row);
  }
  items[panels * kept.length] = panels * rows;
  return items;
}
