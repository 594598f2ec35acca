import { expectation, type Flag, type Flags, kebab, type Task, UsageError } from "./declaration.ts";

/** A variable of the environment; undefined where it is not there, or may not be read: this never asks for permission. */
export function variable(name: string): string | undefined {
  const { state } = Deno.permissions.querySync({ name: "env", variable: name });
  const value = state === "granted" ? Deno.env.get(name) : undefined;
  return value === "" ? undefined : value;
}

/**
 * The variable that stands for a flag: `SEVO_LEARNING_RATE` for `--learning-rate`.
 *
 * @param key The flag, by its name in code.
 * @returns The name of the variable.
 */
export function variableOf(key: string): string {
  return `SEVO_${kebab(key).replaceAll("-", "_").toUpperCase()}`;
}

/** A text as a value of a flag. */
function valueOf(flag: Flag, text: string): unknown {
  switch (flag.kind) {
    case "boolean":
      return { true: true, "1": true, false: false, "0": false }[text.toLowerCase()];
    case "number":
    case "integer":
      return text.trim() === "" ? NaN : Number(text);
    case "list":
      return text.split(",").map((part) => part.trim());
    default:
      return text;
  }
}

/**
 * Reads the flags of a task from the environment.
 *
 * @param task Name of the task, for messages.
 * @param flags Its flags.
 * @returns The values of the flags that have a variable.
 * @throws {UsageError} If a variable holds no value of its flag.
 */
export function readEnvironment(task: string, flags: Flags): Map<string, unknown> {
  const found = new Map<string, unknown>();
  for (const [key, flag] of Object.entries(flags)) {
    const name = variableOf(key), text = variable(name);
    if (text === undefined) continue;
    const value = valueOf(flag, text);
    const expected = value === undefined ? "true or false" : expectation(flag, value);
    if (expected !== undefined) {
      throw new UsageError(
        `Cannot run ${task} as the variable ${name} must be ${expected}: current value is '${text}'`,
      );
    }
    found.set(key, value);
  }
  return found;
}

/**
 * The variable that stands for a task's argument: `SEVO_RUN` for `RUN`.
 *
 * @param task The task.
 * @returns The name of the variable, or undefined where the task takes no argument.
 */
export function argumentVariable({ argument }: Task<Flags>): string | undefined {
  return argument && `SEVO_${argument.placeholder.replace(/\W/g, "").toUpperCase()}`;
}
