/**
 * A stand-in for `jsr:@std/cli/parse-args`: see `vendor/README.md`. `node:util` cuts the arguments into tokens; the rules
 * of @std/cli decide what they mean. Left out, as not used here: `boolean: true`, dotted names, values joined to letters.
 *
 * @module
 */

import { parseArgs as tokenize } from "node:util";

/** What the flags are. */
export interface ParseOptions {
  /** Put what follows `--` into the result's `--` and not into `_`. */
  "--"?: boolean;
  /** Other names of a flag. */
  alias?: Record<string, string | readonly string[]>;
  /** Flags that take no value. */
  boolean?: string | readonly string[];
  /** Values of flags that are not given. */
  default?: Record<string, unknown>;
  /** Whether everything after the first argument that is no flag is taken as it is. */
  stopEarly?: boolean;
  /** Flags whose value is not turned into a number; `_` for the arguments that are no flags. */
  string?: string | readonly string[];
  /** Flags that may be given more than once: their value is an array. */
  collect?: string | readonly string[];
  /** Boolean flags that `--no-` turns off. */
  negatable?: string | readonly string[];
  /** Called with each argument that is not declared; if it returns false, the argument is dropped. */
  unknown?: (arg: string, key?: string, value?: unknown) => unknown;
}

/** The flags by name, and the other arguments in `_`. */
export interface Args {
  /** Value of a flag. */
  // deno-lint-ignore no-explicit-any -- as in @std/cli, where nothing is known of a flag
  [name: string]: any;
  /** The arguments that are no flags. */
  _: (string | number)[];
}

const list = (names: string | readonly string[] | undefined) => typeof names === "string" ? [names] : names ?? [];
const isNumber = (text: string) => text.trim() !== "" && Number.isFinite(Number(text));

/**
 * Reads flags from command line arguments.
 *
 * @param args The arguments.
 * @param options What the flags are.
 * @returns The flags by name.
 */
export function parseArgs(args: string[], options: ParseOptions = {}): Args {
  const aliases = new Map<string, string[]>();
  for (const [name, others] of Object.entries(options.alias ?? {})) {
    const all = [name, ...list(others)];
    for (const one of all) aliases.set(one, all.filter((other) => other !== one));
  }
  const named = (names: string | readonly string[] | undefined) =>
    new Set(list(names).flatMap((name) => [name, ...aliases.get(name) ?? []]));
  const booleans = named(options.boolean), strings = named(options.string);
  const collected = named(options.collect), negatable = named(options.negatable);

  const end = args.indexOf("--");
  const rest = end < 0 ? [] : args.slice(end + 1);
  const flags = end < 0 ? args : args.slice(0, end);
  const result: Args = { _: [] };

  const set = (key: string, value: unknown, arg: string) => {
    const declared = booleans.has(key) || strings.has(key) || aliases.has(key);
    if (!declared && options.unknown?.(arg, key, value) === false) return;
    if (typeof value === "string" && !strings.has(key) && isNumber(value)) value = Number(value);
    for (const name of [key, ...aliases.get(key) ?? []]) {
      if (collected.has(name)) (result[name] ??= []).push(value);
      else result[name] = value;
    }
  };

  const { tokens } = tokenize({ args: flags, options: {}, strict: false, allowPositionals: true, tokens: true });
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at]!;
    if (token.kind === "positional") {
      const text = token.value;
      if (options.unknown?.(text) !== false) result._.push(strings.has("_") || !isNumber(text) ? text : Number(text));
      if (!options.stopEarly) continue;
      result._.push(...flags.slice(token.index + 1));
      break;
    }
    if (token.kind !== "option") continue;
    const arg = flags[token.index]!;
    let key = token.name;
    if (token.value) {
      set(key, booleans.has(key) ? token.value !== "false" : token.value, arg);
      continue;
    }
    // As @std/cli has it, an empty value is part of the name: `--out=` is the flag "out=".
    if (token.value === "") key += "=";
    if (token.rawName.startsWith("--no-") && negatable.has(key.slice(3))) {
      key = key.slice(3);
      set(key, false, arg);
      continue;
    }
    const following = tokens[at + 1];
    const next = following?.kind === "positional" ? following.value : undefined;
    if (next && !booleans.has(key)) {
      set(key, next, arg);
      at++;
    } else if (next === "true" || next === "false") {
      set(key, next === "true", arg);
      at++;
    } else {
      set(key, strings.has(key) ? "" : true, arg);
    }
  }

  for (const [key, value] of Object.entries(options.default ?? {})) {
    for (const name of [key, ...aliases.get(key) ?? []]) if (!Object.hasOwn(result, name)) result[name] = value;
  }
  for (const name of booleans) if (!Object.hasOwn(result, name)) result[name] = collected.has(name) ? [] : false;
  for (const name of strings) if (!Object.hasOwn(result, name) && collected.has(name)) result[name] = [];
  if (options["--"]) result["--"] = rest;
  else result._.push(...rest);
  return result;
}
