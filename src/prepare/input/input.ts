import type { Chunks } from "./bytes.ts";

/** One file of a log. */
export interface Input {
  /** How messages name it. */
  readonly name: string;
  /** Its name without its folder. */
  readonly file: string;
  /** Where it lies as a plain file, or null. */
  readonly path: string | null;
  /** Its size in bytes, or null where that is not known. */
  readonly size: number | null;
  /** Its bytes, anew at every call; standard input only once. */
  open(): Promise<Chunks>;
}

/** Files of a folder that tell of the others and are no log. */
const ABOUT = /^\.|^_SUCCESS|^(README|LICEN[CS]E|COPYING|CHANGES|NOTICE)|\.(md|html?|pdf|sh|pl|py|crc|png|jpe?g)$/i;

/**
 * Whether a file of a folder may be a log.
 *
 * @param file Its name.
 * @returns Whether it may be.
 */
export function mayBeLog(file: string): boolean {
  return !ABOUT.test(file);
}
