/**
 * Thrift's compact protocol, in which Parquet writes its footer and the heads of its pages, read within bounds: what a
 * hostile file says of lengths is compared with the bytes that are there before anything is made of it
 * (https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md).
 *
 * @module
 */

/** What is wrong with the inside of a file. The message goes on after "is damaged:". */
export class Damage extends Error {
  override readonly name = "Damage";
}

/** The value of a field. */
export type ThriftValue = boolean | number | bigint | Uint8Array | ThriftValue[] | ThriftStruct;

/** Fields by number. */
export type ThriftStruct = ReadonlyMap<number, ThriftValue>;

/** More levels than the footer of any file has. */
const DEEPEST = 24;

/** Reads structs one after another. */
export class ThriftReader {
  /** Where the next byte is. */
  offset: number;
  readonly #bytes: Uint8Array;
  readonly #end: number;

  /**
   * @param bytes The bytes.
   * @param offset Where to begin.
   * @param end Where the bytes end that may be read.
   */
  constructor(bytes: Uint8Array, offset: number, end: number) {
    this.#bytes = bytes;
    this.offset = offset;
    this.#end = end;
  }

  /**
   * Reads a struct.
   *
   * @param depth How deep it lies in others.
   * @returns Its fields.
   * @throws {Damage} If it ends early, is nested too deep, or holds what Parquet does not use.
   */
  struct(depth = 0): ThriftStruct {
    if (depth > DEEPEST) throw new Damage(`its structs are nested more than ${DEEPEST} levels deep`);
    const fields = new Map<number, ThriftValue>();
    for (let field = 0;;) {
      const head = this.#byte(), type = head & 15, delta = head >> 4;
      if (type === 0) return fields;
      field = delta === 0 ? this.#int32() : field + delta;
      fields.set(field, type === 1 || type === 2 ? type === 1 : this.#value(type, depth));
    }
  }

  #value(type: number, depth: number): ThriftValue {
    switch (type) {
      case 3:
        return this.#byte() << 24 >> 24;
      case 4:
      case 5:
        return this.#int32();
      case 6:
        return this.#int64();
      case 7:
        return new DataView(this.#take(8).slice().buffer).getFloat64(0, true);
      case 8:
        return this.#take(this.#unsigned());
      case 9:
        return this.#list(depth);
      case 12:
        return this.struct(depth + 1);
    }
    throw new Damage(`a struct holds a value of type ${type}`);
  }

  #list(depth: number): ThriftValue[] {
    if (depth > DEEPEST) throw new Damage(`its lists are nested more than ${DEEPEST} levels deep`);
    const head = this.#byte(), type = head & 15, size = head >> 4 === 15 ? this.#unsigned() : head >> 4;
    // An element has a byte at least
    if (size > this.#end - this.offset) throw new Damage(`a list of ${size} values is longer than what is left`);
    const values: ThriftValue[] = [];
    for (let at = 0; at < size; at++) {
      values.push(type === 1 || type === 2 ? this.#byte() === 1 : this.#value(type, depth + 1));
    }
    return values;
  }

  #byte(): number {
    if (this.offset >= this.#end) throw new Damage("a struct is cut off");
    return this.#bytes[this.offset++]!;
  }

  #take(length: number): Uint8Array {
    if (length > this.#end - this.offset) throw new Damage(`${length} bytes are more than what is left`);
    return this.#bytes.subarray(this.offset, this.offset += length);
  }

  /** An unsigned integer of 32 bits at most: seven to a byte, the lowest first. */
  #unsigned(): number {
    const value = this.#varint(5);
    if (value >= 2n ** 32n) throw new Damage("a number has more than 32 bits");
    return Number(value);
  }

  #int32(): number {
    const zigzag = this.#unsigned();
    return zigzag >>> 1 ^ -(zigzag & 1);
  }

  #int64(): bigint {
    const zigzag = this.#varint(10);
    return BigInt.asIntN(64, zigzag >> 1n ^ -(zigzag & 1n));
  }

  #varint(most: number): bigint {
    let value = 0n;
    for (let at = 0; at < most; at++) {
      const byte = this.#byte();
      value |= BigInt(byte & 127) << BigInt(7 * at);
      if (byte < 128) return value;
    }
    throw new Damage(`a number has more than ${most} bytes`);
  }
}
