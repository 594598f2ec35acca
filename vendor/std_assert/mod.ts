/**
 * A stand-in for `jsr:@std/assert`: see `vendor/README.md`.
 *
 * @module
 */

export * from "./compare.ts";
export * from "./throws.ts";
