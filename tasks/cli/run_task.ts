import { UsageError } from "./declaration.ts";
import { variable } from "./environment.ts";
import { exitCodeOf } from "./exit_codes.ts";

/** Errors of the language that a mistake in the program raises as well as a mistake in its input. */
const BUILT_IN = ["Error", "TypeError", "RangeError", "SyntaxError"];
/** Errors of the language that only a mistake in the program raises. */
const NEVER_EXPECTED = ["ReferenceError", "EvalError", "URIError", "AggregateError", "AssertionError"];

/**
 * Whether an error is said to the user in one line, or is a mistake in the program that needs its stack. Errors of this
 * project read "Cannot X as Y", those of Deno's system calls and named ones tell for themselves.
 *
 * @param error What was thrown.
 * @returns Whether it is said in one line.
 */
export function isExpected(error: unknown): error is Error {
  if (!(error instanceof Error)) return false;
  if (error instanceof UsageError) return true;
  if (NEVER_EXPECTED.includes(error.name)) return false;
  // What the system says has no name of its own: a full disk, a name that is too long
  if ("code" in error && /^E[A-Z]+$/.test(String(error.code))) return true;
  if (BUILT_IN.includes(error.name)) return error.name !== "Error" && /^Cannot .+ as /s.test(error.message);
  return true;
}

/** Whether SEVO_DEBUG asks for stacks. */
function isDebugging(): boolean {
  return !["0", undefined].includes(variable("SEVO_DEBUG"));
}

/**
 * What is said of an error that ended a task.
 *
 * @param error What was thrown.
 * @param debug Whether an expected error is said with its stack as well.
 * @returns One line for an expected error, and a stack for any other.
 */
export function describeError(error: unknown, debug = false): string {
  if (isExpected(error)) {
    if (!debug) return `error: ${error.message.replace(/\s*\n\s*/g, " ").trim()}`;
    // With what caused it
    return `error: ${Deno.inspect(error)}`;
  }
  return `error: ${error instanceof Error ? Deno.inspect(error) : `Uncaught ${Deno.inspect(error)}`}`;
}

/**
 * Runs a task's main function. If it fails, says why on standard error and exits with a code that says whether the same
 * again may succeed: see `EXIT`.
 *
 * @param main The task.
 * @returns When the task is done.
 */
export async function runTask(main: () => Promise<void> | void): Promise<void> {
  try {
    await main();
  } catch (error) {
    // Nobody reads on, as in `deno task train --help | head -1`.
    if (error instanceof Deno.errors.BrokenPipe) Deno.exit(0);
    console.error(describeError(error, isDebugging()));
    Deno.exit(exitCodeOf(error, isExpected(error)));
  }
}
