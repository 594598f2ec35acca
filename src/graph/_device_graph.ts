import type { Device, Tensor } from "../device/device.ts";
import type { Csr } from "./_build.ts";

/** Edges of a row above which it is a hub, whose edges are summed in pieces of so many. */
export const HUB_EDGES = 512;

/** Pieces the cpu device shares out in one launch at most: enough for threads to even out. */
const PIECES = 64;

/** Cost of a piece at least, in entries: far above that of handing it over. */
const LEAST_COST = 512;

/** What writing a row costs next to gathering an edge, for cutting rows into pieces of equal cost. */
const ROW_COST = 2;

/** A sparse matrix on a device, with the places where the cpu device cuts its rows. */
export interface DeviceCsr {
  /** Number of rows. */
  readonly rows: number;
  /** Where the entries of each row begin, and where the last end. */
  readonly rowOffsets: Tensor<"u32">;
  /** Column of each entry. */
  readonly columns: Tensor<"u32">;
  /** Value of each entry. */
  readonly values: Tensor<"f32">;
  /** Rows at which to cut so that the pieces cost alike. */
  readonly cuts: Uint32Array;
}

/**
 * A graph on a device. The edges of a hub are taken out of `main` into rows of at most {@linkcode HUB_EDGES} edges in
 * `partial`; the hub keeps one edge of weight 1 to each of these, numbered from the graph's row count on. So a product
 * is two launches of the same kernel, the first of them short, and no launch waits for one long row.
 */
export interface DeviceGraph {
  /** All rows; the entries of a hub lead to rows of partial sums. */
  readonly main: DeviceCsr;
  /** Rows of partial sums, or null where there is no hub. */
  readonly partial: DeviceCsr | null;
}

/**
 * Copies a graph to a device.
 *
 * @param device The device.
 * @param csr The graph.
 * @returns The graph on the device.
 * @throws {RangeError} If the device cannot hold it; nothing is kept on it then.
 */
export function uploadGraph(device: Device, csr: Csr): DeviceGraph {
  const { main, partial } = splitHubs(csr);
  using made = new DisposableStack();
  const graph = { main: uploadCsr(device, main, made), partial: partial && uploadCsr(device, partial, made) };
  made.move();
  return graph;
}

/**
 * Gives the memory of an uploaded graph back.
 *
 * @param graph The graph.
 */
export function disposeGraph({ main, partial }: DeviceGraph): void {
  for (const csr of [main, partial]) {
    csr?.rowOffsets.dispose();
    csr?.columns.dispose();
    csr?.values.dispose();
  }
}

function uploadCsr(device: Device, { rowOffsets, columns, values }: Csr, made: DisposableStack): DeviceCsr {
  return {
    rows: rowOffsets.length - 1,
    rowOffsets: made.use(device.upload(rowOffsets)),
    columns: made.use(device.upload(columns)),
    values: made.use(device.upload(values)),
    cuts: cutByCost(rowOffsets),
  };
}

/** Moves the edges of hubs into a matrix of their own, in pieces. */
function splitHubs(csr: Csr): { main: Csr; partial: Csr | null } {
  const rows = csr.rowOffsets.length - 1;
  let pieces = 0, hubEdges = 0;
  for (let row = 0; row < rows; row++) {
    const edges = csr.rowOffsets[row + 1]! - csr.rowOffsets[row]!;
    if (edges <= HUB_EDGES) continue;
    pieces += Math.ceil(edges / HUB_EDGES);
    hubEdges += edges;
  }
  if (pieces === 0) return { main: csr, partial: null };

  const main = emptyCsr(rows, csr.columns.length - hubEdges + pieces);
  const partial = emptyCsr(pieces, hubEdges);
  let to = 0, piece = 0, partialTo = 0;
  for (let row = 0; row < rows; row++) {
    const begin = csr.rowOffsets[row]!, end = csr.rowOffsets[row + 1]!;
    const hub = end - begin > HUB_EDGES;
    if (hub) {
      partial.columns.set(csr.columns.subarray(begin, end), partialTo);
      partial.values.set(csr.values.subarray(begin, end), partialTo);
      for (let at = begin; at < end; at += HUB_EDGES) {
        main.columns[to] = rows + piece;
        main.values[to++] = 1;
        partialTo += Math.min(HUB_EDGES, end - at);
        partial.rowOffsets[++piece] = partialTo;
      }
    } else {
      main.columns.set(csr.columns.subarray(begin, end), to);
      main.values.set(csr.values.subarray(begin, end), to);
      to += end - begin;
    }
    main.rowOffsets[row + 1] = to;
  }
  return { main, partial };
}

function emptyCsr(rows: number, entries: number): Csr {
  return {
    rowOffsets: new Uint32Array(rows + 1),
    columns: new Uint32Array(entries),
    values: new Float32Array(entries),
  };
}

/** Rows at which to cut so that the pieces cost alike. */
function cutByCost(rowOffsets: Uint32Array): Uint32Array {
  const rows = rowOffsets.length - 1;
  const cost = (row: number) => rowOffsets[row]! + ROW_COST * row;
  const pieces = Math.max(1, Math.min(PIECES, Math.ceil(cost(rows) / LEAST_COST)));
  const cuts = new Uint32Array(pieces + 1);
  for (let piece = 1, row = 0; piece <= pieces; piece++) {
    const target = cost(rows) * piece / pieces;
    let low = row, high = rows;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (cost(middle) < target) low = middle + 1;
      else high = middle;
    }
    cuts[piece] = row = low;
  }
  return cuts;
}
