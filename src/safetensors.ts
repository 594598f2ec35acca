/**
 * The safetensors file format: a JSON header with names, types, shapes and byte offsets, then the bytes.
 *
 * @module
 */

const BYTES = { F64: 8, F32: 4, I64: 8, I32: 4, U32: 4, U8: 1 } as const;

/** The name in the header that is no tensor's. */
const METADATA = "__metadata__";

/** Element types that are read and written here. */
export type SafetensorsDType = keyof typeof BYTES;

/** The typed arrays that elements are held in. */
export type SafetensorsData =
  | Float64Array
  | Float32Array
  | BigInt64Array
  | Int32Array
  | Uint32Array
  | Uint8Array;

/** One tensor of a file. */
export interface SafetensorsTensor {
  /** Row-major elements. */
  readonly data: SafetensorsData;
  /** Lengths, outermost first. */
  readonly shape: readonly number[];
}

/** The contents of a file. */
export interface SafetensorsFile {
  /** Tensors by name, in file order. */
  readonly tensors: { readonly [name: string]: SafetensorsTensor };
  /** Free-form strings of the header. */
  readonly metadata: { readonly [key: string]: string };
}

/**
 * Writes tensors and metadata as the bytes of a safetensors file. Equal contents give equal bytes.
 *
 * @param file Tensors and metadata.
 * @returns The bytes.
 * @throws {TypeError} If a tensor's data does not fit its shape, or it is named `__metadata__` as the metadata is.
 */
export function encodeSafetensors({ tensors, metadata }: SafetensorsFile): Uint8Array<ArrayBuffer> {
  // Pairs, as setting `__proto__` on an object would give it no such key.
  const header: [name: string, entry: unknown][] = [[METADATA, metadata]];
  let size = 0;
  for (const [name, { data, shape }] of Object.entries(tensors)) {
    if (name === METADATA) throw new TypeError(`Cannot encode tensor '${name}' as the metadata has that name`);
    const expected = shape.reduce((product, length) => product * length, 1);
    if (data.length !== expected) {
      throw new TypeError(
        `Cannot encode tensor '${name}' as its shape takes ${expected} elements: current value is ${data.length}`,
      );
    }
    header.push([name, { dtype: dtypeOf(data), shape, data_offsets: [size, size += data.byteLength] }]);
  }
  const json = JSON.stringify(Object.fromEntries(header));
  const head = new TextEncoder().encode(json);
  const padded = Math.ceil(head.length / 8) * 8;
  const bytes = new Uint8Array(8 + padded + size);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(padded), true);
  bytes.fill(0x20, 8, 8 + padded).set(head, 8);
  let at = 8 + padded;
  for (const { data } of Object.values(tensors)) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return bytes;
}

/**
 * Reads the bytes of a safetensors file.
 *
 * @param bytes The bytes; not kept.
 * @returns Tensors and metadata.
 * @throws {SyntaxError} If the bytes are not a whole safetensors file of known types.
 */
export function decodeSafetensors(bytes: Uint8Array): SafetensorsFile {
  const fail = (why: string) => new SyntaxError(`Cannot decode safetensors as ${why}`);
  if (bytes.length < 8) throw fail(`the header is cut off: the file has ${bytes.length} bytes`);
  const headerLength = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const base = 8 + headerLength;
  if (base > bytes.length) throw fail(`the header is cut off: the file has ${bytes.length} bytes`);
  let header: Record<string, unknown>;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(8, base)));
  } catch {
    throw fail("the header is not JSON");
  }
  if (!isRecord(header)) throw fail("the header is not an object");
  const tensors: [name: string, tensor: SafetensorsTensor][] = [];
  const { [METADATA]: metadata = {}, ...entries } = header;
  if (!isRecord(metadata) || !Object.values(metadata).every((value) => typeof value === "string")) {
    throw fail("its metadata is not a record of strings");
  }
  for (const [name, entry] of Object.entries(entries)) {
    if (!isRecord(entry)) throw fail(`tensor '${name}' is not described by an object`);
    const { dtype, shape, data_offsets: offsets } = entry as { dtype: string; shape: number[]; data_offsets: number[] };
    if (!Object.hasOwn(BYTES, dtype)) throw fail(`tensor '${name}' has type '${dtype}', which is not known here`);
    if (!isLengths(shape) || !isLengths(offsets) || offsets.length !== 2) {
      throw fail(`tensor '${name}' has no shape or offsets`);
    }
    const [begin, end] = offsets as [number, number];
    const length = shape.reduce((product, value) => product * value, 1);
    if (end - begin !== length * BYTES[dtype as SafetensorsDType]) {
      throw fail(`tensor '${name}' does not fill its shape`);
    }
    if (base + end > bytes.length) throw fail(`tensor '${name}' is cut off: the file has ${bytes.length} bytes`);
    const data = arrayOf(dtype as SafetensorsDType, bytes.slice(base + begin, base + end).buffer);
    tensors.push([name, { data, shape }]);
  }
  return { tensors: Object.fromEntries(tensors), metadata: metadata as Record<string, string> };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isLengths(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0);
}

function dtypeOf(data: SafetensorsData): SafetensorsDType {
  if (data instanceof Float64Array) return "F64";
  if (data instanceof Float32Array) return "F32";
  if (data instanceof BigInt64Array) return "I64";
  if (data instanceof Int32Array) return "I32";
  if (data instanceof Uint32Array) return "U32";
  return "U8";
}

function arrayOf(dtype: SafetensorsDType, buffer: ArrayBuffer): SafetensorsData {
  switch (dtype) {
    case "F64":
      return new Float64Array(buffer);
    case "F32":
      return new Float32Array(buffer);
    case "I64":
      return new BigInt64Array(buffer);
    case "I32":
      return new Int32Array(buffer);
    case "U32":
      return new Uint32Array(buffer);
    case "U8":
      return new Uint8Array(buffer);
  }
}
