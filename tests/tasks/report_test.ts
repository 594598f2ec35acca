import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { main } from "../../tasks/report.ts";
import { RunError } from "../../src/files/run_record.ts";
import { UsageError } from "../../tasks/cli/flags.ts";
import { HOSTILE, makePage, makeRuns } from "../report/_runs.ts";
import { outputOf, runTask } from "./_tiny.ts";

const FOLDER = await Deno.makeTempDir(), TO = `${FOLDER}/report.html`;
Deno.test.afterAll(() => Deno.remove(FOLDER, { recursive: true }));
const { runs, data } = await makeRuns(FOLDER);
const PAGE = await makePage(TO, runs);

/** A copy of some runs, of which files may be changed. */
async function copyOf(name: string, ...some: string[]): Promise<string> {
  const copy = `${FOLDER}/${name}`;
  for (const run of some) {
    await Deno.mkdir(`${copy}/${run}`, { recursive: true });
    for await (const { name, isFile } of Deno.readDir(`${runs}/${run}`)) {
      if (isFile) await Deno.copyFile(`${runs}/${run}/${name}`, `${copy}/${run}/${name}`);
    }
  }
  return copy;
}

async function edit(path: string, change: (content: Record<string, unknown>) => void): Promise<void> {
  const content = JSON.parse(await Deno.readTextFile(path));
  change(content);
  await Deno.writeTextFile(path, JSON.stringify(content));
}

/** What a page says: its text, without tags. */
const words = (page: string) =>
  page.replace(/<(style|script)>[\s\S]*?<\/\1>/g, "").replace(/<[^>]*>/g, " ").replace(
    /&#(\d+);/g,
    (_, code) => String.fromCharCode(Number(code)),
  ).replace(/\s+/g, " ");

Deno.test("report writes one file that has everything in it, and asks for nothing from anywhere", () => {
  assert(PAGE.startsWith("<!doctype html>"));
  // Addresses are names of SVG, or titles of items, which are no addresses to a browser
  assertEquals([...PAGE.matchAll(/(?:src|href|action|data)="([^"]*)"/g)].map(([, address]) => address), ["data:,"]);
  assert(!/url\(|@import| style="| on[a-z]+="/.test(PAGE.replace(/<script>[\s\S]*?<\/script>/, "")));
  const [, policy] = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(PAGE)!;
  const rules = policy!.replaceAll("&#39;", "'").split("; ");
  assertEquals(rules.map((rule) => rule.replace(/sha256-[\w+/=]+/, "HASH")), [
    "default-src 'none'",
    "style-src 'HASH'",
    "script-src 'HASH'",
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
  ]);
  assert(PAGE.length < 400_000, String(PAGE.length));
});

Deno.test("report says the answer, the protocol, and where it comes from", () => {
  const text = words(PAGE);
  for (
    const part of [
      "Does SEvo help?",
      "3 settings with SEvo were run",
      "full ranking over all items, history left out",
      "80 users and 80 targets of the test were ranked",
      "deno task report",
      "nearest are of the same genres",
    ]
  ) assertStringIncludes(text, part);
  for (const title of HOSTILE) assertStringIncludes(text, title.replace(/\s+/g, " "));
});

Deno.test("report makes the same bytes of the same runs", async () => {
  assertEquals(await makePage(TO, runs), PAGE);
});

Deno.test("report takes no name, setting, device or protocol of a file for HTML", async () => {
  const copy = await copyOf("hostile", "adamw-1", "sevo-0.9-1", "sevo-0.5-1", "popularity");
  const tag = `<img src=x onerror="alert(1)">`, end = "</script></style></svg>";
  for await (const { name } of Deno.readDir(copy)) {
    await edit(`${copy}/${name}/run.json`, ({ dataset }) => (dataset as { name: string }).name = `${end}${tag}`);
    await edit(`${copy}/${name}/config.json`, (config) => {
      config["model"] = `${name === "popularity" ? "counted" : "model"}${tag}`;
      config["note"] = `${name} ${tag}`;
      config[`key ${tag}`] = name;
    });
    await edit(`${copy}/${name}/metrics.json`, (metrics) => {
      for (const key of ["version", "protocol", "device", "digest", "started", "ended"]) {
        metrics[key] = `${key}${tag}${end}`;
      }
    });
  }
  const page = await makePage(TO, copy, "--title", `${end}${tag}`);
  assert(!page.includes("<img"));
  assertEquals([page.match(/<\/script>/g)!.length, page.match(/<\/style>/g)!.length], [1, 1]);
  // All of them are there, as text
  for (const part of [`protocol${tag}`, `device${tag}`, `version${tag}`, `model${tag}`]) {
    assertStringIncludes(words(page), part);
  }
});

Deno.test("report leaves out what it does not know, and says why", async () => {
  const one = words(await makePage(TO, `${runs}/adamw-1`, `${runs}/sevo-0.9-1`));
  assertStringIncludes(one, "It cannot be told one seed, over users p");
  assertStringIncludes(one, "Lines are of one seed each, so they have no bands");
  assertStringIncludes(one, "No number among the settings has three values or more");
  const alone = words(await makePage(TO, `${runs}/sevo-0.9-1`, `${runs}/sevo-0.9-2`));
  assertStringIncludes(alone, "These runs do not say whether SEvo helps");
  assertStringIncludes(alone, "so nothing is paired");
  const counted = words(await makePage(TO, `${runs}/popularity`));
  assertStringIncludes(counted, "No run was trained by epochs");
  assertStringIncludes(counted, "No model was trained, so there are no embeddings");

  const bare = await copyOf("bare", "adamw-1", "sevo-0.9-1");
  for (const run of ["adamw-1", "sevo-0.9-1"]) {
    await Deno.remove(`${bare}/${run}/model.safetensors`);
    await Deno.remove(`${bare}/${run}/ranks.parquet`);
  }
  const without = words(await makePage(TO, bare));
  assertStringIncludes(without, "No run has kept its model file");
  assertStringIncludes(without, "There is no test over users");
});

Deno.test("report finds the dataset where it was, or where it is said to be, and knows it from another", async () => {
  const copy = await copyOf("moved", "adamw-1", "sevo-0.9-1");
  for (const run of ["adamw-1", "sevo-0.9-1"]) {
    await edit(`${copy}/${run}/config.json`, (config) => config["data"] = `${FOLDER}/gone`);
  }
  const without = await makePage(TO, copy);
  assertStringIncludes(words(without), "The dataset data is not where it was when the runs were trained");
  assertEquals(without.includes("<circle class="), false);
  assertStringIncludes(words(await makePage(TO, copy, "--data", data)), "placed by UMAP");

  const other = `${FOLDER}/other`;
  await Deno.mkdir(other);
  const { data: otherData, runs: otherRuns } = await makeRuns(other);
  // The same log is the same dataset, wherever it lies
  await makePage(TO, copy, "--data", otherData);
  await Deno.writeTextFile(`${other}/log.txt`, "a 1 2 3 4\nb 2 3 4 1\n");
  const { prepare } = await import("../../src/prepare/prepare.ts");
  await prepare({ files: [`${other}/log.txt`], out: `${other}/small`, format: "sequences", minUser: 1, minItem: 1 });
  await assertRejects(
    () => makePage(TO, copy, "--data", `${other}/small`),
    UsageError,
    `'${other}/small' has another content than what the runs were trained on: expected 'data'`,
  );
  for (const run of ["adamw-1", "sevo-0.9-1"]) {
    await edit(`${copy}/${run}/config.json`, (config) => config["data"] = `${other}/small`);
  }
  assertStringIncludes(words(await makePage(TO, copy)), "The dataset data has changed since the runs were trained");
  assert(otherRuns !== runs);
});

Deno.test("report goes on where a run has not finished, and stops where none has", async () => {
  const copy = await copyOf("unfinished", "adamw-1", "sevo-0.9-1", "sevo-0.9-2");
  await Deno.remove(`${copy}/sevo-0.9-2/metrics.json`);
  assertStringIncludes(words(await makePage(TO, copy)), "1 of 3 runs has not finished and is left out of the means");
  await assertRejects(
    () => makePage(TO, `${copy}/sevo-0.9-2`),
    RangeError,
    "Cannot make a report as no run has finished",
  );
});

Deno.test("report draws what is asked for, and refuses what there is not", async () => {
  assertStringIncludes(words(await makePage(TO, runs, "--metric", "hr@5", "--title", "A title")), "Test HR@5");
  assertStringIncludes(await Deno.readTextFile(TO), "<title>A title</title>");
  const two = words(
    await makePage(TO, `${runs}/adamw-1`, `${runs}/sevo-0.9-1`, `${runs}/sevo-0.5-1`, "--setting", "beta"),
  );
  assertStringIncludes(two, "mf-bpr on data, by beta");
  const refused = (...args: string[]) => outputOf(main, ...args, "--to", TO);
  await assertRejects(() => refused(runs, "--setting", "layers"), UsageError, "expected one of beta");
  await assertRejects(() => refused(runs, "--metric", "ndgc@10"), RangeError, "did you mean 'ndcg@10'?");
  await assertRejects(() => refused(runs, "--metric", "ndcg@7"), RangeError, "measured at 1, 5, 10, 20, 50");
  await assertRejects(() => refused(data), RunError, "no run directory in it");
  await assertRejects(() => refused(), UsageError, "RUNS is missing");
  await assertRejects(() => makePage(`${FOLDER}/none/report.html`, runs), RangeError, "its folder is not there");
});

Deno.test("deno task report needs no more than it may, and says what it wrote", async () => {
  const { code, out, err } = await runTask(["report", runs, "--to", TO]);
  assertEquals([code, out], [
    0,
    `Wrote 10 runs to ${TO}: ${(new TextEncoder().encode(PAGE).length / 1e6).toFixed(2)} MB\n`,
  ], err);
});
