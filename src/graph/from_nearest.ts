import { findTopItems } from "../../kernels/top_items/find_top_items.ts";
import { unitRows } from "../data/unit_rows.ts";
import type { Device } from "../device/device.ts";
import { checkOptions, shown } from "../options.ts";
import { buildNormalised, type NormalisedCsr, type PairVisitor } from "./_build.ts";
import { ACTION, checkCount, checkLength } from "./_checks.ts";
import { checkNeighbours } from "./from_categories.ts";

/** A table of vectors, such as the embeddings of a trained model. */
export interface Vectors {
  /** Its elements, row-major. */
  readonly data: Float32Array;
  /** Rows and columns. */
  readonly shape: readonly number[];
}

/** Options of {@linkcode Graph.fromNearest}. */
export interface NearestOptions {
  /** Nearest rows of a row, from 1. Default 10. */
  readonly count?: number;
  /** What is near: a great cosine, or a great dot product. Default `cosine`. */
  readonly metric?: "cosine" | "dot";
  /** Rows of the table before that of item 0, such as one for padding: they are isolated. Default 0. */
  readonly offset?: number;
}

const VECTORS: readonly (keyof Vectors)[] = ["data", "shape"];
const OPTIONS: readonly (keyof NearestOptions)[] = ["count", "metric", "offset"];

/** Rows whose neighbours are searched at a time, at most. */
const QUERIES = 8192;

/**
 * See {@linkcode Graph.fromNearest}.
 *
 * @param device The device to search on.
 * @param vectors A row for each row of the graph.
 * @param options How many neighbours, by what, and which rows are padding.
 * @returns The normalised matrix.
 */
export async function nearestCsr(device: Device, vectors: Vectors, options: NearestOptions): Promise<NormalisedCsr> {
  checkOptions(ACTION, vectors, VECTORS, "the vectors");
  checkOptions(ACTION, options, OPTIONS);
  const { count = 10, metric = "cosine", offset = 0 } = options, { data, shape } = vectors;
  checkNeighbours("count", count, 1);
  checkCount("offset", offset, 0);
  if (metric !== "cosine" && metric !== "dot") {
    throw new TypeError(`${ACTION} as metric must be 'cosine' or 'dot': current value is ${shown(metric)}`);
  }
  const { rows, width } = checkedShape(data, shape);
  if (offset > rows) throw new RangeError(`${ACTION} as offset must be in [0, ${rows}]: current value is ${offset}`);
  const known = knownRows(data, width, offset), total = known.length, most = Math.min(count, total - 1);
  const near = new Uint32Array(total * Math.max(0, most));
  if (most > 0) {
    const own = new Float32Array(total * width);
    known.forEach((row, at) => own.set(data.subarray(row * width, (row + 1) * width), at * width));
    using table = device.upload(metric === "cosine" ? unitRows(own, width) : own, [total, width]);
    const items = { tensor: table, firstRow: 0, rows: total };
    for (let begin = 0; begin < total; begin += QUERIES) {
      const queries = Math.min(QUERIES, total - begin);
      const itself = {
        offsets: Uint32Array.from({ length: queries + 1 }, (_, at) => at),
        items: Uint32Array.from({ length: queries }, (_, at) => begin + at),
      };
      const found = await findTopItems({ tensor: table, firstRow: begin, rows: queries }, items, most, itself);
      near.set(found.items, begin * most);
    }
  }
  const visit: PairVisitor = (emit) => {
    for (let at = 0; at < near.length; at++) emit(known[Math.floor(at / most)]!, known[near[at]!]!, 1);
  };
  return buildNormalised(rows, visit, { weighted: false });
}

function checkedShape(data: unknown, shape: unknown): { rows: number; width: number } {
  if (!(data instanceof Float32Array)) {
    throw new TypeError(`${ACTION} as data must be a Float32Array: current value is ${shown(data)}`);
  }
  if (!Array.isArray(shape) || shape.length !== 2) {
    throw new TypeError(`${ACTION} as shape must be [rows, columns]: current value is ${shown(shape)}`);
  }
  const [rows, width] = shape as [number, number];
  checkCount("rows of the shape", rows, 0);
  checkCount("columns of the shape", width, 1);
  checkLength("data", data.length, rows * width, "elements of the shape");
  const at = data.findIndex((value) => !Number.isFinite(value));
  if (at >= 0) {
    throw new RangeError(
      `${ACTION} as vectors must be finite: element ${at % width} of row ${Math.floor(at / width)} is ${data[at]}`,
    );
  }
  return { rows, width };
}

/** Rows from `offset` on that are not all zeros: zeros stand for a row of which nothing is known. */
function knownRows(data: Float32Array, width: number, offset: number): number[] {
  const known: number[] = [];
  for (let row = offset; row * width < data.length; row++) {
    if (data.subarray(row * width, (row + 1) * width).some((value) => value !== 0)) known.push(row);
  }
  return known;
}
