import fc from "../_fast_check.ts";
import { crc32 } from "node:zlib";
import { type ByteEdit, byteEdits, editedBytes, editedJson, jsonEdits } from "./_fuzz.ts";

/**
 * Safetensors files whose header says something else.
 *
 * @param files The files.
 * @returns Other files, with the data of the first.
 */
export function headerMutants(files: readonly Uint8Array[]): fc.Arbitrary<Uint8Array<ArrayBuffer>> {
  return fc.tuple(fc.constantFrom(...files), jsonEdits).map(([bytes, edits]) => {
    const { header, data } = partsOf(bytes);
    return whole(editedJson(header, edits), data);
  });
}

/** Files whose metadata says something else, or whose tensors hold something else: what is read once a file is whole. */
function contentMutants(files: readonly Uint8Array[]): fc.Arbitrary<Uint8Array<ArrayBuffer>> {
  return fc.tuple(fc.constantFrom(...files), fc.oneof(jsonEdits, byteEdits)).map(([bytes, edits]) => {
    const { header, data } = partsOf(bytes);
    if (isOfBytes(edits)) {
      const edited = editedBytes(data, edits), other = data.slice();
      other.set(edited.subarray(0, data.length));
      return whole(header, other);
    }
    const { __metadata__: metadata, ...tensors } = JSON.parse(header);
    return whole(
      JSON.stringify({ __metadata__: JSON.parse(editedJson(JSON.stringify(metadata), edits) || "0"), ...tensors }),
      data,
    );
  });
}

/**
 * Files of which bytes are others.
 *
 * @param files The files.
 * @returns Which file it was, and other bytes.
 */
export function byteMutants(files: readonly Uint8Array[]): fc.Arbitrary<[number, Uint8Array<ArrayBuffer>]> {
  return fc.tuple(fc.nat({ max: files.length - 1 }), byteEdits)
    .map(([at, edits]) => [at, editedBytes(files[at]!, edits)]);
}

/**
 * Files that say something else and have the checksum of what they say, as somebody would write them who means harm.
 *
 * @param files The files.
 * @returns Other files.
 */
export function sealedMutants(files: readonly Uint8Array[]): fc.Arbitrary<Uint8Array<ArrayBuffer>> {
  return fc.oneof(
    headerMutants(files),
    contentMutants(files),
    contentMutants(files),
    byteMutants(files).map(([, bytes]) => bytes),
  )
    .map(sealed);
}

function isOfBytes(edits: readonly { readonly kind: string }[]): edits is ByteEdit[] {
  return edits.every((edit) => "at" in edit);
}

function partsOf(bytes: Uint8Array): { readonly header: string; readonly data: Uint8Array } {
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  return { header: new TextDecoder().decode(bytes.subarray(8, 8 + length)), data: bytes.subarray(8 + length) };
}

function whole(text: string, data: Uint8Array): Uint8Array<ArrayBuffer> {
  const header = new TextEncoder().encode(text), bytes = new Uint8Array(8 + header.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(header.length), true);
  bytes.set(header, 8);
  bytes.set(data, 8 + header.length);
  return bytes;
}

/** The file with the checksum that fits, where it has one. */
function sealed(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const text = new TextDecoder("latin1").decode(bytes), at = text.search(/"checksum":"[0-9a-f]{8}"/) + 12;
  if (at < 12) return bytes;
  bytes.fill(48, at, at + 8);
  bytes.set(new TextEncoder().encode(crc32(bytes).toString(16).padStart(8, "0")), at);
  return bytes;
}
