import { assertEquals, assertRejects } from "@std/assert";
import { generatedDataset } from "../../src/data/generated.ts";
import { packSequences } from "../../src/data/sequences.ts";
import { writeRanks } from "../../src/files/ranks_file.ts";
import { readRanks } from "../../src/files/read_ranks.ts";
import { RunError } from "../../src/files/run_record.ts";
import { createTable, type TableColumns, type TableRows } from "../../src/files/table_file.ts";
import type { RankedTargets } from "../../src/recommend/rank_split.ts";
import { runSql } from "./_duckdb.ts";
import { filesIn, withFolder } from "./_folder.ts";

const DATASET = generatedDataset({ users: 20, items: 30, seed: 1 });
const RANKED: RankedTargets = {
  users: Uint32Array.of(0, 3, 19),
  targets: packSequences([[7], [2, 9], [29]]),
  ranks: Uint32Array.of(1, 5, 2, 30),
};

Deno.test("ranks.parquet has a row for each target, in the order of the users, and equal bytes for equal ranks", () =>
  withFolder(async (folder) => {
    await writeRanks(folder, DATASET, RANKED);
    assertEquals(await filesIn(folder), ["ranks.parquet"]);
    const [a, b, c] = [0, 3, 19].map((user) => DATASET.users[user]!);
    assertEquals(await readRanks(folder), {
      users: [a!, b!, b!, c!],
      items: [7, 2, 9, 29].map((item) => DATASET.items[item]!),
      ranks: Uint32Array.of(1, 5, 2, 30),
    });
    const bytes = await Deno.readFile(`${folder}/ranks.parquet`);
    await writeRanks(folder, DATASET, RANKED);
    assertEquals(await Deno.readFile(`${folder}/ranks.parquet`), bytes);
    await runSql(
      `CREATE TABLE ranks AS FROM '${folder}/ranks.parquet'`,
      `SELECT CASE WHEN (SELECT [count(*), sum(rank), min(rank)] FROM ranks) = [4, 38, 1] THEN 1 ELSE error('ranks') END`,
    );
  }));

Deno.test("ranks.parquet of more targets than are written together loses none", () =>
  withFolder(async (folder) => {
    const users = 150_000, targets = Array.from({ length: users }, (_, user) => user % 3 === 0 ? [1, 2] : [user % 7]);
    const packed = packSequences(targets), names = Array.from({ length: users }, (_, user) => `user ${user}`);
    const ranks = Uint32Array.from(packed.items, (_, at) => at + 1);
    await writeRanks(folder, { users: names, items: DATASET.items }, {
      users: Uint32Array.from(names.keys()),
      targets: packed,
      ranks,
    });
    const read = (await readRanks(folder))!;
    assertEquals(read.ranks, ranks);
    const expected = targets.flatMap((own, user) => own.map((item) => `user ${user} ${DATASET.items[item]}`));
    assertEquals(expected.findIndex((text, at) => text !== `${read.users[at]} ${read.items[at]}`), -1);
    assertEquals(read.users.length, expected.length);
  }));

Deno.test("readRanks() gives null where there are none, and says what is wrong with a file that is no ranks", () =>
  withFolder(async (folder) => {
    assertEquals(await readRanks(folder), null);
    const path = `${folder}/ranks.parquet`;
    const refused = async (why: string) => {
      const { message } = await assertRejects(() => readRanks(folder), RunError);
      assertEquals(message, `Cannot read the run in '${folder}' as ranks.parquet ${why}`);
    };
    const write = async (columns: TableColumns, rows: TableRows) => {
      using table = await createTable(path, columns);
      table.write(rows);
      table.finish();
    };
    const columns = { user: "string", item: "string", rank: "integer" } as const;
    await write({ user: "string", item: "string" }, { user: ["a"], item: ["b"] });
    await refused("has no column 'rank': its columns are user, item");
    await write(columns, { user: ["a", null], item: ["b", "c"], rank: [1, 2] });
    await refused("has no user in row 1");
    await write(columns, { user: ["a"], item: [null], rank: [1] });
    await refused("has no item in row 0");
    await write(columns, { user: ["a", "a"], item: ["b", "c"], rank: [3, 0] });
    await refused("has rank 0 in row 1: ranks count from 1");
    await write(columns, { user: ["a"], item: ["b"], rank: [-1] });
    await refused("holds '-1' in column 'rank' of row 0: expected an unsigned 32-bit integer");
    await Deno.writeTextFile(path, "nonsense");
    await refused("is not a Parquet file: it does not begin with PAR1");

    await writeRanks(folder, DATASET, RANKED);
    const whole = await Deno.readFile(path);
    for (let length = 0; length < whole.length; length++) {
      await Deno.writeFile(path, whole.subarray(0, length));
      await assertRejects(() => readRanks(folder), RunError);
    }
  }));
