/**
 * Thrown when a file cannot be written: the message says what to do, the cause is what the system said.
 *
 * @example
 * ```ts
 * import { writeEmbeddings, WriteError } from "@sevo/sevo/files";
 * import { assertRejects } from "@std/assert";
 *
 * const file = await Deno.makeTempFile(), vectors = { item: { data: new Float32Array(2), width: 2 } };
 * const written = writeEmbeddings(`${file}/items.npy`, { ids: ["a"], columns: {}, vectors });
 * await assertRejects(() => written, WriteError, "its folder is a file");
 * await Deno.remove(file);
 * ```
 */
export class WriteError extends RangeError {
  /** Tells this error from others. */
  override readonly name = "WriteError";
}

/** What is wrong by the code of the system, and what to do. */
const REASONS: { readonly [code: string]: string } = {
  ENOENT: "its folder is not there",
  ENOTDIR: "its folder is a file",
  EISDIR: "it is a folder",
  ENOSPC: "the disk is full: make room, then run it again",
  EDQUOT: "your share of the disk is full: make room, then run it again",
  EROFS: "the disk is read-only: write to another folder",
  EACCES: "that is not allowed: change the permissions of the folder, or write to another one",
  EPERM: "that is not allowed: change the permissions of the folder, or write to another one",
  ENAMETOOLONG: "its name is too long: give it a shorter one",
  EIO: "the disk failed: check it, or write to another one",
};

/**
 * What an error of the system means for a file that was being written.
 *
 * @param path The file.
 * @param error What was thrown.
 * @returns A {@linkcode WriteError} in one line, or the error itself where nothing better is known.
 */
export function writeError(path: string, error: unknown): unknown {
  const reason = REASONS[codeOf(error) ?? ""];
  return reason === undefined ? error : new WriteError(`Cannot write '${path}' as ${reason}`, { cause: error });
}

/**
 * Whether something failed as the disk is full, or the user's share of it, so that it will go on once there is room.
 *
 * @example
 * ```ts
 * import { isDiskFull } from "@sevo/sevo/files";
 * import { assertEquals } from "@std/assert";
 *
 * const full = Object.assign(new Error("No space left on device"), { code: "ENOSPC" });
 * assertEquals([isDiskFull(new Error("Cannot write", { cause: full })), isDiskFull(new Error("other"))], [true, false]);
 * ```
 *
 * @param error What was thrown.
 * @returns Whether it, or what caused it, is that.
 */
export function isDiskFull(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (["ENOSPC", "EDQUOT"].includes(codeOf(cause) ?? "")) return true;
  }
  return false;
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}
