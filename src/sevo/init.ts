import type { Device } from "../device/device.ts";
import { checkType } from "../options.ts";
import { decodeSafetensors, type SafetensorsFile } from "../safetensors.ts";
import { type ResolvedOptions, resolveOptions, type SevoOptions } from "./options.ts";
import { SevoState, STATE_FORMAT, type StatePart, type StateTensors, tensorName } from "./state.ts";

/** The format before {@linkcode STATE_FORMAT}. */
const OLD_FORMAT = "sevo-state-1";

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
  if (metadata.format !== STATE_FORMAT && metadata.format !== OLD_FORMAT) {
    throw new SyntaxError(
      `Cannot load a state as the file is of another format: current value is '${metadata.format}'`,
    );
  }
  const { tables: names, step, options } = readMetadata(metadata);
  const { moment1, moment2 } = momentsOf(options);
  const nameOf = metadata.format === OLD_FORMAT ? oldTensorName : tensorName;
  const parts: StatePart[] = ["table", ...moment1 ? ["moment1" as const] : [], ...moment2 ? ["moment2" as const] : []];
  checkDistinct(parts.flatMap((part) => names.map((name) => nameOf(part, name))));
  const pick = (part: StatePart) => pickTables(tensors, names, (name) => nameOf(part, name));
  const tables = pick("table");
  const moments = { ...moment1 && { moment1: pick("moment1") }, ...moment2 && { moment2: pick("moment2") } };
  for (const [moment, parts] of Object.entries(moments)) {
    for (const name of names) {
      const actual = parts[name]!.shape.join(", "), expected = tables[name]!.shape.join(", ");
      if (actual === expected) continue;
      const tensor = nameOf(moment as StatePart, name);
      throw new SyntaxError(
        `Cannot load a state as tensor '${tensor}' must have shape [${expected}]: current value is [${actual}]`,
      );
    }
  }
  refusing(() => stackedShape(tables));
  return makeState(device, tables, options, step, moments);
}

/** The metadata of a saved state, all of it checked. */
function readMetadata(metadata: { readonly [key: string]: string }): {
  tables: string[];
  step: number;
  options: ResolvedOptions;
} {
  const parse = (key: string, ok: (value: unknown) => boolean) => {
    const text = metadata[key] ?? "null";
    const value = refusing(() => JSON.parse(text));
    if (ok(value)) return value;
    throw new SyntaxError(`Cannot load a state as its ${key} are not readable: current value is '${text}'`);
  };
  const tables = parse("tables", (value) => {
    return Array.isArray(value) && value.length > 0 && value.every((name) => typeof name === "string");
  });
  const step = parse("step", (value) => Number.isSafeInteger(value) && value as number >= 0);
  const options = parse("options", (value) => typeof value === "object" && value !== null);
  return { tables, step, options: refusing(() => resolveOptions(options)) };
}

/** What {@linkcode tensorName} gave before tables named `a` and `a.moment1` were thought of. */
function oldTensorName(part: StatePart, table: string): string {
  return part === "table" ? table : `${table}.${part}`;
}

/** In an old file two tensors of one name were one: which of them it holds is not known. */
function checkDistinct(names: readonly string[]): void {
  const seen = new Set<string>();
  const twice = names.find((name) => seen.size === seen.add(name).size);
  if (twice === undefined) return;
  throw new SyntaxError(`Cannot load a state as two of its tensors have one name: current value is '${twice}'`);
}

function pickTables(
  tensors: SafetensorsFile["tensors"],
  names: readonly string[],
  nameOf: (table: string) => string,
): { [name: string]: TableInit } {
  return Object.fromEntries(names.map((name) => {
    const key = nameOf(name), tensor = Object.hasOwn(tensors, key) ? tensors[key] : undefined;
    if (!tensor || !(tensor.data instanceof Float32Array) || tensor.shape.length !== 2) {
      throw new SyntaxError(`Cannot load a state as tensor '${key}' is missing or not a float32 matrix`);
    }
    return [name, { data: tensor.data, shape: [tensor.shape[0]!, tensor.shape[1]!] }];
  }));
}

/** What would be a wrong argument elsewhere is here a file that is no saved state. */
function refusing<T>(work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (!(cause instanceof TypeError || cause instanceof RangeError || cause instanceof SyntaxError)) throw cause;
    throw new SyntaxError(`Cannot load a state as the file is not a saved state: ${cause.message}`, { cause });
  }
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
    if (!(data instanceof Float32Array)) {
      throw new TypeError(`Cannot make a state as table '${name}' is no Float32Array`);
    }
    for (const length of shape) checkType("Cannot make a state", `the shape of table '${name}'`, length, "number");
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
