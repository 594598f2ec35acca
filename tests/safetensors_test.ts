import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "./_fast_check.ts";
import { decodeSafetensors, encodeSafetensors, type SafetensorsFile } from "../src/safetensors.ts";

const FILE: SafetensorsFile = {
  tensors: {
    "item.weight": { data: Float32Array.from([1.5, -0, NaN, Infinity, 1e-45, 3]), shape: [2, 3] },
    bytes: { data: Uint8Array.from([1, 2, 3]), shape: [3] }, // what follows is not aligned
    doubles: { data: Float64Array.from([Math.PI]), shape: [1, 1] },
    longs: { data: BigInt64Array.from([-(2n ** 63n), 2n ** 63n - 1n]), shape: [2] },
    ints: { data: Int32Array.from([-1, 2]), shape: [2] },
    words: { data: Uint32Array.from([0xffffffff]), shape: [1] },
    empty: { data: new Float32Array(0), shape: [0, 7] },
    scalar: { data: Float32Array.from([7]), shape: [] },
    '名前 "1"': { data: Float32Array.from([1]), shape: [1] },
  },
  metadata: { format: "test", note: "é ☃ \n" },
};

/** Bytes of a file with this header and so many bytes of data. */
function withHeader(header: string | Uint8Array, data = 0): Uint8Array {
  const text = typeof header === "string" ? new TextEncoder().encode(header) : header;
  const bytes = new Uint8Array(8 + text.length + data);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  return bytes;
}

function assertRefused(bytes: Uint8Array, why: string): void {
  assertEquals(
    assertThrows(() => decodeSafetensors(bytes), SyntaxError).message,
    `Cannot decode safetensors as ${why}`,
  );
}

Deno.test("decodeSafetensors() gives back what encodeSafetensors() was given", () => {
  const decoded = decodeSafetensors(encodeSafetensors(FILE));
  assertEquals(decoded, FILE);
  assertEquals(Object.keys(decoded.tensors), Object.keys(FILE.tensors));
  const bits = (file: SafetensorsFile) => new Uint32Array((file.tensors["item.weight"]!.data as Float32Array).buffer);
  assertEquals(bits(decoded), bits(FILE));
});

Deno.test("decodeSafetensors() gives back random tensors", () => {
  const tensor = fc.tuple(fc.nat({ max: 5 }), fc.nat({ max: 5 })).chain(([rows, columns]) =>
    fc.float32Array({ minLength: rows * columns, maxLength: rows * columns })
      .map((data) => ({ data: Float32Array.from(data), shape: [rows, columns] }))
  );
  const name = fc.string({ minLength: 1, maxLength: 12, unit: "grapheme" }).filter((name) => name !== "__metadata__");
  // Names that are whole numbers come first in a JavaScript object, so the order is not asked for here.
  fc.assert(
    fc.property(fc.array(fc.tuple(name, tensor), { maxLength: 5 }), (entries) => {
      const file = { tensors: Object.fromEntries(entries), metadata: {} };
      assertEquals(decodeSafetensors(encodeSafetensors(file)), file);
    }),
    { seed: 5, numRuns: 60 },
  );
});

Deno.test("encodeSafetensors() gives equal bytes for equal contents, with data aligned to 8 bytes", () => {
  const bytes = encodeSafetensors(FILE);
  assertEquals(encodeSafetensors(decodeSafetensors(bytes)), bytes);
  const headerLength = Number(new DataView(bytes.buffer).getBigUint64(0, true));
  assertEquals(headerLength % 8, 0);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + headerLength)));
  assertEquals(header["item.weight"], { dtype: "F32", shape: [2, 3], data_offsets: [0, 24] });
  assertEquals(header.bytes, { dtype: "U8", shape: [3], data_offsets: [24, 27] });
});

Deno.test("encodeSafetensors() takes a view into a larger buffer", () => {
  const data = Float32Array.from([9, 1, 2, 9]).subarray(1, 3);
  const { tensors } = decodeSafetensors(encodeSafetensors({ tensors: { view: { data, shape: [2] } }, metadata: {} }));
  assertEquals([...tensors.view!.data as Float32Array], [1, 2]);
});

Deno.test("encodeSafetensors() refuses data that does not fit its shape", () => {
  const file = { tensors: { item: { data: new Float32Array(5), shape: [2, 3] } }, metadata: {} };
  assertEquals(
    assertThrows(() => encodeSafetensors(file), TypeError).message,
    "Cannot encode tensor 'item' as its shape takes 6 elements: current value is 5",
  );
});

Deno.test("encodeSafetensors() refuses a tensor by the name that the metadata has", () => {
  const file = { tensors: { __metadata__: { data: new Float32Array(1), shape: [1] } }, metadata: {} };
  assertEquals(
    assertThrows(() => encodeSafetensors(file), TypeError).message,
    "Cannot encode tensor '__metadata__' as the metadata has that name",
  );
});

Deno.test("safetensors keep tensors that are named like what every object has", () => {
  const names = ["__proto__", "constructor", "toString", "", "10", "9"];
  const file = {
    tensors: Object.fromEntries(names.map((name, at) => [name, { data: Float32Array.from([at]), shape: [1] }])),
    metadata: Object.fromEntries(names.map((name) => [name, name])),
  };
  const { tensors, metadata } = decodeSafetensors(encodeSafetensors(file));
  assertEquals(Object.keys(tensors).toSorted(), names.toSorted());
  assertEquals(Object.keys(metadata).toSorted(), names.toSorted());
  for (const [at, name] of names.entries()) {
    assertEquals([...tensors[name]!.data as Float32Array], [at], name);
    assertEquals(metadata[name], name);
  }
  assertEquals(Object.getPrototypeOf(tensors), Object.prototype);
});

Deno.test("decodeSafetensors() reads a view that is not aligned, and keeps nothing of it", () => {
  const bytes = encodeSafetensors(FILE), shifted = new Uint8Array(bytes.length + 3);
  shifted.set(bytes, 3);
  const decoded = decodeSafetensors(shifted.subarray(3));
  shifted.fill(0xff);
  assertEquals(decoded, FILE);
});

Deno.test("decodeSafetensors() refuses every truncation", () => {
  const bytes = encodeSafetensors({
    ...FILE,
    tensors: { item: FILE.tensors["item.weight"]!, words: FILE.tensors.words! },
  });
  for (let length = 0; length < bytes.length; length++) {
    const { message } = assertThrows(() => decodeSafetensors(bytes.subarray(0, length)), SyntaxError);
    assert(message.startsWith("Cannot decode safetensors as "), message);
    assert(message.endsWith(`is cut off: the file has ${length} bytes`), message);
  }
});

Deno.test("decodeSafetensors() says what is wrong with a header", () => {
  assertRefused(new Uint8Array(0), "the header is cut off: the file has 0 bytes");
  assertRefused(new Uint8Array(64).fill(0xff), "the header is cut off: the file has 64 bytes");
  assertRefused(withHeader("{"), "the header is not JSON");
  assertRefused(withHeader(Uint8Array.from([0x22, 0xff, 0x22])), "the header is not JSON");
  assertRefused(withHeader(""), "the header is not JSON");
  assertRefused(withHeader("null"), "the header is not an object");
  assertRefused(withHeader("7"), "the header is not an object");
  const tensor = (entry: string, data = 8) => withHeader(`{"item":${entry}}`, data);
  assertRefused(
    tensor(`{"dtype":"F16","shape":[4],"data_offsets":[0,8]}`),
    "tensor 'item' has type 'F16', which is not known here",
  );
  assertRefused(
    tensor(`{"dtype":"toString","shape":[4],"data_offsets":[0,8]}`),
    "tensor 'item' has type 'toString', which is not known here",
  );
  const noShape = "tensor 'item' has no shape or offsets";
  for (
    const entry of [
      `{"dtype":"F32"}`,
      `{"dtype":"F32","shape":[2]}`,
      `{"dtype":"F32","shape":"2","data_offsets":[0,8]}`,
      `{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}`,
      `{"dtype":"F32","shape":[1.5],"data_offsets":[0,8]}`,
      `{"dtype":"F32","shape":[null],"data_offsets":[0,8]}`,
      `{"dtype":"F32","shape":[2],"data_offsets":[0]}`,
      `{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}`,
      `{"dtype":"F32","shape":[2],"data_offsets":[0,8,8]}`,
    ]
  ) assertRefused(tensor(entry), noShape);
  assertRefused(tensor(`{"dtype":"F32","shape":[3],"data_offsets":[0,8]}`), "tensor 'item' does not fill its shape");
  assertRefused(tensor(`{"dtype":"F32","shape":[2],"data_offsets":[8,0]}`), "tensor 'item' does not fill its shape");
  const cutOff = tensor(`{"dtype":"F32","shape":[2],"data_offsets":[4,12]}`);
  assertRefused(cutOff, `tensor 'item' is cut off: the file has ${cutOff.length} bytes`);
});

Deno.test("decodeSafetensors() refuses headers whose entries are of another kind", () => {
  for (const header of ["[]", "[1]"]) assertRefused(withHeader(header), "the header is not an object");
  for (const entry of ["null", "1", "[]"]) {
    assertRefused(withHeader(`{"item":${entry}}`), "tensor 'item' is not described by an object");
  }
  for (const metadata of ["null", `"text"`, "[]", `{"step":1}`]) {
    assertRefused(withHeader(`{"__metadata__":${metadata}}`), "its metadata is not a record of strings");
  }
});

Deno.test("decodeSafetensors() refuses random garbage", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 200 }),
      (bytes) => void assertThrows(() => decodeSafetensors(bytes), SyntaxError),
    ),
    { seed: 6, numRuns: 300 },
  );
  // And headers of the right length with one byte changed: refused as a syntax error or read, never anything else.
  const bytes = encodeSafetensors(FILE);
  fc.assert(
    fc.property(fc.nat({ max: 400 }), fc.nat({ max: 255 }), (at, value) => {
      const changed = bytes.slice();
      changed[8 + at] = value;
      try {
        decodeSafetensors(changed);
      } catch (error) {
        assert(error instanceof SyntaxError, String(error));
      }
    }),
    { seed: 7, numRuns: 500 },
  );
});
