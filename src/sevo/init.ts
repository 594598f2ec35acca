import type { Device, Tensor } from "../device/device.ts";
import type { DType, Shape } from "../device/shape.ts";
import { checkType } from "../options.ts";
import { type ResolvedOptions, resolveOptions, type SevoOptions } from "./options.ts";
import { SevoState, type StateTensors } from "./state.ts";
import { decodeState, momentsOf } from "./state_file.ts";

/** Initial values of one table. */
export interface TableInit {
  /** Row-major elements. */
  readonly data: Float32Array;
  /** Rows and columns. */
  readonly shape: readonly [rows: number, columns: number];
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
 * @throws {TypeError} If a table's data does not fit its shape, the widths differ, or an option is unknown or of another
 * type.
 * @throws {RangeError} If an option is out of range, a table has a value that is not finite or no columns, all tables
 * together have no rows, or the device cannot hold them; nothing is kept on it then.
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
 * @example
 * ```ts
 * import { loadState, openDevice, sevoInit, sevoStep } from "@sevo/sevo";
 * import { assertEquals } from "@std/assert";
 *
 * await using device = await openDevice("cpu");
 * const options = { rule: "adam", learningRate: 0.1, propagation: null } as const;
 * let state = sevoInit(device, { item: { data: new Float32Array(4), shape: [1, 4] } }, options);
 * state = sevoStep(state, { item: new Float32Array([1, 2, 3, 4]) });
 * const restored = loadState(device, await state.save());
 * assertEquals(restored.step, 1);
 * assertEquals(await restored.read(), await state.read());
 * ```
 *
 * @param device The device to run on.
 * @param bytes The bytes of the file.
 * @returns The state.
 * @throws {SyntaxError} If the bytes are not a saved state, or are damaged.
 * @throws {RangeError} If the device cannot hold it; nothing is kept on it then.
 */
export function loadState(device: Device, bytes: Uint8Array): SevoState {
  const { options, step, parts: { table: tables, ...moments } } = decodeState(bytes);
  try {
    stackedShape(tables!);
    for (const [moment, parts] of Object.entries(moments)) {
      for (const [name, table] of Object.entries(parts)) {
        checkElements(`${moment} of table '${name}'`, table, moment === "moment2" ? 0 : -Infinity);
      }
    }
  } catch (cause) {
    // What would be a wrong argument elsewhere is here a file that is no saved state
    if (!(cause instanceof TypeError || cause instanceof RangeError)) throw cause;
    throw new SyntaxError(`Cannot load a state as the file is not a saved state: ${cause.message}`, { cause });
  }
  return makeState(device, tables!, options, step, moments);
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
  using made = new DisposableStack();
  const zeros = <D extends DType>(dtype: D, shape: Shape): Tensor<D> => made.use(device.zeros(dtype, shape));
  const upload = (tables: { readonly [name: string]: TableInit }) => made.use(device.upload(stack(tables), shape));
  const moment = (name: "moment1" | "moment2") =>
    !wanted[name] ? null : moments[name] ? upload(moments[name]) : zeros("f32", shape);
  const tensors: StateTensors = {
    parameter: upload(tables),
    moment1: moment("moment1"),
    moment2: moment("moment2"),
    direction: options.propagation ? zeros("f32", shape) : null,
    statuses: Object.keys(tables).map(() => zeros("u32", [2])),
    convergence: zeros("u32", [1]),
    overflow: zeros("u32", [1]),
  };
  const shapes = Object.fromEntries(Object.entries<TableInit>(tables).map(([name, table]) => [name, table.shape]));
  const state = new SevoState(device, options, step, shapes as SevoState<Names>["shapes"], tensors, null);
  made.move();
  return state;
}

function stackedShape(tables: { readonly [name: string]: TableInit }): readonly [number, number] {
  const entries = Object.entries(tables);
  if (entries.length === 0) throw new TypeError("Cannot make a state as there is no table");
  const columns = entries[0]![1].shape[1];
  let total = 0;
  for (const [name, table] of entries) {
    const { data, shape } = table;
    if (!(data instanceof Float32Array)) {
      throw new TypeError(`Cannot make a state as table '${name}' is no Float32Array`);
    }
    for (const length of shape) checkType("Cannot make a state", `the shape of table '${name}'`, length, "number");
    if (!shape.every((length) => Number.isSafeInteger(length) && length >= 0)) {
      throw new RangeError(
        `Cannot make a state as the shape of table '${name}' must be of counts: current value is [${shape.join(", ")}]`,
      );
    }
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
    if (columns === 0) throw new RangeError(`Cannot make a state as table '${name}' must have columns: it has 0`);
    checkElements(`table '${name}'`, table, -Infinity);
    total += shape[0];
  }
  if (total === 0) throw new RangeError("Cannot make a state as its tables must have rows: they have 0");
  return [total, columns];
}

function checkElements(what: string, { data, shape }: TableInit, least: number): void {
  for (let at = 0; at < data.length; at++) {
    const value = data[at]!;
    if (value >= least && value - value === 0) continue;
    const wanted = least === 0 ? "finite and not negative" : "finite";
    throw new RangeError(
      `Cannot make a state as ${what} must be ${wanted}: row ${Math.floor(at / shape[1])} has ${value}`,
    );
  }
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
