/**
 * A look at the pages of a Parquet column before hyparquet reads them. It believes what a page says of itself: how many
 * values it has, how far it expands, how long its runs are. A file of a few KB could make it fill the memory.
 *
 * @module
 */
import type { SchemaElement } from "hyparquet";
import { type Decompress, mostExpanded, UNCOMPRESSED } from "./_codecs.ts";
import { checkDeltaHead, type Cursor, deltaLengths, followRuns } from "./_parquet_runs.ts";
import { Damage, ThriftReader, type ThriftStruct } from "./_thrift.ts";

/** A column as it lies in a group of rows. */
export interface ColumnChunk {
  /** Its pages. */
  readonly bytes: Uint8Array;
  /** Its codec, one of those that are read. */
  readonly codec: string;
  /** What expands its pages; none where they are as they are. */
  readonly expand: Decompress | undefined;
  /** The schema from the top-level column down to this one. */
  readonly path: readonly SchemaElement[];
  /** Rows of the group. */
  readonly rows: number;
}

/** What may be made of a file: it shrinks as pages are looked at. */
export interface Budget {
  /** Bytes that pages may expand to. */
  bytes: number;
  /** Values that lists may have. */
  values: number;
}

/** Encodings by their number. */
const PLAIN = 0, PLAIN_DICTIONARY = 2, RLE = 3, DELTA_BINARY = 5, DELTA_LENGTH = 6, DELTA_BYTES = 7;
const RLE_DICTIONARY = 8, BYTE_STREAM_SPLIT = 9;

/** Bytes of a value of a type of one size; of texts, those of the length before each. */
const SIZES: { readonly [type: string]: number } = {
  BOOLEAN: 1 / 8,
  INT32: 4,
  INT64: 8,
  INT96: 12,
  FLOAT: 4,
  DOUBLE: 8,
  BYTE_ARRAY: 4,
};

/**
 * Checks that the pages of a column hold what they say, and no more than the file may be made into.
 *
 * @param chunk The column.
 * @param budget What is left.
 * @throws {Damage} If they do not.
 */
export function checkPages(chunk: ColumnChunk, budget: Budget): void {
  const { bytes, path, rows } = chunk;
  const isFlat = path.length === 1 && path[0]!.repetition_type !== "REPEATED";
  const head = new ThriftReader(bytes, 0, bytes.length);
  // Up to where hyparquet reads
  for (let seen = 0; (!isFlat || seen < rows) && head.offset < bytes.length - 1;) {
    const header = head.struct();
    const size = countOf(header, 3), whole = countOf(header, 2);
    if (size > bytes.length - head.offset) throw new Damage(`a page of ${size} bytes is cut off`);
    const page = bytes.subarray(head.offset, head.offset += size);
    budget.bytes -= whole;
    if (budget.bytes < 0) throw new Damage("its pages expand to far more than a file of this size holds");
    const type = header.get(1), content = header.get(type === 0 ? 5 : type === 2 ? 7 : 8);
    if (!(content instanceof Map) || type !== 0 && type !== 2 && type !== 3) throw new Damage("a page is of no kind");
    const values = countOf(content, 1);
    if (type === 2) {
      const expanded = expand(chunk, page, whole);
      if (values * sizeOf(path) > expanded.length) throw new Damage(`a dictionary of ${values} values is cut off`);
      continue;
    }
    seen += values;
    if (isFlat && seen > rows) throw new Damage(`its pages have ${seen} of ${rows} values`);
    if (!isFlat) budget.values -= values;
    if (budget.values < 0) throw new Damage("its lists have far more values than a file of this size holds");
    if (type === 0) checkPage(chunk, expand(chunk, page, whole), content, values, budget);
    else checkPageV2(chunk, page, whole, content, values, budget);
  }
}

/** A page whose levels are packed with its values. */
function checkPage(chunk: ColumnChunk, bytes: Uint8Array, head: ThriftStruct, values: number, budget: Budget): void {
  const cursor = { bytes, offset: 0 }, { repetition, definition } = levelsOf(chunk.path);
  let present = values;
  for (const level of [repetition, definition]) {
    if (level === 0) continue;
    const end = lengthBefore(cursor) + cursor.offset;
    present = followRuns(cursor, bitsOf(level), values, level);
    cursor.offset = end;
  }
  if (definition === 0) present = values;
  const encoding = Number(head.get(2)), ofBits = chunk.path.at(-1)!.type === "BOOLEAN";
  // Values that all are the first of the dictionary have no runs
  if (isDictionary(encoding) && !ofBits && cursor.bytes[cursor.offset] === 0) return;
  checkValues(chunk.path, cursor, encoding, ofBits, present, budget);
}

/** A page whose levels lie before its values, which alone are packed. */
function checkPageV2(
  chunk: ColumnChunk,
  page: Uint8Array,
  whole: number,
  head: ThriftStruct,
  values: number,
  budget: Budget,
): void {
  const nulls = countOf(head, 2), definitions = countOf(head, 5), repetitions = countOf(head, 6);
  const levels = definitions + repetitions, { repetition, definition } = levelsOf(chunk.path);
  if (nulls > values || countOf(head, 3) > chunk.rows) {
    throw new Damage("a page has more values or rows than there are");
  }
  if (levels > page.length || levels > whole) throw new Damage("the levels of a page are cut off");
  if (repetition > 0) followRuns({ bytes: page, offset: 0 }, bitsOf(repetition), values);
  if (definition > 0) followRuns({ bytes: page, offset: repetitions }, bitsOf(definition), values);
  // Where a level is not there, hyparquet takes no bytes for it
  const packed = page.subarray(definition > 0 ? levels : repetitions);
  const bytes = head.get(7) === false ? packed : expand(chunk, packed, whole - levels);
  const encoding = Number(head.get(4));
  checkValues(chunk.path, { bytes, offset: 0 }, encoding, encoding === RLE, values - nulls, budget);
}

function isDictionary(encoding: number): boolean {
  return encoding === PLAIN_DICTIONARY || encoding === RLE_DICTIONARY || encoding === RLE;
}

/** Checks what makes more of the values of a page than their bytes: runs, differences and sizes. */
function checkValues(
  path: readonly SchemaElement[],
  cursor: Cursor,
  encoding: number,
  ofBits: boolean,
  values: number,
  budget: Budget,
): void {
  const left = cursor.bytes.length - cursor.offset;
  switch (encoding) {
    case PLAIN:
    case BYTE_STREAM_SPLIT:
      if (values * sizeOf(path) > left) throw new Damage(`a page of ${values} values is cut off`);
      return;
    case PLAIN_DICTIONARY:
    case RLE_DICTIONARY:
    case RLE:
      if (ofBits) {
        lengthBefore(cursor);
        followRuns(cursor, 1, values);
      } else {
        if (left < 1) throw new Damage("a page ends early");
        followRuns(cursor, cursor.bytes[cursor.offset++]!, values);
      }
      return;
    case DELTA_BINARY:
    case DELTA_LENGTH:
      checkDeltaHead(cursor);
      return;
    case DELTA_BYTES: {
      const shared = deltaLengths(cursor, values), own = deltaLengths(cursor, values);
      for (let at = 0, before = 0; at < values; at++) {
        if (shared[at]! < 0 || shared[at]! > before || own[at]! < 0) {
          throw new Damage("a text begins as none before it");
        }
        before = shared[at]! + own[at]!;
        budget.bytes -= before;
        if (budget.bytes < 0) throw new Damage("its texts are far longer than a file of this size holds");
      }
      return;
    }
  }
  throw new Damage(`a page has an encoding that is not read: ${encoding}`);
}

function expand({ codec, expand }: ColumnChunk, page: Uint8Array, size: number): Uint8Array {
  if (codec === UNCOMPRESSED && size !== page.length) throw new Damage(`a page of ${size} bytes has ${page.length}`);
  if (size > mostExpanded(codec, page.length)) throw new Damage(`${page.length} bytes do not expand to ${size}`);
  if (!expand) return page;
  const expanded = expand(page, size);
  if (expanded.length !== size) throw new Damage(`a page expands to ${expanded.length} bytes: expected ${size}`);
  return expanded;
}

/** The levels of the values of a column: how many lists, and how many of what may be missing, lie one in another. */
function levelsOf(path: readonly SchemaElement[]): { readonly repetition: number; readonly definition: number } {
  const count = (wanted: (type: SchemaElement["repetition_type"]) => boolean) =>
    path.filter(({ repetition_type }) => wanted(repetition_type)).length;
  return { repetition: count((type) => type === "REPEATED"), definition: count((type) => type !== "REQUIRED") };
}

/** Bits of a number up to this one. */
function bitsOf(most: number): number {
  return 32 - Math.clz32(most);
}

function sizeOf(path: readonly SchemaElement[]): number {
  const { type, type_length } = path.at(-1)!;
  if (type !== "FIXED_LEN_BYTE_ARRAY") return SIZES[type ?? ""] ?? 0;
  if (!Number.isSafeInteger(type_length) || type_length! < 1) throw new Damage("a column has values of no length");
  return type_length!;
}

function lengthBefore(cursor: Cursor): number {
  if (cursor.offset + 4 > cursor.bytes.length) throw new Damage("a page ends early");
  const { bytes, offset } = cursor;
  cursor.offset += 4;
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(offset, true);
}

function countOf(fields: ThriftStruct, field: number): number {
  const value = fields.get(field);
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) throw new Damage("a page has no size");
  return value;
}
