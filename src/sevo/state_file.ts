import { decodeChecked, encodeChecked } from "../checked_safetensors.ts";
import type { SafetensorsFile, SafetensorsTensor } from "../safetensors.ts";
import { type ResolvedOptions, resolveOptions, stacksOf } from "./options.ts";
import type { ResolvedRule } from "./rule_options.ts";
import type { TableInit } from "./table_init.ts";

/** Name of the format, with its version. */
const FORMAT = "sevo-state-3";

/** Steps of a state at most: kernels count them in 32 bits. */
export const MOST_STEPS: number = 2 ** 32 - 1;

/** What a saved state holds of each table. */
const PARTS = ["table", "moment1", "moment2", "average"] as const;

/** What a saved state holds of each table. */
export type StatePart = typeof PARTS[number];

/** What the file of a state holds. */
export interface SavedState {
  /** All options. */
  readonly options: ResolvedOptions;
  /** Steps taken. */
  readonly step: number;
  /** The tables by name, in their order, the moments that the rule keeps of each, and the averages where some are kept. */
  readonly parts: { readonly [Part in StatePart]?: { readonly [table: string]: TableInit } };
}

/**
 * Which moments a rule keeps.
 *
 * @param options The rule.
 * @returns Whether it keeps the first and the second.
 */
export function momentsOf({ rule, momentum }: ResolvedRule): { moment1: boolean; moment2: boolean } {
  const first = rule === "sgd" ? momentum > 0 : rule !== "adagrad";
  return { moment1: first, moment2: rule === "adam" || rule === "adamw" || rule === "adagrad" };
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
 * @returns What it holds: tables of one width where they are smoothed together, and what is kept of each in its shape.
 * @throws {SyntaxError} If the bytes are not a saved state, or are damaged.
 */
export function decodeState(bytes: Uint8Array): SavedState {
  const { tensors, metadata } = decodeChecked(bytes, { format: FORMAT, action: "Cannot load a state" });
  const { tables: names, step, options: written } = readMetadata(metadata);
  const table = pickTables(tensors, names, "table");
  const shapes = Object.entries(table).map(([name, { shape }]) => [name, shape] as const);
  const options = readOptions(written, Object.fromEntries(shapes.map(([name, [rows]]) => [name, rows])));
  const stacks = stacksOf(options, Object.fromEntries(shapes.map(([name, [, columns]]) => [name, columns])));
  const kept = { moment1: [], moment2: [], average: [] } as Record<"moment1" | "moment2" | "average", string[]>;
  for (const { names, rule } of stacks) {
    const width = table[names[0]!]!.shape[1];
    for (const name of names) {
      if (table[name]!.shape[1] === width) continue;
      throw fail(
        `tables that are smoothed together must have ${width} columns: table '${name}' has ${table[name]!.shape[1]}`,
      );
    }
    const moments = momentsOf(rule);
    if (moments.moment1) kept.moment1.push(...names);
    if (moments.moment2) kept.moment2.push(...names);
    if (options.ema !== null) kept.average.push(...names);
  }
  const parts = Object.entries(kept).filter(([, names]) => names.length > 0).map(([part, names]) => {
    const tables = pickTables(tensors, names, part as StatePart);
    for (const name of names) {
      const actual = tables[name]!.shape.join(", "), expected = table[name]!.shape.join(", ");
      if (actual === expected) continue;
      const tensor = tensorName(part as StatePart, name);
      throw fail(`tensor '${tensor}' must have shape [${expected}]: current value is [${actual}]`);
    }
    return [part, tables] as const;
  });
  return { options, step, parts: { table, ...Object.fromEntries(parts) } };
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
  options: unknown;
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
  return { tables, step: step as number, options };
}

function readOptions(options: unknown, rows: { readonly [table: string]: number }): ResolvedOptions {
  try {
    return resolveOptions(options as ResolvedOptions, rows);
  } catch (cause) {
    throw fail(`its options are none of an optimizer: ${(cause as Error).message}`, cause);
  }
}

function pickTables(
  tensors: SafetensorsFile["tensors"],
  names: readonly string[],
  part: StatePart,
): { [name: string]: TableInit } {
  return Object.fromEntries(names.map((name) => {
    const key = tensorName(part, name), tensor = Object.hasOwn(tensors, key) ? tensors[key] : undefined;
    if (!tensor || !(tensor.data instanceof Float32Array) || tensor.shape.length !== 2) {
      throw fail(`tensor '${key}' is missing or not a float32 matrix`);
    }
    return [name, { data: tensor.data, shape: [tensor.shape[0]!, tensor.shape[1]!] }];
  }));
}
