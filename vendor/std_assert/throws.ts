import { AssertionError } from "./assertion_error.ts";

// deno-lint-ignore no-explicit-any -- a class of errors may have any constructor
type ErrorConstructor<E extends Error> = abstract new (...args: any[]) => E;

const suffix = (msg: string | undefined) => msg === undefined ? "." : `: ${msg}`;

function check<E extends Error>(
  error: unknown,
  expected: ErrorConstructor<E> | undefined,
  includes: string | undefined,
  msg: string | undefined,
): void {
  if (expected === undefined) return;
  if (!(error instanceof Error)) {
    throw new AssertionError(`A non-Error object was thrown or rejected${suffix(msg)}`);
  }
  if (!(error instanceof expected)) {
    throw new AssertionError(
      `Expected error to be instance of "${expected.name}", but was "${error.constructor.name}"${suffix(msg)}`,
      { cause: error },
    );
  }
  if (includes !== undefined && !error.message.includes(includes)) {
    throw new AssertionError(
      `Expected error message to include ${JSON.stringify(includes)}, but got ${JSON.stringify(error.message)}${
        suffix(msg)
      }`,
      { cause: error },
    );
  }
}

/**
 * Asserts that a function throws.
 *
 * @param fn The function.
 * @param msg Said when it does not.
 * @returns What it threw.
 */
export function assertThrows(fn: () => unknown, msg?: string): unknown;
/**
 * Asserts that a function throws an error of a class, with a message that holds a text.
 *
 * @param fn The function.
 * @param ErrorClass The class.
 * @param msgIncludes The text.
 * @param msg Said when it does not.
 * @returns The error.
 */
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  // deno-lint-ignore no-explicit-any -- a class of errors may have any constructor
  ErrorClass: abstract new (...args: any[]) => E,
  msgIncludes?: string,
  msg?: string,
): E;
/** The two forms above. */
export function assertThrows<E extends Error>(
  fn: () => unknown,
  classOrMsg?: ErrorConstructor<E> | string,
  msgIncludes?: string,
  msg?: string,
): unknown {
  const expected = typeof classOrMsg === "string" ? undefined : classOrMsg;
  const said = typeof classOrMsg === "string" ? classOrMsg : msg;
  try {
    fn();
  } catch (error) {
    check(error, expected, msgIncludes, said);
    return error;
  }
  throw new AssertionError(`Expected function to throw${suffix(said)}`);
}

/**
 * Asserts that a function returns a promise that rejects.
 *
 * @param fn The function.
 * @param msg Said when it does not.
 * @returns What it was rejected with.
 */
export function assertRejects(fn: () => PromiseLike<unknown>, msg?: string): Promise<unknown>;
/**
 * Asserts that a function returns a promise that rejects with an error of a class, with a message that holds a text.
 *
 * @param fn The function.
 * @param ErrorClass The class.
 * @param msgIncludes The text.
 * @param msg Said when it does not.
 * @returns The error.
 */
export function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  // deno-lint-ignore no-explicit-any -- a class of errors may have any constructor
  ErrorClass: abstract new (...args: any[]) => E,
  msgIncludes?: string,
  msg?: string,
): Promise<E>;
/** The two forms above. */
export async function assertRejects<E extends Error>(
  fn: () => PromiseLike<unknown>,
  classOrMsg?: ErrorConstructor<E> | string,
  msgIncludes?: string,
  msg?: string,
): Promise<unknown> {
  const expected = typeof classOrMsg === "string" ? undefined : classOrMsg;
  const said = typeof classOrMsg === "string" ? classOrMsg : msg;
  let promise: PromiseLike<unknown>;
  try {
    promise = fn();
  } catch (error) {
    throw new AssertionError(`Function throws when expected to reject${suffix(said)}`, { cause: error });
  }
  try {
    await promise;
  } catch (error) {
    check(error, expected, msgIncludes, said);
    return error;
  }
  throw new AssertionError(`Expected function to reject${suffix(said)}`);
}
