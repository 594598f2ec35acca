import { assertEquals, assertRejects } from "@std/assert";
import { openDevice } from "@sevo/sevo";
import { generatedDataset } from "../../src/data/generated.ts";
import { readModel } from "../../src/files/mod.ts";
import { encodeModel, type ModelFile } from "../../src/models/mod.ts";
import { type Recommendation, Recommender, type SimilarOptions } from "../../src/recommend/mod.ts";
import { UsageError } from "../../tasks/cli/flags.ts";
import { main } from "../../tasks/similar.ts";
import { CPU, FOLDER, outputOf, runTask, tinyRun, TITLES } from "./_tiny.ts";

const RUN = await tinyRun("stosa"), similar = (...args: string[]) => outputOf(main, ...args, ...CPU);

/** What the library says to the same. */
async function listsOf(items: readonly string[], options: SimilarOptions = {}): Promise<Recommendation[][]> {
  await using device = await openDevice("cpu", { threads: 1 });
  using recommender = new Recommender(device, await readModel(RUN));
  return await recommender.similar(items, options);
}

const parsed = (lines: string) => lines.trimEnd().split("\n").map((line) => JSON.parse(line));

function tableOf(item: string, list: readonly Recommendation[]): string {
  const lines = list.map(({ item, score }, at) => `${at + 1} ${score.toFixed(4)} ${item} ${TITLES[item] ?? ""}`.trim());
  return [`Like item ${item}:`, "rank score item title", ...lines].join("\n");
}

/** Output with single spaces. */
const words = (output: string) =>
  output.trimEnd().split("\n").map((line) => line.trim().replace(/ +/g, " ")).join("\n");

Deno.test("similar prints a table with titles for each item", async () => {
  const [first, second] = await listsOf(["8", "2"], { count: 3 });
  assertEquals(
    words(await similar(RUN, "--item", "8", "--item", "2", "--count", "3")),
    `${tableOf("8", first!)}\n\n${tableOf("2", second!)}`,
  );
});

Deno.test("similar prints JSON lines, by the measure asked for", async () => {
  for (const by of [undefined, "cosine", "dot"] as const) {
    const lists = await listsOf(["8", "2"], { count: 4, ...by && { by } });
    const lines = parsed(
      await similar(RUN, "--item", "8", "--item", "2", "--count", "4", "--json", ...by ? ["--by", by] : []),
    );
    assertEquals(lines, [{ item: "8", items: lists[0] }, { item: "2", items: lists[1] }]);
    assertEquals(lists[0]!.some(({ item }) => item === "8"), false);
  }
  assertEquals(parsed(await similar(RUN, "--item", "1", "--count", "999", "--json"))[0].items.length, 19);
});

Deno.test("similar finds an item by a part of its title, and says which and what else there is", async () => {
  const [list] = await listsOf(["5"], { count: 2 });
  assertEquals(
    words(await similar(RUN, "--title", "sTAR w", "--count", "2")),
    `'Star Wars (1977)' is item 5; others are Star Wars, and all that came after (6)\n${tableOf("5", list!)}`,
  );
  const [first] = words(await similar(RUN, "--title", "film")).split("\n");
  assertEquals(first, "'Film 1' is item 1; others are Film 2 (2), Film 3 (3), Film 4 (4), Film 8 (8), ...");
  const [only] = words(await similar(RUN, "--title", "after")).split("\n");
  assertEquals(only, "'Star Wars, and all that came after' is item 6");
  // JSON lines are JSON lines alone; which item it is stands in each
  assertEquals(parsed(await similar(RUN, "--title", "(1977)", "--count", "2", "--json")), [{ item: "5", items: list }]);
});

Deno.test("similar goes by the titles that it shows, not by another column", async () => {
  const file = await readModel(RUN), path = `${FOLDER}/named.safetensors`;
  await Deno.writeFile(
    path,
    bytesOf(file, { name: file.items.map((id) => `name ${id}`), title: file.items.map((id) => `title ${id}`) }),
  );
  const [first, , , row] = words(await similar(path, "--title", "title 12")).split("\n");
  assertEquals(first, "'title 12' is item 12");
  assertEquals(/ title \d+$/.test(row!), true);
  await assertRejects(() => similar(path, "--title", "name"), UsageError, "no title has 'name' in it");
});

/** A model file whose items have other columns. */
function bytesOf(file: ModelFile, itemColumns: ModelFile["itemColumns"]): Uint8Array<ArrayBuffer> {
  return encodeModel(file.model, file.settings, file.weights, {
    ...generatedDataset({ users: 1, items: 12 }),
    items: file.items,
    itemColumns,
  });
}

Deno.test("similar refuses what it cannot answer, in one line", async () => {
  const popularity = await tinyRun("popularity"), untitled = `${FOLDER}/untitled.safetensors`;
  await Deno.writeFile(untitled, bytesOf(await readModel(RUN), { category: Array(20).fill("x") }));
  const cases: [args: string[], message: string][] = [
    [[RUN], "Cannot run similar as it takes one of --item and --title: give one of them"],
    [
      [RUN, "--item", "5", "--title", "star"],
      "Cannot run similar as it takes one of --item and --title: give one of them",
    ],
    [[RUN, "--item", "99"], "Cannot find similar items as there is no item '99'"],
    [[RUN, "--title", "nothing like it"], "Cannot run similar as no title has 'nothing like it' in it"],
    [
      [untitled, "--title", "star"],
      "Cannot run similar as the model was trained on items without titles: give --item ID",
    ],
    [[RUN, "--item", "5", "--count", "1.5"], "Cannot run similar as --count must be an integer: current value is 1.5"],
    [
      [popularity, "--item", "5"],
      "Cannot find similar items as popularity knows how many took an item, not who",
    ],
    [["--item", "5"], "Cannot run similar as RUN is missing: see deno task similar --help"],
    [
      [`${FOLDER}/nowhere`, "--item", "5"],
      `Cannot read a model from '${FOLDER}/nowhere' as there is no file '${FOLDER}/nowhere/model.safetensors'`,
    ],
  ];
  for (const [args, message] of cases) {
    assertEquals((await assertRejects(() => similar(...args), Error)).message, message);
  }
});

Deno.test("deno task similar needs no more permissions than it has", async () => {
  const { code, out, err } = await runTask(["similar", RUN, "--item", "5", "--json", "--count", "1", ...CPU]);
  assertEquals(code, 0, err);
  assertEquals(parsed(out), [{ item: "5", items: (await listsOf(["5"], { count: 1 }))[0] }]);
});
