import { assert, assertEquals, assertRejects } from "@std/assert";
import { type PackedSequences, sequenceAt } from "../../src/data/sequences.ts";
import { DatasetError, readDataset } from "../../src/files/read_dataset.ts";
import { prepare } from "../../src/prepare/prepare.ts";
import { range } from "../data/_fixtures.ts";
import { DuckDBInstance } from "npm:@duckdb/node-api@1.5.6-r.1";
import { runSql } from "./_duckdb.ts";
import { withFolder } from "./_folder.ts";

/** Makes a small dataset, spoils it, and says what the reader finds. */
async function faultOf(spoil: (dir: string) => Promise<void>): Promise<string> {
  const folder = await Deno.makeTempDir();
  try {
    const file = `${folder}/log`, dir = `${folder}/out`;
    await Deno.writeTextFile(file, "1 5 6 7 8\n2 5 6 8 7\n3 8 5\n");
    await prepare({ files: [file], out: dir, format: "sequences", minUser: 1, minItem: 1 });
    await spoil(dir);
    const { message } = await assertRejects(() => readDataset(dir), DatasetError);
    assert(message.startsWith(`Cannot read dataset '${dir}' as `), message);
    return message.slice(`Cannot read dataset '${dir}' as `.length);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Writes a Parquet file with a query that may read the one that was there as `old`. */
async function rewrite(dir: string, file: string, sql: string, compression = "snappy"): Promise<void> {
  await runSql(
    `CREATE TABLE old AS SELECT * FROM read_parquet('${dir}/${file}')`,
    `COPY (${sql}) TO '${dir}/${file}' (FORMAT parquet, COMPRESSION ${compression})`,
  );
}

const INTERACTIONS = "interactions.parquet";
const replaced = (column: string, value: string, where: string) => (dir: string) =>
  rewrite(
    dir,
    INTERACTIONS,
    `SELECT * REPLACE (CASE WHEN ${where} THEN ${value} ELSE ${column} END AS ${column}) FROM old`,
  );
const json = (change: (content: Record<string, unknown>) => void) => async (dir: string) => {
  const content = JSON.parse(await Deno.readTextFile(`${dir}/dataset.json`));
  change(content);
  await Deno.writeTextFile(`${dir}/dataset.json`, JSON.stringify(content));
};

for (
  const [what, spoil, fault] of [
    ["a folder that is not there", (dir) => Deno.remove(dir, { recursive: true }), "there is no such folder"],
    ["a missing dataset.json", (dir) => Deno.remove(`${dir}/dataset.json`), "dataset.json is missing"],
    ["a missing file", (dir) => Deno.remove(`${dir}/items.parquet`), "items.parquet is missing"],
    [
      "another schema version",
      json((content) => content["schemaVersion"] = 2),
      "dataset.json has schema version 2: expected 1",
    ],
    [
      "a missing count",
      json((content) => delete (content["counts"] as Record<string, unknown>)["users"]),
      "dataset.json is wrong at counts.users: Invalid input: expected number, received undefined",
    ],
    [
      "a wrong count of users",
      json((content) => (content["counts"] as Record<string, unknown>)["users"] = 4),
      "users.parquet has 3 rows and dataset.json counts another number of users: 4",
    ],
    [
      "a wrong count of training interactions",
      json((content) => (content["counts"] as Record<string, unknown>)["train"] = 7),
      "interactions.parquet has 6 rows of split 0 and dataset.json counts 7",
    ],
    [
      "an empty file",
      (dir) => Deno.writeTextFile(`${dir}/${INTERACTIONS}`, ""),
      "interactions.parquet is not a Parquet file: it does not begin with PAR1",
    ],
    [
      "a column that is not there",
      (dir) => rewrite(dir, INTERACTIONS, "SELECT * EXCLUDE (split) FROM old"),
      "interactions.parquet has no column 'split': its columns are user, item, position, timestamp",
    ],
    [
      "a column of another type",
      (dir) => rewrite(dir, INTERACTIONS, "SELECT * REPLACE (item::VARCHAR AS item) FROM old"),
      "interactions.parquet holds no integers in column 'item': its type is UTF8",
    ],
    [
      "a source without a hash",
      json((content) => content["source"] = [{ file: "log", bytes: 1, sha256: "0" }]),
      "dataset.json is wrong at source.0.sha256: expected 64 hexadecimal digits",
    ],
    [
      "a summary that is no object",
      json((content) => content["summary"] = "short"),
      "dataset.json is wrong at summary: Invalid input: expected record, received string",
    ],
    [
      "an item that is not there",
      replaced("item", "4", `"user" = 1 AND position = 2`),
      "interactions.parquet holds '4' in column 'item' of row 6: expected an integer in [0, 4)",
    ],
    [
      "a missing value",
      replaced("item", "NULL", `"user" = 1 AND position = 0`),
      "interactions.parquet holds 'null' in column 'item' of row 4: expected an integer in [0, 4)",
    ],
    [
      "another split",
      replaced("split", "3", `"user" = 0 AND position = 0`),
      "interactions.parquet holds '3' in column 'split' of row 0: expected an integer in [0, 3)",
    ],
    [
      "a position that comes twice",
      replaced("position", "1", `"user" = 0 AND position = 2`),
      "interactions.parquet has no ascending position for user 0 in row 2",
    ],
    [
      "a training item after the one to validate on",
      replaced("split", "0", `"user" = 0 AND position = 3`),
      "interactions.parquet has split 0 after split 1 for user 0 in row 3",
    ],
    [
      "an item to validate on after one to test on",
      replaced("split", "CASE position WHEN 2 THEN 2 ELSE 1 END", `"user" = 1 AND position >= 2`),
      "interactions.parquet has split 1 after split 2 for user 1 in row 7",
    ],
    [
      "more items to test on than are counted",
      replaced("split", "2", `"user" = 1 AND position = 2`),
      "interactions.parquet has 1 rows of split 1 and dataset.json counts 2",
    ],
    [
      "users out of order",
      (dir) => rewrite(dir, INTERACTIONS, `SELECT * FROM old ORDER BY "user" DESC, position`),
      "interactions.parquet is not in the order of users in row 2",
    ],
    [
      "items out of order",
      (dir) => rewrite(dir, "items.parquet", "SELECT * FROM old ORDER BY item DESC"),
      "items.parquet is out of order in row 0: expected item 0, current value is 3",
    ],
    [
      "an item named twice",
      (dir) => rewrite(dir, "items.parquet", "SELECT * REPLACE ('same' AS id) FROM old"),
      "items.parquet has the id 'same' twice",
    ],
    [
      "a user without a name",
      (dir) => rewrite(dir, "users.parquet", `SELECT * REPLACE (NULL::VARCHAR AS id) FROM old`),
      "users.parquet has no id in row 0",
    ],
  ] satisfies [string, (dir: string) => Promise<void>, string][]
) {
  Deno.test(`readDataset() refuses ${what}`, async () => assertEquals(await faultOf(spoil), fault));
}

Deno.test("readDataset() refuses a dataset.json that is not JSON", async () => {
  const fault = await faultOf((dir) => Deno.writeTextFile(`${dir}/dataset.json`, "{"));
  assert(fault.startsWith("dataset.json is not JSON: "), fault);
});

Deno.test("readDataset() refuses a dataset.json that is a folder, no UTF-8, nested deep or of billions", async () => {
  const write = (content: string | Uint8Array) => (dir: string) =>
    Deno.writeFile(`${dir}/dataset.json`, typeof content === "string" ? new TextEncoder().encode(content) : content);
  const nested = `{"schemaVersion":1,"options":${"[".repeat(50_000)}${"]".repeat(50_000)}}`;
  assertEquals(
    await faultOf(write(nested)),
    "dataset.json is not JSON: Cannot read JSON as it is nested more than 64 levels deep",
  );
  assertEquals(await faultOf(write(Uint8Array.of(0x22, 0xff, 0x22))), "dataset.json is not of UTF-8");
  const folder = async (dir: string) => {
    await Deno.remove(`${dir}/dataset.json`);
    await Deno.mkdir(`${dir}/dataset.json`);
  };
  assertEquals(await faultOf(folder), "dataset.json is a folder");
  const most = 2 ** 31 - 1, start = performance.now();
  const counts = { users: most, items: most, interactions: most };
  assertEquals(
    await faultOf(write(JSON.stringify({ schemaVersion: 1, counts }))),
    `users.parquet has 3 rows and dataset.json counts another number of users: ${most}`,
  );
  assert(performance.now() - start < 5000);
});

Deno.test("readDataset() keeps a column of the items whatever it is called", () =>
  withFolder(async (folder) => {
    const file = `${folder}/log`, out = `${folder}/out`;
    await Deno.writeTextFile(file, "1 5 6 7\n2 5 6 7\n");
    await prepare({ files: [file], out, format: "sequences", minUser: 1, minItem: 1 });
    const names = ["__proto__", "constructor", "7", ""].map((name) => `'t' AS "${name || " "}"`);
    await rewrite(out, "items.parquet", `SELECT *, ${names.join(", ")} FROM old`);
    const { itemColumns } = await readDataset(out);
    assertEquals(Object.keys(itemColumns).toSorted(), [" ", "7", "__proto__", "constructor"]);
    for (const values of Object.values(itemColumns)) assertEquals(values, ["t", "t", "t"]);
  }));

Deno.test("readDataset() says of a file cut anywhere that it ends early", async () => {
  for (const part of [0.2, 0.6, 0.99]) {
    let length = 0;
    const fault = await faultOf(async (dir) => {
      const bytes = await Deno.readFile(`${dir}/${INTERACTIONS}`);
      length = Math.floor(bytes.length * part);
      await Deno.writeFile(`${dir}/${INTERACTIONS}`, bytes.subarray(0, length));
    });
    assertEquals(fault, `interactions.parquet ends early: ${length} bytes and no Parquet footer`);
  }
});

Deno.test("readDataset() says of a file with spoilt bytes that it is damaged", async () => {
  const fault = await faultOf(async (dir) => {
    const bytes = await Deno.readFile(`${dir}/${INTERACTIONS}`);
    await Deno.writeFile(`${dir}/${INTERACTIONS}`, bytes.fill(255, 4, 60));
  });
  assert(fault.startsWith("interactions.parquet "), fault);
});

Deno.test("readDataset() takes files of any engine: 64-bit integers, no compression, gaps between positions", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const file = `${dir}/log`, out = `${dir}/out`;
    await Deno.writeTextFile(file, "1 5 6 7 8\n2 5 6\n");
    await prepare({ files: [file], out, format: "sequences", minUser: 1, minItem: 1 });
    const before = await readDataset(out);
    const sql =
      `SELECT "user"::BIGINT AS "user", item::BIGINT AS item, position * 10 AS position, split::INTEGER AS split FROM old`;
    await rewrite(out, INTERACTIONS, sql, "uncompressed");
    assertEquals(await readDataset(out), before);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("readDataset() takes any number of items to validate and to test on, and users who have nothing else", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const file = `${dir}/log`, out = `${dir}/out`;
    await Deno.writeTextFile(file, "1 5 6 7 8\n2 5 6 8 7\n3 8 5\n4 5\n");
    await prepare({ files: [file], out, format: "sequences", minUser: 1, minItem: 1 });
    const splits = `CASE "user" WHEN 0 THEN [0, 1, 1, 2] WHEN 1 THEN [1, 1, 2, 2] WHEN 2 THEN [2, 2] ELSE [1] END`;
    const split = `(${splits})[position + 1]::UTINYINT`;
    await rewrite(out, INTERACTIONS, `SELECT * REPLACE (${split} AS split) FROM old`);
    await json((content) => Object.assign(content["counts"] as object, { train: 1, valid: 5, test: 5 }))(out);
    const { train, valid, test, items } = await readDataset(out);
    const ids = (part: PackedSequences) =>
      range(4).map((user) => [...sequenceAt(part, user)].map((item) => items[item]));
    assertEquals(ids(train), [["5"], [], [], []]);
    assertEquals(ids(valid), [["6", "7"], ["5", "6"], [], ["5"]]);
    assertEquals(ids(test), [["8"], ["8", "7"], ["8", "5"], []]);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

const SOURCE = { file: "log.csv", bytes: 3, sha256: "0".repeat(64) };

Deno.test("readDataset() needs no more of dataset.json than its version and three counts", () =>
  withFolder(async (folder) => {
    const file = `${folder}/log`, out = `${folder}/beauty`;
    await Deno.writeTextFile(file, "1 5 6 7 8\n2 5 6 8 7\n3 8 5\n");
    await prepare({ files: [file], out, format: "sequences", minUser: 1, minItem: 1 });
    const before = await readDataset(out), { train, valid, test, ...counts } = before.provenance.counts;
    const write = (content: object) => Deno.writeTextFile(`${out}/dataset.json`, JSON.stringify(content));
    await write({ schemaVersion: 1, counts, written: "2026-01-01", more: { a: 1 } });
    const found = await readDataset(`${out}/`);
    assertEquals(found, {
      ...before,
      provenance: {
        schemaVersion: 1,
        name: "beauty",
        createdBy: "unknown",
        source: [],
        options: {},
        counts: { ...counts, train, valid, test },
      },
    });
    await write({ schemaVersion: 1, counts, name: null, createdBy: null, options: null, source: null, summary: null });
    assertEquals(await readDataset(out), found);

    for (const [source, expected] of [[SOURCE, [SOURCE]], [[], []], [[SOURCE, SOURCE], [SOURCE, SOURCE]]]) {
      const summary = { period: [1, 2] };
      await write({ schemaVersion: 1, counts, source, summary });
      const { provenance } = await readDataset(out);
      assertEquals([provenance.source, provenance.summary], [expected, summary]);
    }
  }));

Deno.test("readDataset() takes a name that is a path or moves the cursor as one that does neither", () =>
  withFolder(async (folder) => {
    const file = `${folder}/log`, out = `${folder}/out`;
    await Deno.writeTextFile(file, "1 5 6 7 8\n2 5 6 8 7\n");
    await prepare({ files: [file], out, format: "sequences", minUser: 1, minItem: 1 });
    const content = JSON.parse(await Deno.readTextFile(`${out}/dataset.json`));
    for (
      const [name, expected] of [
        ["x/../../elsewhere", "x-..-..-elsewhere"],
        ["C:\\data\\log", "C-data-log"],
        ["../..", "out"],
        ["", "out"],
        [".hidden", "hidden"],
        ["red \u001b[31mname\u0007\n", "red -31mname"],
        ["right \u202eleft", "right -left"],
        ["Über 25 (2024) _+", "Über 25 (2024) _+"],
        ["n".repeat(1000), "n".repeat(100)],
      ] as const
    ) {
      await Deno.writeTextFile(`${out}/dataset.json`, JSON.stringify({ ...content, name }));
      const dataset = await readDataset(out);
      assertEquals([dataset.name, dataset.provenance.name], [expected, expected]);
    }
  }));

Deno.test("readDataset() reads a million interactions in a few seconds, whole", async () => {
  const dir = await Deno.makeTempDir();
  const instance = await DuckDBInstance.create(":memory:");
  const db = await instance.connect();
  try {
    const users = 10_000, each = 100, items = 3000, interactions = users * each;
    await db.run(`COPY (SELECT (i // ${each})::UINTEGER AS "user", ((i * 7919) % ${items})::UINTEGER AS item,
      (i % ${each})::UINTEGER AS position, i AS timestamp, greatest(0, i % ${each} - ${each - 3})::UTINYINT AS split
      FROM range(${interactions}) r(i) ORDER BY i) TO '${dir}/${INTERACTIONS}' (FORMAT parquet)`);
    for (const [name, count] of [["user", users], ["item", items]] as const) {
      await db.run(`COPY (SELECT i::UINTEGER AS "${name}", '${name}-' || i AS id FROM range(${count}) r(i) ORDER BY i)
        TO '${dir}/${name}s.parquet' (FORMAT parquet)`);
    }
    const train = interactions - 2 * users;
    const counts = { users, items, interactions, train, valid: users, test: users };
    const content = { schemaVersion: 1, name: "big", createdBy: "test", source: null, options: {}, counts };
    await Deno.writeTextFile(`${dir}/dataset.json`, JSON.stringify(content));
    const start = performance.now();
    const dataset = await readDataset(dir);
    const elapsed = performance.now() - start;
    assert(elapsed < 10_000, `${elapsed} ms`);
    assertEquals(dataset.train.items.length, train);
    for (let user = 0; user < users; user += 997) {
      assertEquals(dataset.train.offsets[user], user * (each - 2));
      for (let at = 0; at < each - 2; at += 13) {
        assertEquals(dataset.train.items[user * (each - 2) + at], ((user * each + at) * 7919) % items);
      }
      assertEquals(dataset.valid.items[user], ((user * each + each - 2) * 7919) % items);
      assertEquals(dataset.test.items[user], ((user * each + each - 1) * 7919) % items);
    }
    assertEquals(dataset.users.at(-1), "user-9999");
  } finally {
    db.closeSync();
    instance.closeSync();
    await Deno.remove(dir, { recursive: true });
  }
});
