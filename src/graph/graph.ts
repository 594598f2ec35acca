import type { Device } from "../device/device.ts";
import { type Bounds, checkOptions, checkType, shown } from "../options.ts";
import { buildNormalised, type NormalisedCsr, type PairVisitor } from "./_build.ts";
import { countedCsr } from "./_counted.ts";
import { type DeviceGraph, disposeGraph, uploadCounted, uploadGraph } from "./_device_graph.ts";

/** Integers by index: an array or a typed array. */
export type Integers = ArrayLike<number>;

/**
 * Item sequences, oldest item first: one list per user, or all lists end to end with the offsets at which each begins
 * (and the last ends), which needs no object per user.
 */
export type Sequences = ArrayLike<Integers> | { readonly offsets: Integers; readonly items: Integers };

/** Options of {@linkcode Graph.fromSequences}. */
export interface SequenceGraphOptions {
  /** Rows of the graph: those of the table to smooth. */
  readonly rows: number;
  /** Row of item 0: 1 where row 0 is padding. Default 0. */
  readonly offset?: number;
  /** Longest distance at which two items of a sequence are related; a pair h apart weighs 1/h. Default 1. */
  readonly maxWalk?: number;
  /** Only the last so many items of a sequence count. Default 50. */
  readonly last?: number;
}

/** A bipartite log for {@linkcode Graph.fromInteractions}. */
export interface Interactions {
  /** User of each interaction, in [0, userCount). */
  readonly users: Integers;
  /** Item of each interaction, in [0, itemCount). */
  readonly items: Integers;
  /** Number of users: rows 0 to userCount - 1. */
  readonly userCount: number;
  /** Number of items: the rows after those of the users. */
  readonly itemCount: number;
}

/** A list of edges for {@linkcode Graph.fromEdges}. */
export interface Edges {
  /** Rows of the graph. */
  readonly rows: number;
  /** One end of each edge, in [0, rows). */
  readonly sources: Integers;
  /** The other end of each edge, in [0, rows). */
  readonly targets: Integers;
  /** Weight of each edge, positive. Default 1 each. */
  readonly weights?: ArrayLike<number>;
}

/**
 * How a device keeps the entries of a graph: each with its value, or, where they are small counts, each as often as it
 * counts and without a value, with a scale for each row. Where they are not, `"counted"` is `"normalised"` too.
 */
export type GraphForm = "normalised" | "counted";

/** A matrix in compressed sparse rows for {@linkcode Graph.fromCsr}. */
export interface CsrArrays {
  /** Where each row begins, and where the last ends: rows + 1 ascending numbers from 0. */
  readonly rowOffsets: Integers;
  /** Column of each entry, in [0, rows). */
  readonly columns: Integers;
  /** Value of each entry. */
  readonly values: ArrayLike<number>;
}

const ACTION = "Cannot build a graph";

const SEQUENCE_OPTIONS: readonly (keyof SequenceGraphOptions)[] = ["rows", "offset", "maxWalk", "last"];
const INTERACTIONS: readonly (keyof Interactions)[] = ["users", "items", "userCount", "itemCount"];
const EDGES: readonly (keyof Edges)[] = ["rows", "sources", "targets", "weights"];
const CSR_ARRAYS: readonly (keyof CsrArrays)[] = ["rowOffsets", "columns", "values"];

/** What the options of an item graph may be. */
export const GRAPH_BOUNDS = {
  maxWalk: { integer: true, min: 1, max: 2 ** 32 - 1 },
  last: { integer: true, min: 1, max: 2 ** 32 - 1 },
} as const satisfies Readonly<Record<string, Bounds>>;

/**
 * A graph of related embedding rows: the symmetrically normalised adjacency D^-1/2 W D^-1/2, without self-loops added;
 * a row of degree 0 stays 0 (SEvo, NeurIPS 2024, section 3). It is copied to a device once, when first used there.
 *
 * @example
 * ```ts
 * import { Graph } from "@sevo/sevo";
 * import { assertEquals } from "@std/assert";
 *
 * const graph = Graph.fromSequences([[0, 1, 2], [1, 2]], { rows: 3 });
 * assertEquals([graph.rows, graph.entries], [3, 4]);
 * ```
 */
export class Graph implements Disposable {
  /** Where the entries of each row begin, and where the last end. */
  readonly rowOffsets: Uint32Array<ArrayBuffer>;
  /** Column of each entry, ascending within a row. */
  readonly columns: Uint32Array<ArrayBuffer>;
  /** Value of each entry. */
  readonly values: Float32Array<ArrayBuffer>;
  readonly #degrees: Float64Array | null;
  // Weak, so that a graph that outlives a device does not keep the device's memory.
  readonly #uploads = new WeakMap<Device, { [Form in GraphForm]?: DeviceGraph }>();
  #devices: WeakRef<Device>[] = [];

  private constructor({ rowOffsets, columns, values, degrees }: NormalisedCsr) {
    this.rowOffsets = rowOffsets;
    this.columns = columns;
    this.values = values;
    this.#degrees = degrees;
  }

  /** Number of rows. */
  get rows(): number {
    return this.rowOffsets.length - 1;
  }

  /** Number of stored entries: twice the edges between different rows, and one for each self-loop. */
  get entries(): number {
    return this.columns.length;
  }

  /**
   * The item-item graph of the published runs: items that follow each other within `maxWalk` steps in the last `last`
   * items of a sequence, weighted by 1/distance and summed over all sequences. An item that follows itself adds to
   * its diagonal from both ends.
   *
   * @param sequences Item sequences, oldest item first.
   * @param options Rows, row offset, walk length and how much of a sequence counts.
   * @returns The normalised graph.
   * @throws {TypeError} If an option is unknown or of another type.
   * @throws {RangeError} If an item has no row, or an option is out of range.
   */
  static fromSequences(sequences: Sequences, options: SequenceGraphOptions): Graph {
    checkOptions(ACTION, options, SEQUENCE_OPTIONS);
    const { rows, offset = 0, maxWalk = 1, last = 50 } = options;
    checkCount("rows", rows, 0);
    checkCount("offset", offset, 0);
    checkCount("maxWalk", maxWalk, GRAPH_BOUNDS.maxWalk.min);
    checkCount("last", last, GRAPH_BOUNDS.last.min);
    const flat = "offsets" in sequences;
    const count = flat ? sequences.offsets.length - 1 : sequences.length;
    const visit: PairVisitor = (emit) => {
      for (let s = 0; s < count; s++) {
        const items = flat ? sequences.items : sequences[s]!;
        const end = flat ? sequences.offsets[s + 1]! : items.length;
        const begin = Math.max(flat ? sequences.offsets[s]! : 0, end - last);
        for (let at = begin; at < end; at++) {
          const row = items[at]! + offset;
          for (let walk = 1; walk <= maxWalk && at + walk < end; walk++) {
            emit(row, items[at + walk]! + offset, 1 / walk);
          }
        }
      }
    };
    for (let s = 0; s < count; s++) {
      const items = flat ? sequences.items : sequences[s]!;
      const end = flat ? sequences.offsets[s + 1]! : items.length;
      for (let at = flat ? sequences.offsets[s]! : 0; at < end; at++) checkRow("item", items[at]!, rows - offset);
    }
    return new Graph(buildNormalised(rows, visit, { weighted: maxWalk > 1 }));
  }

  /**
   * The user-item graph: an unweighted edge between a user and each of their items, however often they met.
   *
   * @param interactions The log. Users come first, then items.
   * @returns The normalised graph of `userCount + itemCount` rows.
   * @throws {TypeError} If there are not as many users as items, or a property is unknown or of another type.
   * @throws {RangeError} If a user or an item is out of range.
   */
  static fromInteractions(interactions: Interactions): Graph {
    checkOptions(ACTION, interactions, INTERACTIONS, "the interactions");
    const { users, items, userCount, itemCount } = interactions;
    checkCount("userCount", userCount, 0);
    checkCount("itemCount", itemCount, 0);
    checkArray("users", users);
    checkArray("items", items);
    checkLength("items", items.length, users.length, "users");
    for (let at = 0; at < users.length; at++) {
      checkRow("user", users[at]!, userCount);
      checkRow("item", items[at]!, itemCount);
    }
    const visit: PairVisitor = (emit) => {
      for (let at = 0; at < users.length; at++) emit(users[at]!, userCount + items[at]!, 1);
    };
    return new Graph(buildNormalised(userCount + itemCount, visit, { weighted: false, distinct: true }));
  }

  /**
   * A graph from any list of edges: symmetrised (an edge counts in both directions), repeated edges summed, and
   * normalised.
   *
   * @param edges Ends and weights of the edges.
   * @returns The normalised graph.
   * @throws {TypeError} If the arrays differ in length, or a property is unknown or of another type.
   * @throws {RangeError} If an end is out of range, or a weight, or the sum of those of a repeated edge, is not positive
   * and finite in float32.
   */
  static fromEdges(edges: Edges): Graph {
    checkOptions(ACTION, edges, EDGES, "the edges");
    const { rows, sources, targets, weights } = edges;
    checkCount("rows", rows, 0);
    checkArray("sources", sources);
    checkArray("targets", targets);
    if (weights !== undefined) checkArray("weights", weights);
    checkLength("targets", targets.length, sources.length, "sources");
    if (weights) checkLength("weights", weights.length, sources.length, "sources");
    for (let at = 0; at < sources.length; at++) {
      checkRow("source", sources[at]!, rows);
      checkRow("target", targets[at]!, rows);
      if (weights && typeof weights[at] !== "number") checkType(ACTION, `weight ${at}`, weights[at], "number");
      if (weights && !(Math.fround(weights[at]!) > 0 && Math.fround(weights[at]!) < Infinity)) {
        throw new RangeError(
          `${ACTION} as weight ${at} must be positive and finite: current value is ${weights[at]}`,
        );
      }
    }
    const visit: PairVisitor = (emit) => {
      for (let at = 0; at < sources.length; at++) emit(sources[at]!, targets[at]!, weights ? weights[at]! : 1);
    };
    return new Graph(buildNormalised(rows, visit, { weighted: weights !== undefined }));
  }

  /**
   * A graph taken as it is, already normalised. Propagation in `exact` mode relies on it being symmetric with
   * eigenvalues in [-1, 1].
   *
   * @param csr The matrix in compressed sparse rows; copied.
   * @returns The graph.
   * @throws {TypeError} If the arrays do not fit together, or a property is unknown or of another type.
   * @throws {RangeError} If an offset or a column is out of range, or a value is not finite.
   */
  static fromCsr(csr: CsrArrays): Graph {
    checkOptions(ACTION, csr, CSR_ARRAYS, "the matrix");
    const { rowOffsets, columns, values } = csr;
    checkArray("rowOffsets", rowOffsets);
    checkArray("columns", columns);
    checkArray("values", values);
    if (rowOffsets.length === 0) {
      throw new TypeError(`${ACTION} as rowOffsets must have at least one element`);
    }
    const rows = rowOffsets.length - 1;
    checkLength("values", values.length, columns.length, "columns");
    for (let row = 0; row <= rows; row++) {
      const below = row === 0 ? 0 : rowOffsets[row - 1]!;
      const expected = row === 0 ? rowOffsets[0] === 0 : Number.isInteger(rowOffsets[row]) && rowOffsets[row]! >= below;
      if (!expected) {
        throw new RangeError(
          `${ACTION} as rowOffsets must ascend from 0: value ${row} is ${rowOffsets[row]}`,
        );
      }
    }
    checkLength("columns", columns.length, rowOffsets[rows]!, "entries of rowOffsets");
    for (let at = 0; at < columns.length; at++) {
      checkRow("column", columns[at]!, rows);
      if (typeof values[at] !== "number") checkType(ACTION, `value ${at}`, values[at], "number");
      if (!Number.isFinite(Math.fround(values[at]!))) {
        throw new RangeError(`${ACTION} as value ${at} must be finite: current value is ${values[at]}`);
      }
    }
    return new Graph({
      rowOffsets: Uint32Array.from(rowOffsets),
      columns: Uint32Array.from(columns),
      values: Float32Array.from(values),
      degrees: null,
    });
  }

  /**
   * The graph on a device, copied there on first use.
   *
   * @param device The device.
   * @param form How its entries are kept. Default `"normalised"`.
   * @returns The graph's tensors on that device; they belong to the graph.
   * @throws {RangeError} If the device cannot hold them; nothing is kept on it then.
   */
  on(device: Device, form: GraphForm = "normalised"): DeviceGraph {
    let uploads = this.#uploads.get(device);
    if (!uploads) {
      this.#uploads.set(device, uploads = {});
      this.#devices.push(new WeakRef(device));
    }
    return uploads[form] ??= this.#upload(device, form);
  }

  #upload(device: Device, form: GraphForm): DeviceGraph {
    if (form === "normalised") return uploadGraph(device, this);
    const counted = countedCsr(this, this.#degrees);
    return counted ? uploadCounted(device, counted) : this.on(device);
  }

  /** Gives back the memory the graph takes on devices. It is copied again if it is used again. */
  [Symbol.dispose](): void {
    for (const device of this.#devices.map((reference) => reference.deref())) {
      if (!device) continue;
      for (const upload of new Set(Object.values(this.#uploads.get(device) ?? {}))) disposeGraph(upload);
      this.#uploads.delete(device);
    }
    this.#devices = [];
  }
}

function checkCount(name: string, value: number, least: number): void {
  checkType(ACTION, name, value, "number");
  if (!Number.isSafeInteger(value) || value < least || value >= 2 ** 32) {
    throw new RangeError(`${ACTION} as ${name} must be an integer >= ${least}: current value is ${value}`);
  }
}

function checkRow(name: string, value: number, count: number): void {
  if (!(value >= 0 && value < count && Number.isInteger(value))) {
    // Beyond the end of its array it is undefined.
    if (value !== undefined) checkType(ACTION, name, value, "number");
    throw new RangeError(`${ACTION} as ${name} must be in [0, ${count}): current value is ${value}`);
  }
}

function checkArray(name: string, value: unknown): void {
  if (Array.isArray(value) || ArrayBuffer.isView(value)) return;
  if (typeof value === "object" && value !== null && "length" in value) return;
  throw new TypeError(`${ACTION} as ${name} must be an array: current value is ${shown(value)}`);
}

function checkLength(name: string, length: number, expected: number, other: string): void {
  if (length !== expected) {
    throw new TypeError(
      `${ACTION} as ${name} must be as many as ${other}, ${expected}: current value is ${length}`,
    );
  }
}
