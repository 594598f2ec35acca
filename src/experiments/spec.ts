import { z } from "zod";
import { parseJsonc } from "../files/jsonc.ts";
import type { SettingValue, SettingValues } from "../models/field.ts";
import { nearest, shown } from "../options.ts";
import { type SettingFields, type SettingRange, specSchema } from "./_spec_schema.ts";
import { SpecError } from "./spec_error.ts";

export type { SettingFields, SettingRange } from "./_spec_schema.ts";

/** Draws of settings. */
export interface RandomDraws {
  /** How many. */
  readonly count: number;
  /** Seed of the draws. */
  readonly seed: number;
  /** What is drawn, by setting: from a list or a range. */
  readonly settings: Readonly<Record<string, readonly SettingValue[] | SettingRange>>;
}

/** Successive halving by ASHA's stopping rule. */
export interface Halving {
  /** Epochs before the first decision. */
  readonly every: number;
  /** Share of the runs that goes on each time, in (0, 1). */
  readonly keep: number;
  /** Metric of validation that decides; null for that of the run. */
  readonly metric: string | null;
}

/** What a spec says, checked. */
export interface Sweep {
  /** Settings that all runs have. */
  readonly base: SettingValues;
  /** Lists of values, whose combinations are runs: several datasets come first. */
  readonly grid: Readonly<Record<string, readonly SettingValue[]>>;
  /** Draws; null where there are none. */
  readonly random: RandomDraws | null;
  /** Settings that belong together; empty where there are none. */
  readonly list: readonly SettingValues[];
  /** Seeds; null for one run of each, with the seed that train has by default. */
  readonly seeds: readonly number[] | null;
  /** Successive halving; null where all runs go on to their end. */
  readonly halve: Halving | null;
}

/** What a spec is checked against. */
export interface SpecOptions {
  /** The settings that there are: the flags of train. */
  readonly fields: SettingFields;
  /** Flags of train that a spec cannot give, and what to do instead. */
  readonly refused?: Readonly<Record<string, string>>;
  /** Name of the file, for messages. */
  readonly file?: string;
}

/**
 * Reads the spec of a sweep: JSON with comments.
 *
 * @param text The text.
 * @param options What it is checked against.
 * @returns What it says.
 * @throws {SpecError} If it cannot be run: the message names the line and what was expected.
 */
export function readSpec(text: string, { fields: all, refused = {}, file = "spec" }: SpecOptions): Sweep {
  const fields = settingsOf(all, refused);
  const fail = (why: string, cause?: unknown) => new SpecError(`Cannot run sweep as ${why}`, { cause });
  let jsonc;
  try {
    jsonc = parseJsonc(text);
  } catch (error) {
    throw fail(`'${file}' is not JSON: ${(error as Error).message}`, error);
  }
  const { value, lineOf } = jsonc;
  const at = (path: readonly PropertyKey[]) => `at line ${lineOf(path as string[])} of '${file}'`;
  const result = specSchema(fields).safeParse(value);
  if (!result.success) {
    const issues = result.error.issues.map((issue) => innermost(issue, value));
    // What the user meant is likelier to be found in a wrong name than in what follows from it
    const issue = issues.find(({ code }) => code === "unrecognized_keys") ?? issues[0]!;
    if (issue.code === "unrecognized_keys") {
      const key = issue.keys[0]!, path = [...issue.path, key], known = knownAt(issue.path);
      if (known === undefined && Object.hasOwn(refused, key)) {
        throw fail(`'${key}' ${at(path)} is not for a spec: ${refused[key]}`);
      }
      const camel = key.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
      const meant = nearest(camel, known ?? Object.keys(fields));
      const all = known === undefined ? "see deno task train --help" : `there are ${known.join(", ")}`;
      throw fail(
        `'${key}' ${at(path)} is ${known === undefined ? "no setting of train" : "not known here"}: ${
          meant === undefined ? all : `did you mean '${meant}'?`
        }`,
      );
    }
    if (issue.path.length === 0) throw fail(`'${file}' must hold an object: current value is ${shown(value)}`);
    const found = valueAt(value, issue.path);
    throw fail(`'${nameOf(issue.path)}' ${at(issue.path)} ${issue.message}: current value is ${shown(found)}`);
  }
  const { base: { data, ...base } = {}, grid, random, list = [], seeds = null, halve } = inOrderOf(result.data, value);
  const own = [...Object.keys(grid ?? {}), ...Array.isArray(data) ? ["data"] : []];
  const twice = (key: string, path: readonly PropertyKey[], other: string) =>
    fail(`'${key}' ${at(path)} is given by ${other} as well: leave one of them out`);
  if (Array.isArray(data) && grid?.["data"]) throw twice("data", ["base", "data"], "grid");
  for (const key of Object.keys(random?.settings ?? {})) {
    if (own.includes(key)) throw twice(key, ["random", "settings", key], "the grid");
  }
  list.forEach((settings, place) => {
    const key = Object.keys(settings).find((key) => own.includes(key));
    if (key !== undefined) throw twice(key, ["list", place, key], "the grid");
  });
  return {
    base: { ...data !== undefined && !Array.isArray(data) && { data }, ...base } as SettingValues,
    grid: { ...Array.isArray(data) && { data }, ...grid },
    random: random
      ? { count: random.count, seed: random.seed ?? 0, settings: asIntegers(random.settings ?? {}, fields) }
      : null,
    list,
    seeds: typeof seeds === "number" ? Array.from({ length: seeds }, (_, index) => index + 1) : seeds,
    halve: halve ? { every: halve.every, keep: halve.keep, metric: halve.metric ?? null } : null,
  };
}

/**
 * The JSON Schema of a spec, for editors.
 *
 * @param options What a spec is checked against.
 * @returns The schema.
 */
export function specJsonSchema({ fields, refused = {} }: Omit<SpecOptions, "file">): Record<string, unknown> {
  return z.toJSONSchema(specSchema(settingsOf(fields, refused)), { io: "input" });
}

function settingsOf(fields: SettingFields, refused: Readonly<Record<string, string>>): SettingFields {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !Object.hasOwn(refused, name)));
}

/** Ranges of settings that are integers are of integers. */
function asIntegers(settings: RandomDraws["settings"], fields: SettingFields): RandomDraws["settings"] {
  return Object.fromEntries(
    Object.entries(settings).map(([name, from]) => {
      return [name, "min" in from && fields[name]!.kind === "integer" ? { ...from, integer: true } : from];
    }),
  );
}

/** A checked value with its keys in the order in which they were given: a schema has them in its own. */
function inOrderOf<T>(checked: T, given: unknown): T {
  if (Array.isArray(checked)) return checked.map((each, at) => inOrderOf(each, (given as unknown[])[at])) as T;
  if (typeof checked !== "object" || checked === null) return checked;
  const values = checked as Readonly<Record<string, unknown>>, keys = given as Readonly<Record<string, unknown>>;
  return Object.fromEntries(Object.keys(keys).map((key) => [key, inOrderOf(values[key], keys[key])])) as T;
}

type Issue = z.core.$ZodIssue;

/** The keys that there are at a place; undefined where they are settings. */
function knownAt(path: readonly PropertyKey[]): readonly string[] | undefined {
  if (path.length === 0) return ["base", "grid", "random", "list", "seeds", "halve"];
  if (path.length > 2) return ["min", "max", "log", "integer"];
  if (path.length > 1) return undefined;
  return path[0] === "halve"
    ? ["every", "keep", "metric"]
    : path[0] === "random"
    ? ["count", "seed", "settings"]
    : undefined;
}

/** What is wrong with the form that was meant, where there are two. */
function innermost(issue: Issue, value: unknown): Issue {
  if (issue.code !== "invalid_union") return issue;
  // The list comes first in every union of this schema
  const [inner] = issue.errors[Array.isArray(valueAt(value, issue.path)) ? 0 : 1] ?? [];
  return inner ? innermost({ ...inner, path: [...issue.path, ...inner.path] }, value) : issue;
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce((at: unknown, key) => (at as Readonly<Record<PropertyKey, unknown>> | undefined)?.[key], value);
}

/** A path as code has it: `grid.beta[1]`. */
function nameOf(path: readonly PropertyKey[]): string {
  return path.map((key) => typeof key === "number" ? `[${key}]` : `.${String(key)}`).join("").slice(1);
}
