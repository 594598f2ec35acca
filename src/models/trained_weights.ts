import { sum } from "../../kernels/sum/sum.ts";
import type { Device, RowRange, Tensor } from "../device/device.ts";
import type { Graph } from "../graph/graph.ts";
import { type ModelWeights, ParameterLayout, type Weight } from "../nn/parameters.ts";
import type { Gradient } from "../sevo/gradient.ts";
import type { NetworkWeights } from "./network.ts";
import { loadState, sevoInit, type TableInit } from "../sevo/init.ts";
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
 * The weights of a model under training: its embedding tables, each group a SEvo state of its own; all other parameters
 * packed into one flat table under the plain rule, with a gradient of the same layout that kernels write their parts
 * of; and the loss since it was last asked for.
 */
export class TrainedWeights implements NetworkWeights, Disposable {
  /** The device of the weights. */
  readonly device: Device;
  /** Where parameters lie in {@linkcode TrainedWeights.parameters}. */
  readonly layout: ParameterLayout;
  /** Gradient of the parameters, of the layout of {@linkcode TrainedWeights.parameters}. */
  readonly gradient: Tensor<"f32">;
  readonly #groups: { state: SevoState; readonly graph: Graph | null }[];
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
    const { correction: _, ...rest } = options;
    const plain = { ...rest, propagation: null };
    // What is on the device already is given back where a later part does not fit
    using made = new DisposableStack();
    this.#groups = groups.map(({ tables, graph }) => {
      const own = pick((name) => tables.includes(name)) as Record<string, TableInit>;
      return { state: made.use(sevoInit<string>(device, own, graph ? options : plain)), graph };
    });
    const { rows, columns } = this.layout;
    this.gradient = made.use(device.zeros("f32", [rows, columns]));
    if (rows > 0) {
      const flat = { data: this.layout.pack(parameters), shape: [rows, columns] as const };
      const state = made.use(sevoInit<string>(device, { [PARAMETERS]: flat }, plain));
      this.#groups.push({ state, graph: null });
    }
    this.#loss = device.zeros("f32", [1]);
    made.move();
  }

  /** Steps taken so far. */
  get steps(): number {
    return this.#groups[0]!.state.step;
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
    return this.#groups.find(({ state }) => name in state.shapes)!.state.table(name);
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
    for (const group of this.#groups) {
      const own = Object.fromEntries(
        group.state.names.map((name) => [name, name === PARAMETERS ? this.gradient : gradients[name]!]),
      );
      group.state = sevoStep(group.state, own, group.graph);
    }
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
    for (const { state } of this.#groups) {
      for (const [name, data] of Object.entries(await state.read())) {
        if (name === PARAMETERS) Object.assign(found, this.layout.unpack(data));
        else found[name] = { data, shape: state.shapes[name]! };
      }
    }
    return Object.fromEntries(this.#names.map((name) => [name, found[name]!]));
  }

  /**
   * Saves all that training goes on from.
   *
   * @returns A file of `SevoState.save` for each group of tables, and for the parameters.
   * @throws {NonFiniteError} If a gradient had a value that is not finite.
   */
  async save(): Promise<Uint8Array<ArrayBuffer>[]> {
    return await Promise.all(this.#groups.map(({ state }) => state.save()));
  }

  /**
   * Goes on from what {@linkcode TrainedWeights.save} gave, to the bit.
   *
   * @param saved The files.
   * @throws {SyntaxError} If a file is not a saved state, or not of these weights; they stay as they are then.
   */
  restore(saved: readonly Uint8Array[]): void {
    const fail = (why: string) => new SyntaxError(`Cannot restore the weights as ${why}`);
    if (saved.length !== this.#groups.length) {
      throw fail(`there must be ${this.#groups.length} saved states: current value is ${saved.length}`);
    }
    using loaded = new DisposableStack();
    const states = saved.map((bytes) => loaded.use(loadState(this.device, bytes)));
    const shapesOf = (state: SevoState) => JSON.stringify(state.shapes);
    this.#groups.forEach(({ state }, at) => {
      if (shapesOf(states[at]!) === shapesOf(state)) return;
      throw fail(
        `the saved states are of other tables: expected ${shapesOf(state)}, current value is ${shapesOf(states[at]!)}`,
      );
    });
    loaded.move();
    this.#groups.forEach((group, at) => {
      group.state[Symbol.dispose]();
      group.state = states[at]!;
    });
  }

  /** Gives the memory of the weights back. */
  [Symbol.dispose](): void {
    this.#loss.dispose();
    this.gradient.dispose();
    for (const { state } of this.#groups) state[Symbol.dispose]();
  }
}
