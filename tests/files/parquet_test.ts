import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import fc from "../_fast_check.ts";
import { ByteWriter, parquetWrite } from "hyparquet-writer";
import { expandLz4 } from "../../src/files/_codecs.ts";
import { Fault, ParquetFile } from "../../src/files/_parquet.ts";
import { runSql } from "./_duckdb.ts";
import { withFolder } from "./_folder.ts";

const ROWS = 5000;

/** Rows whose values repeat, so that an engine makes dictionaries of some columns and not of others. */
const TABLE = `SELECT (i % 7)::UINTEGER AS few, (i * 7919 % 4294967296)::UINTEGER AS many,
  CASE WHEN i % 3 = 0 THEN NULL ELSE 'Ünï-' || (i % 100) END AS text, 'id-' || i AS id FROM range(${ROWS}) r(i)`;

async function fileOf(folder: string, sql: string, options: string): Promise<ParquetFile> {
  const path = `${folder}/file.parquet`;
  await runSql(`COPY (${sql}) TO '${path}' (FORMAT parquet, ${options})`);
  return new ParquetFile("file.parquet", await Deno.readFile(path));
}

for (const codec of ["uncompressed", "snappy", "gzip", "zstd", "brotli", "lz4_raw"]) {
  for (const options of ["PARQUET_VERSION v1", "PARQUET_VERSION v2", "PARQUET_VERSION v1, ROW_GROUP_SIZE 2048"]) {
    Deno.test(`ParquetFile reads what DuckDB writes with ${codec}, ${options}`, () =>
      withFolder(async (folder) => {
        const file = await fileOf(folder, TABLE, `COMPRESSION ${codec}, ${options}`);
        const rows = Array.from({ length: ROWS }, (_, row) => row);
        assertEquals(file.rowCount, ROWS);
        assertEquals([...await file.integers("few", 7)], rows.map((row) => row % 7));
        assertEquals([...await file.integers("many", 2 ** 32)], rows.map((row) => row * 7919 % 2 ** 32));
        assertEquals(await file.strings("id"), rows.map((row) => `id-${row}`));
        assertEquals(await file.strings("text"), rows.map((row) => row % 3 === 0 ? null : `Ünï-${row % 100}`));
      }));
  }
}

for (
  const type of ["TINYINT", "UTINYINT", "SMALLINT", "INTEGER", "UINTEGER", "BIGINT", "UBIGINT", "FLOAT", "DOUBLE"]
    .concat("DECIMAL(4, 0)", "DECIMAL(9, 0)", "DECIMAL(18, 0)", "DECIMAL(30, 0)")
) {
  for (const version of ["v1", "v2"]) {
    Deno.test(`ParquetFile reads whole numbers of ${type} on pages ${version}`, () =>
      withFolder(async (folder) => {
        const file = await fileOf(
          folder,
          `SELECT (i % 100)::${type} AS n FROM range(300) r(i)`,
          `PARQUET_VERSION ${version}`,
        );
        assertEquals([...await file.integers("n", 100)], Array.from({ length: 300 }, (_, row) => row % 100));
      }));
  }
}

for (
  const [type, value, fault] of [
    ["DOUBLE", "0.5", "file.parquet holds '0.5' in column 'n' of row 1: expected an integer in [0, 9)"],
    ["DOUBLE", "'nan'", "file.parquet holds 'NaN' in column 'n' of row 1: expected an integer in [0, 9)"],
    ["BIGINT", "-1", "file.parquet holds '-1' in column 'n' of row 1: expected an integer in [0, 9)"],
    [
      "UBIGINT",
      "18446744073709551615",
      "file.parquet holds '18446744073709551615' in column 'n' of row 1: expected " +
      "an integer in [0, 9)",
    ],
    ["DECIMAL(5, 2)", "1", "file.parquet holds no integers in column 'n': its type is DECIMAL with 2 decimals"],
    ["TIMESTAMP", "'2020-01-01'", "file.parquet holds no integers in column 'n': its type is TIMESTAMP"],
    ["DATE", "'2020-01-01'", "file.parquet holds no integers in column 'n': its type is DATE"],
    ["VARCHAR", "'1'", "file.parquet holds no integers in column 'n': its type is UTF8"],
    ["BOOLEAN", "true", "file.parquet holds no integers in column 'n': its type is BOOLEAN"],
    ["INTEGER[]", "[1]", "file.parquet holds no integers in column 'n': its type is LIST"],
  ] as const
) {
  Deno.test(`ParquetFile refuses ${value} of ${type} as an integer below 9`, () =>
    withFolder(async (folder) => {
      const first = type === "INTEGER[]" || !fault.includes("row 1") ? `NULL::${type}` : `0::${type}`;
      const file = await fileOf(folder, `SELECT ${first} AS n UNION ALL SELECT ${value}::${type}`, "COMPRESSION zstd");
      const { message } = await assertRejects(() => file.integers("n", 9), Fault);
      assertEquals(message, fault);
    }));
}

Deno.test("ParquetFile.strings() gives text for columns of any type", () =>
  withFolder(async (folder) => {
    const sql = `SELECT 12345678901234567::BIGINT AS big, 1.5::DOUBLE AS float, TIMESTAMP '2020-01-02 03:04:05' AS time,
      'raw'::BLOB AS raw, ['a', 'b'] AS list, [1::BIGINT, 2] AS numbers, '{"a":1}'::JSON AS json, true AS flag,
      {'x': 1, 'y': 'z'} AS both`;
    const file = await fileOf(folder, sql, "COMPRESSION zstd");
    const texts: Record<string, string | null> = {};
    for (const column of file.columns) texts[column] = (await file.strings(column))[0]!;
    assertEquals(texts, {
      big: "12345678901234567",
      float: "1.5",
      time: "2020-01-02T03:04:05.000Z",
      raw: "raw",
      list: '["a","b"]',
      numbers: "[1,2]",
      json: '{"a":1}',
      flag: "true",
      both: '{"x":1,"y":"z"}',
    });
  }));

Deno.test("ParquetFile reads what hyparquet-writer writes, texts with and without a mark of UTF-8", async () => {
  for (const codec of ["UNCOMPRESSED", "SNAPPY"] as const) {
    const writer = new ByteWriter();
    parquetWrite({
      writer,
      codec,
      rowGroupSize: 2,
      columnData: [
        { name: "n", data: [1n, 2n, 3n], type: "INT64" },
        { name: "text", data: ["a", "ü", "c"], type: "STRING" },
        { name: "raw", data: ["a", "ü", "c"].map((text) => new TextEncoder().encode(text)), type: "BYTE_ARRAY" },
      ],
    });
    const file = new ParquetFile("file.parquet", new Uint8Array(writer.getBuffer()));
    assertEquals([...await file.integers("n", 4)], [1, 2, 3]);
    for (const column of ["text", "raw"]) assertEquals(await file.strings(column), ["a", "ü", "c"]);
  }
});

Deno.test("ParquetFile reads a file without rows", () =>
  withFolder(async (folder) => {
    const file = await fileOf(folder, `${TABLE} WHERE i < 0`, "COMPRESSION zstd");
    assertEquals([file.rowCount, file.columns], [0, ["few", "many", "text", "id"]]);
    assertEquals([...await file.integers("few", 1)], []);
  }));

Deno.test("ParquetFile says of spoilt pages that the file is damaged, where the codec has a checksum", () =>
  withFolder(async (folder) => {
    await fileOf(folder, TABLE, "COMPRESSION gzip");
    const bytes = await Deno.readFile(`${folder}/file.parquet`);
    for (const part of [0.2, 0.4, 0.6]) {
      const at = bytes.length * part;
      const file = new ParquetFile("file.parquet", bytes.slice().fill(0xa5, at, at + 200));
      const { message } = await assertRejects(async () => {
        for (const column of file.columns) await file.strings(column);
      }, Fault);
      assertEquals(message.startsWith("file.parquet is damaged: "), true, message);
    }
  }));

Deno.test("ParquetFile reads a file with spoilt bytes or says that it is damaged, and throws nothing else", () =>
  withFolder(async (folder) => {
    for (const options of ["COMPRESSION snappy", "COMPRESSION uncompressed, PARQUET_VERSION v2"]) {
      await fileOf(folder, `SELECT few, many, text FROM (${TABLE}) LIMIT 300`, options);
      const bytes = await Deno.readFile(`${folder}/file.parquet`);
      const spoilt = fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 });
      await fc.assert(
        fc.asyncProperty(spoilt, async (changes) => {
          const copy = bytes.slice();
          for (const [at, value] of changes) copy[at] = value;
          try {
            const file = new ParquetFile("file.parquet", copy);
            for (const column of ["few", "many"]) await file.integers(column, 2 ** 32);
            await file.strings("text");
          } catch (error) {
            if (!(error instanceof Fault)) throw error;
          }
        }),
        { numRuns: 200, seed: 7 },
      );
    }
  }));

Deno.test("expandLz4() expands literals and copies that overlap themselves, and refuses what is cut off", () => {
  // Four literals, then a copy of 5 from 1 back, then the last literals
  const block = Uint8Array.of(0x41, 1, 2, 3, 4, 1, 0, 0x20, 8, 9);
  const whole = [1, 2, 3, 4, 4, 4, 4, 4, 4, 8, 9];
  assertEquals([...expandLz4(block, 11)], whole);
  const long = Uint8Array.of(0xf0, 255, 3, ...new Uint8Array(273).fill(7));
  assertEquals([...expandLz4(long, 273)], new Array(273).fill(7));
  for (let length = 1; length < block.length; length++) {
    assertThrows(() => expandLz4(block.subarray(0, length), 11), RangeError, "an LZ4 block is damaged");
  }
  for (const size of [10, 12]) assertThrows(() => expandLz4(block, size), RangeError);
  assertThrows(() => expandLz4(Uint8Array.of(0x10, 1, 2, 0, 0x10, 8), 6), RangeError);
});
