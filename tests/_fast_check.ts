/**
 * The one place that names the version: a package in `deno.json` would be downloaded by every task.
 *
 * @module
 */
export { default } from "npm:fast-check@^4.3.0";
