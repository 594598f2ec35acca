import { sum } from "../../kernels/sum/sum.ts";
import type { Device, RowRange, Tensor } from "../device/device.ts";
import type { Graph } from "../graph/graph.ts";
import { type ModelWeights, ParameterLayout, type Weight } from "../nn/parameters.ts";
import type { Gradient } from "../sevo/gradient.ts";
import type { NetworkWeights } from "./network.ts";
import { loadState, sevoInit } from "../sevo/init.ts";
import type { TableInit } from "../sevo/table_init.ts";
import type { SevoOptions } from "../sevo/options.ts";
import type { SevoState } from "../sevo/state.ts";
import { sevoStep } from "../sevo/step.ts";

/** Name of the flat table of all parameters that are no embedding table. */
export const PARAMETERS = "parameters";

/** How the weights of a model are trained. */
export interface WeightsOptions {
  /** Rule and rates; with a propagation, that of the smoothed tables. */
  readonly options: SevoOptions;
  /** Embedding tables that are stepped together, and what their updates are smoothed over. */
  readonly groups: readonly { readonly tables: readonly string[]; readonly graph: Graph | null }[];
  /** Weights that no gradient reaches: they stay as they are, undecayed. */
  readonly unused?: readonly string[];
}

/** The loss of some steps that go on. */
export interface LossSoFar {
  /** Sum of their losses, as the device has it. */
  readonly total: number;
  /** Their number. */
  readonly steps: number;
}

/**
 * The weights of a model under training: its embedding tables, in groups that are smoothed or not; all other parameters packed
 * into one flat table under the plain rule, with a gradient of the same layout that kernels write their parts
 * of; and the loss since it was last asked for.
 */
export class TrainedWeights implements NetworkWeights, Disposable {
  /** The device of the weights. */
  readonly device: Device;
  /** Where parameters lie in {@linkcode TrainedWeights.parameters}. */
  readonly layout: ParameterLayout;
  /** Gradient of the parameters, of the layout of {@linkcode TrainedWeights.parameters}. */
  readonly gradient: Tensor<"f32">;
  readonly #graphs: readonly (Graph | null)[];
  #state: SevoState;
  readonly #names: readonly string[];
  readonly #unused: ModelWeights;
  #loss: Tensor<"f32">;
  #losses = 0;

  /**
   * Puts weights under training.
   *
   * @param device The device.
   * @param weights Initial weights; those in no group are parameters.
   * @param options Rule, rates, groups and graphs.
   * @throws {TypeError} If the rule propagates and there is no graph.
   */
  constructor(device: Device, weights: ModelWeights, { options, groups, unused = [] }: WeightsOptions) {
    if (options.propagation !== null && !groups.some(({ graph }) => graph)) {
      throw new TypeError("Cannot train as the optimizer propagates over a graph: give one, or propagation null");
    }
    this.device = device;
    this.#names = Object.keys(weights);
    const tables = new Set(groups.flatMap((group) => group.tables));
    const pick = (wanted: (name: string) => boolean): Record<string, Weight> =>
      Object.fromEntries(Object.entries(weights).filter(([name]) => wanted(name)));
    this.#unused = pick((name) => unused.includes(name));
    const parameters = pick((name) => !tables.has(name) && !unused.includes(name));
    this.layout = new ParameterLayout(parameters);
    const { propagation, correction, ...rest } = options;
    const smoothed = { propagation: propagation ?? null, ...correction !== undefined && { correction } };
    // What is on the device already is given back where a later part does not fit
    using made = new DisposableStack();
    const { rows, columns } = this.layout;
    this.gradient = made.use(device.zeros("f32", [rows, columns]));
    const flat = rows > 0
      ? { [PARAMETERS]: { data: this.layout.pack(parameters), shape: [rows, columns] as const } }
      : {};
    const embeddings = pick((name) => tables.has(name)) as Record<string, TableInit>;
    this.#graphs = [...groups.map(({ graph }) => graph), ...rows > 0 ? [null] : []];
    this.#state = made.use(sevoInit<string>(device, { ...embeddings, ...flat }, {
      ...rest,
      groups: [
        ...groups.map(({ tables, graph }) => ({ tables, ...graph ? smoothed : {} })),
        // Kernels take the parameters from the first row of what holds them on
        ...rows > 0 ? [{ tables: [PARAMETERS] }] : [],
      ],
    }));
    this.#loss = device.zeros("f32", [1]);
    made.move();
  }

  /** Steps taken so far. */
  get steps(): number {
    return this.#state.step;
  }

  /** The flat table of parameters. */
  get parameters(): Tensor<"f32"> {
    return this.table(PARAMETERS).tensor;
  }

  /**
   * Where an embedding table lies on the device.
   *
   * @param name Its name.
   * @returns The stack it is in, and its place in it.
   */
  table(name: string): RowRange {
    return this.#state.table(name);
  }

  /**
   * Adds to the loss: scale * the sum of losses.
   *
   * @param losses A loss for each sample.
   * @param scale 1 / the number of samples, for a mean.
   */
  addLoss(losses: Tensor<"f32">, scale: number): void {
    this.device.launch(sum, { values: losses, total: this.#loss }, { count: losses.shape[0], scale });
    this.#losses++;
  }

  /**
   * A step of the optimizer; the gradient of the parameters is in {@linkcode TrainedWeights.gradient}.
   *
   * @param gradients A gradient for each embedding table.
   */
  step(gradients: { readonly [table: string]: Gradient }): void {
    const own = this.layout.rows > 0 ? { [PARAMETERS]: this.gradient } : {};
    this.#state = sevoStep(this.#state, { ...gradients, ...own }, this.#graphs);
  }

  /**
   * The mean loss of the steps since this was last asked, and a check of these steps.
   *
   * @returns The mean loss.
   * @throws {NonFiniteError} If a gradient had a value that is not finite.
   */
  async meanLoss(): Promise<number> {
    const [[total]] = await Promise.all([this.device.read(this.#loss), this.#state.check()]);
    const mean = total! / this.#losses;
    this.device.clear(this.#loss);
    this.#losses = 0;
    return mean;
  }

  /**
   * The loss of the steps since {@linkcode TrainedWeights.meanLoss} was last asked, which goes on.
   *
   * @returns The sum, as the device has it, and the number of steps.
   */
  async lossSoFar(): Promise<LossSoFar> {
    const [total] = await this.device.read(this.#loss);
    return { total: total!, steps: this.#losses };
  }

  /**
   * Goes on from a loss that {@linkcode TrainedWeights.lossSoFar} gave, to the bit.
   *
   * @param loss The loss.
   */
  restoreLoss({ total, steps }: LossSoFar): void {
    this.#loss.dispose();
    this.#loss = this.device.upload(Float32Array.of(total));
    this.#losses = steps;
  }

  /**
   * Reads the weights back.
   *
   * @returns All weights, in the order of the initial ones.
   * @throws {NonFiniteError} If a gradient had a value that is not finite.
   */
  async read(): Promise<ModelWeights> {
    const found: Record<string, Weight> = { ...this.#unused };
    for (const [name, data] of Object.entries(await this.#state.read())) {
      if (name === PARAMETERS) Object.assign(found, this.layout.unpack(data));
      else found[name] = { data, shape: this.#state.shapes[name]! };
    }
    return Object.fromEntries(this.#names.map((name) => [name, found[name]!]));
  }

  /**
   * Saves all that training goes on from.
   *
   * @returns The file of `SevoState.save`.
   * @throws {NonFiniteError} If a gradient had a value that is not finite.
   */
  async save(): Promise<Uint8Array<ArrayBuffer>> {
    return await this.#state.save();
  }

  /**
   * Goes on from what {@linkcode TrainedWeights.save} gave, to the bit.
   *
   * @param saved The file.
   * @throws {SyntaxError} If it is not a saved state, or not of these weights; they stay as they are then.
   */
  restore(saved: Uint8Array): void {
    using loaded = new DisposableStack();
    const state = loaded.use(loadState(this.device, saved));
    const kinds = {
      tables: (state: SevoState) => state.shapes,
      groups: ({ options: { groups } }: SevoState) =>
        groups.map(({ tables, propagation }) => ({ tables, smoothed: propagation !== null })),
    };
    for (const [kind, of] of Object.entries(kinds)) {
      const [actual, expected] = [state, this.#state].map((state) => JSON.stringify(of(state)));
      if (actual === expected) continue;
      throw new SyntaxError(
        `Cannot restore the weights as the saved state is of other ${kind}: expected ${expected}, current value is ${actual}`,
      );
    }
    loaded.move();
    this.#state[Symbol.dispose]();
    this.#state = state;
  }

  /** Gives the memory of the weights back. */
  [Symbol.dispose](): void {
    this.#loss.dispose();
    this.gradient.dispose();
    this.#state[Symbol.dispose]();
  }
}
