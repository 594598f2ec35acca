import type { Device, RowRange } from "../device/device.ts";
import {
  disposeTensors,
  partsOf,
  readPart,
  reportOf,
  type Stack,
  STACK_PARTS,
  type StackPart,
  type StackTensors,
  throwFirst,
} from "./_stack.ts";
import { StateTakenError } from "./errors.ts";
import type { ResolvedOptions } from "./options.ts";
import { encodeState } from "./state_file.ts";

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
  /** Shapes of the tables, in the order given. */
  readonly shapes: { readonly [Name in Names]: readonly [rows: number, columns: number] };
  readonly #stacks: readonly Stack[];
  #taken: string | null = null;

  /** Not called directly: see `sevoInit` and `loadState`. */
  constructor(
    device: Device,
    options: ResolvedOptions,
    step: number,
    shapes: { readonly [Name in Names]: readonly [rows: number, columns: number] },
    stacks: readonly Stack[],
  ) {
    this.device = device;
    this.options = options;
    this.step = step;
    this.shapes = shapes;
    this.#stacks = stacks;
  }

  /** Names of the tables, in the order given. */
  get names(): Names[] {
    return Object.keys(this.shapes) as Names[];
  }

  /** Rows of all tables together: without groups those of the graph. */
  get rows(): number {
    return this.#stacks.reduce((sum, { tensors }) => sum + tensors.parameter.shape[0], 0);
  }

  /** The stacks of tables, which stay the state's own. @throws {StateTakenError} If the state was taken. */
  get stacks(): readonly Stack[] {
    if (this.#taken) throw new StateTakenError(`Cannot use a state as ${this.#taken}`);
    return this.#stacks;
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
    const { names, rows, tensors } = this.stacks.find(({ names }) => names.includes(name))!;
    const place = names.indexOf(name);
    const firstRow = rows.slice(0, place).reduce((sum, count) => sum + count, 0);
    return { tensor: tensors.parameter, firstRow, rows: rows[place]! };
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
    return (await this.#readParts("parameter"))!;
  }

  /**
   * Reads the moving average of the tables.
   *
   * @returns Row-major elements of each table.
   * @throws {TypeError} If the state keeps none: it is kept with the option `ema`.
   * @throws {StateTakenError} If the state was taken.
   * @throws {NonFiniteError} If a gradient, a table or its moments had a value that is not finite.
   * @throws {ConvergenceError} If `exact` propagation did not reach its tolerance.
   */
  async average(): Promise<{ [Name in Names]: Float32Array<ArrayBuffer> }> {
    const average = await this.#readParts("average");
    if (!average) throw new TypeError("Cannot read the average as the state keeps none: make it with the option ema");
    return average;
  }

  /**
   * Reads the moments of a table.
   *
   * @param name Name of the table.
   * @returns Row-major elements of the first and second moments, bias-corrected; of the momentum of sgd or lion as the first,
   * and of the sum of squares of adagrad as the second. Null where the rule keeps none.
   * @throws {TypeError} If there is no such table.
   * @throws {StateTakenError} If the state was taken.
   * @throws {NonFiniteError} If a gradient, a table or its moments had a value that is not finite.
   * @throws {ConvergenceError} If `exact` propagation did not reach its tolerance.
   */
  async moments(
    name: Names,
  ): Promise<{ moment1: Float32Array<ArrayBuffer> | null; moment2: Float32Array<ArrayBuffer> | null }> {
    // A table that there is not is refused as elsewhere
    this.table(name);
    const stack = this.stacks.find(({ names }) => names.includes(name))!;
    const read = async (part: "moment1" | "moment2") => {
      const found = (await readPart(stack, part))?.find(([table]) => table === name);
      return found ? found[1] : null;
    };
    const [moment1, moment2] = await Promise.all([read("moment1"), read("moment2"), this.check()]);
    return { moment1, moment2 };
  }

  /**
   * Waits for the steps launched so far and throws what went wrong in them.
   *
   * @throws {StateTakenError} If the state was taken.
   * @throws {NonFiniteError} If a gradient, a table or its moments had a value that is not finite.
   * @throws {ConvergenceError} If `exact` propagation did not reach its tolerance.
   */
  async check(): Promise<void> {
    const stacks = this.stacks;
    throwFirst(await Promise.all(stacks.map(reportOf)), stacks.map(({ rule }) => rule));
  }

  /**
   * Writes the state as a safetensors file: tables as `table.<name>`, moments as `moment1.<name>` and `moment2.<name>`
   * (bias-corrected), averages as `average.<name>`; step, options and a checksum in the metadata. {@linkcode loadState}
   * continues from it to the bit.
   *
   * @returns The bytes of the file.
   * @throws {StateTakenError} If the state was taken.
   * @throws {NonFiniteError} If a gradient, a table or its moments had a value that is not finite.
   * @throws {ConvergenceError} If `exact` propagation did not reach its tolerance.
   */
  async save(): Promise<Uint8Array<ArrayBuffer>> {
    const { options, step } = this;
    const [all] = await Promise.all([Promise.all(STACK_PARTS.map((part) => partsOf(this.stacks, part))), this.check()]);
    const tables = (parts: { readonly [name: string]: Float32Array }) =>
      Object.fromEntries(
        this.names.filter((name) => Object.hasOwn(parts, name)).map((name) =>
          [name, { data: parts[name]!, shape: this.shapes[name] }] as const
        ),
      );
    const parts = STACK_PARTS.flatMap((part, at) => {
      const found = all[at];
      return found ? [[part === "parameter" ? "table" : part, tables(found)]] : [];
    });
    return encodeState({ options, step, parts: Object.fromEntries(parts) });
  }

  /** Gives the memory of the state back. A taken state has none. */
  [Symbol.dispose](): void {
    if (this.#taken) return;
    for (const { tensors } of this.#stacks) disposeTensors(tensors);
    this.#taken = "it was disposed of";
  }

  /**
   * Takes the state's tensors. Called by `sevoStep`.
   *
   * @returns The tensors of each stack.
   * @throws {StateTakenError} If the state was taken before.
   */
  take(): readonly StackTensors[] {
    const tensors = this.stacks.map(({ tensors }) => tensors);
    this.#taken = "a step has taken it: go on with the state that sevoStep returned, or pass { donate: false }";
    return tensors;
  }

  /** A part of every table, when the steps launched so far have gone well. */
  async #readParts(part: StackPart): Promise<{ [Name in Names]: Float32Array<ArrayBuffer> } | null> {
    const [parts] = await Promise.all([partsOf(this.stacks, part), this.check()]);
    // In the order of the tables, and from pairs, as setting `__proto__` on an object would give it no such table.
    return parts &&
      Object.fromEntries(this.names.map((name) => [name, parts[name]!])) as {
        [Name in Names]: Float32Array<ArrayBuffer>;
      };
  }
}
