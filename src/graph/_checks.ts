import { checkType, shown } from "../options.ts";

/** Integers by index: an array or a typed array. */
export type Integers = ArrayLike<number>;

/** What cannot be done otherwise, for messages. */
export const ACTION = "Cannot build a graph";

/**
 * Checks a count.
 *
 * @param name Its name.
 * @param value Its value.
 * @param least Its least value.
 * @throws {TypeError} If it is no number.
 * @throws {RangeError} If it is no integer from `least` to 2^32 - 1.
 */
export function checkCount(name: string, value: number, least: number): void {
  checkType(ACTION, name, value, "number");
  if (!Number.isSafeInteger(value) || value < least || value >= 2 ** 32) {
    throw new RangeError(`${ACTION} as ${name} must be an integer >= ${least}: current value is ${value}`);
  }
}

/**
 * Checks a row, or what has one.
 *
 * @param name What it is of.
 * @param value The row.
 * @param count Number of rows.
 * @throws {TypeError} If it is no number.
 * @throws {RangeError} If there is no such row.
 */
export function checkRow(name: string, value: number, count: number): void {
  if (!(value >= 0 && value < count && Number.isInteger(value))) {
    // Beyond the end of its array it is undefined.
    if (value !== undefined) checkType(ACTION, name, value, "number");
    throw new RangeError(`${ACTION} as ${name} must be in [0, ${count}): current value is ${value}`);
  }
}

/**
 * Checks that a value has elements by index.
 *
 * @param name Its name.
 * @param value The value.
 * @throws {TypeError} If it has none.
 */
export function checkArray(name: string, value: unknown): void {
  if (Array.isArray(value) || ArrayBuffer.isView(value)) return;
  if (typeof value === "object" && value !== null && "length" in value) return;
  throw new TypeError(`${ACTION} as ${name} must be an array: current value is ${shown(value)}`);
}

/**
 * Checks a length.
 *
 * @param name What has it.
 * @param length The length.
 * @param expected What it must be.
 * @param other What is as long.
 * @throws {TypeError} If it is another.
 */
export function checkLength(name: string, length: number, expected: number, other: string): void {
  if (length !== expected) {
    throw new TypeError(
      `${ACTION} as ${name} must be as many as ${other}, ${expected}: current value is ${length}`,
    );
  }
}
