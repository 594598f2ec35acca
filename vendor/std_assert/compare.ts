import { AssertionError } from "./assertion_error.ts";
import { equal } from "./equal.ts";

function show(value: unknown): string {
  return Deno.inspect(value, {
    depth: 6,
    iterableLimit: 40,
    strAbbreviateSize: 2000,
    sorted: true,
    trailingComma: true,
  });
}

function failure(what: string, message: string | undefined): AssertionError {
  return new AssertionError(message === undefined ? what : `${what}: ${message}`);
}

/** Says where two long lists part, which a printout of both does not. */
function firstDifference(actual: unknown, expected: unknown): string {
  if (!(Array.isArray(actual) || ArrayBuffer.isView(actual))) return "";
  const a = actual as unknown as ArrayLike<unknown>, b = expected as ArrayLike<unknown> | null | undefined;
  if (a.length !== b?.length) return "";
  for (let i = 0; i < a.length; i++) {
    if (!equal(a[i], b[i])) return `\n    first difference at [${i}]: ${show(a[i])} is not ${show(b[i])}`;
  }
  return "";
}

/**
 * Asserts that a condition holds.
 *
 * @param expr The condition.
 * @param msg Said when it does not.
 */
export function assert(expr: unknown, msg = ""): asserts expr {
  if (!expr) throw new AssertionError(msg);
}

/**
 * Asserts that two values are alike in depth.
 *
 * @param actual The value found.
 * @param expected The value that it should be.
 * @param msg Said when they differ.
 */
export function assertEquals<T>(actual: T, expected: T, msg?: string): void {
  if (equal(actual, expected)) return;
  const difference = firstDifference(actual, expected);
  throw failure(
    `Values are not equal.\n    actual: ${show(actual)}\n    expected: ${show(expected)}${difference}`,
    msg,
  );
}

/**
 * Asserts that two values are not alike in depth.
 *
 * @param actual The value found.
 * @param expected The value that it should not be.
 * @param msg Said when they are equal.
 */
export function assertNotEquals<T>(actual: T, expected: T, msg?: string): void {
  if (equal(actual, expected)) throw failure(`Expected actual: ${show(actual)} not to be: ${show(expected)}`, msg);
}

/**
 * Asserts that two values are the same by `Object.is`.
 *
 * @param actual The value found.
 * @param expected The value that it should be.
 * @param msg Said when they differ.
 */
export function assertStrictEquals<T>(actual: unknown, expected: T, msg?: string): asserts actual is T {
  if (!Object.is(actual, expected)) {
    throw failure(
      `Values are not strictly equal.\n    actual: ${show(actual)}\n    expected: ${show(expected)}`,
      msg,
    );
  }
}

/**
 * Asserts that two values are not the same by `Object.is`.
 *
 * @param actual The value found.
 * @param expected The value that it should not be.
 * @param msg Said when they are the same.
 */
export function assertNotStrictEquals<T>(actual: T, expected: T, msg?: string): void {
  if (Object.is(actual, expected)) throw failure(`Expected "actual" to not be strictly equal to: ${show(actual)}`, msg);
}

/**
 * Asserts that two numbers are close.
 *
 * @param actual The number found.
 * @param expected The number that it should be near.
 * @param tolerance Largest absolute difference; by default 1e-7 of the expected number.
 * @param msg Said when they are further apart.
 */
export function assertAlmostEquals(actual: number, expected: number, tolerance?: number, msg?: string): void {
  if (Object.is(actual, expected)) return;
  const allowed = tolerance ?? (Number.isFinite(expected) ? Math.abs(expected * 1e-7) : 1e-7);
  const delta = Math.abs(expected - actual);
  if (delta <= allowed) return;
  throw failure(
    `Expected actual: "${actual}" to be close to "${expected}": delta "${delta}" is greater than "${allowed}"`,
    msg,
  );
}

/**
 * Asserts that a value is greater than another.
 *
 * @param actual The value found.
 * @param expected The bound.
 * @param msg Said when it is not.
 */
export function assertGreater<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual > expected)) throw failure(`Expect ${show(actual)} > ${show(expected)}`, msg);
}

/**
 * Asserts that a value is greater than or equal to another.
 *
 * @param actual The value found.
 * @param expected The bound.
 * @param msg Said when it is not.
 */
export function assertGreaterOrEqual<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual >= expected)) throw failure(`Expect ${show(actual)} >= ${show(expected)}`, msg);
}

/**
 * Asserts that a value is less than another.
 *
 * @param actual The value found.
 * @param expected The bound.
 * @param msg Said when it is not.
 */
export function assertLess<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual < expected)) throw failure(`Expect ${show(actual)} < ${show(expected)}`, msg);
}

/**
 * Asserts that a value is less than or equal to another.
 *
 * @param actual The value found.
 * @param expected The bound.
 * @param msg Said when it is not.
 */
export function assertLessOrEqual<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual <= expected)) throw failure(`Expect ${show(actual)} <= ${show(expected)}`, msg);
}

/**
 * Asserts that a string holds another.
 *
 * @param actual The string.
 * @param expected What it should hold.
 * @param msg Said when it does not.
 */
export function assertStringIncludes(actual: string, expected: string, msg?: string): void {
  if (!actual.includes(expected)) throw failure(`Expected actual: "${actual}" to contain: "${expected}"`, msg);
}

/**
 * Asserts that a value is an instance of a class.
 *
 * @param actual The value.
 * @param expectedType The class.
 * @param msg Said when it is not.
 */
export function assertInstanceOf<
  // deno-lint-ignore no-explicit-any -- a constructor of anything takes anything
  T extends abstract new (...args: any[]) => any,
>(
  actual: unknown,
  expectedType: T,
  msg?: string,
): asserts actual is InstanceType<T> {
  if (!(actual instanceof expectedType)) {
    throw failure(`Expected object to be an instance of "${expectedType.name}" but was: ${show(actual)}`, msg);
  }
}
