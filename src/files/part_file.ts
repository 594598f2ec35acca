/** What the name of a file ends in until it is whole. */
export const UNFINISHED = ".part";

/**
 * Writes a file whole or not at all.
 *
 * @param path The file.
 * @param content What is written.
 * @throws {RangeError} If its folder is not there, or it is a folder.
 */
export function writeWhole(path: string, content: string | Uint8Array): void {
  using file = new PartFile(path);
  file.write(typeof content === "string" ? new TextEncoder().encode(content) : content);
  file.finish();
}

/**
 * A file that appears whole or not at all, written piece by piece: to a temporary file beside it, which is renamed when it
 * is done and removed when it is not.
 */
export class PartFile implements Disposable {
  readonly #path: string;
  readonly #file: Deno.FsFile;
  #open = true;

  /**
   * Creates the temporary file.
   *
   * @param path The file that it will be.
   * @throws {RangeError} If its folder is not there, or it may not be written.
   */
  constructor(path: string) {
    this.#path = path;
    try {
      this.#file = Deno.openSync(path + UNFINISHED, { write: true, create: true, truncate: true });
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) {
        throw new RangeError(`Cannot write '${path}' as its folder is not there`);
      }
      throw error;
    }
  }

  /**
   * Adds bytes.
   *
   * @param bytes The bytes.
   */
  write(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) at += this.#file.writeSync(bytes.subarray(at));
  }

  /**
   * Brings the file to the disk and gives it its name.
   *
   * @throws {RangeError} If there is a folder of that name.
   */
  finish(): void {
    this.#file.syncSync();
    try {
      Deno.renameSync(this.#path + UNFINISHED, this.#path);
    } catch (error) {
      if (!(error instanceof Deno.errors.IsADirectory)) throw error;
      throw new RangeError(`Cannot write '${this.#path}' as it is a folder`, { cause: error });
    }
    this.#open = false;
    this.#file.close();
  }

  /** Leaves nothing behind of a file that is not finished. */
  [Symbol.dispose](): void {
    if (!this.#open) return;
    this.#open = false;
    this.#file.close();
    Deno.removeSync(this.#path + UNFINISHED);
  }
}
