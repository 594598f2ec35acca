import type { Device } from "../../src/device/device.ts";
import { type CheckResult, Comparison, Draws, poison, strideOf, Tensors, unchanged } from "../_check.ts";
import { fromPanels, toPanels } from "../_panels.ts";
import { propagateOracle } from "./oracle.ts";
import { Entries, propagate } from "./propagate.ts";

/** Sizes and options of a check of `propagate`. */
export interface PropagateCase {
  readonly seed: number;
  readonly rows: number;
  readonly sourceRows: number;
  /** Columns of the matrices. */
  readonly columns: number;
  /** Edges of a row at most, but for the hub. */
  readonly edges: number;
  /** Edges of the row in the middle. */
  readonly hub: number;
  /** Whether some rows collect rows of `partials`. */
  readonly collect: boolean;
  /** Quads of a panel of `source` and `addend`. */
  readonly panel: number;
  /** What the entries count. */
  readonly entries: keyof typeof Entries;
  /** Whether `output` is in panels too. */
  readonly packed: boolean;
  readonly keep: number;
  readonly neighbour: number;
  readonly own: number;
  /** Whether a factor makes the results infinite. */
  readonly overflow?: boolean;
  /** The turn of the launch; that in `status` is 2. */
  readonly turn?: number;
  /** The step to report, or 0. */
  readonly step?: number;
}

const plain: Omit<PropagateCase, "seed" | "rows" | "columns"> = {
  sourceRows: 257,
  edges: 9,
  hub: 0,
  collect: false,
  panel: 1024,
  entries: "weighted",
  packed: false,
  keep: 0,
  neighbour: 1,
  own: 0,
};

/** Cases of the self-check. */
export const propagateCases: readonly PropagateCase[] = [
  { ...plain, seed: 1, rows: 1, sourceRows: 1, columns: 1, edges: 1 },
  { ...plain, seed: 2, rows: 300, columns: 64, edges: 20, neighbour: 0.99, own: 1 },
  { ...plain, seed: 3, rows: 90, columns: 130, edges: 40, hub: 2000, panel: 8, packed: true, own: 1 },
  { ...plain, seed: 4, rows: 257, columns: 33, collect: true, panel: 2, keep: 0.9, neighbour: -0.1, own: -0.2 },
  {
    ...plain,
    seed: 5,
    rows: 40,
    columns: 1100,
    edges: 5,
    collect: true,
    panel: 9,
    packed: true,
    keep: 1,
    neighbour: -1e-3,
  },
  { ...plain, seed: 6, rows: 60, columns: 70, edges: 5, neighbour: 0.5, step: 4 },
  { ...plain, seed: 7, rows: 60, columns: 70, edges: 5, own: 1, overflow: true, step: 4 },
  { ...plain, seed: 8, rows: 60, columns: 70, edges: 5, turn: 2 },
  { ...plain, seed: 9, rows: 60, columns: 70, edges: 5, turn: 3 },
  { ...plain, seed: 10, rows: 30, columns: 64, hub: 600, entries: "ones", panel: 8 },
  { ...plain, seed: 11, rows: 300, columns: 84, edges: 20, entries: "within", panel: 8, packed: true, own: 1 },
  { ...plain, seed: 12, rows: 90, columns: 68, collect: true, entries: "within", panel: 4, packed: true, own: 0.1 },
  { ...plain, seed: 13, rows: 257, columns: 33, collect: true, entries: "out", panel: 2, keep: 0.9, own: -0.2 },
];

/** Rows of `partials` in a check. */
const PARTIAL_ROWS = 5;

/**
 * Checks `propagate` against its oracle. About a quarter of the rows have no edges, a quarter have one.
 *
 * @param device The device.
 * @param options Sizes and options.
 * @param kernel The kernel, or one to try in its place.
 * @returns The outcome.
 */
export async function checkPropagate(device: Device, options: PropagateCase, kernel = propagate): Promise<CheckResult> {
  const draws = new Draws(options.seed);
  const { rows, sourceRows, collect, turn = 0, step = 0, overflow = false } = options,
    stride = strideOf(options.columns);
  const keep = Math.fround(options.keep), neighbour = Math.fround(options.neighbour), own = Math.fround(options.own);
  const { rowOffsets, columns } = drawEdges(draws, options);
  const entries = Entries[options.entries];
  const values = entries === Entries.ones
    ? null
    : entries === Entries.weighted
    ? Float32Array.from(columns, (column) => column < sourceRows ? draws.float() : 1)
    : Float32Array.from({ length: rows }, () => 0.1 + Math.abs(draws.float()));
  const source = draws.matrix(sourceRows, options.columns);
  const partials = collect ? draws.matrix(PARTIAL_ROWS, options.columns) : null;
  const addend = own === 0 ? null : draws.matrix(rows, options.columns);
  // The last element, which the kernel may meet apart from whole vectors of others
  if (overflow && addend) addend[(rows - 1) * stride + options.columns - 1] = Infinity;
  const word = turn === 0 ? 0 : 2;
  const before = keep === 0 ? poison(rows * stride) : draws.matrix(rows, options.columns);

  using tensors = new Tensors(device);
  const quads = stride / 4, panel = Math.min(options.panel, quads), outputPanel = options.packed ? panel : quads;
  const output = tensors.floats(toPanels(before, quads, outputPanel), [rows, stride]);
  const status = tensors.integers(Uint32Array.of(word));
  device.launch(kernel, {
    rowOffsets: tensors.integers(rowOffsets),
    columns: tensors.integers(columns),
    values: values && tensors.floats(values),
    source: tensors.floats(toPanels(source, quads, panel), [sourceRows, stride]),
    partials: partials && tensors.floats(partials, [PARTIAL_ROWS, stride]),
    addend: addend && tensors.floats(toPanels(addend, quads, panel), [rows, stride]),
    output,
    status,
  }, { rows, sourceRows, quads, panel, outputPanel, entries, turn, step, keep, neighbour, own });
  const comparison = new Comparison();
  const input = {
    rowOffsets,
    columns,
    values,
    entries,
    source,
    partials,
    addend,
    before,
    sourceRows,
    stride,
    keep,
    neighbour,
    own,
  };
  const expected = turn > word ? unchanged(before) : propagateOracle(input);
  const [actual, after] = await Promise.all([device.read(output), device.read(status)]);
  comparison.floats("output", fromPanels(actual, quads, outputPanel), expected);
  comparison.integers("status", after, [overflow && step > 0 ? step : word]);
  return comparison.result(kernel.name, options);
}

function drawEdges(
  draws: Draws,
  { rows, sourceRows, edges, hub, collect }: PropagateCase,
): { rowOffsets: Uint32Array<ArrayBuffer>; columns: Uint32Array<ArrayBuffer> } {
  const rowOffsets = new Uint32Array(rows + 1), columns: number[] = [];
  for (let row = 0; row < rows; row++) {
    const kind = draws.integer(4);
    const count = hub > 0 && row === rows >>> 1 ? hub : kind === 0 ? 0 : kind === 1 ? 1 : draws.integer(edges + 1);
    const collects = collect && draws.integer(3) === 0;
    for (let edge = 0; edge < count; edge++) {
      columns.push(collects ? sourceRows + draws.integer(PARTIAL_ROWS) : draws.integer(sourceRows));
    }
    rowOffsets[row + 1] = columns.length;
  }
  return { rowOffsets, columns: Uint32Array.from(columns) };
}
