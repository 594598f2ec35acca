import { decodeChecked, encodeChecked } from "../checked_safetensors.ts";
import type { SafetensorsFile, SafetensorsTensor } from "../safetensors.ts";
import { type ResolvedOptions, resolveOptions } from "./options.ts";

/** Name of the format, with its version. */
const FORMAT = "sevo-state-2";

/** Steps of a state at most: kernels count them in 32 bits. */
export const MOST_STEPS: number = 2 ** 32 - 1;

/** What a saved state holds of each table. */
const PARTS = ["table", "moment1", "moment2"] as const;

/** What a saved state holds of each table. */
export type StatePart = typeof PARTS[number];

/** Row-major elements of a table, or of a moment of one. */
export interface SavedTable {
  /** The elements. */
  readonly data: Float32Array;
  /** Rows and columns. */
  readonly shape: readonly [rows: number, columns: number];
}

/** What the file of a state holds. */
export interface SavedState {
  /** All options. */
  readonly options: ResolvedOptions;
  /** Steps taken. */
  readonly step: number;
  /** The tables by name, in the order in which they are stacked, and the moments that the rule keeps of each. */
  readonly parts: { readonly [Part in StatePart]?: { readonly [table: string]: SavedTable } };
}

/**
 * Which moments a rule keeps.
 *
 * @param options The options.
 * @returns Whether it keeps the first and the second.
 */
export function momentsOf({ rule, momentum }: ResolvedOptions): { moment1: boolean; moment2: boolean } {
  return { moment1: rule !== "sgd" || momentum > 0, moment2: rule !== "sgd" };
}

/**
 * Writes a state as the bytes of a safetensors file with a checksum.
 *
 * @param state What it holds.
 * @returns The bytes.
 */
export function encodeState({ options, step, parts }: SavedState): Uint8Array<ArrayBuffer> {
  const tensors: Record<string, SafetensorsTensor> = {};
  for (const part of PARTS) {
    for (const [name, table] of Object.entries(parts[part] ?? {})) tensors[tensorName(part, name)] = table;
  }
  const metadata = {
    format: FORMAT,
    step: `${step}`,
    tables: JSON.stringify(Object.keys(parts.table ?? {})),
    options: JSON.stringify(options),
  };
  return encodeChecked({ tensors, metadata });
}

/**
 * Reads the bytes of a saved state.
 *
 * @param bytes The bytes.
 * @returns What it holds: all tables of one width, and moments of the shapes of their tables.
 * @throws {SyntaxError} If the bytes are not a saved state, or are damaged.
 */
export function decodeState(bytes: Uint8Array): SavedState {
  const { tensors, metadata } = decodeChecked(bytes, { format: FORMAT, action: "Cannot load a state" });
  const { tables: names, step, options } = readMetadata(metadata);
  const kept = momentsOf(options), tables = pickTables(tensors, names, "table");
  const [[, first]] = Object.entries(tables) as [[string, SavedTable]];
  for (const [name, { shape }] of Object.entries(tables)) {
    if (shape[1] === first.shape[1]) continue;
    throw fail(`all its tables must have ${first.shape[1]} columns: table '${name}' has ${shape[1]}`);
  }
  const moments = PARTS.filter((part) => part !== "table" && kept[part]).map((part) => {
    const moment = pickTables(tensors, names, part);
    for (const name of names) {
      const actual = moment[name]!.shape.join(", "), expected = tables[name]!.shape.join(", ");
      if (actual === expected) continue;
      throw fail(`tensor '${tensorName(part, name)}' must have shape [${expected}]: current value is [${actual}]`);
    }
    return [part, moment] as const;
  });
  return { options, step, parts: { table: tables, ...Object.fromEntries(moments) } };
}

/** The part comes first and has no dot, so that no two tensors share a name and none has that of the metadata. */
function tensorName(part: StatePart, table: string): string {
  return `${part}.${table}`;
}

function fail(why: string, cause?: unknown): SyntaxError {
  return new SyntaxError(`Cannot load a state as ${why}`, { cause });
}

/** The metadata of a saved state, all of it checked. */
function readMetadata(metadata: { readonly [key: string]: string }): {
  tables: string[];
  step: number;
  options: ResolvedOptions;
} {
  const parse = (key: string): unknown => {
    try {
      return JSON.parse(metadata[key] ?? "");
    } catch (cause) {
      throw fail(`its metadata has no readable ${key}`, cause);
    }
  };
  const tables = parse("tables"), step = parse("step"), options = parse("options");
  if (!Array.isArray(tables) || tables.length === 0 || !tables.every((name) => typeof name === "string")) {
    throw fail("its metadata names no tables");
  }
  const twice = tables.find((name, at) => tables.indexOf(name) !== at);
  if (twice !== undefined) throw fail(`its metadata names table '${twice}' twice`);
  if (!Number.isSafeInteger(step) || step as number < 0 || step as number > MOST_STEPS) {
    throw fail(`its step must be a whole number in [0, ${MOST_STEPS}]`);
  }
  try {
    return { tables, step: step as number, options: resolveOptions(options as ResolvedOptions) };
  } catch (cause) {
    throw fail(`its options are none of an optimizer: ${(cause as Error).message}`, cause);
  }
}

function pickTables(
  tensors: SafetensorsFile["tensors"],
  names: readonly string[],
  part: StatePart,
): { [name: string]: SavedTable } {
  return Object.fromEntries(names.map((name) => {
    const key = tensorName(part, name), tensor = Object.hasOwn(tensors, key) ? tensors[key] : undefined;
    if (!tensor || !(tensor.data instanceof Float32Array) || tensor.shape.length !== 2) {
      throw fail(`tensor '${key}' is missing or not a float32 matrix`);
    }
    return [name, { data: tensor.data, shape: [tensor.shape[0]!, tensor.shape[1]!] }];
  }));
}
