/**
 * Frames of a zstd file, one after another: tools that pack in parallel write many, and so does `cat a.zst b.zst`. The
 * decompressor of Node ends with the first one, without a word. Layout after RFC 8878, section 3.
 *
 * @module
 */

const MAGIC = 0xfd2fb528;
/** Frames of these 16 numbers hold what is no content. */
const SKIPPED = 0x184d2a50;

/** Thrown when a file ends within a frame, or holds what is none. */
export class FrameError extends Error {
  /** Tells this error from others. */
  override readonly name = "FrameError";
}

/** Takes as many bytes at a time as it is asked for. */
class Taker {
  readonly #chunks: AsyncIterator<Uint8Array<ArrayBuffer>>;
  #rest = new Uint8Array();

  constructor(chunks: AsyncIterable<Uint8Array<ArrayBuffer>>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  async isAtEnd(): Promise<boolean> {
    while (this.#rest.length === 0) {
      const next = await this.#chunks.next();
      if (next.done) return true;
      this.#rest = next.value;
    }
    return false;
  }

  /** Bytes in whole pieces; each piece lies where it lay. */
  async *pieces(length: number): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    for (let left = length; left > 0;) {
      if (await this.isAtEnd()) throw new FrameError("ends early");
      const piece = this.#rest.subarray(0, left);
      this.#rest = this.#rest.subarray(piece.length);
      left -= piece.length;
      yield piece;
    }
  }

  async take(length: number): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = new Uint8Array(length);
    let at = 0;
    for await (const piece of this.pieces(length)) {
      bytes.set(piece, at);
      at += piece.length;
    }
    return bytes;
  }

  async end(): Promise<void> {
    await this.#chunks.return?.();
  }
}

const view = (bytes: Uint8Array<ArrayBuffer>) => new DataView(bytes.buffer, bytes.byteOffset);

/** Bytes of the header after its first one, which describes it. */
function headerLength(descriptor: number): number {
  const isSingle = (descriptor >> 5 & 1) === 1;
  const dictionary = [0, 1, 2, 4][descriptor & 3]!;
  const size = [isSingle ? 1 : 0, 2, 4, 8][descriptor >> 6]!;
  return (isSingle ? 0 : 1) + dictionary + size;
}

async function* frame(taker: Taker, magic: Uint8Array<ArrayBuffer>): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  yield magic;
  const descriptor = await taker.take(1);
  yield descriptor;
  yield await taker.take(headerLength(descriptor[0]!));
  for (let isLast = false; !isLast;) {
    const header = await taker.take(3), bits = header[0]! | header[1]! << 8 | header[2]! << 16;
    isLast = (bits & 1) === 1;
    yield header;
    // A block of one byte that is repeated holds just that byte
    yield* taker.pieces((bits >> 1 & 3) === 1 ? 1 : bits >> 3);
  }
  if ((descriptor[0]! >> 2 & 1) === 1) yield await taker.take(4);
}

/**
 * The frames of a file.
 *
 * @param chunks The bytes of the file.
 * @returns The bytes of each frame, to be read to their end before the next one.
 * @throws {FrameError} If the file ends within a frame, or holds what is none.
 */
export async function* zstdFrames(
  chunks: AsyncIterable<Uint8Array<ArrayBuffer>>,
): AsyncGenerator<AsyncGenerator<Uint8Array<ArrayBuffer>>> {
  const taker = new Taker(chunks);
  try {
    while (!await taker.isAtEnd()) {
      const magic = await taker.take(4), number = view(magic).getUint32(0, true);
      if (number === MAGIC) yield frame(taker, magic);
      else if ((number & ~15) === SKIPPED) {
        const length = view(await taker.take(4)).getUint32(0, true);
        for await (const _ of taker.pieces(length));
      } else throw new FrameError("is damaged: it goes on with what is no frame");
    }
  } finally {
    await taker.end();
  }
}
