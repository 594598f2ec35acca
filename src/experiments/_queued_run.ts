import { createHash } from "node:crypto";
import { EXIT } from "./exit.ts";

/** A run on the queue: what a worker needs to carry it out. */
export interface QueuedRun {
  /** Its name. */
  readonly name: string;
  /** Output folder of the sweep, in full. */
  readonly out: string;
  /** The folder that the sweep was started in, in full: paths in the spec are from there. */
  readonly folder: string;
  /** Arguments of `sweep`. */
  readonly args: readonly string[];
}

/**
 * What a run is called on the queue: the same whenever and wherever it is put there, so that it is there once.
 *
 * @param out Output folder of the sweep, in full.
 * @param name Name of the run.
 * @returns The id.
 */
export function idOf(out: string, name: string): string {
  return `${createHash("sha256").update(out).digest("hex").slice(0, 12)}-${name}`;
}

/**
 * Reads what was put on a queue, which anybody may do who is let in.
 *
 * @param value What is there.
 * @returns The run; null where it is none.
 */
export function queuedRunOf(value: unknown): QueuedRun | null {
  if (typeof value !== "object" || value === null) return null;
  const { name, out, folder, args } = value as Partial<Record<keyof QueuedRun, unknown>>;
  if (!isText(name) || !/^[A-Za-z0-9._=,+-]+$/.test(name) || /^\.+$/.test(name)) return null;
  if (!isText(out) || !isText(folder) || !Array.isArray(args) || !args.every(isText)) return null;
  return { name, out, folder, args };
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

/** What is said of a run that failed, so that the sweep reads its exit code out of it. */
const FAILURE = /^exit code (\d+): /;

/**
 * Says why a run failed.
 *
 * @param code Its exit code.
 * @param reason Why.
 * @returns The words.
 */
export function failureOf(code: number, reason: string): string {
  return `exit code ${code}: ${reason}`;
}

/**
 * Reads why a run failed.
 *
 * @param words What the queue has of it, which may be its own words.
 * @returns Exit code, 1 where it has none, and reason.
 */
export function readFailure(words: string): { code: number; reason: string } {
  const code = FAILURE.exec(words)?.[1];
  return code === undefined
    ? { code: EXIT.fault, reason: words }
    : { code: Number(code), reason: words.replace(FAILURE, "") };
}
