import type { Device, Tensor } from "../device/device.ts";
import type { Csr } from "./_build.ts";
import type { CountedCsr } from "./_counted.ts";

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
  /** Value of each entry; null where each counts 1. */
  readonly values: Tensor<"f32"> | null;
  /** Rows at which to cut so that the pieces cost alike. */
  readonly cuts: Uint32Array;
}

/**
 * A graph on a device. The edges of a hub are taken out of `main` into rows of at most {@linkcode HUB_EDGES} edges in
 * `partial`; the hub keeps one edge to each of these, which counts once, numbered from the graph's row count on. So a product
 * is two launches of the same kernel, the first of them short, and no launch waits for one long row.
 */
export interface DeviceGraph {
  /** All rows; the entries of a hub lead to rows of partial sums. */
  readonly main: DeviceCsr;
  /** Rows of partial sums, or null where there is no hub. */
  readonly partial: DeviceCsr | null;
  /** Where entries have no values, the scale of each row: see `CountedCsr`. */
  readonly scales: Tensor<"f32"> | null;
}

/** A sparse matrix on the host, whose entries may count 1 each. */
type HostCsr = Pick<Csr, "rowOffsets" | "columns"> & { readonly values: Csr["values"] | null };

/**
 * Copies a graph to a device.
 *
 * @param device The device.
 * @param csr The graph.
 * @returns The graph on the device.
 * @throws {RangeError} If the device cannot hold it; nothing is kept on it then.
 */
export function uploadGraph(device: Device, csr: Csr): DeviceGraph {
  return upload(device, csr, null);
}

/**
 * Copies a graph of counts to a device.
 *
 * @param device The device.
 * @param csr The graph.
 * @returns The graph on the device.
 * @throws {RangeError} If the device cannot hold it; nothing is kept on it then.
 */
export function uploadCounted(device: Device, { scales, ...csr }: CountedCsr): DeviceGraph {
  return upload(device, { ...csr, values: null }, scales);
}

function upload(device: Device, csr: HostCsr, scales: Float32Array | null): DeviceGraph {
  const { main, partial } = splitHubs(csr);
  using made = new DisposableStack();
  const graph = {
    main: uploadCsr(device, main, made),
    partial: partial && uploadCsr(device, partial, made),
    scales: scales && made.use(device.upload(scales)),
  };
  made.move();
  return graph;
}

/**
 * Gives the memory of an uploaded graph back.
 *
 * @param graph The graph.
 */
export function disposeGraph({ main, partial, scales }: DeviceGraph): void {
  for (const csr of [main, partial]) {
    csr?.rowOffsets.dispose();
    csr?.columns.dispose();
    csr?.values?.dispose();
  }
  scales?.dispose();
}

function uploadCsr(device: Device, { rowOffsets, columns, values }: HostCsr, made: DisposableStack): DeviceCsr {
  return {
    rows: rowOffsets.length - 1,
    rowOffsets: made.use(device.upload(rowOffsets)),
    columns: made.use(device.upload(columns)),
    values: values && made.use(device.upload(values)),
    cuts: cutByCost(rowOffsets),
  };
}

/** Moves the edges of hubs into a matrix of their own, in pieces. */
function splitHubs(csr: HostCsr): { main: HostCsr; partial: HostCsr | null } {
  const rows = csr.rowOffsets.length - 1;
  let pieces = 0, hubEdges = 0;
  for (let row = 0; row < rows; row++) {
    const edges = csr.rowOffsets[row + 1]! - csr.rowOffsets[row]!;
    if (edges <= HUB_EDGES) continue;
    pieces += Math.ceil(edges / HUB_EDGES);
    hubEdges += edges;
  }
  if (pieces === 0) return { main: csr, partial: null };

  const main = emptyCsr(rows, csr.columns.length - hubEdges + pieces, csr.values !== null);
  const partial = emptyCsr(pieces, hubEdges, csr.values !== null);
  let to = 0, piece = 0, partialTo = 0;
  for (let row = 0; row < rows; row++) {
    const begin = csr.rowOffsets[row]!, end = csr.rowOffsets[row + 1]!;
    const hub = end - begin > HUB_EDGES;
    if (hub) {
      partial.columns.set(csr.columns.subarray(begin, end), partialTo);
      if (csr.values) partial.values!.set(csr.values.subarray(begin, end), partialTo);
      for (let at = begin; at < end; at += HUB_EDGES) {
        main.columns[to++] = rows + piece;
        partialTo += Math.min(HUB_EDGES, end - at);
        partial.rowOffsets[++piece] = partialTo;
      }
    } else {
      main.columns.set(csr.columns.subarray(begin, end), to);
      if (csr.values) main.values!.set(csr.values.subarray(begin, end), to);
      to += end - begin;
    }
    main.rowOffsets[row + 1] = to;
  }
  return { main, partial };
}

function emptyCsr(rows: number, entries: number, weighted: boolean): HostCsr {
  return {
    rowOffsets: new Uint32Array(rows + 1),
    columns: new Uint32Array(entries),
    values: weighted ? new Float32Array(entries) : null,
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
