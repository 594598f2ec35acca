import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { createGunzip } from "node:zlib";

/** Thrown when a file cannot be prepared. */
export class PrepareError extends Error {
  /** Tells this error from others. */
  override readonly name = "PrepareError";

  /**
   * Says what is wrong.
   *
   * @param file The file that was to be prepared.
   * @param why Why it cannot be.
   * @param options The error's cause.
   */
  constructor(file: string, why: string, options?: ErrorOptions) {
    super(`Cannot prepare '${file}' as ${why}`, options);
  }
}

/** A source file, as `dataset.json` names it. */
export interface Source {
  /** Name of the file, without its folder. */
  readonly file: string;
  /** Size of the file. */
  readonly bytes: number;
  /** SHA-256 of the file's bytes, in hexadecimal. */
  readonly sha256: string;
}

async function* readChunks(path: string): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let file: Deno.FsFile;
  try {
    if ((await Deno.stat(path)).isDirectory) throw new PrepareError(path, "it is a folder");
    file = await Deno.open(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw new PrepareError(path, "there is no such file");
    if (error instanceof Deno.errors.PermissionDenied) throw new PrepareError(path, "it may not be read");
    throw error;
  }
  yield* file.readable;
}

/** Node's gunzip and not the web's: it reads archives of several members and tells an early end from damage. */
async function* gunzip(path: string, chunks: AsyncGenerator<Uint8Array<ArrayBuffer>>): AsyncGenerator<Uint8Array> {
  const source = Readable.from(chunks), stream = createGunzip();
  source.on("error", (error) => stream.destroy(error));
  source.pipe(stream);
  try {
    yield* stream;
  } catch (error) {
    if (!(error instanceof Error && "code" in error && String(error.code).startsWith("Z_"))) throw error;
    const fault = error.message === "unexpected end of file" ? "ends early" : `is damaged: ${error.message}`;
    throw new PrepareError(path, `its gzip data ${fault}`, { cause: error });
  } finally {
    source.destroy();
    stream.destroy();
  }
}

/**
 * Reads a text file, unpacked if it is packed with gzip, and says what is wrong if it is not text.
 *
 * @param path The file.
 * @param encoding A label of the Encoding standard, such as `utf-8`.
 * @param take Gets the text, a piece at a time.
 * @returns The name, size and digest of the file.
 * @throws {PrepareError} If the file is missing, empty, binary, damaged or in another encoding.
 */
export async function readSource(
  path: string,
  encoding: string,
  take: (text: string) => Promise<void> | void,
): Promise<Source> {
  let decoder: TextDecoder;
  try {
    decoder = new TextDecoder(encoding, { fatal: true });
  } catch (error) {
    throw new PrepareError(path, `no encoding is called '${encoding}': try utf-8 or iso-8859-1`, { cause: error });
  }
  const hash = createHash("sha256");
  let bytes = 0;
  async function* counted(): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    for await (const chunk of readChunks(path)) {
      hash.update(chunk);
      bytes += chunk.length;
      yield chunk;
    }
  }
  // Told from its first bytes and not from its name, which may say anything.
  const raw = counted();
  const first = await raw.next();
  if (first.done) throw new PrepareError(path, "it is empty");
  async function* whole(): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    yield first.value as Uint8Array<ArrayBuffer>;
    yield* raw;
  }
  const packed = first.value[0] === 0x1f && first.value[1] === 0x8b;
  const wide = /^utf-16/.test(decoder.encoding);
  let blank = true;
  const hand = async (text: string) => {
    blank &&= text.trim() === "";
    await take(text);
  };
  for await (const chunk of packed ? gunzip(path, whole()) : whole()) {
    if (!wide && chunk.includes(0)) {
      throw new PrepareError(path, "it is binary: expected text, plain or packed with gzip");
    }
    await hand(decode(path, decoder, chunk));
  }
  await hand(decode(path, decoder));
  if (blank) throw new PrepareError(path, "it is empty");
  return { file: path.replace(/^.*[/\\]/, ""), bytes, sha256: hash.digest("hex") };
}

function decode(path: string, decoder: TextDecoder, chunk?: Uint8Array): string {
  try {
    return chunk === undefined ? decoder.decode() : decoder.decode(chunk as Uint8Array<ArrayBuffer>, { stream: true });
  } catch (error) {
    throw new PrepareError(path, `it is not text in ${decoder.encoding}: name its encoding with --encoding`, {
      cause: error,
    });
  }
}

/** Writes text to a new file, a piece at a time. */
export class TextFile implements AsyncDisposable {
  readonly #file: Deno.FsFile;
  readonly #encoder = new TextEncoder();

  /** @param path The file to write. */
  constructor(path: string) {
    this.#file = Deno.openSync(path, { write: true, createNew: true });
  }

  /**
   * Appends.
   *
   * @param text The text to append.
   */
  async write(text: string): Promise<void> {
    let rest = this.#encoder.encode(text);
    while (rest.length > 0) rest = rest.subarray(await this.#file.write(rest));
  }

  /** Closes the file. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#file.close();
    return Promise.resolve();
  }
}
