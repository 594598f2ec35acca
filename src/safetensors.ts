/**
 * The safetensors file format: a JSON header with names, types, shapes and byte offsets, then the bytes.
 *
 * @module
 */

const BYTES = { F64: 8, F32: 4, I64: 8, I32: 4, U32: 4, U8: 1 } as const;

/** The name in the header that is no tensor's. */
const METADATA = "__metadata__";

/** The longest header that readers of the format accept. */
const LONGEST_HEADER = 100_000_000;

/** More dimensions than any tensor has. */
const MOST_DIMENSIONS = 64;

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
  // The metadata first, whatever the tensors are called: an object puts names that are whole numbers before it
  const json = `{${header.map((entry) => entry.map((part) => JSON.stringify(part)).join(":")).join(",")}}`;
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
 * Reads the bytes of a safetensors file. Nothing large is made before the header is known to describe these bytes: the
 * tensors lie end to end, as the format asks, so all of them together are no larger than the file.
 *
 * @param bytes The bytes; not kept.
 * @returns Tensors and metadata.
 * @throws {SyntaxError} If the bytes are not a whole safetensors file of known types.
 */
export function decodeSafetensors(bytes: Uint8Array): SafetensorsFile {
  if (bytes.length < 8) throw fail(`the header is cut off: the file has ${bytes.length} bytes`);
  const headerLength = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const base = 8 + headerLength;
  if (base > bytes.length) throw fail(`the header is cut off: the file has ${bytes.length} bytes`);
  if (headerLength > LONGEST_HEADER) throw fail(`the header has more than ${LONGEST_HEADER} bytes`);
  let text: string, header: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(8, base));
    header = JSON.parse(text);
  } catch {
    throw fail("the header is not JSON");
  }
  if (!isRecord(header)) throw fail("the header is not an object");
  const { [METADATA]: metadata = {}, ...entries } = header;
  if (!isRecord(metadata) || !Object.values(metadata).every((value) => typeof value === "string")) {
    throw fail("its metadata is not a record of strings");
  }
  const places = Object.entries(entries).map(([name, entry]) =>
    placeOf(name, entry, bytes.length - base, bytes.length)
  );
  const names = Object.keys(header).length + Object.keys(metadata).length + 3 * places.length;
  if (colonsIn(text) !== names) throw fail("a name stands twice in the header");
  let end = 0;
  for (const place of places.toSorted((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (place.begin !== end) throw fail(`tensor ${quoted(place.name)} does not begin where the one before it ends`);
    end = place.end;
  }
  if (base + end !== bytes.length) throw fail(`${bytes.length - base - end} bytes follow its tensors`);
  const tensors = places.map(({ name, dtype, shape, begin, end }): [string, SafetensorsTensor] => [
    name,
    // A copy, which slice() of a Buffer of Node's is not
    { data: arrayOf(dtype, new Uint8Array(bytes.subarray(base + begin, base + end)).buffer), shape },
  ]);
  // From pairs, as setting `__proto__` on an object would give it no such tensor.
  return { tensors: Object.fromEntries(tensors), metadata: metadata as Record<string, string> };
}

/** What the header says of a tensor. */
interface Place {
  readonly name: string;
  readonly dtype: SafetensorsDType;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

function placeOf(name: string, entry: unknown, dataLength: number, fileLength: number): Place {
  const what = `tensor ${quoted(name)}`;
  if (!isRecord(entry)) throw fail(`${what} is not described by an object`);
  const { dtype, shape, data_offsets: offsets, ...more } = entry;
  if (typeof dtype !== "string") throw fail(`${what} has no type`);
  if (!isDType(dtype)) throw fail(`${what} has type ${quoted(dtype)}, which is not known here`);
  if (!isLengths(shape) || !isLengths(offsets) || offsets.length !== 2) throw fail(`${what} has no shape or offsets`);
  if (Object.keys(more).length > 0) throw fail(`${what} is described by more than a type, a shape and offsets`);
  if (shape.length > MOST_DIMENSIONS) {
    throw fail(`${what} has ${shape.length} dimensions: expected ${MOST_DIMENSIONS} at most`);
  }
  const [begin, end] = offsets as [number, number];
  const length = shape.reduce((product, value) => product * value, 1);
  if (end - begin !== length * BYTES[dtype]) throw fail(`${what} does not fill its shape`);
  if (end > dataLength) throw fail(`${what} is cut off: the file has ${fileLength} bytes`);
  return { name, dtype, shape, begin, end };
}

/** Colons of JSON outside of strings: one for each name, also for one that stands twice, of which JSON.parse keeps one. */
function colonsIn(json: string): number {
  let colons = 0;
  for (let at = 0; at < json.length; at++) {
    const character = json[at];
    if (character === ":") colons++;
    if (character !== '"') continue;
    for (at++; json[at] !== '"'; at++) if (json[at] === "\\") at++;
  }
  return colons;
}

function fail(why: string): SyntaxError {
  return new SyntaxError(`Cannot decode safetensors as ${why}`);
}

/** A name out of a file, which may be of any length. */
function quoted(name: string): string {
  return `'${name.length > 80 ? `${name.slice(0, 80)}...` : name}'`;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isDType(value: string): value is SafetensorsDType {
  return Object.hasOwn(BYTES, value);
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
