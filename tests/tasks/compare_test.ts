import { assertEquals, assertStringIncludes } from "@std/assert";
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

Deno.test("train --compare writes settings and metrics of every run beside the runs, baselines too", async () => {
  const output = await train("--compare", "--seeds", "2");
  const { protocol, runs } = await readJson(`${OUT}/comparison.json`);
  assertEquals(
    protocol,
    "leave-one-out, full ranking over all items, history left out, ties to the lower row, best epoch by validation NDCG@10",
  );
  assertEquals(runs.map(({ run }: { run: string }) => run), [...RUNS, ...BASELINES]);
  for (const { run, model, settings, bestEpoch, valid, test } of runs) {
    const metrics = await readJson(`${OUT}/${run}/metrics.json`), config = await readJson(`${OUT}/${run}/config.json`);
    assertEquals({ bestEpoch, valid, test }, {
      bestEpoch: metrics.bestEpoch,
      valid: metrics.valid,
      test: metrics.test,
    });
    const { data, device, at, rankRepeats, metric, ...rest } = config;
    assertEquals([at, rankRepeats, metric], ["1,5,10,20,50", false, "ndcg@10"]);
    assertEquals([data, device, rest], [DATA, "cpu", { model, ...settings }]);
    assertEquals(`${model}`, BASELINES.includes(run) ? run : "mf-bpr");
    if (!BASELINES.includes(run)) assertEquals(run, `${settings.optimizer}-${settings.seed}`);
    assertEquals(test.users, 30);
  }
  const [head, ...lines] = (await Deno.readTextFile(`${OUT}/comparison.csv`)).trimEnd().split("\n");
  assertEquals(head, ["run", "model", "optimizer", "seed", "best_epoch", ...Object.keys(runs[0].test)].join(","));
  assertEquals(
    lines,
    runs.map(({ run, model, settings, bestEpoch, test }: typeof runs[number]) =>
      [run, model, settings.optimizer ?? "", settings.seed ?? "", bestEpoch, ...Object.values(test)].join(",")
    ),
  );
  for (const name of ["sevo-adamw (2 seeds)", "adamw (2 seeds)", "adam (2 seeds)", "item-knn", "popularity"]) {
    assertStringIncludes(output, `\n${name}  `);
  }
  assertStringIncludes(output, `run directories: ${OUT}/{${[...RUNS, ...BASELINES].join(",")}}`);
});

Deno.test("train --resume leaves the finished runs of a comparison as they are, and makes up for what is missing", async () => {
  const before = await filesOf([...RUNS, ...BASELINES]);
  const comparison = await Deno.readTextFile(`${OUT}/comparison.json`);
  await train("--compare", "--seeds", "2", "--resume");
  assertEquals(await filesOf([...RUNS, ...BASELINES]), before);
  assertEquals(await Deno.readTextFile(`${OUT}/comparison.json`), comparison);

  const left = [...RUNS.filter((run) => run !== "adamw-2"), "popularity"], kept = await filesOf(left);
  await Deno.remove(`${OUT}/adamw-2`, { recursive: true });
  await Deno.remove(`${OUT}/item-knn`, { recursive: true });
  await Deno.remove(`${OUT}/comparison.csv`);
  await train("--compare", "--seeds", "2", "--resume");
  assertEquals(await filesOf(left), kept);
  assertEquals(await Deno.readTextFile(`${OUT}/comparison.json`), comparison);
  assertEquals((await Deno.readTextFile(`${OUT}/comparison.csv`)).split("\n").length, 1 + 8 + 1);
});

Deno.test("train --compare of a baseline counts it once, beside the others", async () => {
  const out = `${FOLDER}/baselines`;
  await outputOf(main, "--data", DATA, "--model", "popularity", "--compare", "--out", out, ...CPU);
  const { runs } = await readJson(`${out}/comparison.json`);
  assertEquals(runs.map(({ run }: { run: string }) => run), ["popularity", "item-knn"]);
});
