import { isDeepStrictEqual } from "node:util";

type View = ArrayLike<unknown> & ArrayBufferView;

/** Same-value-zero, as of `Map` keys: NaN equals NaN and 0 equals -0. */
function sameValueZero(a: unknown, b: unknown): boolean {
  return a === b || Object.is(a, b);
}

function isView(value: unknown): value is View {
  return ArrayBuffer.isView(value) && !(value instanceof DataView);
}

/** An object without a prototype counts as a plain one. */
const prototypeOf = (value: object): unknown => Object.getPrototypeOf(value) ?? Object.prototype;

/**
 * Whether two values are alike in depth.
 *
 * `node:util` compares by the same rules but for -0, which it tells from 0. So plain arrays, plain objects and typed
 * arrays are walked here, and the rest (maps, sets, dates, errors, ...) is handed to it. Errors are equal with their
 * stacks only.
 *
 * @param a One value.
 * @param b The other value.
 * @returns Whether they are equal.
 */
export function equal(a: unknown, b: unknown): boolean {
  if (sameValueZero(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (prototypeOf(a) !== prototypeOf(b)) return false;
  if ((Array.isArray(a) && Array.isArray(b)) || (isView(a) && isView(b))) {
    const x = a as ArrayLike<unknown>, y = b as ArrayLike<unknown>;
    if (x.length !== y.length) return false;
    for (let i = 0; i < x.length; i++) if ((i in x) !== (i in y) || !equal(x[i], y[i])) return false;
    return true;
  }
  if (prototypeOf(a) === Object.prototype) {
    const keys = Reflect.ownKeys(a);
    if (keys.length !== Reflect.ownKeys(b).length) return false;
    return keys.every((key) => Object.hasOwn(b, key) && equal(Reflect.get(a, key), Reflect.get(b, key)));
  }
  if (a instanceof Error && b instanceof Error && a.stack !== b.stack) return false;
  return isDeepStrictEqual(a, b);
}
