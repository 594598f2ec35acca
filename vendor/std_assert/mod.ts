/**
 * A stand-in for `jsr:@std/assert`: see `vendor/README.md`.
 *
 * @module
 */

export { AssertionError } from "./assertion_error.ts";
export { equal } from "./equal.ts";
export * from "./compare.ts";
export * from "./throws.ts";
