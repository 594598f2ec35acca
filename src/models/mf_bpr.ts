import { pairLoss } from "../../kernels/pair_loss/pair_loss.ts";
import { sum } from "../../kernels/sum/sum.ts";
import type { PairBatch } from "../data/pair_sampler.ts";
import type { Device } from "../device/device.ts";
import type { RowRange, Tensor } from "../device/tensor.ts";
import type { Graph } from "../graph/graph.ts";
import { normals } from "../philox.ts";
import { type PlannedGradient, planRows } from "../sevo/gradient.ts";
import type { SevoOptions } from "../sevo/options.ts";
import { loadState, sevoInit, type TableInit } from "../sevo/init.ts";
import type { SevoState } from "../sevo/state.ts";
import { sevoStep } from "../sevo/step.ts";

/** Standard deviation of the initial embeddings in the published runs. */
const INITIAL_DEVIATION = 1e-4;

/** Parameters of a model by name, as they go into a model file. */
export type ModelWeights = { readonly [name: string]: TableInit };

/** What MF-BPR is trained with. */
export interface MfBprOptimizer {
  /** Rule and rates; with a propagation, that of the smoothed tables. */
  readonly options: SevoOptions;
  /** What the updates are smoothed over: the items alone, or users and items stacked. Null without propagation. */
  readonly smoothing: { readonly over: "item" | "user-item"; readonly graph: Graph } | null;
}

/**
 * Matrix factorisation under Bayesian personalised ranking (Rendle et al., UAI 2009): the score of an item for a user
 * is the dot product of their embeddings; the loss of a (user, positive, negative) is softplus(negative score -
 * positive score).
 */
export class MfBpr implements Disposable {
  /** The device of the parameters. */
  readonly device: Device;
  readonly #loss: Tensor<"f32">;
  #steps = 0;
  /** Tables that are stepped together: both, or each apart where the items alone are smoothed. */
  readonly #groups: { state: SevoState; readonly graph: Graph | null }[];

  /**
   * Puts the tables under training.
   *
   * @param device The device.
   * @param weights Initial tables `user.weight` (users x dimension) and `item.weight` (items x dimension).
   * @param optimizer Rule, rates and smoothing.
   */
  constructor(device: Device, weights: ModelWeights, { options, smoothing }: MfBprOptimizer) {
    this.device = device;
    this.#loss = device.zeros("f32", [1]);
    const user = { "user.weight": weights["user.weight"]! }, item = { "item.weight": weights["item.weight"]! };
    if (smoothing?.over === "item") {
      const { correction: _, ...plain } = options;
      this.#groups = [
        { state: sevoInit<string>(device, user, { ...plain, propagation: null }), graph: null },
        { state: sevoInit<string>(device, item, options), graph: smoothing.graph },
      ];
    } else {
      this.#groups = [
        { state: sevoInit<string>(device, { ...user, ...item }, options), graph: smoothing?.graph ?? null },
      ];
    }
  }

  /**
   * Draws initial tables, normal with deviation 1e-4 as in the published runs.
   *
   * @param users Number of users.
   * @param items Number of items.
   * @param dimension Embedding width.
   * @param seed An integer in [0, 2^32).
   * @returns The tables.
   */
  static initialWeights(users: number, items: number, dimension: number, seed: number): ModelWeights {
    return {
      "user.weight": { data: normals(seed, 0, users * dimension, INITIAL_DEVIATION), shape: [users, dimension] },
      "item.weight": { data: normals(seed, 1, items * dimension, INITIAL_DEVIATION), shape: [items, dimension] },
    };
  }

  /**
   * One training step: loss and gradients of a batch, and a step of the optimizer. Nothing is read back.
   *
   * @param batch The samples.
   */
  step(batch: PairBatch): void {
    const { device } = this;
    device.batch(() => {
      using owned = new DisposableStack();
      const gradients = this.#gradients(batch, owned);
      for (const group of this.#groups) {
        const own = Object.fromEntries(group.state.names.map((name) => [name, gradients[name]!]));
        group.state = sevoStep(group.state, own, group.graph);
      }
    });
    this.#steps++;
  }

  /** Gradient rows of a batch, with the plans that sum them by user and by item. */
  #gradients(
    { users, positives, negatives }: PairBatch,
    owned: DisposableStack,
  ): { [name: string]: PlannedGradient } {
    const { device } = this;
    const userTable = this.#table("user.weight"), itemTable = this.#table("item.weight");
    const samples = users.length, columns = userTable.tensor.shape[1]!;
    const userValues = owned.use(device.empty("f32", [samples, columns]));
    const itemValues = owned.use(device.empty("f32", [2 * samples, columns]));
    using losses = device.empty("f32", [samples]);
    using userIds = device.upload(users);
    using positiveIds = device.upload(positives);
    using negativeIds = device.upload(negatives);
    device.launch(pairLoss, {
      userTable: userTable.tensor,
      itemTable: itemTable.tensor,
      users: userIds,
      positives: positiveIds,
      negatives: negativeIds,
      userGradient: userValues,
      itemGradient: itemValues,
      losses,
    }, {
      ...{ samples, quads: userValues.stride / 4, firstUser: userTable.firstRow, firstItem: itemTable.firstRow },
      ...{ pointwise: 0, indexed: 1, firstGradient: 0 },
    });
    device.launch(sum, { values: losses, total: this.#loss }, { count: samples, scale: 1 / samples });
    const items = new Uint32Array(2 * samples);
    items.set(positives);
    items.set(negatives, samples);
    const planned = (rows: Uint32Array, rowCount: number, values: Tensor<"f32">): PlannedGradient => {
      const { offsets, order } = planRows(rows, rowCount);
      return { values, offsets: owned.use(device.upload(offsets)), order: owned.use(device.upload(order)) };
    };
    return {
      "user.weight": planned(users, userTable.rows, userValues),
      "item.weight": planned(items, itemTable.rows, itemValues),
    };
  }

  /**
   * The mean loss of the steps since this was last asked, and a check of these steps.
   *
   * @returns The mean loss.
   * @throws {NonFiniteError} If a gradient had a value that is not finite.
   */
  async meanLoss(): Promise<number> {
    const [[total]] = await Promise.all([
      this.device.read(this.#loss),
      ...this.#groups.map(({ state }) => state.check()),
    ]);
    const mean = total! / this.#steps;
    this.device.clear(this.#loss);
    this.#steps = 0;
    return mean;
  }

  /** The users' rows: the query of a user is their embedding. */
  get queries(): RowRange {
    return this.#table("user.weight");
  }

  /** The items' rows, which queries are scored against. */
  get items(): RowRange {
    return this.#table("item.weight");
  }

  /**
   * Reads the parameters back.
   *
   * @returns `user.weight` and `item.weight`.
   * @throws {NonFiniteError} If a gradient had a value that is not finite.
   */
  async weights(): Promise<ModelWeights> {
    const tables: Record<string, TableInit> = {};
    for (const { state } of this.#groups) {
      for (const [name, data] of Object.entries(await state.read())) {
        tables[name] = { data, shape: state.shapes[name]! };
      }
    }
    return tables;
  }

  /**
   * Saves all that training goes on from.
   *
   * @returns A file of `SevoState.save` for each group of tables that are stepped together.
   * @throws {NonFiniteError} If a gradient had a value that is not finite.
   */
  async save(): Promise<Uint8Array<ArrayBuffer>[]> {
    return await Promise.all(this.#groups.map(({ state }) => state.save()));
  }

  /**
   * Goes on from what {@linkcode MfBpr.save} gave, to the bit.
   *
   * @param saved The files.
   * @throws {SyntaxError} If a file is not a saved state.
   */
  restore(saved: readonly Uint8Array[]): void {
    this.#groups.forEach((group, at) => {
      const state = loadState(this.device, saved[at]!);
      group.state[Symbol.dispose]();
      group.state = state;
    });
  }

  /** Gives the memory of the parameters back. */
  [Symbol.dispose](): void {
    this.#loss.dispose();
    for (const { state } of this.#groups) state[Symbol.dispose]();
  }

  #table(name: "user.weight" | "item.weight"): RowRange {
    return this.#groups.find(({ state }) => name in state.shapes)!.state.table(name);
  }
}
