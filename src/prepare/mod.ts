/**
 * Any log of interactions to a prepared dataset. DuckDB does the work: this module alone needs its native package.
 *
 * @module
 */
export { prepare } from "./prepare.ts";
export type { TextOptions } from "./input/dialect.ts";
export type { BadLine } from "./formats/format.ts";
export type { Provenance, SourceFile } from "../data/dataset.ts";
export * from "./options.ts";
export { PrepareError } from "./prepare_error.ts";
