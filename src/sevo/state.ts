import type { Device, RowRange, Tensor } from "../device/device.ts";
import type { DType } from "../device/shape.ts";
import type { DeviceGraph } from "../graph/_device_graph.ts";
import { NonFiniteError, StateTakenError, unconverged } from "./errors.ts";
import type { ResolvedOptions } from "./options.ts";
import { encodeState, type SavedTable, type StatePart } from "./state_file.ts";

/** Tensors of a state. */
export interface StateTensors {
  /** The stack of all tables. */
  readonly parameter: Tensor<"f32">;
  /** First moments, bias-corrected, or the momentum of sgd. Null where the rule keeps none. */
  readonly moment1: Tensor<"f32"> | null;
  /** Second moments, bias-corrected. Null where the rule keeps none. */
  readonly moment2: Tensor<"f32"> | null;
  /** The unsmoothed direction of the last step, which idle rows keep, laid out and scaled as propagation reads it. */
  readonly direction: Tensor<"f32"> | null;
  /**
   * For each table two words: the first step whose gradient was not finite, or 0; and the first that left a moment that
   * was not finite, or without propagation an element of the table.
   */
  readonly statuses: readonly Tensor<"u32">[];
  /** The first step whose propagation did not converge, or 0. */
  readonly convergence: Tensor<"u32">;
  /** The first step whose propagation left an element of a table that was not finite, or 0. */
  readonly overflow: Tensor<"u32">;
}

/**
 * Tables under optimisation with their moments, on a device. Immutable to its users: `sevoStep` returns the next
 * state and takes this one.
 *
 * @example
 * ```ts
 * import { openDevice, sevoInit, sevoStep } from "@sevo/sevo";
 * import { assertEquals } from "@std/assert";
 *
 * await using device = await openDevice("cpu");
 * const options = { rule: "sgd", learningRate: 0.5, propagation: null } as const;
 * let state = sevoInit(device, { item: { data: new Float32Array(4), shape: [1, 4] } }, options);
 * state = sevoStep(state, { item: new Float32Array([1, 2, 3, 4]) });
 * assertEquals([state.step, state.names, state.rows], [1, ["item"], 1]);
 * assertEquals([...(await state.read()).item], [-0.5, -1, -1.5, -2]);
 * ```
 *
 * @typeParam Names Names of the tables.
 */
export class SevoState<Names extends string = string> implements Disposable {
  /** The device that holds the state. */
  readonly device: Device;
  /** All options. */
  readonly options: ResolvedOptions;
  /** Steps taken so far. */
  readonly step: number;
  /** Shapes of the tables, in the order in which they are stacked. */
  readonly shapes: { readonly [Name in Names]: readonly [rows: number, columns: number] };
  /** The graph that `direction` is scaled for; null where it does not hold the last step's, as the state is new or loaded. */
  readonly directionOf: DeviceGraph | null;
  readonly #tensors: StateTensors;
  #taken: string | null = null;

  /** Not called directly: see `sevoInit` and `loadState`. */
  constructor(
    device: Device,
    options: ResolvedOptions,
    step: number,
    shapes: { readonly [Name in Names]: readonly [rows: number, columns: number] },
    tensors: StateTensors,
    directionOf: DeviceGraph | null,
  ) {
    this.device = device;
    this.options = options;
    this.step = step;
    this.shapes = shapes;
    this.directionOf = directionOf;
    this.#tensors = tensors;
  }

  /** Names of the tables, in the order in which they are stacked. */
  get names(): Names[] {
    return Object.keys(this.shapes) as Names[];
  }

  /** Rows of all tables together: those of the graph. */
  get rows(): number {
    return this.#tensors.parameter.shape[0];
  }

  /** The state's tensors, which stay the state's own. @throws {StateTakenError} If the state was taken. */
  get tensors(): StateTensors {
    if (this.#taken) throw new StateTakenError(`Cannot use a state as ${this.#taken}`);
    return this.#tensors;
  }

  /**
   * Where a table lies on the device, for kernels that read it.
   *
   * @param name Name of the table.
   * @returns The stack and the table's place in it.
   * @throws {TypeError} If there is no such table.
   * @throws {StateTakenError} If the state was taken.
   */
  table(name: Names): RowRange {
    if (!Object.hasOwn(this.shapes, name)) {
      throw new TypeError(`Cannot use table '${name}' as the state has no such table`);
    }
    let firstRow = 0;
    for (const other of this.names) {
      if (other === name) break;
      firstRow += this.shapes[other][0];
    }
    return { tensor: this.tensors.parameter, firstRow, rows: this.shapes[name][0] };
  }

  /**
   * Reads the tables back.
   *
   * @returns Row-major elements of each table.
   * @throws {StateTakenError} If the state was taken.
   * @throws {NonFiniteError} If a gradient, a table or its moments had a value that is not finite.
   * @throws {ConvergenceError} If `exact` propagation did not reach its tolerance.
   */
  async read(): Promise<{ [Name in Names]: Float32Array<ArrayBuffer> }> {
    const { parameter } = this.tensors;
    const [stack] = await Promise.all([this.device.read(parameter), this.check()]);
    return this.#split(stack);
  }

  /**
   * Waits for the steps launched so far and throws what went wrong in them.
   *
   * @throws {StateTakenError} If the state was taken.
   * @throws {NonFiniteError} If a gradient, a table or its moments had a value that is not finite.
   * @throws {ConvergenceError} If `exact` propagation did not reach its tolerance.
   */
  async check(): Promise<void> {
    const { parameter, statuses, convergence, overflow } = this.tensors;
    const words = await Promise.all([...statuses, convergence, overflow].map((status) => this.device.read(status)));
    const [beyond, failed] = [words.pop()![0]!, words.pop()![0]!];
    const names = this.names, met: NonFiniteError[] = [];
    words.forEach(([gradient], at) => gradient && met.push(new NonFiniteError(names[at]!, gradient)));
    words.forEach(([, moments], at) => moments && met.push(new NonFiniteError(names[at]!, moments, "moments")));
    if (beyond) met.push(new NonFiniteError(await this.#nonFiniteTable(parameter), beyond, "table"));
    // Of those of one step, a gradient is the cause and the others follow from it.
    const first = Math.min(...met.map(({ step }) => step));
    for (const error of met) if (error.step === first) throw error;
    if (failed) throw unconverged(this.options.propagation!);
  }

  /** The first table that is not finite, if that can still be told: what has become so stays so but for a decay of 1. */
  async #nonFiniteTable(parameter: Tensor<"f32">): Promise<Names> {
    // The state may have been taken and its memory given back while this waited for the report.
    if (parameter.disposed) return this.names[0]!;
    const parts = this.#split(await this.device.read(parameter));
    return this.names.find((name) => !parts[name].every(Number.isFinite)) ?? this.names[0]!;
  }

  /**
   * Writes the state as a safetensors file: tables as `table.<name>`, moments as `moment1.<name>` and `moment2.<name>`
   * (bias-corrected), step, options and a checksum in the metadata. {@linkcode loadState} continues from it to the bit.
   *
   * @returns The bytes of the file.
   * @throws {StateTakenError} If the state was taken.
   * @throws {NonFiniteError} If a gradient, a table or its moments had a value that is not finite.
   * @throws {ConvergenceError} If `exact` propagation did not reach its tolerance.
   */
  async save(): Promise<Uint8Array<ArrayBuffer>> {
    const { parameter, moment1, moment2 } = this.tensors;
    const [tables, first, second] = await Promise.all([
      this.device.read(parameter),
      moment1 && this.device.read(moment1),
      moment2 && this.device.read(moment2),
      this.check(),
    ]);
    const parts: { [Part in StatePart]?: { [name: string]: SavedTable } } = {};
    for (const [part, stack] of [["table", tables], ["moment1", first], ["moment2", second]] as const) {
      if (!stack) continue;
      const own = this.#split(stack);
      parts[part] = Object.fromEntries(this.names.map((name) => [name, { data: own[name], shape: this.shapes[name] }]));
    }
    return encodeState({ options: this.options, step: this.step, parts });
  }

  /** Gives the memory of the state back. A taken state has none. */
  [Symbol.dispose](): void {
    if (this.#taken) return;
    disposeTensors(this.#tensors);
    this.#taken = "it was disposed of";
  }

  /**
   * Takes the state's tensors. Called by `sevoStep`.
   *
   * @returns The tensors.
   * @throws {StateTakenError} If the state was taken before.
   */
  take(): StateTensors {
    const tensors = this.tensors;
    this.#taken = "a step has taken it: go on with the state that sevoStep returned, or pass { donate: false }";
    return tensors;
  }

  #split(stack: Float32Array<ArrayBuffer>): { [Name in Names]: Float32Array<ArrayBuffer> } {
    const names = this.names;
    let at = 0;
    // From pairs, as setting `__proto__` on an object would give it no such table.
    const parts = Object.fromEntries(names.map((name) => {
      const [rows, columns] = this.shapes[name];
      const begin = at;
      at += rows * columns;
      // A lone table is the stack: a second copy of a large one would be felt.
      return [name, names.length === 1 ? stack : stack.slice(begin, at)];
    }));
    return parts as { [Name in Names]: Float32Array<ArrayBuffer> };
  }
}

/**
 * Copies all tensors of a state.
 *
 * @param device Their device.
 * @param tensors The tensors.
 * @returns The copies.
 * @throws {RangeError} If the device cannot hold them; nothing is kept then.
 */
export function copyTensors(device: Device, tensors: StateTensors): StateTensors {
  using made = new DisposableStack();
  const copy = <D extends DType>(tensor: Tensor<D>): Tensor<D> => made.use(device.copy(tensor));
  const copies = {
    parameter: copy(tensors.parameter),
    moment1: tensors.moment1 && copy(tensors.moment1),
    moment2: tensors.moment2 && copy(tensors.moment2),
    direction: tensors.direction && copy(tensors.direction),
    statuses: tensors.statuses.map((status) => copy(status)),
    convergence: copy(tensors.convergence),
    overflow: copy(tensors.overflow),
  };
  made.move();
  return copies;
}

/**
 * Gives the memory of a state's tensors back.
 *
 * @param tensors The tensors.
 */
export function disposeTensors({ statuses, ...tensors }: StateTensors): void {
  for (const tensor of [...Object.values(tensors), ...statuses]) tensor?.dispose();
}
