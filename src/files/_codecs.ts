import { snappyUncompress } from "hyparquet";

/** Expands a page to a known number of bytes. */
export type Decompress = (bytes: Uint8Array, size: number) => Uint8Array;

/** The codec of pages that are as they are. */
export const UNCOMPRESSED = "UNCOMPRESSED";

/** How many bytes a byte may expand to, by the rules of the codec; of the others there is no such rule. */
const MOST: { readonly [codec: string]: number } = { [UNCOMPRESSED]: 1, SNAPPY: 64, LZ4_RAW: 256, GZIP: 1040 };

/** How the others are loaded, where a file has them. */
const LOADED: { readonly [codec: string]: () => Promise<Decompress> } = {
  GZIP: async () => {
    const { gunzipSync } = await import("node:zlib");
    return (bytes, size) => gunzipSync(bytes, { maxOutputLength: Math.max(1, size) });
  },
  ZSTD: async () => {
    const { zstdDecompressSync } = await import("node:zlib");
    return (bytes, size) => zstdDecompressSync(bytes, { maxOutputLength: Math.max(1, size) });
  },
  BROTLI: async () => {
    const { brotliDecompressSync } = await import("node:zlib");
    return (bytes, size) => brotliDecompressSync(bytes, { maxOutputLength: Math.max(1, size) });
  },
  LZ4_RAW: () => Promise.resolve(expandLz4),
  SNAPPY: () =>
    Promise.resolve((bytes, size) => {
      const out = new Uint8Array(size);
      snappyUncompress(bytes, out);
      return out;
    }),
};

/** Names of the codecs that are read. */
export const CODECS: readonly string[] = [UNCOMPRESSED, ...Object.keys(LOADED)];

/**
 * How many bytes a page may expand to.
 *
 * @param codec Its codec.
 * @param bytes Its bytes.
 * @returns The most that the codec can make of them; Infinity where it has no bound.
 */
export function mostExpanded(codec: string, bytes: number): number {
  return (MOST[codec] ?? Infinity) * bytes + (codec === UNCOMPRESSED ? 0 : 64);
}

/**
 * Loads what expands the pages of a file.
 *
 * @param codecs Codecs of the file, all of {@linkcode CODECS}.
 * @returns What hyparquet takes as compressors.
 */
export async function loadCodecs(codecs: Iterable<string>): Promise<{ [codec: string]: Decompress }> {
  const loaded: Record<string, Decompress> = {};
  for (const codec of codecs) {
    const load = LOADED[codec];
    if (!load) continue;
    const expand = await load();
    // A page without values may have no bytes at all, which no codec takes for a stream
    loaded[codec] = (bytes, size) => size === 0 ? new Uint8Array() : expand(bytes, size);
  }
  return loaded;
}

/**
 * Expands a block of LZ4 without a frame: literals and copies of what came before, until the block ends after literals
 * (https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md).
 *
 * @param block The block.
 * @param size Bytes that it expands to.
 * @returns The bytes.
 * @throws {RangeError} If the block is cut off, copies from before its beginning, or expands to another length.
 */
export function expandLz4(block: Uint8Array, size: number): Uint8Array {
  const out = new Uint8Array(size), fail = () => new RangeError("an LZ4 block is damaged");
  let from = 0, to = 0;
  const next = () => {
    if (from >= block.length) throw fail();
    return block[from++]!;
  };
  const lengthOf = (nibble: number) => {
    let length = nibble;
    if (nibble === 15) {
      for (let more = 255; more === 255;) length += more = next();
    }
    return length;
  };
  while (from < block.length) {
    const token = next(), literals = lengthOf(token >> 4);
    if (from + literals > block.length || to + literals > size) throw fail();
    out.set(block.subarray(from, from + literals), to);
    from += literals;
    to += literals;
    if (from === block.length) break;
    const offset = next() + 256 * next(), length = 4 + lengthOf(token & 15);
    if (offset === 0 || offset > to || to + length > size) throw fail();
    // Byte by byte: a copy may overlap what it copies from
    for (const end = to + length; to < end; to++) out[to] = out[to - offset]!;
  }
  if (to !== size) throw fail();
  return out;
}
