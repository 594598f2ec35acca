import { Buffer } from "node:buffer";
import { assert, assertEquals, assertLess, assertThrows } from "@std/assert";
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
  for (const dtype of ["", `"dtype":null,`, `"dtype":{"toString":1},`, `"dtype":["F32"],`]) {
    assertRefused(tensor(`{${dtype}"shape":[2],"data_offsets":[0,8]}`), "tensor 'item' has no type");
  }
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

Deno.test("decodeSafetensors() refuses tensors that share bytes, leave some out or are followed by some", () => {
  const entry = (begin: number, end: number) =>
    `{"dtype":"U8","shape":[${end - begin}],"data_offsets":[${begin},${end}]}`;
  const two = (first: string, second: string, data: number) => withHeader(`{"a":${first},"b":${second}}`, data);
  assertEquals(Object.keys(decodeSafetensors(two(entry(4, 8), entry(0, 4), 8)).tensors), ["a", "b"]);
  assertEquals(Object.keys(decodeSafetensors(two(entry(4, 4), entry(0, 4), 4)).tensors), ["a", "b"]);
  const gap = "tensor 'b' does not begin where the one before it ends";
  assertRefused(two(entry(0, 4), entry(0, 4), 4), gap);
  assertRefused(two(entry(0, 4), entry(3, 8), 8), gap);
  assertRefused(two(entry(0, 4), entry(5, 8), 8), gap);
  assertRefused(withHeader(`{"b":${entry(1, 4)}}`, 4), gap);
  assertRefused(withHeader(`{"a":${entry(0, 4)}}`, 6), "2 bytes follow its tensors");
  assertRefused(withHeader("{}", 1), "1 bytes follow its tensors");
});

Deno.test("decodeSafetensors() refuses many tensors of the same bytes before it copies any", () => {
  const size = 1 << 20, one = `{"dtype":"U8","shape":[${size}],"data_offsets":[0,${size}]}`;
  const header = `{${Array.from({ length: 2000 }, (_, at) => `"${at}":${one}`).join(",")}}`;
  const bytes = withHeader(header, size), start = performance.now();
  assertRefused(bytes, "tensor '1' does not begin where the one before it ends");
  assertLess(performance.now() - start, 2000);
});

Deno.test("decodeSafetensors() refuses a name that stands twice, and what it does not know of a tensor", () => {
  const entry = `{"dtype":"U8","shape":[0],"data_offsets":[0,0]}`, twice = "a name stands twice in the header";
  assertRefused(withHeader(`{"a":${entry},"a":${entry}}`), twice);
  assertRefused(withHeader(`{"a":${entry},"\\u0061":${entry}}`), twice);
  assertRefused(withHeader(`{"__metadata__":{"k":"1","k":"2"}}`), twice);
  assertRefused(withHeader(`{"__metadata__":{},"__metadata__":{"k":"2"}}`), twice);
  assertRefused(withHeader(`{"a":{"dtype":"U8","dtype":"U8","shape":[0],"data_offsets":[0,0]}}`), twice);
  assertRefused(
    withHeader(`{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0],"scale":2}}`),
    "tensor 'a' is described by more than a type, a shape and offsets",
  );
  const odd = { tensors: {}, metadata: { 'a":"b': '":{[\\', "\\": ":", "": '\\"' } };
  assertEquals(decodeSafetensors(encodeSafetensors(odd)), odd);
});

Deno.test("decodeSafetensors() refuses shapes beyond all bounds, deep headers and lengths beyond 2^53", () => {
  const shape = (lengths: number[], end = 8) =>
    withHeader(`{"a":{"dtype":"U8","shape":${JSON.stringify(lengths)},"data_offsets":[0,${end}]}}`, 8);
  const most = Number.MAX_SAFE_INTEGER;
  for (const lengths of [[most], [most, most], [2 ** 32, 2 ** 32], new Array(40).fill(most), [most, most, 0]]) {
    assertRefused(shape(lengths), "tensor 'a' does not fill its shape");
  }
  assertRefused(shape([1e300]), "tensor 'a' has no shape or offsets");
  assertRefused(shape([8], 2 ** 60), "tensor 'a' has no shape or offsets");
  assertRefused(
    shape([most], most),
    "tensor 'a' is cut off: the file has 77 bytes".replace("77", `${shape([most], most).length}`),
  );
  assertRefused(shape(new Array(65).fill(1), 1), "tensor 'a' has 65 dimensions: expected 64 at most");
  const deep = (open: string, close: string) => withHeader(open.repeat(200_000) + close.repeat(200_000));
  const { message } = assertThrows(() => decodeSafetensors(deep("[", "]")), SyntaxError);
  assert(message.startsWith("Cannot decode safetensors as the header is not"), message);
  assertThrows(() => decodeSafetensors(deep('{"a":', "}")), SyntaxError, "Cannot decode safetensors as ");
  const length = withHeader("{}");
  new DataView(length.buffer).setBigUint64(0, 2n ** 64n - 8n, true);
  assertRefused(length, "the header is cut off: the file has 10 bytes");
});

Deno.test("decodeSafetensors() cuts long names short in what it says", () => {
  const { message } = assertThrows(() => decodeSafetensors(withHeader(`{"${"x".repeat(10_000)}":1}`)), SyntaxError);
  assertLess(message.length, 200);
});

Deno.test("decodeSafetensors() reads a Buffer of Node's, and keeps none of its memory", () => {
  const bytes = encodeSafetensors({ tensors: { a: { data: Float32Array.of(1, 2, 3), shape: [3] } }, metadata: {} });
  const buffer = Buffer.from(bytes);
  const { a } = decodeSafetensors(buffer).tensors;
  buffer.fill(0);
  assertEquals([a!.data.length, ...a!.data as Float32Array], [3, 1, 2, 3]);
});
