import { assertEquals, assertRejects } from "@std/assert";
import { parquetMetadata, parquetReadObjects } from "hyparquet";
import { createTable, csvOf, type TableColumns, type TableRows } from "../../src/files/table_file.ts";
import { filesIn, withFolder } from "./_folder.ts";

/** Everything that a table can hold. */
const COLUMNS: TableColumns = { id: "string", place: "integer", score: "float", row: "vector" };

/** Rows in three pieces, the second without any. */
const PIECES: readonly TableRows[] = [
  {
    id: ["a", null, "", "ü \u{1f600}"],
    place: [0, 1, 2147483647, -5],
    score: [0.5, -0.25, Math.fround(0.1), 0],
    row: [[1, 2, 3], [0, 0, 0], [-1, 0.5, 1e-30], [4, 5, 6]].map((row) => Float32Array.from(row)),
  },
  { id: [], place: [], score: [], row: [] },
  { id: ["last"], place: [7], score: [1], row: [Float32Array.of(7, 8, 9)] },
];

async function write(path: string, columns: TableColumns, pieces: readonly TableRows[]): Promise<void> {
  using table = await createTable(path, columns);
  for (const piece of pieces) table.write(piece);
  table.finish();
}

async function readParquet(path: string): Promise<Record<string, unknown>[]> {
  return await parquetReadObjects({ file: (await Deno.readFile(path)).buffer });
}

Deno.test("a Parquet table reads back as it was written, in several pieces, with nulls and lists of floats", async () => {
  await withFolder(async (folder) => {
    await write(`${folder}/table.parquet`, COLUMNS, PIECES);
    assertEquals(await filesIn(folder), ["table.parquet"]);
    const expected = PIECES.flatMap((piece) =>
      piece["id"]!.map((id, at) => ({
        id,
        place: piece["place"]![at],
        score: piece["score"]![at],
        row: Array.from(piece["row"]![at] as Float32Array),
      }))
    );
    assertEquals<unknown>(await readParquet(`${folder}/table.parquet`), expected);
    const { schema } = parquetMetadata((await Deno.readFile(`${folder}/table.parquet`)).buffer);
    assertEquals(schema.map(({ name, type, repetition_type }) => [name, type, repetition_type]), [
      ["root", undefined, undefined],
      ["id", "BYTE_ARRAY", "OPTIONAL"],
      ["place", "INT32", "REQUIRED"],
      ["score", "FLOAT", "REQUIRED"],
      ["row", undefined, "REQUIRED"],
      ["list", undefined, "REPEATED"],
      ["element", "FLOAT", "REQUIRED"],
    ]);
  });
});

Deno.test("a Parquet table of many rows and pieces loses none", async () => {
  await withFolder(async (folder) => {
    const pieces = Array.from({ length: 12 }, (_, piece) => ({
      id: Array.from({ length: 5000 }, (_, at) => at % 7 === 0 ? null : `${piece} ${at % 100}`),
      place: Array.from({ length: 5000 }, (_, at) => piece * 5000 + at),
    }));
    await write(`${folder}/table.parquet`, { id: "string", place: "integer" }, pieces);
    const rows = await readParquet(`${folder}/table.parquet`);
    assertEquals(rows.length, 60000);
    const wrong = rows.findIndex(({ id, place }, at) =>
      place !== at || id !== pieces[Math.floor(at / 5000)]!.id[at % 5000]
    );
    assertEquals(wrong, -1);
  });
});

Deno.test("a Parquet table may have nothing but nulls, and no row", async () => {
  await withFolder(async (folder) => {
    await write(`${folder}/nulls.parquet`, { id: "string" }, [{ id: [null, null, null] }]);
    assertEquals(await readParquet(`${folder}/nulls.parquet`), [{ id: null }, { id: null }, { id: null }]);
    await write(`${folder}/empty.parquet`, COLUMNS, [PIECES[1]!]);
    assertEquals(await readParquet(`${folder}/empty.parquet`), []);
    await write(`${folder}/none.parquet`, COLUMNS, []);
    assertEquals(await readParquet(`${folder}/none.parquet`), []);
    const { schema } = parquetMetadata((await Deno.readFile(`${folder}/none.parquet`)).buffer);
    assertEquals(schema.length, 7);
  });
});

Deno.test("a CSV table has a head, quotes what could be taken for more than one cell, and a column for each element", async () => {
  await withFolder(async (folder) => {
    await write(`${folder}/table.csv`, COLUMNS, [PIECES[0]!, PIECES[2]!]);
    assertEquals(
      await Deno.readTextFile(`${folder}/table.csv`),
      [
        "id,place,score,row_0,row_1,row_2",
        "a,0,0.5,1,2,3",
        ",1,-0.25,0,0,0",
        '"",2147483647,0.10000000149011612,-1,0.5,1.0000000031710769e-30',
        "ü \u{1f600},-5,0,4,5,6",
        "last,7,1,7,8,9",
        "",
      ].join("\n"),
    );
    await write(`${folder}/quotes.csv`, { "a,b": "string", c: "string" }, [
      { "a,b": ['say "so"', "two\nlines", "a\rb", " before", "after "], c: ["1,5", null, "plain", "'", ";"] },
    ]);
    assertEquals(
      await Deno.readTextFile(`${folder}/quotes.csv`),
      '"a,b",c\n"say ""so""","1,5"\n"two\nlines",\n"a\rb",plain\n" before",\'\n"after ",;\n',
    );
    assertEquals(await filesIn(folder), ["quotes.csv", "table.csv"]);
  });
});

Deno.test("a CSV table without rows has its head", async () => {
  await withFolder(async (folder) => {
    await write(`${folder}/none.csv`, { id: "string", score: "float" }, []);
    assertEquals(await Deno.readTextFile(`${folder}/none.csv`), "id,score\n");
    await write(`${folder}/empty.csv`, { id: "string" }, [{ id: [] }, { id: [] }]);
    assertEquals(await Deno.readTextFile(`${folder}/empty.csv`), "id\n");
  });
});

for (const format of ["parquet", "csv"] as const) {
  Deno.test(`a .${format} table that is not finished leaves nothing behind, and an earlier one as it is`, async () => {
    await withFolder(async (folder) => {
      const path = `${folder}/table.${format}`;
      await Deno.writeTextFile(path, "before");
      const error = await assertRejects(async () => {
        using table = await createTable(path, COLUMNS);
        table.write(PIECES[0]!);
        throw new Error("something else went wrong");
      });
      assertEquals((error as Error).message, "something else went wrong");
      assertEquals(await filesIn(folder), [`table.${format}`]);
      assertEquals(await Deno.readTextFile(path), "before");
    });
  });

  Deno.test(`a .${format} table in a folder that is not there is refused in one line`, async () => {
    await withFolder(async (folder) => {
      const path = `${folder}/missing/table.${format}`;
      const error = await assertRejects(() => createTable(path, COLUMNS), RangeError);
      assertEquals(error.message, `Cannot write '${path}' as its folder is not there`);
      assertEquals(await filesIn(folder), []);
    });
  });

  Deno.test(`a .${format} table in place of a folder is refused in one line, and leaves nothing behind`, async () => {
    await withFolder(async (folder) => {
      const path = `${folder}/table.${format}`;
      await Deno.mkdir(path);
      const error = await assertRejects(() => write(path, COLUMNS, PIECES), RangeError);
      assertEquals(error.message, `Cannot write '${path}' as it is a folder`);
      assertEquals(await filesIn(folder), [`table.${format}`]);
    });
  });
}

Deno.test("a table of another format is refused", async () => {
  await withFolder(async (folder) => {
    for (const name of ["table.txt", "table", "table.parquet.gz", "csv"]) {
      const error = await assertRejects(() => createTable(`${folder}/${name}`, COLUMNS), RangeError);
      assertEquals(error.message, `Cannot write '${folder}/${name}' as its name must end in .parquet or .csv`);
    }
    assertEquals(await filesIn(folder), []);
  });
});

Deno.test("numbers of a table have all their digits, and may be missing", async () => {
  await withFolder(async (folder) => {
    const columns = { id: "string", value: "number" } as const, value = [0.1, null, -1e-300, 2 ** 53];
    for (const format of ["parquet", "csv"]) {
      await write(`${folder}/table.${format}`, columns, [{ id: ["a", "b,", "", "d"], value }]);
    }
    assertEquals((await readParquet(`${folder}/table.parquet`)).map(({ value }) => value), value);
    const csv = await Deno.readTextFile(`${folder}/table.csv`);
    assertEquals(csv, 'id,value\na,0.1\n"b,",\n"",-1e-300\nd,9007199254740992\n');
    assertEquals(csvOf(columns, { id: ["a", "b,", "", "d"], value }), csv);
  });
});
