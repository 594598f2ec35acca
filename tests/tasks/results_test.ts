import { assert, assertAlmostEquals, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { RunError } from "../../src/files/run_record.ts";
import { UsageError } from "../../tasks/cli/flags.ts";
import { main } from "../../tasks/results.ts";
import { writeRun } from "../experiments/_runs.ts";
import { rowsOf } from "../files/_duckdb.ts";
import { filesIn, withFolder } from "../files/_folder.ts";
import { outputOf, runTask } from "./_tiny.ts";

const SEVO = { optimizer: "sevo-adamw" };

/** NDCG@10 of one target at place 2, and at place 3. */
const [SECOND, THIRD] = [1 / Math.log2(3), 1 / 2];

/** Two seeds of AdamW and of SEvo, and one run that has not finished. */
async function writeRuns(folder: string): Promise<void> {
  await writeRun(`${folder}/runs/a`, { config: { seed: 1 }, ranks: [1, 2, 11] });
  await writeRun(`${folder}/runs/b`, { config: { seed: 2 }, ranks: [3, 11, 11] });
  await writeRun(`${folder}/runs/c`, { config: { ...SEVO, seed: 1 }, ranks: [1, 1, 2] });
  await writeRun(`${folder}/runs/d`, { config: { ...SEVO, seed: 2 }, ranks: [1, 1, 11] });
  await writeRun(`${folder}/runs/e`, { config: { ...SEVO, seed: 3 }, metrics: null });
}

/** NDCG@10 of the runs above by hand. */
const NDCG = { a: (1 + SECOND) / 3, b: THIRD / 3, c: (2 + SECOND) / 3, d: 2 / 3 };

Deno.test("results shows means over seeds, what is compared and what is left out", () =>
  withFolder(async (folder) => {
    await writeRuns(folder);
    const [head, ...lines] = (await outputOf(main, `${folder}/runs`)).split("\n");
    assertEquals(head!.split(/ {2,}/), [
      ...["optimizer", "runs", "HR@1", "HR@5", "HR@10", "NDCG@5", "NDCG@10", "MRR", "best epoch", "seconds"],
    ]);
    const mean = (NDCG.a + NDCG.b) / 2, deviation = Math.abs(NDCG.a - NDCG.b) / Math.SQRT2;
    const cells = lines[0]!.split(/ {2,}/);
    assertEquals([cells[0], cells[1], cells[6]], ["adamw", "2", `${mean.toFixed(4)} ± ${deviation.toFixed(4)}`]);
    assertEquals(lines[1]!.split(/ {2,}/).slice(0, 2), ["sevo-adamw", "2 of 3"]);
    const text = lines.join("\n");
    assertStringIncludes(text, "sevo-adamw against adamw: better by ");
    assertStringIncludes(text, "\nnote: 1 of 5 runs has not finished and is left out of the means\n");
    assertStringIncludes(text, "\nnote: protocol: leave-one-out\n");

    const byRun = (await outputOf(main, `${folder}/runs`, "--rows", "runs", "--sort", "ndcg@10")).split("\n");
    assertEquals(byRun.slice(1, 6).map((line) => line.slice(0, 1)), ["c", "d", "a", "b", "e"]);
    assert(byRun[5]!.endsWith("unfinished"), byRun[5]);
    const sorted = (await outputOf(main, `${folder}/runs`, "--sort", "hr@10")).split("\n");
    assertEquals(sorted.slice(1, 3).map((line) => line.split(" ")[0]), ["sevo-adamw", "adamw"]);
  }));

for (const format of ["csv", "parquet"]) {
  Deno.test(`results as ${format}, read by DuckDB, gives the means and deviations that are made by hand`, () =>
    withFolder(async (folder) => {
      await writeRuns(folder);
      const file = `${folder}/results.${format}`, means = `${folder}/means.${format}`;
      assertEquals(await outputOf(main, `${folder}/runs`, "--to", file), `Wrote 5 runs to ${file}\n`);
      assertEquals(
        await outputOf(main, `${folder}/runs`, "--to", means, "--rows", "means"),
        `Wrote 2 means to ${means}\n`,
      );
      assertEquals(await filesIn(folder), [`means.${format}`, `results.${format}`, "runs"]);
      const rows = await rowsOf(`SELECT run, status, seed, "ndcg@10" AS ndcg, seconds, version FROM '${file}'`);
      assertEquals(rows.map(({ run, status }) => [run, status]), [
        ...["a", "b", "c", "d"].map((run) => [run, "finished"]),
        ["e", "unfinished"],
      ]);
      assertEquals(rows.map(({ seed }) => Number(seed)), [1, 2, 1, 2, 3]);
      Object.values(NDCG).forEach((value, at) => assertAlmostEquals(Number(rows[at]!["ndcg"]), value, 1e-15));
      assertEquals([rows[4]!["ndcg"], rows[4]!["version"], rows[4]!["seconds"]], [null, null, 2.25]);

      const averaged = await rowsOf(
        `SELECT optimizer, avg("ndcg@10") AS mean, stddev_samp("ndcg@10") AS deviation, count("ndcg@10")::INT AS runs ` +
          `FROM '${file}' GROUP BY optimizer ORDER BY optimizer`,
      );
      const written = await rowsOf(
        `SELECT optimizer, "ndcg@10_mean" AS mean, "ndcg@10_deviation" AS deviation, runs, leftOut FROM '${means}' ORDER BY optimizer`,
      );
      for (const [at, [one, other]] of [[NDCG.a, NDCG.b], [NDCG.c, NDCG.d]].entries()) {
        for (const row of [averaged[at]!, written[at]!]) {
          assertAlmostEquals(Number(row["mean"]), (one! + other!) / 2, 1e-15);
          assertAlmostEquals(Number(row["deviation"]), Math.abs(one! - other!) / Math.SQRT2, 1e-15);
          assertEquals(Number(row["runs"]), 2);
        }
      }
      assertEquals(written.map(({ leftOut }) => Number(leftOut)), [0, 1]);
    }));
}

Deno.test("results as JSON has runs, groups, comparisons and notes; as Markdown a table and the words", () =>
  withFolder(async (folder) => {
    await writeRuns(folder);
    const { varying, metric, runs, groups, comparisons, notes } = JSON.parse(
      await outputOf(main, `${folder}/runs`, "--format", "json"),
    );
    assertEquals([varying, metric, runs.length, notes.length], [["optimizer", "seed"], "ndcg@10", 5, 2]);
    assertEquals(groups.map((group: { runs: string[]; leftOut: string[] }) => [group.runs, group.leftOut]), [
      [["a", "b"], []],
      [["c", "d"], ["e"]],
    ]);
    assertAlmostEquals(groups[0].test["ndcg@10"].mean, (NDCG.a + NDCG.b) / 2, 1e-15);
    const [{ runs: own, againstRuns, seeds, overSeeds, overUsers }] = comparisons;
    assertEquals([own, againstRuns, seeds, overSeeds.count, overUsers.count], [["c", "d"], ["a", "b"], [1, 2], 2, 3]);
    const file = `${folder}/results.md`;
    await outputOf(main, `${folder}/runs`, "--to", file);
    const lines = (await Deno.readTextFile(file)).split("\n");
    assert(lines[0]!.startsWith("| optimizer  | runs   | HR@1 "), lines[0]);
    assert(lines[1]!.startsWith("| ---------- | "), lines[1]);
    assertEquals(lines.filter((line) => line.startsWith("**sevo-adamw against adamw: better by ")).length, 1);
    const csv = await outputOf(main, `${folder}/runs`, "--to", "-", "--format", "csv");
    await outputOf(main, `${folder}/runs`, "--to", `${folder}/results.csv`);
    assertEquals(csv, await Deno.readTextFile(`${folder}/results.csv`));
  }));

Deno.test("results compares what it is asked to, by the metric that it is asked to", () =>
  withFolder(async (folder) => {
    for (const beta of [0.5, 0.9]) {
      for (const seed of [1, 2]) await writeRun(`${folder}/${beta}-${seed}`, { config: { ...SEVO, beta, seed } });
    }
    const text = await outputOf(main, folder, "--compare", "beta=0.9,0.5", "--metric", "mrr@5");
    assertStringIncludes(text, "\nbeta 0.9 against 0.5: the same MRR@5 (0.5000), 2 seeds\n");
    assertStringIncludes(text.split("\n")[0]!, "MRR@5");
    const refused = async (why: string, ...flags: string[]) => {
      const { message } = await assertRejects(() => main([folder, ...flags]), UsageError);
      assertEquals(message, `Cannot run results as ${why}`);
    };
    await refused("the runs do not differ in 'bata' (--compare): did you mean 'beta'?", "--compare", "bata=1,2");
    await refused("the runs do not differ in 'model' (--compare): they differ in beta", "--compare", "model=a,b");
    await refused("no run has beta '0.7' (--compare): there are 0.5, 0.9", "--compare", "beta=0.5,0.7");
    await refused(
      "--compare must be SETTING=A,B, such as optimizer=sevo-adamw,adamw: current value is 'beta'",
      "--compare",
      "beta",
    );
    await refused(
      "no run has ndcg@7 (--metric): train with its cut-off in --at, or give another",
      "--metric",
      "ndcg@7",
    );
    await refused(
      "--sort must be a metric such as ndcg@10: current value is 'ncdg', did you mean 'ndcg@10'?",
      "--sort",
      "ncdg",
    );
    await refused("--to must end in .csv, .parquet, .md or .json: current value is 'x.txt'", "--to", "x.txt");
    await refused("--to - needs a format: give --format csv, md or json", "--to", "-");
    await refused(
      "--format is that of standard output: the end of --to says that of a file",
      "--to",
      "x.csv",
      "--format",
      "csv",
    );
  }));

Deno.test("a folder without a run, and a damaged run, are named and are data that are wrong", () =>
  withFolder(async (folder) => {
    await assertRejects(() => main([folder]), RunError, "no run directory in it");
    await writeRuns(folder);
    await Deno.writeTextFile(`${folder}/runs/b/metrics.json`, "{");
    const { code, out, err } = await runTask(["results", `${folder}/runs`, "--to", `${folder}/results.csv`]);
    assertEquals([code, out], [3, ""]);
    assertStringIncludes(err, `error: Cannot read the run in '${folder}/runs/b' as its metrics.json is damaged\n`);
    assertEquals(await filesIn(folder), ["runs"]);
  }));

Deno.test("results of runs of which none has finished, and of one run, are no less a table", () =>
  withFolder(async (folder) => {
    await writeRun(`${folder}/only`, { metrics: null });
    const text = await outputOf(main, folder);
    assertEquals(text.split("\n")[1]!.split(/ {2,}/), ["only", "2", "2.3", "unfinished"]);
    assertStringIncludes(text, "note: 1 of 1 runs has not finished");
    const means = (await outputOf(main, folder, "--rows", "means")).split("\n");
    assertEquals(means[1]!.split(/ {2,}/), ["tiny", "mf-bpr", "adamw", "0 of 1"]);
    await outputOf(main, folder, "--to", `${folder}/results.parquet`, "--rows", "means");
    assertEquals((await rowsOf(`FROM '${folder}/results.parquet'`)).length, 1);
    await writeRun(`${folder}/only`);
    assertEquals((await outputOf(main, `${folder}/only`)).split("\n")[1]!.split(/ {2,}/)[0], "only");
  }));

Deno.test("names and settings that would steer a terminal or break a table are spelled out", () =>
  withFolder(async (folder) => {
    await writeRun(`${folder}/a\u001b[31m`, { config: { init: "x\ny|z" } });
    await writeRun(`${folder}/b`);
    for (const flags of [[], ["--rows", "means"], ["--format", "md"]]) {
      const text = await outputOf(main, folder, ...flags);
      assert(!text.includes("\u001b"), text);
      assertStringIncludes(text, flags[0] === "--format" ? "x\\\\ny\\|z" : "x\\ny|z");
    }
    assertStringIncludes(await outputOf(main, folder), "a\\x1b[31m");
    const file = `${folder}/results.csv`;
    await outputOf(main, folder, "--to", file);
    assertEquals((await rowsOf(`SELECT run, init FROM '${file}'`))[0], { run: "a\u001b[31m", init: "x\ny|z" });
  }));
