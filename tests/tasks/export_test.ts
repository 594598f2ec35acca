import { assertEquals, assertRejects } from "@std/assert";
import { parquetReadObjects } from "hyparquet";
import { readModel } from "../../src/files/mod.ts";
import { embeddingsOf } from "../../src/recommend/mod.ts";
import { main } from "../../tasks/export.ts";
import { everything, FOLDER, outputOf, runTask, tinyRun, TITLES } from "./_tiny.ts";

const RUN = await tinyRun("mf-bpr");

const readParquet = async (path: string) => await parquetReadObjects({ file: (await Deno.readFile(path)).buffer });

Deno.test("export writes a row for each item, with its title and embedding", async () => {
  const file = await readModel(RUN), { ids, vectors } = embeddingsOf(file, "items");
  const path = `${FOLDER}/items.parquet`, { data, width } = vectors["item"]!;
  assertEquals(await outputOf(main, RUN, "--to", path), `Wrote 20 items of 16 columns to ${path}\n`);
  assertEquals<unknown>(
    await readParquet(path),
    ids.map((id, row) => ({
      id,
      title: TITLES[id],
      embedding: [...data.subarray(row * width, (row + 1) * width)],
    })),
  );
  // Over what is there already
  assertEquals(await outputOf(main, RUN, "--to", path), `Wrote 20 items of 16 columns to ${path}\n`);
  await Deno.remove(path);
});

Deno.test("export writes the users of a model that knows them", async () => {
  const path = `${FOLDER}/users.csv`, { ids, vectors } = embeddingsOf(await readModel(RUN), "users");
  assertEquals(await outputOf(main, RUN, "--users", "--to", path), `Wrote 30 users of 16 columns to ${path}\n`);
  const [head, ...rows] = (await Deno.readTextFile(path)).trimEnd().split("\n");
  assertEquals(head, ["id", ...Array.from({ length: 16 }, (_, at) => `embedding_${at}`)].join(","));
  assertEquals(rows.map((row) => row.split(",")[0]!), [...ids]);
  assertEquals(rows.flatMap((row) => row.split(",").slice(1).map(Number)), [...vectors["user"]!.data]);
  await Deno.remove(path);
});

Deno.test("deno task export writes each format, and needs no more permissions than it has", async () => {
  for (const end of ["npy", "safetensors"]) {
    const path = `${FOLDER}/items.${end}`, { code, out, err } = await runTask(["export", RUN, "--to", path]);
    assertEquals([code, out], [0, `Wrote 20 items of 16 columns to ${path}\n`], err);
    assertEquals((await Deno.stat(path)).size > 20 * 16 * 4, true);
    await Deno.remove(path);
  }
});

Deno.test("export refuses what it cannot write, in one line, and leaves no file behind", async () => {
  const popularity = await tinyRun("popularity"), sasrec = await tinyRun("sasrec"), before = await everything();
  const cases: [args: string[], message: string][] = [
    [[RUN], "Cannot run export as --to is missing: see deno task export --help"],
    [
      [RUN, "--to", `${FOLDER}/items.xlsx`],
      `Cannot write '${FOLDER}/items.xlsx' as its name must end in .parquet, .csv, .npy or .safetensors`,
    ],
    [
      [RUN, "--to", `${FOLDER}/missing/items.npy`],
      `Cannot write '${FOLDER}/missing/items.npy' as its folder is not there`,
    ],
    [
      [sasrec, "--users", "--to", `${FOLDER}/users.csv`],
      "Cannot export users as sasrec has no embeddings of users",
    ],
    [
      [popularity, "--to", `${FOLDER}/items.csv`],
      "Cannot export items as popularity has no embeddings of items",
    ],
    [
      [`${FOLDER}/nowhere`, "--to", `${FOLDER}/items.csv`],
      `Cannot read a model from '${FOLDER}/nowhere' as there is no file '${FOLDER}/nowhere/model.safetensors'`,
    ],
  ];
  for (const [args, message] of cases) {
    assertEquals((await assertRejects(() => outputOf(main, ...args), Error)).message, message);
    assertEquals(await everything(), before);
  }
});
