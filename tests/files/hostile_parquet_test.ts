import { assert, assertEquals, assertLess, assertRejects } from "@std/assert";
import { zstdCompressSync } from "node:zlib";
import { Fault, ParquetFile } from "../../src/files/_parquet.ts";
import {
  i32,
  i64,
  list,
  page,
  parquet,
  struct,
  text,
  type Thrift,
  varint,
  type WrittenColumn,
} from "./_parquet_bytes.ts";

const UNCOMPRESSED = 0, SNAPPY = 1, ZSTD = 6;
const INT32 = { name: "n", type: 1, repetition: 0, codec: UNCOMPRESSED };
const TEXTS = { ...INT32, type: 6 };
const four = (value: number) => [value & 255, value >> 8 & 255, value >> 16 & 255, value >>> 24];
const NUMBERS = [...four(1), ...four(2), ...four(3)];
/** A dictionary of one number. */
const DICTIONARY = page(four(7), { values: 1, type: 2 });
/** Runs as long as can be said. */
const ENDLESS = varint(2 ** 32 - 2), MANY = 2 ** 31 - 1;

/** One column of a file with so many rows. */
const file = (column: Partial<WrittenColumn> & { pages: number[] }, rows = 3) =>
  parquet([{ ...INT32, ...column }], rows);

async function read(bytes: Uint8Array<ArrayBuffer>): Promise<unknown> {
  const parquet = new ParquetFile("file.parquet", bytes);
  try {
    return [...await parquet.integers("n", 2 ** 32)];
  } catch (error) {
    if (!(error instanceof Fault) || !error.message.includes("holds no integers")) throw error;
    return await parquet.strings("n");
  }
}

Deno.test("files written by hand are read where they say what is true", async () => {
  assertEquals(await read(file({ pages: page(NUMBERS, { values: 3 }) })), [1, 2, 3]);
  assertEquals(
    await read(
      file({ pages: [...page(NUMBERS.slice(0, 4), { values: 1 }), ...page(NUMBERS.slice(4), { values: 2 })] }),
    ),
    [1, 2, 3],
  );
  assertEquals(await read(file({ pages: [...DICTIONARY, ...page([1, 6, 0], { values: 3, encoding: 8 })] })), [7, 7, 7]);
  // Values that all are the first of the dictionary, and what follows the runs
  assertEquals(await read(file({ pages: [...DICTIONARY, ...page([0], { values: 3, encoding: 8 })] })), [7, 7, 7]);
  assertEquals(await read(file({ pages: [...DICTIONARY, ...page([1, 6, 0, 255, 255], { values: 3, encoding: 8 })] })), [
    7,
    7,
    7,
  ]);
  // Packed values are filled up to eight
  assertEquals(await read(file({ pages: [...DICTIONARY, ...page([1, 3, 0], { values: 3, encoding: 8 })] })), [7, 7, 7]);
  const missing = page([...four(2), 3, 5, ...four(1), 65], { values: 2 });
  assertEquals(await read(file({ ...TEXTS, repetition: 1, pages: missing }, 2)), ["A", null]);
  const zeros = zstdCompressSync(new Uint8Array(4 * 100_000));
  assertEquals(
    await read(file({ codec: ZSTD, pages: page([...zeros], { values: 100_000, expanded: 400_000 }) }, 100_000)),
    new Array(100_000).fill(0),
  );
});

/** Memory of this test alone: others run beside it in the same process. */
function ownMemory(): number {
  const { heapTotal, external } = Deno.memoryUsage();
  return heapTotal + external;
}

/** What 60 KB of lists that begin in one another look like. */
const nested = Array.from({ length: 8000 }, () => [0xf9, ...varint(3e7)]).flat();
const deepStruct: Thrift = { type: 12, bytes: new Array(20_000).fill(0x1c) };
const deepSchema = list(12, Array.from({ length: 3000 }, (_, at) => struct({ 4: text(`${at}`), 5: i32(1) })));
const bomb = zstdCompressSync(new Uint8Array(2 ** 30));

for (
  const [name, bytes, message] of [
    [
      "a footer of lists that begin in one another",
      parquet([], 0, struct({ 2: { type: 9, bytes: nested } })),
      "a list of",
    ],
    [
      "a footer of structs in one another",
      parquet([], 0, struct({ 1: deepStruct })),
      "its structs are nested more than",
    ],
    [
      "a footer whose schema is a long chain",
      parquet([], 0, struct({ 2: deepSchema, 3: i64(0), 4: list(12, []) })),
      "its columns are nested more than",
    ],
    [
      "a schema that says more columns",
      parquet([], 0, struct({ 2: list(12, [struct({ 4: text("root"), 5: i32(MANY) })]), 3: i64(0), 4: list(12, []) })),
      "its schema is cut off",
    ],
    ["a footer without a schema", parquet([], 0, struct({ 3: i64(0) })), "its footer cannot be read"],
    [
      "a footer of numbers that do not end",
      parquet([], 0, struct({ 1: { type: 6, bytes: new Array(50_000).fill(255) } })),
      "a number has more than 10 bytes",
    ],
    [
      "billions of rows",
      file({ pages: page(NUMBERS, { values: 3 }) }, MANY),
      "it counts 2147483647 rows of 1 columns, far more than",
    ],
    ["more rows than its pages", file({ pages: page(NUMBERS, { values: 3 }) }, 4), "column 'n' has 3 of 4 rows"],
    ["fewer rows than its pages", file({ pages: page(NUMBERS, { values: 3 }) }, 2), "its pages have 3 of 2 values"],
    [
      "a page of billions of values",
      file({ pages: page(NUMBERS, { values: MANY }) }),
      "its pages have 2147483647 of 3 values",
    ],
    ["a page that is cut off", file({ pages: page(NUMBERS.slice(1), { values: 3 }) }), "a page of 3 values is cut off"],
    [
      "a page that ends in the next column",
      file({ pages: page(NUMBERS, { values: 3 }), size: 20 }),
      "a page of 12 bytes is cut off",
    ],
    [
      "pages outside of the file",
      file({ pages: page(NUMBERS, { values: 3 }), begin: 2n ** 40n }),
      "column 'n' is cut off",
    ],
    ["pages before the file", file({ pages: page(NUMBERS, { values: 3 }), begin: -1n }), "it has no number of bytes"],
    [
      "a page that says another size",
      file({ pages: page(NUMBERS, { values: 3, expanded: MANY }) }),
      "its pages expand to far more than",
    ],
    [
      "a run of billions of values",
      file({ pages: [...DICTIONARY, ...page([1, ...ENDLESS, 0], { values: 3, encoding: 8 })] }),
      "a run of 2147483647 values has more than the page",
    ],
    [
      "packed values by the billion",
      file({ pages: [...DICTIONARY, ...page([1, ...varint(2 ** 31 + 1), 0], { values: 3, encoding: 8 })] }),
      "a run of 8589934592 values has more than the page",
    ],
    [
      "levels by the billion",
      file({ repetition: 1, pages: page([...four(6), ...ENDLESS, 1], { values: 3 }) }),
      "a run of 2147483647 values has more than the page",
    ],
    [
      "values of 200 bits",
      file({ pages: [...DICTIONARY, ...page([200, 6, 0], { values: 3, encoding: 8 })] }),
      "a value has 200 bits",
    ],
    [
      "a dictionary of billions",
      file({ pages: page(four(7), { values: MANY, type: 2 }) }),
      "a dictionary of 2147483647 values is cut off",
    ],
    [
      "differences in blocks of billions",
      file({ pages: page([...varint(2 ** 31), ...varint(2 ** 31), 3, 0], { values: 3, encoding: 5 }) }),
      "differences are packed in blocks",
    ],
    [
      "an encoding that there is not",
      file({ pages: page(NUMBERS, { values: 3, encoding: 77 }) }),
      "a page has an encoding that is not read",
    ],
    [
      "Snappy that says gigabytes",
      file({ codec: SNAPPY, pages: page([200, 1], { values: 3, expanded: 60_000_000 }) }),
      "2 bytes do not expand to 60000000",
    ],
    [
      "zstd that expands to a gigabyte",
      file({ codec: ZSTD, pages: page([...bomb], { values: 3, expanded: 2 ** 30 }) }),
      "its pages expand to far more than",
    ],
    [
      "zstd that expands to more than it says",
      file({ codec: ZSTD, pages: page([...bomb], { values: 3, expanded: 12 }) }),
      "the pages of column 'n' cannot be read",
    ],
    [
      "texts each of which begins as the one before",
      file({
        ...TEXTS,
        pages: page([...varint(128), 1, 2, 0, ...varint(2e9), 0, ...varint(128), 1, 2, 2, 0, 0, 65], {
          values: 2,
          encoding: 7,
        }),
      }, 2),
      "a text begins as none before it",
    ],
  ] as const
) {
  Deno.test(`a Parquet file with ${name} is refused, in no time and no memory`, async () => {
    const before = ownMemory(), start = performance.now();
    const error = await assertRejects(() => read(bytes), Fault);
    assert(error.message.startsWith(`file.parquet is damaged: ${message}`), error.message);
    assertLess(performance.now() - start, 2000);
    assertLess(ownMemory() - before, 200e6);
  });
}

Deno.test("a Parquet file of many columns that share their pages is refused", async () => {
  const rows = 200_000, zeros = [...zstdCompressSync(new Uint8Array(4 * rows))];
  const pages = page(zeros, { values: rows, expanded: 4 * rows });
  const columns = Array.from(
    { length: 400 },
    (_, at) => ({ ...INT32, name: `n${at}`, codec: ZSTD, pages: at === 0 ? pages : [], begin: 4, size: pages.length }),
  );
  const error = await assertRejects(
    async () => await new ParquetFile("file.parquet", parquet(columns, rows)).integers("n7", 9),
    Fault,
  );
  assert(
    error.message.startsWith("file.parquet is damaged: it counts 200000 rows of 400 columns, far more than"),
    error.message,
  );
});
