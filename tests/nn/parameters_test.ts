import { assertEquals, assertThrows } from "@std/assert";
import { type ModelWeights, ParameterLayout } from "../../src/nn/parameters.ts";

const counted = (length: number, first: number) => Float32Array.from({ length }, (_, at) => first + at);

const WEIGHTS: ModelWeights = {
  "b": { data: counted(5, 100), shape: [5] },
  "a": { data: counted(6, 200), shape: [2, 3, 1] },
  "c": { data: counted(60, 300), shape: [4, 15] },
  "d": { data: counted(1, 400), shape: [1] },
};

Deno.test("ParameterLayout lays parameters out in the order given, each from a quad on", () => {
  const layout = new ParameterLayout(WEIGHTS);
  assertEquals(["b", "a", "c", "d"].map((name) => layout.offset(name)), [0, 2, 4, 19]);
  // 8 + 8 + 60 + 4 elements
  assertEquals([layout.rows, layout.columns], [2, 64]);
});

Deno.test("ParameterLayout packs parameters with zeros between them, and unpacks them", () => {
  const layout = new ParameterLayout(WEIGHTS);
  const flat = layout.pack({ ...WEIGHTS, other: { data: counted(3, 500), shape: [3] } });
  assertEquals(flat.length, 128);
  assertEquals([...flat.subarray(0, 18)], [
    100,
    101,
    102,
    103,
    104,
    0,
    0,
    0,
    200,
    201,
    202,
    203,
    204,
    205,
    0,
    0,
    300,
    301,
  ]);
  assertEquals([...flat.subarray(74, 80)], [358, 359, 400, 0, 0, 0]);
  assertEquals(flat.subarray(80).some((value) => value !== 0), false);
  assertEquals(layout.unpack(flat), WEIGHTS);
  assertEquals(Object.keys(layout.unpack(flat)), ["b", "a", "c", "d"]);
  // Nothing of what lies between comes back, and what comes back is a copy
  const unpacked = layout.unpack(flat.map((value) => value === 0 ? NaN : value));
  assertEquals(unpacked, WEIGHTS);
  flat.fill(7);
  assertEquals(unpacked, WEIGHTS);
});

Deno.test("ParameterLayout takes exactly full rows, and no parameters", () => {
  assertEquals(new ParameterLayout({ a: { data: counted(64, 0), shape: [64] } }).rows, 1);
  assertEquals(new ParameterLayout({ a: { data: counted(65, 0), shape: [65] } }).rows, 2);
  const empty = new ParameterLayout({});
  assertEquals([empty.rows, empty.pack({}).length, empty.unpack(new Float32Array())], [0, 0, {}]);
});

Deno.test("ParameterLayout says which parameter there is not", () => {
  assertEquals(
    assertThrows(() => new ParameterLayout(WEIGHTS).offset("e"), TypeError).message,
    "Cannot use parameter 'e' as the model has no such parameter",
  );
});
