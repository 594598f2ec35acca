import { assert, assertEquals, assertThrows } from "@std/assert";
import { crc32 } from "node:zlib";
import { decodeChecked, encodeChecked } from "../src/checked_safetensors.ts";
import { decodeSafetensors, encodeSafetensors } from "../src/safetensors.ts";

const FORMAT = { format: "test-1", action: "Cannot read a test" };
const FILE = {
  tensors: {
    "10": { data: Float32Array.of(1, 2, 3), shape: [3] },
    'checksum":"00000000"': { data: Uint8Array.of(5), shape: [1] },
    checksum: { data: new Float32Array(), shape: [0] },
  },
  metadata: { format: "test-1", note: 'é "checksum":"00000000"', "7": "seven" },
};

Deno.test("decodeChecked() gives back what encodeChecked() was given", () => {
  const bytes = encodeChecked(FILE);
  assertEquals(decodeChecked(bytes, FORMAT), FILE);
  const shifted = new Uint8Array(bytes.length + 3);
  shifted.set(bytes, 3);
  assertEquals(decodeChecked(shifted.subarray(3), FORMAT), FILE);
  assertEquals(encodeChecked(FILE), bytes);
});

Deno.test("the checksum is the CRC-32 of the file with zeros in its place", () => {
  const bytes = encodeChecked(FILE), { checksum } = decodeSafetensors(bytes).metadata;
  const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  const blank = text.replace(`"checksum":"${checksum}"`, '"checksum":"00000000"');
  assertEquals(crc32(Uint8Array.from(blank, (letter) => letter.charCodeAt(0))), parseInt(checksum!, 16));
});

Deno.test("decodeChecked() refuses a file with any one bit flipped", () => {
  const bytes = encodeChecked(FILE);
  let told = 0;
  for (let bit = 0; bit < 8 * bytes.length; bit++) {
    bytes[bit >> 3]! ^= 1 << (bit & 7);
    const { message } = assertThrows(() => decodeChecked(bytes, FORMAT), SyntaxError);
    bytes[bit >> 3]! ^= 1 << (bit & 7);
    assert(/^Cannot (decode safetensors|read a test) as /.test(message), message);
    if (message === "Cannot read a test as its content does not match its checksum: the file is damaged") told++;
  }
  // Of the header, most bits make it no JSON, or describe other tensors
  const headerLength = Number(new DataView(bytes.buffer).getBigUint64(0, true));
  assert(told >= 8 * (bytes.length - 8 - headerLength), `${told}`);
  assertEquals(decodeChecked(bytes, FORMAT), FILE);
});

Deno.test("decodeChecked() refuses a file without a checksum, and one of another format", () => {
  const none = "Cannot read a test as it has no checksum: an earlier version of this package wrote it: train again";
  for (const checksum of [undefined, "", "12", "0123456G", "0123456789", "ABCDEF01"]) {
    const metadata = { ...FILE.metadata, ...checksum !== undefined && { checksum } };
    const { message } = assertThrows(
      () => decodeChecked(encodeSafetensors({ ...FILE, metadata }), FORMAT),
      SyntaxError,
    );
    assertEquals(message, none);
  }
  for (const format of ["test-2", "test-", "test-0x", "rest-0", ""]) {
    const other = encodeChecked({ tensors: {}, metadata: { format } });
    assertEquals(
      assertThrows(() => decodeChecked(other, FORMAT), SyntaxError).message,
      `Cannot read a test as the file is of another format: current value is '${format}'`,
    );
  }
  assertEquals(
    assertThrows(() => decodeChecked(encodeSafetensors({ tensors: {}, metadata: {} }), FORMAT), SyntaxError).message,
    "Cannot read a test as the file is of another format: current value is undefined",
  );
  const old = encodeSafetensors({ tensors: {}, metadata: { format: "test-0" } });
  assertEquals(
    assertThrows(() => decodeChecked(old, FORMAT), SyntaxError).message,
    "Cannot read a test as an earlier version of this package wrote it: train again",
  );
});
