import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { prepare } from "../../src/prepare/prepare.ts";
import { UsageError } from "../../tasks/cli/flags.ts";
import { main as evaluate } from "../../tasks/evaluate.ts";
import { main as train } from "../../tasks/train.ts";
import { CPU, DATA, FOLDER, outputOf, tinyRun } from "./_tiny.ts";

const RUN = await tinyRun("mf-bpr");

/** A log of songs that are played over and over: every target is a repeat. */
async function plays(): Promise<string> {
  const lines = Array.from(
    { length: 12 },
    (_, user) => Array.from({ length: 16 }, (_, at) => `u${user},i${(user * 3 + at % 4) % 30},${at}`),
  ).flat();
  await Deno.writeTextFile(`${FOLDER}/plays.csv`, `user,item,timestamp\n${lines.join("\n")}\n`);
  const out = `${FOLDER}/plays`;
  await prepare({ files: [`${FOLDER}/plays.csv`], out, minUser: 1, minItem: 1, overwrite: true });
  return out;
}

Deno.test("train says that all targets are repeats, and ranks them where that is asked for", async () => {
  const data = await plays(), run = `${FOLDER}/plays-run`;
  const flags = ["--data", data, "--model", "item-knn", "--out", run, ...CPU];
  const error = await assertRejects(() => outputOf(train, ...flags), RangeError);
  assertEquals(
    error.message,
    "Cannot validate as all 12 targets are items of the user's own history: set rankRepeats (--rank-repeats) to rank them",
  );
  const trained = await outputOf(train, ...flags, "--rank-repeats");
  assertStringIncludes(trained, "history ranked too");
  assertStringIncludes(trained, "12 of 12 targets are repeats of the user's history");
  const metrics = JSON.parse(await outputOf(evaluate, run, "--data", data, "--rank-repeats", "--json", ...CPU));
  assertEquals([metrics.users, metrics.repeats], [12, 12]);
  assert(metrics["hr@10"] > 0 && metrics["hr@1"] < 1, JSON.stringify(metrics));
});

Deno.test("evaluate prints every metric at every cut-off that is asked for", async () => {
  const output = await outputOf(evaluate, RUN, "--data", DATA, "--at", "10,3,3", ...CPU);
  assertEquals(output.split("\n").slice(0, 10).map((line) => line.split(/ {2,}/)[0]), [
    "test",
    "",
    "HR",
    "Recall",
    "Precision",
    "NDCG",
    "MAP",
    "MRR",
    "Coverage",
    "Popularity rank",
  ]);
  assert(/^ +@3 +@10$/m.test(output), output);
  assert(/^protocol: leave-one-out, full ranking over all items, history left out, .* 30 users/m.test(output), output);
});

for (
  const [flags, message] of [
    [["--at", "0"], "Cannot run evaluate as --at must be integers in [1, 1000]: current value is "],
    [["--at", "5,"], "Cannot run evaluate as --at must be integers in [1, 1000]: current value is "],
    [["--lists", "lists.txt"], "Cannot run evaluate as --lists must end in .jsonl, .parquet or .csv"],
  ] as const
) {
  Deno.test(`evaluate refuses ${flags.join(" ")}`, async () => {
    const run = RUN;
    const error = await assertRejects(() => outputOf(evaluate, run, "--data", DATA, ...flags, ...CPU), UsageError);
    assertStringIncludes(error.message, message);
  });
}

Deno.test("evaluate --lists writes each user's list, targets and their ranks", async () => {
  const to = `${FOLDER}/lists.jsonl`;
  const json = await outputOf(evaluate, RUN, "--data", DATA, "--at", "5", "--json", "--lists", to, ...CPU);
  const rows = (await Deno.readTextFile(to)).trimEnd().split("\n").map((line) => JSON.parse(line));
  assertEquals(rows.length, 30);
  let hits = 0;
  for (const { targets, ranks, items } of rows) {
    assertEquals([targets.length, ranks.length, items.length], [1, 1, 5]);
    // A rank is the place in the list, where the list is long enough
    assertEquals(items.indexOf(targets[0]) + 1, ranks[0] <= 5 ? ranks[0] : 0);
    if (ranks[0] <= 5) hits++;
  }
  assertEquals(JSON.parse(json)["hr@5"], hits / 30);
  await outputOf(evaluate, RUN, "--data", DATA, "--at", "5", "--lists", `${FOLDER}/lists.csv`, ...CPU);
  const [head, first] = (await Deno.readTextFile(`${FOLDER}/lists.csv`)).split("\n");
  assertEquals(head, "user,targets,ranks,items");
  assert(first!.startsWith(`${rows[0].user},"[""`), first);
});

Deno.test("train picks the best epoch by the metric that is asked for, and refuses one that there is not", async () => {
  const flags = ["--data", DATA, "--model", "mf-bpr", "--epochs", "2", ...CPU];
  const output = await outputOf(train, ...flags, "--metric", "recall@7", "--at", "3", "--out", `${FOLDER}/recall`);
  assertStringIncludes(output, "best epoch by validation RECALL@7");
  const metrics = JSON.parse(await Deno.readTextFile(`${FOLDER}/recall/metrics.json`));
  assertEquals(Object.keys(metrics.test).filter((name) => name.startsWith("hr@")), ["hr@3", "hr@7"]);
  const error = await assertRejects(() => outputOf(train, ...flags, "--metric", "nDCG10"), UsageError);
  assertStringIncludes(error.message, "did you mean 'ndcg@10'?");
});
