import type { Device } from "../device/device.ts";
import { checkType } from "../options.ts";
import { disposeTensors, makeStack } from "./_stack.ts";
import { type ResolvedOptions, resolveOptions, type SevoOptions, stacksOf } from "./options.ts";
import { SevoState } from "./state.ts";
import { decodeState } from "./state_file.ts";
import type { TableInit } from "./table_init.ts";

/**
 * Puts tables under optimisation: uploads them, those that are smoothed together stacked by rows in the order given, with
 * moments of 0.
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
 * @param tables Initial values by table. Without groups all tables are smoothed together, and those that are smoothed
 * together are of one width.
 * @param options Rule, rates and propagation, groups of tables with others, and what else is done to gradients and rows.
 * @returns The state before the first step.
 * @throws {TypeError} If a table's data does not fit its shape, tables that are smoothed together differ in width, or an
 * option or a table is unknown or of another type.
 * @throws {RangeError} If an option is out of range, a table has a value that is not finite or no columns, all tables
 * together have no rows, or the device cannot hold them; nothing is kept on it then.
 */
export function sevoInit<Names extends string>(
  device: Device,
  tables: { readonly [Name in Names]: TableInit },
  options: SevoOptions,
): SevoState<Names> {
  checkTables(tables);
  const rows = Object.fromEntries(Object.entries<TableInit>(tables).map(([name, { shape }]) => [name, shape[0]]));
  return makeState(device, tables, resolveOptions(options, rows), 0, {});
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
  const { options, step, parts: { table: tables, ...kept } } = decodeState(bytes);
  try {
    checkTables(tables!);
    for (const [moment, parts] of Object.entries(kept)) {
      for (const [name, table] of Object.entries(parts)) {
        checkElements(`${moment} of table '${name}'`, table, moment === "moment2" ? 0 : -Infinity);
      }
    }
  } catch (cause) {
    // What would be a wrong argument elsewhere is here a file that is no saved state
    if (!(cause instanceof TypeError || cause instanceof RangeError)) throw cause;
    throw new SyntaxError(`Cannot load a state as the file is not a saved state: ${cause.message}`, { cause });
  }
  return makeState(device, tables!, options, step, kept);
}

/**
 * Puts checked tables on a device.
 *
 * @typeParam Names Names of the tables.
 * @param device The device to run on.
 * @param tables Elements by table.
 * @param options All options.
 * @param step Steps taken.
 * @param kept Moments and averages; by default those of a new state.
 * @returns The state.
 * @throws {TypeError} If tables that are smoothed together differ in width.
 * @throws {RangeError} If the device cannot hold them; nothing is kept on it then.
 */
export function makeState<Names extends string>(
  device: Device,
  tables: { readonly [Name in Names]: TableInit },
  options: ResolvedOptions,
  step: number,
  kept: { readonly [Part in "moment1" | "moment2" | "average"]?: { readonly [name: string]: TableInit } },
): SevoState<Names> {
  const all: { readonly [name: string]: TableInit } = tables, names = Object.keys(all);
  const columns = Object.fromEntries(names.map((name) => [name, all[name]!.shape[1]]));
  // What is on the device already is given back where a later stack does not fit
  using made = new DisposableStack();
  const stacks = stacksOf(options, columns).map((stacked) => {
    const stack = makeStack(device, stacked, { ...kept, parameter: all }, options);
    made.adopt(stack.tensors, disposeTensors);
    return stack;
  });
  const shapes = Object.fromEntries(names.map((name) => [name, all[name]!.shape]));
  const state = new SevoState(device, options, step, shapes as SevoState<Names>["shapes"], stacks);
  made.move();
  return state;
}

function checkTables(tables: { readonly [name: string]: TableInit }): void {
  const entries = Object.entries(tables);
  if (entries.length === 0) throw new TypeError("Cannot make a state as there is no table");
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
    if (shape[1] === 0) throw new RangeError(`Cannot make a state as table '${name}' must have columns: it has 0`);
    checkElements(`table '${name}'`, table, -Infinity);
  }
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
