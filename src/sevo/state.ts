import type { Device } from "../device/device.ts";
import type { Tensor } from "../device/tensor.ts";
import { decodeSafetensors, encodeSafetensors, type SafetensorsTensor } from "../safetensors.ts";
import { type ResolvedOptions, resolveOptions, type SevoOptions } from "./options.ts";

/** Initial values of one table. */
export interface TableInit {
  /** Row-major elements. */
  readonly data: Float32Array;
  /** Rows and columns. */
  readonly shape: readonly [rows: number, columns: number];
}

/** Where one table lies in the stack of a state. */
export interface TableView {
  /** The stack of all tables of the state; it belongs to the state. */
  readonly tensor: Tensor<"f32">;
  /** Row of the stack at which the table begins. */
  readonly firstRow: number;
  /** Rows and columns of the table. */
  readonly shape: readonly [rows: number, columns: number];
}

/** A gradient had a value that is not finite. The parameters are no longer of use: go back to a saved state. */
export class NonFiniteError extends Error {
  /** `NonFiniteError`. */
  override name = "NonFiniteError";
  /** The table whose gradient it was. */
  readonly table: string;
  /** The first step with such a value, counted from 1. */
  readonly step: number;

  /**
   * Says which gradient it was.
   *
   * @param table The table whose gradient it was.
   * @param step The first step with such a value.
   */
  constructor(table: string, step: number) {
    super(`Cannot read the state as gradient '${table}' had a value that is not finite: at step ${step}`);
    this.table = table;
    this.step = step;
  }
}

/** A state was used after `sevoStep` had taken it, or after it was disposed of. */
export class StateTakenError extends Error {
  /** `StateTakenError`. */
  override name = "StateTakenError";
}

/** `exact` propagation did not reach its tolerance within `maxIterations`. */
export class ConvergenceError extends Error {
  /** `ConvergenceError`. */
  override name = "ConvergenceError";
}

/** Tensors of a state. */
export interface StateTensors {
  /** The stack of all tables. */
  readonly parameter: Tensor<"f32">;
  /** First moments, bias-corrected, or the momentum of sgd. Null where the rule keeps none. */
  readonly moment1: Tensor<"f32"> | null;
  /** Second moments, bias-corrected. Null where the rule keeps none. */
  readonly moment2: Tensor<"f32"> | null;
  /** The unsmoothed direction of the last step, which idle rows keep. */
  readonly direction: Tensor<"f32"> | null;
  /** For each table the first step whose gradient was not finite, or 0. */
  readonly statuses: readonly Tensor<"u32">[];
  /** The first step whose propagation did not converge, or 0. */
  readonly convergence: Tensor<"u32">;
}

/**
 * Tables under optimisation with their moments, on a device. Immutable to its users: `sevoStep` returns the next
 * state and takes this one.
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
  /** Whether `direction` does not hold the last step's direction, as the state was just made or loaded. */
  readonly stale: boolean;
  readonly #tensors: StateTensors;
  #taken: string | null = null;

  /** Not called directly: see `sevoInit` and `loadState`. */
  constructor(
    device: Device,
    options: ResolvedOptions,
    step: number,
    shapes: { readonly [Name in Names]: readonly [rows: number, columns: number] },
    tensors: StateTensors,
    stale: boolean,
  ) {
    this.device = device;
    this.options = options;
    this.step = step;
    this.shapes = shapes;
    this.stale = stale;
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
   * @throws {StateTakenError} If the state was taken.
   */
  table(name: Names): TableView {
    let firstRow = 0;
    for (const other of this.names) {
      if (other === name) break;
      firstRow += this.shapes[other][0];
    }
    return { tensor: this.tensors.parameter, firstRow, shape: this.shapes[name] };
  }

  /**
   * Reads the tables back.
   *
   * @returns Row-major elements of each table.
   * @throws {StateTakenError} If the state was taken.
   * @throws {NonFiniteError} If a gradient had a value that is not finite.
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
   * @throws {NonFiniteError} If a gradient had a value that is not finite.
   * @throws {ConvergenceError} If `exact` propagation did not reach its tolerance.
   */
  async check(): Promise<void> {
    const { statuses, convergence } = this.tensors;
    const words = await Promise.all([...statuses, convergence].map((status) => this.device.read(status)));
    const unconverged = words.pop()![0]!;
    words.forEach(([step], at) => {
      if (step) throw new NonFiniteError(this.names[at]!, step);
    });
    if (unconverged) {
      const { tolerance, maxIterations } = this.options.propagation!;
      throw new ConvergenceError(
        `Cannot propagate to the tolerance ${tolerance} as maxIterations is too small: current value is ${maxIterations}`,
      );
    }
  }

  /**
   * Writes the state as a safetensors file: tables under their names, moments under `<name>.moment1` and
   * `<name>.moment2` (bias-corrected), step and options in the metadata. {@linkcode loadState} continues from it to
   * the bit.
   *
   * @returns The bytes of the file.
   * @throws {StateTakenError} If the state was taken.
   * @throws {NonFiniteError} If a gradient had a value that is not finite.
   */
  async save(): Promise<Uint8Array<ArrayBuffer>> {
    const { parameter, moment1, moment2 } = this.tensors;
    const [tables, first, second] = await Promise.all([
      this.device.read(parameter),
      moment1 && this.device.read(moment1),
      moment2 && this.device.read(moment2),
      this.check(),
    ]);
    const tensors: Record<string, SafetensorsTensor> = {};
    for (const [suffix, stack] of [["", tables], [".moment1", first], [".moment2", second]] as const) {
      if (!stack) continue;
      const parts = this.#split(stack);
      for (const name of this.names) tensors[name + suffix] = { data: parts[name], shape: this.shapes[name] };
    }
    const metadata = {
      format: "sevo-state-1",
      step: `${this.step}`,
      tables: JSON.stringify(this.names),
      options: JSON.stringify(this.options),
    };
    return encodeSafetensors({ tensors, metadata });
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
    const parts = {} as { [Name in Names]: Float32Array<ArrayBuffer> };
    const names = this.names;
    let at = 0;
    for (const name of names) {
      const [rows, columns] = this.shapes[name];
      // A lone table is the stack: a second copy of a large one would be felt.
      parts[name] = names.length === 1 ? stack : stack.slice(at, at + rows * columns);
      at += rows * columns;
    }
    return parts;
  }
}

/**
 * Puts tables under optimisation: uploads them, stacked by rows in the order given, with moments of 0.
 *
 * @example
 * ```ts
 * import { openDevice, sevoInit } from "@sevo/sevo";
 * import { assertEquals } from "@std/assert";
 *
 * await using device = await openDevice("cpu");
 * using state = sevoInit(device, { item: { data: new Float32Array(8), shape: [4, 2] } }, {
 *   rule: "sgd",
 *   learningRate: 0.1,
 *   propagation: { mode: "neumann", beta: 0.99, layers: 3 },
 * });
 * assertEquals(state.rows, 4);
 * ```
 *
 * @typeParam Names Names of the tables.
 * @param device The device to run on.
 * @param tables Initial values by table, all of one width. They are smoothed together: tables to smooth apart are
 * two states.
 * @param options Rule, rates and propagation.
 * @returns The state before the first step.
 * @throws {TypeError} If a table's data does not fit its shape, or the widths differ.
 * @throws {RangeError} If an option is out of range.
 */
export function sevoInit<Names extends string>(
  device: Device,
  tables: { readonly [Name in Names]: TableInit },
  options: SevoOptions,
): SevoState<Names> {
  const resolved = resolveOptions(options);
  return makeState(device, tables, resolved, 0, {});
}

/**
 * Restores a state that {@linkcode SevoState.save} wrote. Steps from here on give the bits that the saved state would
 * have given on the same kind of device.
 *
 * @param device The device to run on.
 * @param bytes The bytes of the file.
 * @returns The state.
 * @throws {SyntaxError} If the bytes are not a saved state.
 */
export function loadState(device: Device, bytes: Uint8Array): SevoState {
  const { tensors, metadata } = decodeSafetensors(bytes);
  if (metadata.format !== "sevo-state-1") {
    throw new SyntaxError(
      `Cannot load a state as the file is of another format: current value is '${metadata.format}'`,
    );
  }
  const names: string[] = JSON.parse(metadata.tables!);
  const pick = (suffix: string) =>
    Object.fromEntries(names.map((name) => {
      const tensor = tensors[name + suffix];
      if (!tensor || !(tensor.data instanceof Float32Array) || tensor.shape.length !== 2) {
        throw new SyntaxError(`Cannot load a state as tensor '${name + suffix}' is missing or not a float32 matrix`);
      }
      return [name, { data: tensor.data, shape: tensor.shape as readonly number[] as readonly [number, number] }];
    }));
  const options = resolveOptions(JSON.parse(metadata.options!));
  const { moment1, moment2 } = momentsOf(options);
  const moments = { ...moment1 && { moment1: pick(".moment1") }, ...moment2 && { moment2: pick(".moment2") } };
  return makeState(device, pick(""), options, Number(metadata.step), moments);
}

/** Which moments a rule keeps. */
function momentsOf({ rule, momentum }: ResolvedOptions): { moment1: boolean; moment2: boolean } {
  return { moment1: rule !== "sgd" || momentum > 0, moment2: rule !== "sgd" };
}

function makeState<Names extends string>(
  device: Device,
  tables: { readonly [Name in Names]: TableInit },
  options: ResolvedOptions,
  step: number,
  moments: { readonly [Moment in "moment1" | "moment2"]?: { readonly [name: string]: TableInit } },
): SevoState<Names> {
  const shape = stackedShape(tables);
  const wanted = momentsOf(options);
  const moment = (name: "moment1" | "moment2") =>
    !wanted[name] ? null : moments[name] ? device.upload(stack(moments[name]), shape) : device.zeros("f32", shape);
  const tensors: StateTensors = {
    parameter: device.upload(stack(tables), shape),
    moment1: moment("moment1"),
    moment2: moment("moment2"),
    direction: options.propagation ? device.zeros("f32", shape) : null,
    statuses: Object.keys(tables).map(() => device.zeros("u32", [1])),
    convergence: device.zeros("u32", [1]),
  };
  const shapes = Object.fromEntries(Object.entries<TableInit>(tables).map(([name, table]) => [name, table.shape]));
  return new SevoState(device, options, step, shapes as SevoState<Names>["shapes"], tensors, true);
}

function stackedShape(tables: { readonly [name: string]: TableInit }): readonly [number, number] {
  const entries = Object.entries(tables);
  if (entries.length === 0) throw new TypeError("Cannot make a state as there is no table");
  const columns = entries[0]![1].shape[1];
  let total = 0;
  for (const [name, { data, shape }] of entries) {
    if (shape.length !== 2 || data.length !== shape[0] * shape[1]) {
      throw new TypeError(
        `Cannot make a state as table '${name}' of shape [${shape.join(", ")}] has ${data.length} elements`,
      );
    }
    if (shape[1] !== columns) {
      throw new TypeError(
        `Cannot make a state as all its tables must have ${columns} columns: table '${name}' has ${shape[1]}`,
      );
    }
    total += shape[0];
  }
  return [total, columns];
}

function stack(tables: { readonly [name: string]: TableInit }): Float32Array {
  const parts = Object.values(tables).map(({ data }) => data);
  if (parts.length === 1) return parts[0]!;
  const all = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/**
 * Copies all tensors of a state.
 *
 * @param device Their device.
 * @param tensors The tensors.
 * @returns The copies.
 */
export function copyTensors(device: Device, tensors: StateTensors): StateTensors {
  return {
    parameter: device.copy(tensors.parameter),
    moment1: tensors.moment1 && device.copy(tensors.moment1),
    moment2: tensors.moment2 && device.copy(tensors.moment2),
    direction: tensors.direction && device.copy(tensors.direction),
    statuses: tensors.statuses.map((status) => device.copy(status)),
    convergence: device.copy(tensors.convergence),
  };
}

function disposeTensors({ statuses, ...tensors }: StateTensors): void {
  for (const tensor of [...Object.values(tensors), ...statuses]) tensor?.dispose();
}
