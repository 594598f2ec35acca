/**
 * Safetensors files that carry a checksum of themselves, so that a damaged one is told from a whole one.
 *
 * @module
 */
import { crc32 } from "./crc32.ts";
import { shown } from "./options.ts";
import { decodeSafetensors, encodeSafetensors, type SafetensorsFile } from "./safetensors.ts";

/** What stands in the place of the checksum while it is computed. */
const BLANK = "00000000";

/** How a header holds a checksum, up to its digits: a quote within a text has a backslash before it. */
const PREFIX = '"checksum":"';

/** What a file of this package is, for what is said of another one. */
export interface FileFormat {
  /** The name and version that its metadata has as `format`. */
  readonly format: string;
  /** What cannot be done with another file, such as `Cannot read a model`. */
  readonly action: string;
}

/**
 * Writes tensors and metadata as a safetensors file with a checksum: `checksum` in its metadata is the CRC-32 of the whole
 * file, in eight hexadecimal digits, computed with eight zeros in their place.
 *
 * @param file Tensors and metadata; a `checksum` among it is replaced.
 * @returns The bytes.
 * @throws {TypeError} If a tensor's data does not fit its shape, or it is named `__metadata__` as the metadata is.
 */
export function encodeChecked({ tensors, metadata }: SafetensorsFile): Uint8Array<ArrayBuffer> {
  const { checksum: _, ...own } = metadata;
  const bytes = encodeSafetensors({ tensors, metadata: { checksum: BLANK, ...own } });
  const digits = crc32(bytes).toString(16).padStart(BLANK.length, "0");
  bytes.set(new TextEncoder().encode(digits), placeOf(bytes, BLANK));
  return bytes;
}

/**
 * Reads a safetensors file that {@linkcode encodeChecked} wrote.
 *
 * @param bytes The bytes; not kept.
 * @param expected What the file must be.
 * @returns Tensors and metadata, without the checksum.
 * @throws {SyntaxError} If the bytes are no safetensors file, of another format, or damaged.
 */
export function decodeChecked(bytes: Uint8Array, { format, action }: FileFormat): SafetensorsFile {
  const { tensors, metadata: { checksum, ...metadata } } = decodeSafetensors(bytes);
  const earlier = "an earlier version of this package wrote it: train again";
  if (metadata.format !== format) {
    if (versionOf(metadata.format, format) < versionOf(format, format)) {
      throw new SyntaxError(`${action} as ${earlier}`);
    }
    throw new SyntaxError(`${action} as the file is of another format: current value is ${shown(metadata.format)}`);
  }
  const place = checksum !== undefined && /^[0-9a-f]{8}$/.test(checksum) ? placeOf(bytes, checksum) : -1;
  if (place < 0) throw new SyntaxError(`${action} as it has no checksum: ${earlier}`);
  const end = place + BLANK.length;
  let actual = crc32(bytes.subarray(0, place));
  actual = crc32(new TextEncoder().encode(BLANK), actual);
  actual = crc32(bytes.subarray(end), actual);
  if (actual !== parseInt(checksum!, 16)) {
    throw new SyntaxError(`${action} as its content does not match its checksum: the file is damaged`);
  }
  return { tensors, metadata };
}

/** The number at the end of a format's name, where it is otherwise that of another; else NaN. */
function versionOf(name: string | undefined, format: string): number {
  const stem = format.replace(/\d+$/, "");
  return name?.startsWith(stem) && /^\d+$/.test(name.slice(stem.length)) ? Number(name.slice(stem.length)) : NaN;
}

/** Where the digits of a checksum begin in a file; -1 where they are not found. */
function placeOf(bytes: Uint8Array, digits: string): number {
  const headerLength = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  // As Latin-1, so that a place in the text is one in the bytes
  const header = new TextDecoder("latin1").decode(bytes.subarray(8, 8 + headerLength));
  const at = header.indexOf(`${PREFIX}${digits}"`);
  return at < 0 ? -1 : 8 + at + PREFIX.length;
}
