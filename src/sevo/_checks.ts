import { type Bounds, checkType, isWithin, rangeOf, shown } from "../options.ts";

/** What cannot be done with wrong options, for messages. */
export const ACTION = "Cannot use these options";

/**
 * Checks a name.
 *
 * @param what What it is the name of.
 * @param value The name given.
 * @param names The names that there are.
 * @throws {TypeError} If there is no such name.
 */
export function checkName(what: string, value: string, names: readonly string[]): void {
  if (names.includes(value)) return;
  const list = names.map((name) => `'${name}'`).join(", ");
  throw new TypeError(`${ACTION} as ${what} must be one of ${list}: current value is ${shown(value)}`);
}

/**
 * Checks a number, and the float32 that kernels take it as, which may be 0, 1 or infinite where the number itself is not.
 *
 * @param what Name of the number.
 * @param value The number.
 * @param bounds What it may be.
 * @param taken What kernels take it as; by default the float32, and of an integer the integer.
 * @throws {TypeError} If it is no number.
 * @throws {RangeError} If it is out of range.
 */
export function checkRange(
  what: string,
  value: number,
  bounds: Bounds,
  taken?: number,
): void {
  checkType(ACTION, what, value, "number");
  const single = taken ?? (bounds.integer ? value : Math.fround(value));
  const within = isWithin(bounds, value);
  if (within && isWithin(bounds, single)) return;
  const { integer, min, max, above, below } = bounds;
  const open = min !== undefined ? `>= ${min}` : above === 0 ? "positive" : `> ${above}`;
  const range = max === undefined && below === undefined ? open : rangeOf(bounds);
  const finite = within && !Number.isFinite(single) ? " and finite" : "";
  throw new RangeError(
    `${ACTION} as ${what} must be ${integer ? "an integer " : ""}${range}${finite}${within ? " in float32" : ""}: ` +
      `current value is ${value}`,
  );
}
