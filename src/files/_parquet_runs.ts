import { Damage } from "./_thrift.ts";

/** How far a run of packed values may go beyond what is wanted: writers fill up the last one. */
const FILLED_UP = 512;

/** A place in the bytes of a page. */
export interface Cursor {
  /** The bytes. */
  readonly bytes: Uint8Array;
  /** Where the next one is. */
  offset: number;
}

/**
 * Follows runs of repeated or packed values, without making them, until there are as many as wanted: a run says how long it
 * is, and its reader would believe it.
 *
 * @param cursor Where the runs begin; afterwards, where the last one ends.
 * @param width Bits of a value.
 * @param wanted Values that are wanted.
 * @param counted A value of which it is counted how often it is there.
 * @returns How often it is.
 * @throws {Damage} If a run is longer than what is wanted, or cut off.
 */
export function followRuns(cursor: Cursor, width: number, wanted: number, counted = -1): number {
  if (width > 32) throw new Damage(`a value has ${width} bits`);
  let seen = 0, found = 0;
  while (seen < wanted) {
    const head = unsigned(cursor), left = wanted - seen, length = head >>> 1;
    if (head & 1) {
      if (8 * length > left + FILLED_UP) throw new Damage(`a run of ${8 * length} values has more than the page`);
      if (counted >= 0) found += countPacked(cursor, width, Math.min(left, 8 * length), counted);
      // The reader takes a byte of what is packed before it looks how much there is
      cursor.offset += Math.max(length * width, cursor.offset < cursor.bytes.length ? 1 : 0);
      seen += 8 * length;
    } else {
      if (length > left) throw new Damage(`a run of ${length} values has more than the page`);
      let value = 0;
      for (let at = 0; at < width; at += 8) value |= byteOf(cursor) << at;
      if (value === counted) found += length;
      seen += length;
    }
  }
  return found;
}

function countPacked({ bytes, offset }: Cursor, width: number, count: number, counted: number): number {
  let found = 0;
  for (let at = 0; at < count; at++) {
    let value = 0;
    for (let bit = 0; bit < width; bit++) {
      const place = at * width + bit;
      value |= (bytes[offset + (place >> 3)]! >> (place & 7) & 1) << bit;
    }
    if (value === counted) found++;
  }
  return found;
}

/**
 * Checks the head of integers that are packed as differences.
 *
 * @param cursor Where they begin; afterwards, where the first value is.
 * @returns How many blocks are cut into.
 * @throws {Damage} If it asks for blocks that no writer makes.
 */
export function checkDeltaHead(cursor: Cursor): { readonly block: number; readonly parts: number } {
  const block = unsigned(cursor), parts = unsigned(cursor);
  unsigned(cursor);
  if (parts < 1 || parts > 512 || block > 1 << 16 || block % parts !== 0) {
    throw new Damage(`differences are packed in blocks of ${block} values in ${parts} parts`);
  }
  return { block, parts };
}

/**
 * Reads lengths that are packed as differences.
 *
 * @param cursor Where they begin; afterwards, where they end.
 * @param count How many there are.
 * @returns The lengths.
 * @throws {Damage} If they are cut off.
 */
export function deltaLengths(cursor: Cursor, count: number): Int32Array {
  const { block, parts } = checkDeltaHead(cursor), size = block / parts;
  const lengths = new Int32Array(count);
  let value = signed(cursor), at = 0;
  if (count > 0) lengths[at++] = value;
  while (at < count) {
    const least = signed(cursor), widths = Array.from({ length: parts }, () => byteOf(cursor));
    for (const width of widths) {
      if (at >= count) break;
      const begin = cursor.offset;
      for (let index = 0; index < size && at < count; index++) {
        let more = 0;
        for (let bit = 0; bit < Math.min(32, width); bit++) {
          const place = index * width + bit;
          more |= ((cursor.bytes[begin + (place >> 3)] ?? 0) >> (place & 7) & 1) << bit;
        }
        lengths[at++] = value = value + least + more | 0;
      }
      cursor.offset = begin + size * width / 8;
    }
  }
  return lengths;
}

function byteOf(cursor: Cursor): number {
  if (cursor.offset >= cursor.bytes.length) throw new Damage("a page ends early");
  return cursor.bytes[cursor.offset++]!;
}

function unsigned(cursor: Cursor): number {
  let value = 0;
  for (let at = 0; at < 5; at++) {
    const byte = byteOf(cursor);
    value += (byte & 127) * 2 ** (7 * at);
    if (byte < 128 && value < 2 ** 32) return value;
  }
  throw new Damage("a number has more than 32 bits");
}

function signed(cursor: Cursor): number {
  const zigzag = unsigned(cursor);
  return zigzag >>> 1 ^ -(zigzag & 1);
}
