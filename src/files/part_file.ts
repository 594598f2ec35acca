import { writeError } from "./write_error.ts";

/** What the name of a file ends in until it is whole. */
const UNFINISHED = ".part";

/**
 * Writes a file whole or not at all.
 *
 * @param path The file.
 * @param content What is written.
 * @throws {WriteError} If it cannot be written, such as where its folder is not there or the disk is full.
 */
export function writeWhole(path: string, content: string | Uint8Array): void {
  using file = new PartFile(path);
  file.write(typeof content === "string" ? new TextEncoder().encode(content) : content);
  file.finish();
}

/**
 * Whether a file is one that was not finished: one that is being written, or that a process left which was killed.
 *
 * @param name Its name.
 * @returns Whether it is.
 */
export function isUnfinished(name: string): boolean {
  return name.endsWith(UNFINISHED);
}

/**
 * Removes what killed processes left unfinished in a folder. What another process is writing there stays.
 *
 * @param folder The folder; none is none of the caller's concern.
 */
export function removeUnfinished(folder: string): void {
  try {
    for (const { name, isFile } of Deno.readDirSync(folder)) {
      if (!isFile || !isUnfinished(name)) continue;
      using file = Deno.openSync(`${folder}/${name}`, { read: true, write: true });
      // A process that writes holds the lock, and one that is gone does not
      if (file.tryLockSync(true)) Deno.removeSync(`${folder}/${name}`);
    }
  } catch {
    // It is in nobody's way: no file is ever written to a name that is taken
  }
}

/**
 * A file that appears whole or not at all, written piece by piece: to a temporary file beside it of a name that no other
 * writer has, which is renamed when it is done and removed when it is not.
 */
export class PartFile implements Disposable {
  readonly #path: string;
  readonly #part: string;
  readonly #file: Deno.FsFile;
  #open = true;

  /**
   * Creates the temporary file.
   *
   * @param path The file that it will be.
   * @throws {WriteError} If its folder is not there, or it may not be written.
   */
  constructor(path: string) {
    this.#path = path;
    this.#part = `${path}.${Deno.pid}-${crypto.randomUUID().slice(0, 8)}${UNFINISHED}`;
    try {
      this.#file = Deno.openSync(this.#part, { write: true, createNew: true });
    } catch (error) {
      throw writeError(path, error);
    }
    try {
      this.#file.lockSync(true);
    } catch {
      // Not every file system has locks
    }
  }

  /**
   * Adds bytes.
   *
   * @param bytes The bytes.
   * @throws {WriteError} If they cannot be written; the temporary file is gone then.
   */
  write(bytes: Uint8Array): void {
    this.#attempt(() => {
      for (let at = 0; at < bytes.length;) at += this.#file.writeSync(bytes.subarray(at));
    });
  }

  /**
   * Brings the file to the disk and gives it its name.
   *
   * @throws {WriteError} If that cannot be done, such as where there is a folder of that name; the temporary file is gone
   * then.
   */
  finish(): void {
    this.#attempt(() => {
      this.#file.syncSync();
      Deno.renameSync(this.#part, this.#path);
    });
    this.#open = false;
    this.#file.close();
    syncFolder(this.#path);
  }

  /** Leaves nothing behind of a file that is not finished. */
  [Symbol.dispose](): void {
    if (!this.#open) return;
    this.#open = false;
    this.#file.close();
    try {
      Deno.removeSync(this.#part);
    } catch {
      // What could not be written cannot always be removed, and says so already
    }
  }

  #attempt(work: () => void): void {
    try {
      work();
    } catch (error) {
      this[Symbol.dispose]();
      throw writeError(this.#path, error);
    }
  }
}

/** Brings the name of a new file to the disk, where the system can: the file is there either way. */
function syncFolder(path: string): void {
  try {
    using folder = Deno.openSync(path.replace(/[^/\\]*$/, "") || ".", { read: true });
    folder.syncSync();
  } catch {
    // Windows opens no folder, and not every file system brings one to the disk
  }
}
