import type { Device } from "../device/device.ts";
import type { NormalisedCsr } from "./_build.ts";
import { countedCsr } from "./_counted.ts";
import { type DeviceGraph, disposeGraph, uploadCounted, uploadGraph } from "./_device_graph.ts";
import { describe, type GraphDescription } from "./describe.ts";
import { categoryCsr, type Memberships } from "./from_categories.ts";
import { checkedCsr, type CsrArrays } from "./from_csr.ts";
import { edgeCsr, type Edges } from "./from_edges.ts";
import { interactionCsr, type Interactions } from "./from_interactions.ts";
import { nearestCsr, type NearestOptions, type Vectors } from "./from_nearest.ts";
import { sequenceCsr, type SequenceGraphOptions, type Sequences } from "./from_sequences.ts";
import { mixedCsr } from "./mix.ts";
import { type Smoothness, smoothnessOf } from "./smoothness.ts";

/**
 * How a device keeps the entries of a graph: each with its value, or, where they are small counts, each as often as it
 * counts and without a value, with a scale for each row. Where they are not, `"counted"` is `"normalised"` too.
 */
export type GraphForm = "normalised" | "counted";

/**
 * A graph of related embedding rows: the symmetrically normalised adjacency D^-1/2 W D^-1/2, without self-loops added;
 * a row of degree 0 stays 0 (SEvo, NeurIPS 2024, section 3). It is copied to a device once, when first used there.
 *
 * All builders take time and memory linear in the edges, and give equal graphs for equal input. A row without an edge is
 * isolated: its updates are scaled as all others are and not smoothed.
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
   * With `times` and `halfLife`, what happened long ago counts for less: the weight of a pair halves with every half-life
   * between its later item and the newest item of all sequences (the exponential decay of Ding and Li, "Time weight
   * collaborative filtering", CIKM 2005). A pair 126 half-lives old or older does not count.
   *
   * @example Pairs of long ago weigh less
   * ```ts
   * import { Graph } from "@sevo/sevo";
   * import { assertEquals } from "@std/assert";
   *
   * const sequences = [[0, 1], [1, 2]], times = [[0, 1], [5, 7]]; // days
   * const graph = Graph.fromSequences(sequences, { rows: 3, times, halfLife: 3 });
   * const same = Graph.fromEdges({ rows: 3, sources: [0, 1], targets: [1, 2], weights: [0.25, 1] });
   * assertEquals(graph.values, same.values);
   * ```
   *
   * @param sequences Item sequences, oldest item first.
   * @param options Rows, row offset, walk length, how much of a sequence counts, and times.
   * @returns The normalised graph.
   * @throws {TypeError} If an option is unknown or of another type, or of `times` and `halfLife` one is missing, or times
   * are not as many as items.
   * @throws {RangeError} If an item has no row, an option is out of range, or times are not finite or descend.
   */
  static fromSequences(sequences: Sequences, options: SequenceGraphOptions): Graph {
    return new Graph(sequenceCsr(sequences, options));
  }

  /**
   * The user-item graph: an unweighted edge between a user and each of their items, however often they met.
   *
   * @example
   * ```ts
   * import { Graph } from "@sevo/sevo";
   * import { assertEquals } from "@std/assert";
   *
   * const graph = Graph.fromInteractions({ users: [0, 0, 1], items: [0, 1, 1], userCount: 2, itemCount: 2 });
   * assertEquals([graph.rows, graph.entries], [4, 6]);
   * ```
   *
   * @param interactions The log. Users come first, then items.
   * @returns The normalised graph of `userCount + itemCount` rows.
   * @throws {TypeError} If there are not as many users as items, or a property is unknown or of another type.
   * @throws {RangeError} If a user or an item is out of range.
   */
  static fromInteractions(interactions: Interactions): Graph {
    return new Graph(interactionCsr(interactions));
  }

  /**
   * A graph from any list of edges, directed or not: it is symmetrised, so an edge counts in both directions, and one that
   * is given in both counts twice. Weights of repeated edges are summed, and the whole is normalised. A self-loop counts
   * from both its ends: it keeps a part of a row's update with the row. A row that no edge names is isolated.
   *
   * @example A directed, weighted list, a self-loop, and an isolated row
   * ```ts
   * import { Graph } from "@sevo/sevo";
   * import { assertEquals } from "@std/assert";
   *
   * const graph = Graph.fromEdges({ rows: 4, sources: [0, 1, 2], targets: [1, 0, 2], weights: [3, 1, 5] });
   * assertEquals([...graph.rowOffsets], [0, 1, 2, 3, 3]); // row 3 is isolated
   * assertEquals([...graph.columns], [1, 0, 2]);
   * assertEquals([...graph.values], [1, 1, 1]);
   * ```
   *
   * @param edges Ends and weights of the edges.
   * @returns The normalised graph.
   * @throws {TypeError} If the arrays differ in length, or a property is unknown or of another type.
   * @throws {RangeError} If an end is out of range, or a weight, or the sum of those of a repeated edge, is not positive
   * and finite in float32.
   */
  static fromEdges(edges: Edges): Graph {
    return new Graph(edgeCsr(edges));
  }

  /**
   * A graph of rows that share a category, such as the genre of a film. Within a category of n rows, each row is related
   * to all others, with weight 1/(n-1): so all categories of a row count alike, however large they are. Rows that share
   * several categories are related by the sum.
   *
   * In a category of more than `neighbours` + 1 rows, a row is related to `neighbours` of them (one less if that is odd):
   * those beside it when the rows are put in a circle, in a random order, `neighbours`/2 times. All relations of a row
   * still sum to 1. An update reaches the whole category in a few steps, as it does in the full graph in one, and the
   * number of entries is linear in the memberships. The orders depend on the seed, the category and its rows alone.
   *
   * @example
   * ```ts
   * import { Graph } from "@sevo/sevo";
   * import { assertEquals } from "@std/assert";
   *
   * const graph = Graph.fromCategories({
   *   rows: 4,
   *   items: [0, 1, 1, 2, 3],
   *   categories: ["comedy", "comedy", "war", "war", "western"],
   * });
   * assertEquals([...graph.columns], [1, 0, 2, 1]); // 0 and 1, and 1 and 2; row 3 is alone in its category
   * ```
   *
   * @param memberships Rows and their categories. One that is given twice counts once.
   * @returns The normalised graph.
   * @throws {TypeError} If there are not as many categories as items, a category is no text or finite number, or a
   * property is unknown or of another type.
   * @throws {RangeError} If an item has no row, or `neighbours` or `seed` is out of range.
   */
  static fromCategories(memberships: Memberships): Graph {
    return new Graph(categoryCsr(memberships));
  }

  /**
   * A graph of the nearest neighbours of vectors, such as the embeddings of a larger model, the teacher of the paper's
   * distillation (SEvo, NeurIPS 2024, table 5: ten neighbours). The search is exact, in float32 on the device; ties go to the lower
   * row. All neighbours of a row weigh the same, and two rows that are each other's weigh twice what a row and a
   * neighbour that does not have it among its own do: the sum of the directed graph and its transpose.
   *
   * A row of zeros is one of which nothing is known. It is isolated, and so are the rows before `offset`.
   *
   * @example
   * ```ts
   * import { Graph, openDevice } from "@sevo/sevo";
   * import { assertEquals } from "@std/assert";
   *
   * await using device = await openDevice("cpu");
   * const data = Float32Array.of(9, 9, 1, 0, 0.9, 0.1, 0, 1, 0, 2); // row 0 is padding
   * const graph = await Graph.fromNearest(device, { data, shape: [5, 2] }, { count: 1, offset: 1 });
   * assertEquals([...graph.rowOffsets], [0, 0, 1, 2, 3, 4]);
   * assertEquals([...graph.columns], [2, 1, 4, 3]);
   * ```
   *
   * @param device The device to search on.
   * @param vectors A row for each row of the graph.
   * @param options How many neighbours, by what, and which rows are padding.
   * @returns The normalised graph.
   * @throws {TypeError} If the data are not those of the shape, or an option is unknown or of another type.
   * @throws {RangeError} If an element is not finite, or an option is out of range.
   */
  static async fromNearest(device: Device, vectors: Vectors, options: NearestOptions = {}): Promise<Graph> {
    return new Graph(await nearestCsr(device, vectors, options));
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
    return new Graph(checkedCsr(csr));
  }

  /**
   * Several relations of the same rows in one graph: S (w_1 A_1 + w_2 A_2 + ...) S, with the normalised adjacencies A_k and
   * weights that are scaled to sum 1. Relations count by their weights, however many edges each has. S is diagonal:
   * 1/sqrt(p_i) for row i, where p_i is the sum of the weights of those graphs in which the row has an entry. So a row
   * that is isolated in one relation is smoothed over the others in full, and where no row is isolated in any, S is 1.
   * A graph mixed with itself, or by itself, is itself.
   *
   * Eigenvalues stay in [-1, 1] where those of all graphs are: for any x, and y = S x, |x' S A S x| is at most the sum of
   * w_k |y' A_k y|, which is at most the sum of w_k y_i^2 over the rows i of A_k, and that is |x|^2.
   *
   * @example
   * ```ts
   * import { Graph } from "@sevo/sevo";
   * import { assertEquals } from "@std/assert";
   *
   * const items = Graph.fromSequences([[0, 1, 2]], { rows: 4 });
   * const genres = Graph.fromCategories({ rows: 4, items: [2, 3], categories: ["war", "war"] });
   * const graph = Graph.mix([items, genres], [3, 1]);
   * assertEquals([...graph.columns], [1, 0, 2, 1, 3, 2]);
   * ```
   *
   * @param graphs The graphs; not kept.
   * @param weights Weight of each, at least 0; all the same by default.
   * @returns The mixture.
   * @throws {TypeError} If there is no graph, or there are not as many weights as graphs.
   * @throws {RangeError} If they differ in rows, a weight is negative or not finite, or all weights are 0.
   */
  static mix(graphs: readonly Graph[], weights?: ArrayLike<number>): Graph {
    return new Graph(mixedCsr(graphs, weights));
  }

  /**
   * What the graph is like. Eigenvalues are those of Lanczos's iteration in float64: exact to 1e-6 where they stand apart
   * from the next, as in graphs of real data; on long chains of rows, too near 0 by 2e-3 at most, in expectation. They
   * assume a symmetric matrix, as all builders but `fromCsr` give.
   *
   * @example
   * ```ts
   * import { Graph } from "@sevo/sevo";
   * import { assertAlmostEquals, assertEquals } from "@std/assert";
   *
   * const graph = Graph.fromSequences([[0, 1, 2], [3, 4]], { rows: 6 });
   * const { isolatedRows, components, degree, largestEigenvalue } = graph.describe();
   * assertEquals([isolatedRows, components, degree], [1, 2, { min: 1, median: 1, max: 2 }]);
   * assertAlmostEquals(largestEigenvalue, 1, 1e-6);
   * ```
   *
   * @returns Counts and eigenvalues.
   */
  describe(): GraphDescription {
    return describe(this);
  }

  /**
   * How smooth rows are over the graph: J(E) = sum over edges {i, j} of w_ij |e_i/sqrt(d_i) - e_j/sqrt(d_j)|^2, with the
   * degree d_i of a row the sum of the weights of its edges (SEvo, NeurIPS 2024, section 3). That is the trace of
   * E^T (I - A) E, with the normalised adjacency A of the graph, over the rows that have an edge; rows without one have no
   * part in it.
   *
   * @example
   * ```ts
   * import { Graph } from "@sevo/sevo";
   * import { assertAlmostEquals } from "@std/assert";
   *
   * const graph = Graph.fromEdges({ rows: 2, sources: [0], targets: [1] });
   * const { energy, share } = graph.smoothness(Float32Array.of(1, 0, 0, 1), 2);
   * assertAlmostEquals(energy, 2);
   * assertAlmostEquals(share, 1);
   * ```
   *
   * @param data The rows, row-major.
   * @param columns Numbers of a row.
   * @returns J, and J by the squared norm.
   * @throws {RangeError} If there are not as many rows as the graph has.
   */
  smoothness(data: Float32Array, columns: number): Smoothness {
    return smoothnessOf(this, data, columns);
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
