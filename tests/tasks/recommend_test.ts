import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { openDevice } from "@sevo/sevo";
import { parquetReadObjects } from "hyparquet";
import { sequenceAt } from "../../src/data/sequences.ts";
import { readDataset, readModel } from "../../src/files/mod.ts";
import { type Recommendation, Recommender, type RecommendOptions } from "../../src/recommend/mod.ts";
import { UsageError } from "../../tasks/cli/flags.ts";
import { main } from "../../tasks/recommend.ts";
import { CPU, DATA, everything, FOLDER, outputOf, runTask, tinyRun, TITLES } from "./_tiny.ts";

const RUN = await tinyRun("sasrec"), USERS = await tinyRun("mf-bpr"), dataset = await readDataset(DATA);

/** What the library says to the same. */
async function listsOf(
  request: { users: readonly string[]; historyOf?: "train" } | { histories: string[][] },
  options: RecommendOptions = {},
  run = RUN,
): Promise<Recommendation[][]> {
  await using device = await openDevice("cpu", { threads: 1 });
  using recommender = new Recommender(device, await readModel(run));
  return await recommender.recommend("users" in request ? { ...request, dataset } : request, options);
}

const recommend = (...args: string[]) => outputOf(main, ...args, ...CPU);

const parsed = (lines: string) => lines.trimEnd().split("\n").map((line) => JSON.parse(line));

Deno.test("recommend prints a table with titles for a user, and one after the other for several", async () => {
  const [first, second] = await listsOf({ users: ["3", "1"] }, { count: 3 });
  const table = (user: string, list: readonly Recommendation[]) => {
    const lines = list.map(({ item, score }, at) =>
      `${at + 1} ${score.toFixed(4)} ${item} ${TITLES[item] ?? ""}`.trim()
    );
    return [`For user ${user}:`, "rank score item title", ...lines].join("\n");
  };
  const output = await recommend(RUN, "--data", DATA, "--user", "3", "--user", "1", "--count", "3");
  const words = output.trimEnd().split("\n").map((line) => line.trim().replace(/ +/g, " "));
  assertEquals(words.join("\n"), `${table("3", first!)}\n\n${table("1", second!)}`);
  // Columns stand below each other
  const [, ...rows] = output.split("\n\n")[0]!.split("\n"), at = rows[0]!.indexOf("title");
  for (const row of rows.slice(1)) assert(row.length <= at || row[at - 1] === " ", row);
});

Deno.test("recommend prints JSON lines, for users and for histories without a dataset", async () => {
  const users = parsed(await recommend(RUN, "--data", DATA, "--user", "30", "--user", "2", "--count", "2", "--json"));
  assertEquals(
    users,
    (await listsOf({ users: ["30", "2"] }, { count: 2 })).map((items, at) => (
      { user: ["30", "2"][at], items }
    )),
  );
  const histories = [["5", "6"], ["7"]];
  const output = parsed(await recommend(RUN, "--history", "5, 6", "--history", "7", "--json"));
  assertEquals(output, (await listsOf({ histories })).map((items, at) => ({ history: histories[at], items })));
  assertEquals(output[0].items.length, 10);
});

Deno.test("recommend leaves the history out unless items may come again, all of it or the training items", async () => {
  const itemsOf = async (...flags: string[]) => {
    const [{ items }] = parsed(
      await recommend(RUN, "--data", DATA, "--user", "4", "--count", "100", "--json", ...flags),
    );
    return (items as Recommendation[]).map(({ item }) => item);
  };
  const user = dataset.users.indexOf("4"), valid = dataset.items[sequenceAt(dataset.valid, user)[0]!]!;
  const test = dataset.items[sequenceAt(dataset.test, user)[0]!]!;
  const train = [...sequenceAt(dataset.train, user)]
    .map((row) => dataset.items[row]!);
  const without = (...left: string[]) => dataset.items.filter((id) => !left.includes(id)).sort();
  assertEquals((await itemsOf()).sort(), without(...train, valid, test));
  assertEquals((await itemsOf("--history-of", "train")).sort(), without(...train));
  assertEquals((await itemsOf("--repeat")).sort(), without());
});

Deno.test("recommend writes every user to a file, in each format the same", async () => {
  const lists = await listsOf({ users: dataset.users }, { count: 4 });
  const expected = lists.flatMap((list, at) =>
    list.map(({ item, title, score }, rank) => ({
      request: at + 1,
      user: dataset.users[at],
      rank: rank + 1,
      item,
      title,
      score,
    }))
  );
  for (const end of ["parquet", "csv", "jsonl"]) {
    const path = `${FOLDER}/lists.${end}`;
    const output = await recommend(RUN, "--data", DATA, "--all", "--count", "4", "--to", path);
    assertEquals(output, `Wrote 30 lists to ${path}\n`);
    if (end === "parquet") {
      assertEquals<unknown>(await parquetReadObjects({ file: (await Deno.readFile(path)).buffer }), expected);
    } else if (end === "csv") {
      const quoted = (text: string) => /[,"]/.test(text) ? `"${text}"` : text;
      const rows = expected.map(({ request, user, rank, item, title, score }) =>
        [request, user, rank, item, quoted(title ?? ""), score].join(",")
      );
      assertEquals(await Deno.readTextFile(path), ["request,user,rank,item,title,score", ...rows, ""].join("\n"));
    } else {
      assertEquals(
        parsed(await Deno.readTextFile(path)),
        lists.map((items, at) => ({ user: dataset.users[at], items })),
      );
    }
    await Deno.remove(path);
  }
});

Deno.test("recommend takes requests from a file, users and histories mixed", async () => {
  const path = `${FOLDER}/requests.jsonl`;
  await Deno.writeTextFile(path, '{"user":"9"}\r\n\n{"history":["5","6"]}\n  {"user":12}  \n{"history":[7,"8"]}');
  const users = await listsOf({ users: ["9", "12"] }, { count: 2 });
  const histories = await listsOf({ histories: [["5", "6"], ["7", "8"]] }, { count: 2 });
  const output = parsed(await recommend(RUN, "--data", DATA, "--input", path, "--count", "2", "--json"));
  assertEquals(output, [
    { user: "9", items: users[0] },
    { history: ["5", "6"], items: histories[0] },
    { user: "12", items: users[1] },
    { history: ["7", "8"], items: histories[1] },
  ]);
  // A history has no user
  const table = `${FOLDER}/mixed.parquet`;
  await recommend(RUN, "--data", DATA, "--input", path, "--count", "1", "--to", table);
  const rows = await parquetReadObjects({ file: (await Deno.readFile(table)).buffer });
  assertEquals(rows.map(({ request, user }) => [request, user]), [[1, "9"], [2, null], [3, "12"], [4, null]]);
  await Deno.remove(table);
  await Deno.writeTextFile(path, "\n");
  assertEquals(
    await recommend(RUN, "--input", path, "--to", `${FOLDER}/none.csv`),
    `Wrote 0 lists to ${FOLDER}/none.csv\n`,
  );
  assertEquals(await Deno.readTextFile(`${FOLDER}/none.csv`), "request,user,rank,item,title,score\n");
  await Deno.remove(`${FOLDER}/none.csv`);
  await Deno.remove(path);
});

Deno.test("deno task recommend reads standard input, and needs no more permissions than it has", async () => {
  const input = '{"history":["5"]}\n{"user":"3"}\n';
  const { code, out, err } = await runTask(
    ["recommend", RUN, "--data", DATA, "--input", "-", "--json", "--count", "2", ...CPU],
    input,
  );
  assertEquals(code, 0, err);
  assertEquals(parsed(out), [
    { history: ["5"], items: (await listsOf({ histories: [["5"]] }, { count: 2 }))[0] },
    { user: "3", items: (await listsOf({ users: ["3"] }, { count: 2 }))[0] },
  ]);
  const to = `${FOLDER}/stdin.csv`,
    wrong = await runTask(
      ["recommend", RUN, "--input", "-", "--to", to, ...CPU],
      '{"history":["5"]}\n{"histroy":["5"]}\n',
    );
  assertEquals(wrong.code, 2);
  assertStringIncludes(wrong.err, "error: Cannot run recommend as line 2 of '-' is not {\"user\": ID} or");
  assertEquals((await everything()).filter((path) => path.includes("stdin")), []);
});

Deno.test("recommend goes by users of a model that knows them, and by a history it folds in", async () => {
  const args = ["--count", "5", "--json"];
  const [user] = parsed(await recommend(USERS, "--data", DATA, "--user", "8", ...args));
  assertEquals([user.items], await listsOf({ users: ["8"] }, { count: 5 }, USERS));
  const [history] = parsed(await recommend(USERS, "--history", "5,6", ...args));
  assertEquals([history.items], await listsOf({ histories: [["5", "6"]] }, { count: 5 }, USERS));
});

Deno.test("recommend refuses what it cannot answer, and leaves no file behind", async () => {
  const input = `${FOLDER}/input.jsonl`, to = `${FOLDER}/out.jsonl`, before = [...await everything(), input].sort();
  const good = '{"history":["5"]}\n'.repeat(5000);
  const cases: [args: string[], message: string, input?: string][] = [
    [["--user", "3"], "Cannot run recommend as users need the dataset with their histories: pass --data DIR"],
    [["--all"], "Cannot run recommend as users need the dataset with their histories: pass --data DIR"],
    [[], "Cannot run recommend as it takes one of --user, --history, --all and --input: give one"],
    [
      ["--history", "5", "--all", "--data", DATA],
      "Cannot run recommend as it takes one of --user, --history, --all and --input: there are 2",
    ],
    [["--user", "99", "--data", DATA], "Cannot recommend as there is no user '99' in 'data'"],
    [["--history", "5,99"], "Cannot recommend as there is no item '99'"],
    [
      ["--history", ","],
      "Cannot recommend as the history of request 1 is empty: sasrec needs at least one item",
    ],
    [["--history", "5", "--count", "0"], "Cannot run recommend as --count must be at least 1: current value is 0"],
    [
      ["--input", `${FOLDER}/missing.jsonl`],
      `Cannot run recommend as there is no file '${FOLDER}/missing.jsonl'`,
    ],
    [["--input", FOLDER], `Cannot run recommend as '${FOLDER}' is a folder: give a file of JSON lines, or -`],
    [
      ["--input", input],
      `Cannot run recommend as line 5001 of '${input}' is not {"user": ID} or {"history": [ID, ...]}: current value is '{"user":'`,
      `${good}{"user":`,
    ],
    [
      ["--input", input],
      `Cannot run recommend as line 2 of '${input}' is not {"user": ID} or {"history": [ID, ...]}: current value is '{"history":"5"}'`,
      '\n{"history":"5"}\n',
    ],
    [
      ["--input", input],
      `Cannot run recommend as line 1 of '${input}' is not {"user": ID} or {"history": [ID, ...]}: current value is '{"history":["5"],"count":3}'`,
      '{"history":["5"],"count":3}',
    ],
    [
      ["--history", "5", "--json"],
      "Cannot run recommend as --json is for standard output: the name of the file in --to says its format",
    ],
    [
      ["--input", input],
      `Cannot run recommend as line 1 of '${input}' is not {"user": ID} or {"history": [ID, ...]}: current value is '[${
        "1,".repeat(38)
      }...'`,
      `[${"1,".repeat(100)}1]`,
    ],
    [
      ["--input", input],
      `Cannot run recommend as line 5001 of '${input}' asks for a user: pass --data DIR, which has the histories`,
      `${good}{"user":"3"}`,
    ],
    [["--input", input], "Cannot recommend as there is no item 'x'", `${good}{"history":["x"]}`],
    [
      ["--input", input],
      "Cannot recommend as the history of request 5001 is empty: sasrec needs at least one item",
      `${good}{"history":[]}`,
    ],
  ];
  for (const [args, message, text] of cases) {
    await Deno.writeTextFile(input, text ?? "");
    const error = await assertRejects(() => recommend(RUN, ...args, "--to", to), Error);
    assertEquals(error.message, message);
    assertEquals(await everything(), before, message);
  }
  await Deno.remove(input);
  for (const name of ["out.txt", "out", "out.json"]) {
    const error = await assertRejects(() => recommend(RUN, "--history", "5", "--to", name), UsageError);
    assertEquals(
      error.message,
      `Cannot run recommend as --to must end in .parquet, .csv or .jsonl: current value is '${name}'`,
    );
  }
  const path = `${FOLDER}/missing/out.jsonl`;
  const error = await assertRejects(() => recommend(RUN, "--history", "5", "--to", path), RangeError);
  assertEquals(error.message, `Cannot write '${path}' as its folder is not there`);
});

Deno.test("recommend names the runs of a folder that holds several, and says where there is none", async () => {
  const folder = await tinyRun("mf-bpr", "--compare"), args = ["--history", "5"];
  const error = await assertRejects(() => recommend(folder, ...args), RangeError);
  const runs = ["adam-1", "adamw-1", "item-knn", "popularity", "sevo-adamw-1"].map((run) => `${folder}/${run}`);
  assertEquals(
    error.message,
    `Cannot read a model from '${folder}' as it holds several runs: name one of ${runs.join(", ")}`,
  );
  for (const run of runs) assertStringIncludes(await recommend(run, ...args), "For history 5:\n");
  const missing = await assertRejects(() => recommend(`${FOLDER}/nowhere`, ...args), RangeError);
  assertEquals(
    missing.message,
    `Cannot read a model from '${FOLDER}/nowhere' as there is no file '${FOLDER}/nowhere/model.safetensors'`,
  );
});
