import { type Device, Graph, sevoInit, type SevoState, sevoStep } from "@sevo/sevo";
import type { ModelFile } from "@sevo/sevo/models";
import { Recommender } from "@sevo/sevo/recommend";

/** The table that learns. */
const TABLE = "item.weight";

/** Neighbours of an item in the graph, and items beyond which looking for them takes too long. */
const NEIGHBOURS = 8, MOST_ITEMS = 20_000;

const LEARNING_RATE = 0.15;

/** What some steps did: the chance that the model gives an item, of all others, where another of the picks is known. */
export interface Lesson {
  /** Before the first step, the geometric mean over the pairs. */
  readonly before: number;
  /** After the last. */
  readonly after: number;
}

/**
 * Teaches a model on the spot: each step draws the rows of items that were picked together nearer to each other than to
 * all others (softmax cross-entropy over the catalogue), and SEvo lets the items that are like them move along.
 */
export class Learner implements Disposable {
  readonly #device: Device;
  readonly #file: ModelFile;
  readonly #rows: number;
  readonly #width: number;
  /** Rows of the table before that of the first item. */
  readonly #leading: number;
  #table: Float32Array;
  #graph: Graph | null = null;
  #state: SevoState | null = null;
  #smooth = true;

  /**
   * @param device What computes.
   * @param file The model.
   */
  constructor(device: Device, file: ModelFile) {
    const { data, shape } = file.weights[TABLE]!;
    this.#device = device;
    this.#file = file;
    [this.#rows, this.#width] = shape as [number, number];
    this.#leading = this.#rows - file.items.length;
    this.#table = data;
  }

  /** Whether a model scores an item by its row alone, so that moving the row is learning. */
  static canTeach({ model, weights }: ModelFile): boolean {
    return TABLE in weights && "itemTables" in model && model.itemTables.join() === TABLE;
  }

  /** The model as it is now. */
  get file(): ModelFile {
    const { shape } = this.#file.weights[TABLE]!;
    return { ...this.#file, weights: { ...this.#file.weights, [TABLE]: { data: this.#table, shape } } };
  }

  /**
   * Takes some steps.
   *
   * @param items Places of the items in the catalogue, two or more.
   * @param steps How many.
   * @param smooth Whether items that are like them move along.
   * @returns What they did.
   */
  async learn(items: readonly number[], steps: number, smooth: boolean): Promise<Lesson> {
    smooth &&= this.#file.items.length <= MOST_ITEMS;
    if (smooth) this.#graph ??= await this.#relatedItems();
    if (this.#state !== null && this.#smooth !== smooth) this.#forgetState();
    this.#state ??= sevoInit(this.#device, { [TABLE]: { data: this.#table, shape: [this.#rows, this.#width] } }, {
      rule: "sgd",
      learningRate: LEARNING_RATE,
      propagation: smooth ? { mode: "neumann", beta: 0.99, layers: 3 } : null,
    });
    this.#smooth = smooth;
    let { gradient, loss } = this.#lossOf(items);
    const before = Math.exp(-loss);
    for (let step = 0; step < steps; step++) {
      this.#state = sevoStep(this.#state, { [TABLE]: gradient }, smooth ? this.#graph : null);
      this.#table = (await this.#state.read())[TABLE]!;
      ({ gradient, loss } = this.#lossOf(items));
    }
    return { before, after: Math.exp(-loss) };
  }

  /** A graph of the items that the model itself holds for alike. */
  async #relatedItems(): Promise<Graph> {
    using recommender = new Recommender(this.#device, this.#file);
    const { items } = this.#file, places = new Map(items.map((id, place) => [id, place]));
    const lists = await recommender.similar(items, { count: NEIGHBOURS });
    const edges = lists.flatMap((list, source) =>
      list.filter(({ score }) => score > 0).map(({ item, score }) => [source, places.get(item)!, score] as const)
    );
    return Graph.fromEdges({
      rows: this.#rows,
      sources: Uint32Array.from(edges, ([source]) => source + this.#leading),
      targets: Uint32Array.from(edges, ([, target]) => target + this.#leading),
      weights: Float32Array.from(edges, ([, , weight]) => weight),
    });
  }

  /** The mean loss over ordered pairs of the items, and the gradient of the sum over the first, which is row by row. */
  #lossOf(items: readonly number[]): { loss: number; gradient: Float32Array } {
    const width = this.#width, gradient = new Float32Array(this.#table.length);
    let loss = 0;
    for (const item of items) {
      const others = items.filter((other) => other !== item), from = (item + this.#leading) * width;
      const scores = new Float64Array(this.#rows).fill(-Infinity);
      for (let row = this.#leading; row < this.#rows; row++) {
        if (row * width === from) continue;
        let score = 0;
        for (let at = 0; at < width; at++) score += this.#table[from + at]! * this.#table[row * width + at]!;
        scores[row] = score;
      }
      const most = scores.reduce((a, b) => Math.max(a, b), -Infinity);
      const total = scores.reduce((sum, score) => sum + Math.exp(score - most), 0);
      const slopes = scores.map((score) => Math.exp(score - most) / total);
      for (const other of others) {
        loss -= (scores[other + this.#leading]! - most - Math.log(total)) / (items.length * others.length);
        slopes[other + this.#leading]! -= 1 / others.length;
      }
      slopes.forEach((slope, row) => {
        if (slope === 0) return;
        for (let at = 0; at < width; at++) {
          gradient[row * width + at]! += slope * this.#table[from + at]!;
          gradient[from + at]! += slope * this.#table[row * width + at]!;
        }
      });
    }
    return { loss, gradient };
  }

  #forgetState(): void {
    this.#state?.[Symbol.dispose]();
    this.#state = null;
  }

  /** Gives the memory of the state and of the graph back. */
  [Symbol.dispose](): void {
    this.#forgetState();
    this.#graph?.[Symbol.dispose]();
  }
}
