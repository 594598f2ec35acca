import { DeviceLostError } from "../../src/device/device.ts";
import { EXIT } from "../../src/experiments/exit.ts";
import { QueueAwayError } from "../../src/experiments/queue_address.ts";
import { DatasetError } from "../../src/files/read_dataset.ts";
import { FolderGoneError, FolderHeldError } from "../../src/files/run_lock.ts";
import { RunError } from "../../src/files/run_record.ts";
import { PrepareError } from "../../src/prepare/prepare_error.ts";
import { NonFiniteError } from "../../src/sevo/errors.ts";

/** Thrown where a task was interrupted and goes on where it is run again. */
export class TryAgainError extends Error {
  /** Tells this error from others. */
  override readonly name = "TryAgainError";
}

/** Thrown where some of many runs failed: the task ends with the code of such a run. */
export class RunsFailedError extends Error {
  /** Tells this error from others. */
  override readonly name = "RunsFailedError";
  /** The code. */
  readonly exitCode: number;

  /**
   * Says how many failed.
   *
   * @param message What is said.
   * @param exitCode The code.
   */
  constructor(message: string, exitCode: number) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** Errors after which the same again may well succeed. */
const AGAIN = [
  TryAgainError,
  DeviceLostError,
  FolderGoneError,
  FolderHeldError,
  QueueAwayError,
  Deno.errors.Interrupted,
];

/** What the system says where a disk is full. */
const FULL = ["ENOSPC", "EDQUOT"];

/**
 * The exit code of a task that ended with an error.
 *
 * @param error What was thrown.
 * @param isExpected Whether it is an error that is said in one line.
 * @returns The code.
 */
export function exitCodeOf(error: unknown, isExpected: boolean): number {
  if (error instanceof RunsFailedError) return error.exitCode;
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    if (AGAIN.some((kind) => at instanceof kind)) return EXIT.again;
    if ("code" in at && FULL.includes(String(at.code))) return EXIT.again;
    if (at instanceof NonFiniteError) return EXIT.diverged;
  }
  if (!isExpected) return EXIT.fault;
  if ([DatasetError, PrepareError, RunError].some((kind) => error instanceof kind)) return EXIT.data;
  // A file that is not what it should be; a condition of --where is another kind of syntax error
  return error instanceof SyntaxError && error.name === "SyntaxError" ? EXIT.data : EXIT.usage;
}
