/**
 * What a flag is: its kind, its bounds, and how messages speak of it.
 *
 * @module
 */

import { expectation as expectedOf } from "../../src/models/field.ts";
import { nearest } from "../../src/options.ts";

interface FlagCommon {
  /** What it does: a sentence without its full stop. */
  readonly description: string;
  /** The heading of `--help` that it stands under; "Flags" by default. */
  readonly group?: string;
}

/** A flag that takes a text. */
export interface StringFlag extends FlagCommon {
  readonly kind: "string";
  /** Stands for the value in `--help`, as in `--out DIR`. */
  readonly placeholder: string;
  readonly default?: string;
  readonly required?: true;
  /** Whether the text is flags of another program, which begin as those of this one do. */
  readonly holdsFlags?: true;
}

/** A flag that takes a number. A bound that is left out does not bound. */
export interface NumberFlag extends FlagCommon {
  readonly kind: "number" | "integer";
  readonly placeholder?: string;
  readonly default?: number;
  readonly required?: true;
  /** Least value. */
  readonly min?: number;
  /** Greatest value. */
  readonly max?: number;
  /** The value is greater than this. */
  readonly above?: number;
  /** The value is less than this. */
  readonly below?: number;
}

/** A flag that takes one of a few words. */
export interface ChoiceFlag extends FlagCommon {
  readonly kind: "choice";
  readonly choices: readonly string[];
  readonly placeholder?: string;
  readonly default?: string;
  readonly required?: true;
}

/** A flag that is on or off: `--flag`, `--no-flag`. Without a default it is neither until it is given. */
export interface BooleanFlag extends FlagCommon {
  readonly kind: "boolean";
  readonly default?: boolean;
}

/** A flag that takes a text and may be repeated; a config file has a list. Without one the list is empty. */
export interface ListFlag extends FlagCommon {
  readonly kind: "list";
  /** Stands for one value in `--help`. */
  readonly placeholder: string;
  readonly default?: undefined;
}

/** One flag. */
export type Flag = StringFlag | NumberFlag | ChoiceFlag | BooleanFlag | ListFlag;

/** The flags of a task, by the name that code and config files have for them: `learningRate` is `--learning-rate`. */
export type Flags = Readonly<Record<string, Flag>>;

/** A task's command line. */
export interface Task<F extends Flags> {
  /** Name, as in `deno task NAME`. */
  readonly name: string;
  /** What the task does, in a few sentences. */
  readonly summary: string;
  /** The argument that is no flag, if the task takes one. */
  readonly argument?: {
    readonly placeholder: string;
    readonly description: string;
    readonly required: boolean;
    /** Whether there may be several of them. */
    readonly many?: true;
  };
  /** Command lines to try, without `deno task NAME`, and what they do. */
  readonly examples: readonly (readonly [args: string, what: string])[];
  /** What `--help` shows as it stands, by heading. */
  readonly samples?: { readonly [heading: string]: string };
  /** What `--help` explains before the flags, by heading: words and what they mean. */
  readonly sections?: { readonly [heading: string]: readonly (readonly [word: string, meaning: string])[] };
  /** Whether a config file can be given; by default it can. */
  readonly config?: boolean;
  readonly flags: F;
}

type ValueOf<D extends Flag> = D extends { kind: "string" } ? string
  : D extends { kind: "boolean" } ? boolean
  : D extends { kind: "list" } ? readonly string[]
  : D extends { kind: "choice"; choices: readonly (infer C)[] } ? C
  : number;

/** The value of every flag: undefined only where it has no default and is not required. */
export type Values<F extends Flags> = {
  readonly [K in keyof F]: F[K] extends { default: string | number | boolean } | { required: true } | { kind: "list" }
    ? ValueOf<F[K]>
    : ValueOf<F[K]> | undefined;
};

/** What a command line says. */
export interface Parsed<F extends Flags> {
  /** The value of every flag. */
  readonly values: Values<F>;
  /** The flags that are given, as against those at their defaults, and where. */
  readonly given: ReadonlyMap<keyof F & string, "command line" | "environment" | "config file">;
  /** What the config file says, overridden or not. */
  readonly file: Partial<Values<F>>;
  /** The first argument that is no flag. */
  readonly argument: string | undefined;
  /** All arguments that are no flags: several only where the task takes several. */
  readonly arguments: readonly string[];
}

/** Thrown for a command line or config file that a task cannot run with. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** `learningRate` as it is written on a command line. */
export function kebab(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/**
 * What a name that does not exist may have been meant for.
 *
 * @param name The name given.
 * @param names The names that there are.
 * @returns The nearest of them, or undefined if none is near.
 */
export function suggestion(name: string, names: readonly string[]): string | undefined {
  const started = name.length >= 3 ? names.filter((other) => other.startsWith(name)) : [];
  if (started.length === 1) return started[0];
  return nearest(name, names);
}

/**
 * What is wrong with a value of a flag.
 *
 * @param flag The flag.
 * @param value The value.
 * @returns What the value must be, or undefined if it is that.
 */
export function expectation(flag: Flag, value: unknown): string | undefined {
  if (flag.kind !== "list") return expectedOf(flag, value);
  return Array.isArray(value) && value.every((each) => typeof each === "string") ? undefined : "a list of texts";
}
