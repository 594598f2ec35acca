import { assertEquals, assertStringIncludes } from "@std/assert";
import { readRanks } from "../../src/files/read_ranks.ts";
import { main as results } from "../../tasks/results.ts";
import { main } from "../../tasks/train.ts";
import { CPU, DATA, FOLDER, outputOf } from "./_tiny.ts";

const OUT = `${FOLDER}/compared`, RUNS = ["sevo-adamw-1", "sevo-adamw-2", "adamw-1", "adamw-2", "adam-1", "adam-2"];
const BASELINES = ["item-knn", "popularity"];

const train = (...args: string[]) =>
  outputOf(main, "--data", DATA, "--dimension", "8", "--epochs", "2", "--batch", "8", "--out", OUT, ...args, ...CPU);

const readJson = async (path: string) => JSON.parse(await Deno.readTextFile(path));

/** Bytes and times of all files of some runs. */
async function filesOf(runs: readonly string[]): Promise<unknown[]> {
  const found: unknown[] = [];
  for (const run of runs) {
    for (const { name } of await Array.fromAsync(Deno.readDir(`${OUT}/${run}`))) {
      const path = `${OUT}/${run}/${name}`;
      found.push([path, (await Deno.stat(path)).mtime, await Deno.readFile(path)]);
    }
  }
  return found;
}

Deno.test("train --compare trains the runs and counts the baselines, and shows the means of deno task results", async () => {
  const output = await train("--compare", "--seeds", "2");
  assertStringIncludes(output, `run directories: ${OUT}/{${[...RUNS, ...BASELINES].join(",")}}`);
  assertStringIncludes(output, `  deno task results ${OUT}\n`);
  const names = [...Deno.readDirSync(OUT)].map(({ name }) => name).sort();
  assertEquals(names, [...RUNS, ...BASELINES].sort());
  for (const run of [...RUNS, ...BASELINES]) {
    const { model, optimizer, seed } = await readJson(`${OUT}/${run}/config.json`);
    assertEquals(`${model}`, BASELINES.includes(run) ? run : "mf-bpr");
    if (!BASELINES.includes(run)) assertEquals(run, `${optimizer}-${seed}`);
    assertEquals((await readRanks(`${OUT}/${run}`))!.ranks.length, 30);
  }
  const table = (text: string) => {
    const lines = text.split("\n"), begin = lines.findIndex((line) => /^model +optimizer /.test(line));
    return lines.slice(begin, lines.indexOf("", begin));
  };
  const shown = table(output), again = table(await outputOf(results, OUT));
  assertEquals(shown.length, 1 + 3 + 2);
  assertEquals(again.toSorted(), shown.toSorted());
});

Deno.test("train --resume leaves the finished runs of a comparison as they are, and makes up for what is missing", async () => {
  const before = await filesOf([...RUNS, ...BASELINES]);
  await train("--compare", "--seeds", "2", "--resume");
  assertEquals(await filesOf([...RUNS, ...BASELINES]), before);

  const left = [...RUNS.filter((run) => run !== "adamw-2"), "popularity"], kept = await filesOf(left);
  const ranks = await Deno.readFile(`${OUT}/adamw-2/ranks.parquet`);
  await Deno.remove(`${OUT}/adamw-2`, { recursive: true });
  await Deno.remove(`${OUT}/item-knn`, { recursive: true });
  await train("--compare", "--seeds", "2", "--resume");
  assertEquals(await filesOf(left), kept);
  assertEquals(await Deno.readFile(`${OUT}/adamw-2/ranks.parquet`), ranks);
  assertEquals((await readRanks(`${OUT}/item-knn`))!.ranks.length, 30);
});

Deno.test("train --compare of a baseline counts it once, beside the others", async () => {
  const out = `${FOLDER}/baselines`;
  await outputOf(main, "--data", DATA, "--model", "popularity", "--compare", "--out", out, ...CPU);
  assertEquals([...Deno.readDirSync(out)].map(({ name }) => name).sort(), ["item-knn", "popularity"]);
});
