import { z } from "zod";
import { parseJsonc } from "../../src/files/jsonc.ts";
import { expectation, type Flag, type Flags, suggestion, UsageError } from "./declaration.ts";

function schemaOf(flag: Flag): z.ZodType {
  // The declaration knows the kind and the range of a value already, for the command line: zod asks it.
  return z.unknown().superRefine((value, context) => {
    const expected = expectation(flag, value);
    if (expected === undefined) return;
    context.addIssue({ code: "custom", message: `must be ${expected}: current value is ${JSON.stringify(value)}` });
  }).optional();
}

/**
 * Reads a config file: JSON with comments, an object whose keys are flags by their names in code.
 *
 * @param task Name of the task, for messages.
 * @param path The file.
 * @param flags The flags that there are.
 * @returns The values of the flags that the file gives.
 * @throws {UsageError} If the file cannot be read or parsed, or if a key or value is not a flag's.
 */
export async function readConfig(task: string, path: string, flags: Flags): Promise<Record<string, unknown>> {
  const cannot = `Cannot run ${task} as`;
  let value: unknown;
  try {
    value = parseJsonc(await Deno.readTextFile(path)).value;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw new UsageError(`${cannot} config file '${path}' does not exist`);
    if (error instanceof SyntaxError) {
      throw new UsageError(`${cannot} config file '${path}' is not JSON: ${error.message}`, { cause: error });
    }
    if (error instanceof Deno.errors.IsADirectory) {
      throw new UsageError(`${cannot} config file '${path}' is a folder`, { cause: error });
    }
    throw error;
  }
  // The place of a schema is for the editor
  if (typeof value === "object" && value !== null && "$schema" in value) delete value.$schema;
  const schema = z.strictObject(Object.fromEntries(Object.entries(flags).map(([key, flag]) => [key, schemaOf(flag)])));
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  // What the user meant is likelier to be found in a wrong name than in what follows from it.
  const issues = result.error.issues;
  const issue = issues.find((issue) => issue.code === "unrecognized_keys") ?? issues[0]!;
  if (issue.code === "unrecognized_keys") {
    const key = issue.keys[0]!;
    const camel = key.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
    const meant = suggestion(camel, Object.keys(flags));
    const hint = meant === undefined ? `see deno task ${task} --help` : `did you mean '${meant}'?`;
    throw new UsageError(`${cannot} config file '${path}' has a key that is no flag, '${key}': ${hint}`);
  }
  if (issue.path.length === 0) {
    const found = Array.isArray(value) ? "an array" : value === null ? "null" : `a ${typeof value}`;
    throw new UsageError(`${cannot} config file '${path}' must hold an object: current value is ${found}`);
  }
  throw new UsageError(`${cannot} '${String(issue.path[0])}' in config file '${path}' ${issue.message}`);
}
