/**
 * Any log of interactions to a prepared dataset. DuckDB does the work: this module alone needs its native package.
 *
 * @module
 */
export { prepare, type Prepared, PrepareError, type PrepareOptions } from "./prepare.ts";
