import { assertEquals } from "@std/assert";
import type { Dataset } from "../../src/data/dataset.ts";
import { sequenceAt } from "../../src/data/sequences.ts";
import { openDevice } from "../../src/device/open_device.ts";
import { readDataset } from "../../src/files/read_dataset.ts";
import { mfBpr } from "../../src/models/mf_bpr/mf_bpr.ts";
import { prepare } from "../../src/prepare/prepare.ts";
import { train } from "../../src/training/train.ts";
import { runSql } from "./_duckdb.ts";
import { withFolder } from "./_folder.ts";

const PAGE = await Deno.readTextFile(new URL("../../docs/dataset.md", import.meta.url));

/** The only block of a language on the page. */
function block(language: string): string {
  const blocks = [...PAGE.matchAll(new RegExp("```" + language + "\n(.*?)```", "gs"))];
  assertEquals(blocks.length, 1, language);
  return blocks[0]![1]!;
}

/** A log out of order: of each user the newest line comes first. */
function logOf(users: number): string {
  const lines = Array.from({ length: users }, (_, user) => {
    const length = user === 0 ? 3 : 6;
    return Array.from({ length }, (_, at) => `u${user},i${(user + 3 * at) % 17},${1000 - at}`);
  });
  return ["user,item,timestamp", ...lines.flat()].join("\n") + "\n";
}

Deno.test("the SQL of the page on datasets writes one that is that of prepare, and that a model is trained on", () =>
  withFolder(async (folder) => {
    const out = `${folder}/mine`, file = `${folder}/log.csv`;
    await Deno.mkdir(out);
    await Deno.writeTextFile(file, logOf(40));
    await runSql(block("sql").replaceAll("'log.csv'", `'${file}'`).replaceAll("'data/mine/", `'${out}/`));
    const dataset = await readDataset(out);

    const prepared = `${folder}/prepared`;
    await prepare({ files: [file], out: prepared, format: "csv", minUser: 1, minItem: 1 });
    assertEquals(dataset.name, "mine");
    // The two number users and items each in an order of their own: what is compared goes by id
    const byId = ({ users, items, ...splits }: Dataset) =>
      users.map((id, user) => [
        id,
        ...(["train", "valid", "test"] as const).map((split) =>
          Array.from(sequenceAt(splits[split], user), (item) => items[item])
        ),
      ]).sort();
    const expected = await readDataset(prepared);
    assertEquals(dataset.provenance.counts, expected.provenance.counts);
    assertEquals(byId(dataset), byId(expected));

    await using device = await openDevice("cpu", { threads: 1 });
    const { test } = await train(device, dataset, mfBpr, { epochs: 1, batch: 32 });
    assertEquals(test.users, 39);
  }));

Deno.test("the dataset.json that the page calls enough is enough", () =>
  withFolder(async (folder) => {
    const file = `${folder}/log`, out = `${folder}/out`;
    await Deno.writeTextFile(file, "1 5 6 7 8\n2 5 6 8 7\n3 8 5 6\n");
    await prepare({ files: [file], out, format: "sequences", minUser: 1, minItem: 1 });
    await Deno.writeTextFile(`${out}/dataset.json`, block("json"));
    assertEquals((await readDataset(out)).userCount, 3);
  }));
