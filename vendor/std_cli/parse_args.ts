/**
 * A stand-in for `jsr:@std/cli/parse-args`: see `vendor/README.md`. `node:util` cuts the arguments into tokens; the rules
 * of @std/cli decide what they mean. Left out, as not used here: `--`, `alias`, `stopEarly`, `boolean: true`,
 * dotted names, values joined to letters.
 *
 * @module
 */

import { parseArgs as tokenize } from "node:util";

/** Names of flags as literals, `string` where they are known only at run time, or undefined where there are none. */
type Names = string | undefined;

/** Values of flags that are not given, or undefined where there are none. */
type Defaults = Record<string, unknown> | undefined;

/** An intersection of objects as the one object that it amounts to. */
type Flat<T> = { [K in keyof T]: T[K] };

/** What the declarations alone say of the values: strings may be missing, booleans are false where not given. */
type Declared<Booleans extends Names, Strings extends Names, Collected extends Names, Negatable extends Names> =
  & { [K in Exclude<Strings & string, Collected>]?: K extends Negatable ? string | false : string }
  & { [K in Strings & Collected & string]: K extends Negatable ? (string | false)[] : string[] }
  & { [K in Booleans & string]: boolean };

/** The same where some flags have defaults: their values are never missing, and are of the default's type as well. */
type Defaulted<Values, D extends Defaults> = D extends undefined ? Values
  :
    & Omit<Values, keyof D>
    & { [K in keyof D]: K extends keyof Values ? D[K] | NonNullable<Values[K]> : unknown };

/**
 * The flags by name, and the other arguments in `_`.
 *
 * The types are those of @std/cli, and what it makes of names known only at run time comes with them: a flag of such a
 * name is taken for a string and a boolean at once, so that code has to look at its value as at an unknown one.
 */
export type Args<
  Booleans extends Names = undefined,
  Strings extends Names = undefined,
  Collected extends Names = undefined,
  Negatable extends Names = undefined,
  D extends Defaults = undefined,
> = Flat<
  & Record<string, unknown>
  & Defaulted<Flat<Declared<Booleans, Strings, Collected, Negatable>>, D>
  & {
    /** The arguments that are no flags. */
    _: (string | number)[];
  }
>;

/** What the flags are. */
export interface ParseOptions<
  Booleans extends Names = Names,
  Strings extends Names = Names,
  Collected extends Names = Names,
  Negatable extends Names = Names,
  D extends Defaults = Defaults,
> {
  /** Flags that take no value. */
  boolean?: Booleans | readonly Extract<Booleans, string>[];
  /** Flags whose values are all kept, in order. */
  collect?: Collected | readonly Extract<Collected, string>[];
  /** Values of flags that are not given. */
  default?: D;
  /** Boolean flags that `--no-` turns off. */
  negatable?: Negatable | readonly Extract<Negatable, string>[];
  /** Flags whose value is not turned into a number; `_` for the arguments that are no flags. */
  string?: Strings | readonly Extract<Strings, string>[];
  /** Called with each argument that is not declared; if it returns false, the argument is dropped. */
  unknown?: (arg: string, key?: string, value?: unknown) => unknown;
}

const setOf = (names: string | readonly string[] = []) => new Set(typeof names === "string" ? [names] : names);
const isNumber = (text: string) => text.trim() !== "" && Number.isFinite(Number(text));

/**
 * Reads flags from command line arguments.
 *
 * @param args The arguments.
 * @param options What the flags are.
 * @returns The flags by name.
 */
export function parseArgs<
  Booleans extends Names = undefined,
  Strings extends Names = undefined,
  Collected extends Names = undefined,
  Negatable extends Names = undefined,
  D extends Defaults = undefined,
>(
  args: readonly string[],
  options: ParseOptions<Booleans, Strings, Collected, Negatable, D> = {},
): Args<Booleans, Strings, Collected, Negatable, D> {
  const booleans = setOf(options.boolean), strings = setOf(options.string), negatable = setOf(options.negatable);
  const collected = setOf(options.collect);
  const end = args.indexOf("--");
  const flags = end < 0 ? [...args] : args.slice(0, end);
  const values: Record<string, unknown> = {};
  const others: (string | number)[] = [];

  const set = (key: string, value: string | boolean, arg: string) => {
    const declared = booleans.has(key) || strings.has(key);
    if (!declared && options.unknown?.(arg, key, value) === false) return;
    const typed = typeof value === "string" && !strings.has(key) && isNumber(value) ? Number(value) : value;
    values[key] = collected.has(key) ? [...(values[key] as unknown[] | undefined) ?? [], typed] : typed;
  };

  const { tokens } = tokenize({ args: flags, options: {}, strict: false, allowPositionals: true, tokens: true });
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at]!;
    if (token.kind === "positional") {
      const text = token.value;
      if (options.unknown?.(text) === false) continue;
      others.push(strings.has("_") || !isNumber(text) ? text : Number(text));
      continue;
    }
    if (token.kind !== "option") continue;
    const arg = flags[token.index]!, key = token.name;
    const negated = token.rawName.startsWith("--no-") ? key.slice("no-".length) : undefined;
    if (token.value !== undefined) {
      // As in @std/cli, `--no-` before a name with a value means nothing.
      const name = negated ?? key;
      set(name, booleans.has(name) ? token.value !== "false" : token.value, arg);
      continue;
    }
    if (negated !== undefined && negatable.has(negated)) {
      set(negated, false, arg);
      continue;
    }
    const next = flags[token.index + 1], following = tokens[at + 1];
    const isValue = next === "-" ? !arg.startsWith("--") : !next?.startsWith("-");
    const takesNext = next && isValue && following?.index === token.index + 1;
    if (takesNext && (!booleans.has(key) || next === "true" || next === "false")) {
      set(key, booleans.has(key) ? next === "true" : next, arg);
      at++;
    } else {
      set(key, strings.has(key) ? "" : true, arg);
    }
  }

  for (const [key, value] of Object.entries(options.default ?? {})) {
    if (!Object.hasOwn(values, key)) values[key] = value;
  }
  for (const key of strings) if (collected.has(key) && !Object.hasOwn(values, key)) values[key] = [];
  for (const key of booleans) if (!Object.hasOwn(values, key)) values[key] = false;
  return { ...values, _: [...others, ...(end < 0 ? [] : args.slice(end + 1))] } as Args<
    Booleans,
    Strings,
    Collected,
    Negatable,
    D
  >;
}
