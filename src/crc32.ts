/**
 * The checksum of ZIP and PNG, which every language has at hand (Python: `zlib.crc32`).
 *
 * @module
 */

/** Bytes that are taken at a time. */
const SLICE = 16;

/** What a byte does to the remainder when `slice` further bytes follow it: at `256 * slice + byte`. */
const TABLE = new Uint32Array(256 * SLICE);
for (let byte = 0; byte < 256; byte++) {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit++) remainder = remainder & 1 ? (remainder >>> 1) ^ 0xedb88320 : remainder >>> 1;
  TABLE[byte] = remainder;
}
for (let at = 256; at < TABLE.length; at++) {
  const before = TABLE[at - 256]!;
  TABLE[at] = (before >>> 8) ^ TABLE[before & 255]!;
}

/**
 * CRC-32 of bytes (polynomial 0xEDB88320, reflected, as in ZIP). It tells every change within 32 bits in a row.
 *
 * @param bytes The bytes.
 * @param before CRC-32 of the bytes before them, to go on from. Default that of none.
 * @returns An unsigned 32-bit integer.
 */
export function crc32(bytes: Uint8Array, before = 0): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const whole = bytes.length - bytes.length % SLICE;
  let rest = ~before;
  // Sixteen bytes at a time: byte by byte it takes four times as long
  for (let at = 0; at < whole; at += SLICE) {
    const a = rest ^ view.getInt32(at, true), b = view.getInt32(at + 4, true);
    const c = view.getInt32(at + 8, true), d = view.getInt32(at + 12, true);
    rest = TABLE[3840 + (a & 255)]! ^ TABLE[3584 + (a >>> 8 & 255)]! ^ TABLE[3328 + (a >>> 16 & 255)]! ^
      TABLE[3072 + (a >>> 24)]! ^ TABLE[2816 + (b & 255)]! ^ TABLE[2560 + (b >>> 8 & 255)]! ^
      TABLE[2304 + (b >>> 16 & 255)]! ^ TABLE[2048 + (b >>> 24)]! ^ TABLE[1792 + (c & 255)]! ^
      TABLE[1536 + (c >>> 8 & 255)]! ^ TABLE[1280 + (c >>> 16 & 255)]! ^ TABLE[1024 + (c >>> 24)]! ^
      TABLE[768 + (d & 255)]! ^ TABLE[512 + (d >>> 8 & 255)]! ^ TABLE[256 + (d >>> 16 & 255)]! ^ TABLE[d >>> 24]!;
  }
  for (let at = whole; at < bytes.length; at++) rest = (rest >>> 8) ^ TABLE[(rest ^ bytes[at]!) & 255]!;
  return ~rest >>> 0;
}
