/**
 * Parquet files written by hand, so that they may say of themselves what no program would.
 *
 * @module
 */

/** A value of Thrift's compact protocol: its type, and its bytes. */
export interface Thrift {
  readonly type: number;
  readonly bytes: readonly number[];
}

/** An unsigned integer, seven bits to a byte. */
export function varint(value: number | bigint): number[] {
  const bytes: number[] = [];
  let left = BigInt(value);
  for (; left >= 128n; left >>= 7n) bytes.push(Number(left & 127n) | 128);
  return [...bytes, Number(left)];
}

const zigzag = (value: number | bigint) => {
  const whole = BigInt(value);
  return varint(whole < 0n ? -2n * whole - 1n : 2n * whole);
};

/** A number of 32 bits. */
export const i32 = (value: number): Thrift => ({ type: 5, bytes: zigzag(value) });
/** A number of 64 bits. */
export const i64 = (value: number | bigint): Thrift => ({ type: 6, bytes: zigzag(value) });
/** A text. */
export const text = (value: string): Thrift => {
  const bytes = [...new TextEncoder().encode(value)];
  return { type: 8, bytes: [...varint(bytes.length), ...bytes] };
};
/** A list of values of one type, which may say another length than its own. */
export const list = (type: number, values: readonly Thrift[], length = values.length): Thrift => ({
  type: 9,
  bytes: [0xf0 | type, ...varint(length), ...values.flatMap(({ bytes }) => bytes)],
});
/** Fields by number. */
export const struct = (fields: { readonly [field: number]: Thrift }): Thrift => {
  let before = 0;
  const bytes = Object.entries(fields).flatMap(([key, { type, bytes }]) => {
    const delta = Number(key) - before;
    before = Number(key);
    return [delta << 4 | type, ...bytes];
  });
  return { type: 12, bytes: [...bytes, 0] };
};

/** A data page of the first version. */
export function page(
  content: readonly number[],
  { values, encoding = 0, expanded = content.length, type = 0 }: {
    values: number;
    encoding?: number;
    expanded?: number;
    type?: 0 | 2;
  },
): number[] {
  const head = type === 0
    ? { 5: struct({ 1: i32(values), 2: i32(encoding), 3: i32(3), 4: i32(3) }) }
    : { 7: struct({ 1: i32(values), 2: i32(encoding) }) };
  return [...struct({ 1: i32(type), 2: i32(expanded), 3: i32(content.length), ...head }).bytes, ...content];
}

/** A column of a file. */
export interface WrittenColumn {
  readonly name: string;
  /** 1 int32, 6 bytes. */
  readonly type: number;
  /** 0 required, 1 optional. */
  readonly repetition: number;
  readonly codec: number;
  readonly pages: readonly number[];
  /** Instead of where its pages are. */
  readonly begin?: number | bigint;
  readonly size?: number | bigint;
}

/** A file of one group of rows. */
export function parquet(columns: readonly WrittenColumn[], rows: number, footer?: Thrift): Uint8Array<ArrayBuffer> {
  const magic = [...new TextEncoder().encode("PAR1")], bytes = [...magic];
  const chunks = columns.map(({ name, type, codec, pages, begin = bytes.length, size = pages.length }) => {
    const start = BigInt(begin);
    for (const byte of pages) bytes.push(byte);
    const meta = struct({
      1: i32(type),
      2: list(5, [i32(0)]),
      3: list(8, [text(name)]),
      4: i32(codec),
      5: i64(rows),
      6: i64(size),
      7: i64(size),
      9: i64(start),
    });
    return struct({ 2: i64(start), 3: meta });
  });
  const schema = columns.map(({ name, type, repetition }) =>
    struct({ 1: i32(type), 3: i32(repetition), 4: text(name) })
  );
  const end = footer ?? struct({
    1: i32(1),
    2: list(12, [struct({ 4: text("root"), 5: i32(columns.length) }), ...schema]),
    3: i64(rows),
    4: list(12, [struct({ 1: list(12, chunks), 2: i64(1), 3: i64(rows) })]),
  });
  const length = end.bytes.length;
  for (const byte of end.bytes) bytes.push(byte);
  bytes.push(length & 255, length >> 8 & 255, length >> 16 & 255, length >> 24, ...magic);
  return Uint8Array.from(bytes);
}
