/**
 * The folder that a dataset is made in, beside its place: what is there becomes the dataset when it is whole.
 *
 * @module
 */
import { writeError } from "../files/write_error.ts";

const PREFIX = ".prepare-";
/** The file that is locked as long as its process lives; it holds the name of the dataset. */
const LOCK = "lock";

/**
 * Whether there is something of a name.
 *
 * @param path The name.
 * @returns Whether there is.
 * @throws {WriteError} If that may not be known.
 */
export async function exists(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return false;
    throw writeError(path, error);
  }
}

const parentOf = (out: string) => /[/\\]/.test(out) ? out.replace(/[/\\][^/\\]*$/, "") || "/" : ".";

/**
 * Removes what killed processes left beside a dataset, copies of logs among it. A dataset that was taken away to be
 * replaced, by a process that was killed before the new one was in its place, is put back.
 *
 * @param out The folder of the dataset.
 */
export async function removeLeftovers(out: string): Promise<void> {
  const parent = parentOf(out);
  try {
    for await (const { name, isDirectory } of Deno.readDir(parent)) {
      if (isDirectory && name.startsWith(PREFIX)) await removeLeftover(parent, `${parent}/${name}`);
    }
  } catch {
    // There is no such folder yet, or nothing in it may be seen
  }
}

async function removeLeftover(parent: string, work: string): Promise<void> {
  try {
    using lock = await Deno.open(`${work}/${LOCK}`, { read: true, write: true });
    // A process that is at work holds it, and one that is gone does not
    if (!await lock.tryLock(true)) return;
    const name = await Deno.readTextFile(`${work}/${LOCK}`), out = `${parent}/${name}`, replaced = `${work}/replaced`;
    if (name !== "" && !/[/\\]/.test(name) && await exists(replaced)) {
      if (!await exists(out)) await Deno.rename(replaced, out);
      // Something else came in its place, and it may be the only copy
      else if (await exists(`${work}/dataset`)) return;
    }
    await Deno.remove(work, { recursive: true });
  } catch {
    // It is somebody else's
  }
}

/** A folder to make a dataset in. */
export class WorkFolder implements AsyncDisposable {
  /** The folder. */
  readonly path: string;
  /** The folder in it that becomes the dataset. */
  readonly dataset: string;
  readonly #out: string;
  readonly #missing: readonly string[];
  readonly #lock: Deno.FsFile;
  #isDone = false;
  #isKept = false;

  private constructor(path: string, out: string, missing: readonly string[], lock: Deno.FsFile) {
    this.path = path;
    this.dataset = `${path}/dataset`;
    this.#out = out;
    this.#missing = missing;
    this.#lock = lock;
  }

  /**
   * Makes the folder, and those that the dataset will lie in.
   *
   * @param out The folder of the dataset.
   * @returns The folder.
   * @throws {WriteError} If it cannot be made.
   */
  static async make(out: string): Promise<WorkFolder> {
    const parent = parentOf(out), missing: string[] = [];
    try {
      for (let folder = parent; !await exists(folder); folder = folder.replace(/[/\\]?[^/\\]*$/, "") || ".") {
        missing.unshift(folder);
      }
      if (missing.length > 0) await Deno.mkdir(parent, { recursive: true });
      const path = await Deno.makeTempDir({ dir: parent, prefix: PREFIX });
      const work = new WorkFolder(path, out, missing, await lockIn(path, out.replace(/^.*[/\\]/, "")));
      await Deno.mkdir(work.dataset);
      return work;
    } catch (error) {
      throw writeError(out, error);
    }
  }

  /**
   * Moves the dataset to its place.
   *
   * @returns Null, or where the dataset is that was there, if neither of them could be moved to its place.
   */
  async finish(): Promise<{ readonly replaced: string; readonly cause: unknown } | null> {
    const replaced = `${this.path}/replaced`, replaces = await exists(this.#out);
    if (replaces) await Deno.rename(this.#out, replaced);
    try {
      await Deno.rename(this.dataset, this.#out);
    } catch (error) {
      if (replaces) {
        try {
          await Deno.rename(replaced, this.#out);
        } catch {
          this.#isKept = true;
          return { replaced, cause: error };
        }
      }
      throw error;
    }
    this.#isDone = true;
    return null;
  }

  /** Removes the folder, and where there is no dataset those that it would have lain in. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isKept) await Deno.remove(this.path, { recursive: true });
    this.#lock.close();
    if (this.#isDone || this.#isKept) return;
    // Another task may write there by now
    for (const folder of this.#missing.toReversed()) await Deno.remove(folder).catch(() => {});
  }
}

/** Takes the lock of a folder: nobody sees the file before it is locked. */
async function lockIn(folder: string, name: string): Promise<Deno.FsFile> {
  const path = `${folder}/${LOCK}`, lock = await Deno.open(`${path}-new`, { write: true, createNew: true });
  try {
    await lock.tryLock(true);
    await lock.write(new TextEncoder().encode(name));
    await Deno.rename(`${path}-new`, path);
  } catch {
    // Not every file system has locks: without one nobody removes the folder but its own process
  }
  return lock;
}
