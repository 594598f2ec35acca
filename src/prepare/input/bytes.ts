/**
 * The bytes of a log, wherever they are: counted, digested and unpacked on their way.
 *
 * @module
 */
import { createHash, type Hash } from "node:crypto";
import { Readable } from "node:stream";
import { createGunzip, createZstdDecompress } from "node:zlib";
import type { SourceFile } from "../../data/dataset.ts";
import { PrepareError, shown } from "../prepare_error.ts";
import { FrameError, zstdFrames } from "./zstd_frames.ts";

/** Bytes, a piece at a time. */
export type Chunks = AsyncIterable<Uint8Array<ArrayBuffer>>;

/** Bytes that what is there may be told by: enough for hundreds of lines. */
const HEAD = 1 << 18;
/** The most that is looked at for the end of the first line. */
const LONGEST_HEAD = 1 << 24;

const PACKINGS = [
  { name: "gzip", magic: [0x1f, 0x8b], unpack: createGunzip },
  { name: "zstd", magic: [0x28, 0xb5, 0x2f, 0xfd], unpack: createZstdDecompress },
] as const;

type Packing = typeof PACKINGS[number];

/** What cannot be read, and what it is. */
const OTHERS: readonly (readonly [name: string, magic: readonly number[]])[] = [
  ["bzip2", [0x42, 0x5a, 0x68]],
  ["xz", [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ["7-Zip", [0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c]],
  ["RAR", [0x52, 0x61, 0x72, 0x21]],
];

const begins = (bytes: Uint8Array, magic: readonly number[]) => magic.every((byte, at) => bytes[at] === byte);

/** Bytes whose beginning was looked at. */
export interface Peeked {
  /** The beginning. */
  readonly head: Uint8Array<ArrayBuffer>;
  /** Whether the beginning is all. */
  readonly whole: boolean;
  /** All bytes, once. */
  readonly chunks: Chunks;
}

/** Bytes that were unpacked if they were packed. */
export interface Unpacked extends Peeked {
  /** Whether they were packed. */
  readonly packed: boolean;
}

/**
 * Looks at the beginning of some bytes.
 *
 * @param chunks The bytes.
 * @param length How many to look at.
 * @returns The beginning, and all of them.
 */
export async function peek(chunks: Chunks, length = HEAD): Promise<Peeked> {
  const iterator = chunks[Symbol.asyncIterator](), taken: Uint8Array<ArrayBuffer>[] = [];
  let size = 0, whole = false, hasLine = false;
  // A format is told from whole lines, of which the first may be long
  while ((size < length || (!hasLine && size < LONGEST_HEAD)) && !whole) {
    const next = await iterator.next();
    if (next.done) whole = true;
    else {
      size += taken.push(next.value) && next.value.length;
      hasLine ||= next.value.includes(10) || next.value.includes(13);
    }
  }
  const head = new Uint8Array(size);
  taken.reduce((at, chunk) => (head.set(chunk, at), at + chunk.length), 0);
  async function* all(): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    try {
      if (size > 0) yield head;
      for (let next = whole ? undefined : await iterator.next(); next && !next.done; next = await iterator.next()) {
        yield next.value;
      }
    } finally {
      await iterator.return?.();
    }
  }
  return { head, whole, chunks: all() };
}

/**
 * Bytes until a signal says that they are not wanted any more, even if the next ones never come: whoever reads standard
 * input or an address may wait for ever.
 *
 * @param open Gives the bytes.
 * @param signal The signal.
 */
export async function* untilAborted(
  open: () => Promise<Chunks>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  if (signal === undefined) return yield* await open();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  // Nobody may be waiting when it comes
  aborted.catch(() => {});
  const end = () => reject(signal.reason);
  signal.throwIfAborted();
  signal.addEventListener("abort", end);
  let iterator: AsyncIterator<Uint8Array<ArrayBuffer>> | undefined;
  try {
    iterator = (await Promise.race([open(), aborted]))[Symbol.asyncIterator]();
    for (;;) {
      const next = await Promise.race([iterator.next(), aborted]);
      if (next.done) return;
      yield next.value;
    }
  } finally {
    signal.removeEventListener("abort", end);
    // Not waited for: what does not come cannot be ended
    iterator?.return?.()?.catch(() => {});
  }
}

/** Counts and digests bytes on their way. */
export class Counter {
  readonly #hash: Hash = createHash("sha256");
  readonly #onBytes: (bytes: number) => void;
  #bytes = 0;

  /** @param onBytes Called with the number of bytes so far. */
  constructor(onBytes: (bytes: number) => void = () => {}) {
    this.#onBytes = onBytes;
  }

  /**
   * Passes bytes on.
   *
   * @param chunks The bytes.
   */
  async *count(chunks: Chunks): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    for await (const chunk of chunks) {
      this.#hash.update(chunk);
      this.#bytes += chunk.length;
      this.#onBytes(this.#bytes);
      yield chunk;
    }
  }

  /**
   * What went by.
   *
   * @param file Name of the file.
   * @returns Its name, size and digest.
   */
  source(file: string): SourceFile {
    return { file, bytes: this.#bytes, sha256: this.#hash.digest("hex") };
  }
}

/**
 * Unpacks bytes that are packed with gzip or zstd: told from their beginning and not from a name, which may say anything.
 *
 * @param file Name of the file, for messages.
 * @param packed The bytes.
 * @returns The bytes unpacked.
 * @throws {PrepareError} If they are packed otherwise, or damaged.
 */
export async function unpacked(file: string, packed: Chunks): Promise<Unpacked> {
  const peeked = await peek(packed);
  const other = OTHERS.find(([, magic]) => begins(peeked.head, magic))?.[0];
  if (other !== undefined) {
    throw new PrepareError(
      file,
      `it is packed with ${other}: unpack it first; gzip, zstd and zip are read as they are`,
    );
  }
  if (begins(peeked.head, [0x50, 0x4b, 3, 4])) {
    throw new PrepareError(file, "it is a zip archive that is no file of its own: save or unpack it first");
  }
  const packing = PACKINGS.find(({ magic }) => begins(peeked.head, magic));
  const plain = packing === undefined ? peeked : await peek(unpack(file, peeked.chunks, packing));
  if (new TextDecoder().decode(plain.head.subarray(257, 262)) === "ustar") {
    throw new PrepareError(file, "it is a tar archive: unpack it and give its folder");
  }
  return { ...plain, packed: packing !== undefined };
}

/** Node's and not the web's: it reads archives of several members and tells an early end from damage. */
async function* unpack(file: string, chunks: Chunks, packing: Packing): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const { name } = packing;
  try {
    if (name === "gzip") yield* unpackOne(chunks, packing);
    else for await (const frame of zstdFrames(chunks)) yield* unpackOne(frame, packing);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const isFault = "code" in error && /^Z(STD)?_/.test(String(error.code));
    if (!isFault && !(error instanceof FrameError)) throw error;
    const fault = error instanceof FrameError
      ? error.message
      : /unexpected end|Z_BUF_ERROR/i.test(`${error.message} ${(error as Error & { code: string }).code}`)
      ? "ends early"
      : `is damaged: ${error.message}`;
    throw new PrepareError(file, `its ${name} data ${fault}`, { cause: error });
  }
}

async function* unpackOne(chunks: Chunks, { unpack }: Packing): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const source = Readable.from(chunks), stream = unpack();
  source.on("error", (error) => stream.destroy(error));
  source.pipe(stream);
  try {
    yield* stream as AsyncIterable<Uint8Array<ArrayBuffer>>;
  } finally {
    source.destroy();
    stream.destroy();
  }
}

/**
 * What the system says of a file that cannot be opened, as the end of a sentence.
 *
 * @param error What was thrown.
 * @returns The words, or undefined where the system says something else.
 */
export function openFault(error: unknown): string | undefined {
  if (error instanceof Deno.errors.NotFound) return "there is no such file";
  if (error instanceof Deno.errors.PermissionDenied) return "it may not be read";
  if (error instanceof Deno.errors.NotCapable) return "this task has no permission to read it";
  if (error instanceof TypeError) return `its address does not answer: ${shown(error.message)}`;
  return undefined;
}
