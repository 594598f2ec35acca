/**
 * Checks of options at run time, for callers without types: an option that does not exist or is of another type is
 * refused, not ignored.
 *
 * @module
 */

/**
 * Checks that options are an object of known names. One that is undefined counts as not given.
 *
 * @param action What cannot be done otherwise, for the message: "Cannot use these options".
 * @param options Options as given.
 * @param names Names of all options.
 * @param subject What the options are called in the message.
 * @throws {TypeError} If they are no object, or an option is unknown.
 */
export function checkOptions(
  action: string,
  options: unknown,
  names: readonly string[],
  subject = "the options",
): void {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw new TypeError(`${action} as ${subject} must be an object: current value is ${shown(options)}`);
  }
  const given = options as Readonly<Record<string, unknown>>;
  for (const name of Object.keys(given)) {
    if (names.includes(name) || given[name] === undefined) continue;
    const near = nearest(name, names);
    const hint = near === undefined ? `options are ${names.map(shown).join(", ")}` : `did you mean '${near}'?`;
    throw new TypeError(`${action} as there is no option '${name}': ${hint}`);
  }
}

/**
 * Checks the type of an option, or of an element of one. NaN is a number.
 *
 * @param action What cannot be done otherwise, for the message.
 * @param name Name of the option.
 * @param value Its value.
 * @param type The type.
 * @throws {TypeError} If it is of another type.
 */
export function checkType(action: string, name: string, value: unknown, type: "number" | "boolean"): void {
  const actual: string = typeof value;
  if (actual === type) return;
  throw new TypeError(`${action} as ${name} must be a ${type}: current value is ${shown(value)}`);
}

/**
 * A value as a message shows it: strings in quotes, so that '1' is not taken for 1.
 *
 * @param value Any value.
 * @returns A short text.
 */
export function shown(value: unknown): string {
  if (typeof value === "string") return `'${value}'`;
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "function") return "a function";
  if (Array.isArray(value) && value.length <= 8 && !value.some(Array.isArray)) {
    return `[${Array.from(value, shown).join(", ")}]`;
  }
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "an array" : "an object";
  return String(value);
}

/**
 * The known name that was probably meant: a few letters off whatever the case and the hyphens, or a part of it.
 *
 * @param name The name given.
 * @param names The names that there are.
 * @returns The nearest of them, or undefined if none is near.
 */
export function nearest(name: string, names: readonly string[]): string | undefined {
  const given = lettersOf(name), limit = Math.max(1, Math.floor(given.length / 3));
  let near: string | undefined, least = limit + 1;
  for (const candidate of names) {
    const wanted = lettersOf(candidate);
    if (Math.abs(wanted.length - given.length) > limit) continue;
    const distance = editDistance(given, wanted);
    if (distance < least) [near, least] = [candidate, distance];
  }
  if (near !== undefined || given.length < 3) return near;
  return names.find((candidate) => {
    const wanted = lettersOf(candidate);
    return wanted.includes(given) || given.includes(wanted);
  });
}

function lettersOf(name: string): string {
  return name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");
}

/** Letters to insert, leave out, replace or swap with the next (optimal string alignment). */
function editDistance(from: string, to: string): number {
  let before: number[] = [], last = Array.from({ length: to.length + 1 }, (_, at) => at);
  for (let at = 1; at <= from.length; at++) {
    const row = [at];
    for (let other = 1; other <= to.length; other++) {
      const same = from[at - 1] === to[other - 1];
      let least = Math.min(last[other]! + 1, row[other - 1]! + 1, last[other - 1]! + (same ? 0 : 1));
      if (at > 1 && other > 1 && from[at - 1] === to[other - 2] && from[at - 2] === to[other - 1]) {
        least = Math.min(least, before[other - 2]! + 1);
      }
      row.push(least);
    }
    [before, last] = [last, row];
  }
  return last[to.length]!;
}

/** What a number may be. A bound that is left out does not bound. */
export interface Bounds {
  /** Whether it is an integer. */
  readonly integer?: true;
  /** Least value. */
  readonly min?: number;
  /** Greatest value. */
  readonly max?: number;
  /** The value is greater than this. */
  readonly above?: number;
  /** The value is less than this. */
  readonly below?: number;
}

/** What a seed may be: it is a key of the random numbers. */
export const SEED: Bounds = { integer: true, min: 0, max: 2 ** 32 - 1 };

/**
 * Whether a number is within bounds; one that is not finite never is.
 *
 * @param bounds The bounds.
 * @param value The number.
 * @returns Whether it is.
 */
export function isWithin({ integer, min = -Infinity, max = Infinity, above, below }: Bounds, value: number): boolean {
  if (integer ? !Number.isSafeInteger(value) : !Number.isFinite(value)) return false;
  return value >= min && value <= max && value > (above ?? -Infinity) && value < (below ?? Infinity);
}

/**
 * Bounds in words.
 *
 * @param bounds The bounds.
 * @returns Such as `in [0, 1)`, `at least 1` or `greater than 0`; empty where there is none.
 */
export function rangeOf({ min, max, above, below }: Bounds): string {
  const low = min !== undefined ? `[${min}` : above !== undefined ? `(${above}` : undefined;
  const high = max !== undefined ? `${max}]` : below !== undefined ? `${below})` : undefined;
  if (low !== undefined && high !== undefined) return `in ${low}, ${high}`;
  if (min !== undefined) return `at least ${min}`;
  if (above !== undefined) return `greater than ${above}`;
  if (max !== undefined) return `at most ${max}`;
  return below !== undefined ? `less than ${below}` : "";
}
