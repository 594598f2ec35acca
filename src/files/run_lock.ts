/** Name of the file in a folder that says who holds it. */
export const LOCK = ".lock";

/**
 * Thrown where another process holds a folder.
 *
 * @example
 * ```ts
 * import { FolderHeldError, RunDirectory } from "@sevo/sevo/files";
 * import { assertRejects } from "@std/assert";
 *
 * const path = `${await Deno.makeTempDir()}/run`;
 * using _run = await RunDirectory.hold(path);
 * await assertRejects(() => RunDirectory.hold(path), FolderHeldError);
 * ```
 */
export class FolderHeldError extends Error {
  /** Tells this error from others. */
  override readonly name = "FolderHeldError";

  /**
   * Says who holds it.
   *
   * @param folder The folder.
   * @param holder Who holds it, in words.
   */
  constructor(folder: string, holder: string) {
    super(`Cannot write to '${folder}' as ${holder} holds it: wait until that has ended, or name another folder`);
  }
}

/**
 * Thrown where a folder that a process holds was removed, or another one put in its place.
 *
 * @example
 * ```ts
 * import { FolderGoneError, RunDirectory } from "@sevo/sevo/files";
 * import { assertRejects } from "@std/assert";
 *
 * const path = `${await Deno.makeTempDir()}/run`;
 * using run = await RunDirectory.hold(path);
 * await Deno.remove(path, { recursive: true });
 * await assertRejects(() => run.log({ type: "epoch", epoch: 1, loss: 0.7, seconds: 1 }), FolderGoneError);
 * ```
 */
export class FolderGoneError extends Error {
  /** Tells this error from others. */
  override readonly name = "FolderGoneError";

  /**
   * Says which.
   *
   * @param folder The folder.
   */
  constructor(folder: string) {
    super(`Cannot write to '${folder}' as it was removed or replaced meanwhile: run it again to start anew`);
  }
}

/**
 * Holds a folder for one process. The system lets go of it when the process ends, however that comes about, so that a
 * folder of a dead process is free.
 */
export class RunLock implements Disposable {
  readonly #folder: string;
  readonly #file: Deno.FsFile;

  private constructor(folder: string, file: Deno.FsFile) {
    this.#folder = folder;
    this.#file = file;
  }

  /**
   * Takes hold of a folder.
   *
   * @param folder The folder, which is there.
   * @returns The hold on it, until it is disposed of.
   * @throws {FolderHeldError} If another process holds it.
   */
  static take(folder: string): RunLock {
    const path = `${folder}/${LOCK}`;
    while (true) {
      const file = Deno.openSync(path, { read: true, write: true, create: true });
      try {
        if (!file.tryLockSync(true)) throw new FolderHeldError(folder, holderOf(path));
        // Whoever held it may have removed the file between the opening and the locking of it
        if (isAt(path, file)) {
          file.truncateSync();
          file.writeSync(
            new TextEncoder().encode(JSON.stringify({ process: Deno.pid, host: host(), since: new Date() })),
          );
          return new RunLock(folder, file);
        }
      } catch (error) {
        file.close();
        throw error;
      }
      file.close();
    }
  }

  /**
   * Checks that the folder is still the one that is held.
   *
   * @throws {FolderGoneError} If it is not.
   */
  check(): void {
    if (!isAt(`${this.#folder}/${LOCK}`, this.#file)) throw new FolderGoneError(this.#folder);
  }

  /** Lets go of the folder. */
  [Symbol.dispose](): void {
    try {
      if (isAt(`${this.#folder}/${LOCK}`, this.#file)) Deno.removeSync(`${this.#folder}/${LOCK}`);
    } catch {
      // The folder has gone, or the system does not remove what is open: then the file is left and means nothing
    }
    this.#file.close();
  }
}

function isAt(path: string, file: Deno.FsFile): boolean {
  try {
    return Deno.statSync(path).ino === file.statSync().ino;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Name of this machine, for whoever finds the folder held; it is not worth asking for a permission. */
function host(): string {
  const { state } = Deno.permissions.querySync({ name: "sys", kind: "hostname" });
  return state === "granted" ? Deno.hostname() : "";
}

function holderOf(path: string): string {
  try {
    const { process, host, since } = JSON.parse(Deno.readTextFileSync(path));
    if (!Number.isInteger(process)) return "another process";
    const where = typeof host === "string" && /^[\w.-]+$/.test(host) ? ` on ${host}` : "";
    const when = typeof since === "string" && /^[\d:.TZ-]+$/.test(since) ? ` since ${since}` : "";
    return `process ${process}${where}${when}`;
  } catch {
    // It is just being written
    return "another process";
  }
}
