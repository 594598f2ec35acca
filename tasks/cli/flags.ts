/**
 * The command line of a task, declared once: from one list of flags come parsing, checking, `--help`, the keys of a
 * `--config` file and the types of the values.
 *
 * A value comes from the command line, else from a variable of the environment (`SEVO_LEARNING_RATE`), else from the file
 * that `--config` names, else from its default.
 *
 * @example
 * ```ts ignore
 * const task = defineTask({
 *   name: "train",
 *   summary: "Trains a recommender.",
 *   examples: [["--epochs 10", "Trains for ten epochs."]],
 *   flags: {
 *     model: { kind: "choice", choices: ["mf-bpr", "sasrec"], default: "mf-bpr", description: "Model to train" },
 *     learningRate: { kind: "number", above: 0, default: 1e-3, description: "Step size" },
 *     out: { kind: "string", placeholder: "DIR", description: "Folder to write to" },
 *   },
 * });
 * await runTask(async () => {
 *   const parsed = await parseFlags(task, Deno.args);
 *   if (parsed === null) return; // --help
 *   parsed.values.model; // "mf-bpr" | "sasrec"
 *   parsed.values.learningRate; // number
 *   parsed.values.out; // string | undefined
 * });
 * ```
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { readConfig } from "./_config.ts";
import {
  expectation,
  type Flag,
  type Flags,
  kebab,
  type Parsed,
  suggestion,
  type Task,
  UsageError,
  type Values,
} from "./declaration.ts";
import { argumentVariable, readEnvironment, variable } from "./environment.ts";
import { helpOf } from "./help.ts";

export { type Flag, type Flags, type Parsed, type Task, UsageError, type Values } from "./declaration.ts";
export { helpOf } from "./help.ts";

/** Flags that every task has, besides its own. */
const CONFIG: Flag = { kind: "string", placeholder: "FILE", description: "Read flags from a file" };

/**
 * Declares a task, keeping the literal types that the types of its values follow from.
 *
 * @param task The task.
 * @returns The task.
 * @throws {TypeError} If a default is not a value of its flag.
 */
export function defineTask<const F extends Flags>(task: Task<F>): Task<F> {
  for (const [key, flag] of Object.entries(task.flags)) {
    const expected = flag.default === undefined ? undefined : expectation(flag, flag.default);
    if (expected !== undefined) {
      throw new TypeError(
        `Cannot declare ${task.name} as the default of '${key}' must be ${expected}: current value is ${flag.default}`,
      );
    }
  }
  return task;
}

/** Numbers below zero and `-`, standard input, look like flags to a parser: `--layers -1` becomes `--layers=-1`. */
function joinValues(
  args: readonly string[],
  takesValue: (name: string) => boolean,
  holdsFlags: (name: string) => boolean,
): string[] {
  const joined: string[] = [];
  for (let at = 0; at < args.length; at++) {
    const arg = args[at]!, next = args[at + 1];
    if (arg === "--") return [...joined, ...args.slice(at)];
    const name = arg.startsWith("--") ? arg.slice(2) : "", isNumber = /^-([.\d]|$)/;
    if (next !== undefined && (isNumber.test(next) ? takesValue(name) : holdsFlags(name))) {
      joined.push(`${arg}=${next}`);
      at++;
    } else {
      joined.push(arg);
    }
  }
  return joined;
}

function valueOf(flag: Flag, text: string | boolean): unknown {
  if (typeof text === "boolean" || (flag.kind !== "number" && flag.kind !== "integer")) return text;
  return text.trim() === "" ? NaN : Number(text);
}

/**
 * Reads a command line, and the config file that it names.
 *
 * @param task The task.
 * @param args The arguments after the task's name.
 * @returns What they say, or null after having shown the help that they asked for.
 * @throws {UsageError} If the task cannot run with them.
 */
export async function parseFlags<const F extends Flags>(
  task: Task<F>,
  args: readonly string[],
): Promise<Parsed<F> | null> {
  const cannot = `Cannot run ${task.name} as`;
  const see = `see deno task ${task.name} --help`;
  const flags: Flags = (task.config ?? true) ? { ...task.flags, config: CONFIG } : task.flags;
  const byName = new Map(Object.entries(flags).map(([key, flag]) => [kebab(key), { key, flag }]));
  const names = [...byName.keys()];
  const isBoolean = (name: string) => byName.get(name)?.flag.kind === "boolean";
  const booleans = names.filter(isBoolean);

  const help = args.slice(0, args.includes("--") ? args.indexOf("--") : undefined);
  if (help.includes("--help") || help.includes("-h")) {
    console.log(helpOf(task).trimEnd());
    return null;
  }

  const holdsFlags = (name: string) => {
    const flag = byName.get(name)?.flag;
    return flag?.kind === "string" && flag.holdsFlags === true;
  };
  const spread = joinValues(args, (name) => byName.has(name) && !isBoolean(name), holdsFlags);
  const unknown = (arg: string): UsageError => {
    const name = arg.replace(/^--?/, "").replace(/=.*$/s, "");
    const all = [...names, ...booleans.map((name) => `no-${name}`), "help"];
    const meant = suggestion(name, all) ?? suggestion(name.replace(/^no-/, ""), names);
    const shown = arg.replace(/=.*$/s, "");
    return new UsageError(
      `${cannot} there is no flag '${shown}': ${meant === undefined ? see : `did you mean '--${meant}'?`}`,
    );
  };
  const end = spread.indexOf("--");
  for (const arg of end < 0 ? spread : spread.slice(0, end)) {
    // To @std/cli any value but "false" is true, and `--no-epochs=3` is `--epochs=3`.
    const [, name, value] = /^--([^=]+)=(.*)$/s.exec(arg) ?? [];
    if (name === undefined || value === undefined) continue;
    if (!byName.has(name)) throw unknown(arg);
    if (value === "") throw new UsageError(`${cannot} --${name} needs a value: ${see}`);
    if (isBoolean(name) && value !== "true" && value !== "false") {
      throw new UsageError(`${cannot} --${name} must be true or false: current value is '${value}'`);
    }
  }

  const positionals: string[] = [];
  const parsed = parseArgs(spread, {
    string: [...names.filter((name) => !isBoolean(name)), "_"],
    boolean: booleans,
    negatable: booleans,
    collect: names.filter((name) => byName.get(name)!.flag.kind === "list"),
    // A boolean that is not given is false to @std/cli: this tells the two apart.
    default: Object.fromEntries(booleans.map((name) => [name, null])),
    unknown: (arg, key) => {
      if (key !== undefined) throw unknown(arg);
      positionals.push(arg);
      return false;
    },
  });
  if (end >= 0) positionals.push(...spread.slice(end + 1));

  const given = new Map<string, unknown>();
  for (const [name, { key, flag }] of byName) {
    // The names are known only at run time, so the types of @std/cli say nothing of a value.
    const text: unknown = parsed[name];
    if (Array.isArray(text)) {
      if (text.includes("")) throw new UsageError(`${cannot} --${name} needs a value: ${see}`);
      if (text.length > 0) given.set(key, text);
      continue;
    }
    if (typeof text !== "string" && typeof text !== "boolean") continue;
    if (text === "") throw new UsageError(`${cannot} --${name} needs a value: ${see}`);
    const value = valueOf(flag, text);
    const expected = expectation(flag, value);
    if (expected !== undefined) {
      const shown = (flag.kind === "number" || flag.kind === "integer") && !Number.isNaN(value) ? value : `'${text}'`;
      throw new UsageError(`${cannot} --${name} must be ${expected}: current value is ${shown}`);
    }
    given.set(key, value);
  }

  const environment = readEnvironment(task.name, flags);
  const { argument } = task, name = argumentVariable(task), named = name && variable(name);
  if (positionals.length === 0 && named !== undefined) positionals.push(named);
  const extra = argument?.many ? undefined : positionals[argument === undefined ? 0 : 1];
  if (extra !== undefined) {
    const takes = argument === undefined ? "no argument" : `one argument, ${argument.placeholder}`;
    throw new UsageError(`${cannot} it takes ${takes}: current value is '${positionals.join(" ")}'`);
  }

  const values: Record<string, unknown> = {}, file: Record<string, unknown> = {};
  const config = given.get("config") ?? environment.get("config");
  if (config !== undefined && flags["config"] === CONFIG) {
    Object.assign(file, await readConfig(task.name, String(config), task.flags));
    given.delete("config");
    environment.delete("config");
  }
  if (argument?.required && positionals.length === 0) {
    throw new UsageError(`${cannot} ${argument.placeholder} is missing: ${see}`);
  }
  for (const [key, flag] of Object.entries(task.flags)) {
    values[key] = given.get(key) ?? environment.get(key) ?? file[key] ?? (flag.kind === "list" ? [] : flag.default);
    if (flag.kind !== "boolean" && flag.kind !== "list" && flag.required && values[key] === undefined) {
      throw new UsageError(`${cannot} --${kebab(key)} is missing: ${see}`);
    }
  }
  return {
    values: values as Values<F>,
    given: new Map([
      ...Object.keys(file).map((key) => [key, "config file"] as const),
      ...[...environment.keys()].map((key) => [key, "environment"] as const),
      ...[...given.keys()].map((key) => [key, "command line"] as const),
    ]) as Parsed<F>["given"],
    file: file as Partial<Values<F>>,
    argument: positionals[0],
    arguments: positionals,
  };
}
