/**
 * A stand-in for `jsr:@std/jsonc`: see `vendor/README.md`.
 *
 * @module
 */

export * from "./parse.ts";
