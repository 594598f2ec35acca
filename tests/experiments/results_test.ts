import { assertAlmostEquals, assertEquals } from "@std/assert";
import { readRuns } from "../../src/files/run_record.ts";
import { type Results, resultsOf } from "../../src/experiments/results.ts";
import { summaryOf } from "../../src/experiments/summary.ts";
import { withFolder } from "../files/_folder.ts";
import { type RunOptions, writeRun } from "./_runs.ts";

/** The results of runs by name. */
async function resultsIn(folder: string, runs: Readonly<Record<string, RunOptions>>): Promise<Results> {
  for (const [name, options] of Object.entries(runs)) await writeRun(`${folder}/${name}`, options);
  return resultsOf(await readRuns([folder]));
}

const namesOf = ({ groups }: Results) => groups.map(({ rows }) => rows.map(({ name }) => name));

Deno.test("summaryOf() is the mean and the sample standard deviation, as made by hand", () => {
  // Mean 5; squares 9, 1, 1, 1, 0, 0, 4, 16 sum up to 32, over 7
  const { mean, deviation, count } = summaryOf([2, 4, 4, 4, 5, 5, 7, 9]);
  assertEquals([mean, count], [5, 8]);
  assertAlmostEquals(deviation!, Math.sqrt(32 / 7), 1e-15);
  assertEquals(summaryOf([3]), { mean: 3, deviation: null, count: 1 });
  assertEquals(summaryOf([3, 3]), { mean: 3, deviation: 0, count: 2 });
});

Deno.test("resultsOf() averages runs that differ by their seed, device and place alone", () =>
  withFolder(async (folder) => {
    const results = await resultsIn(folder, {
      "deep/a": { config: { seed: 1 }, ranks: [1, 1, 11] }, // NDCG@10 of 2/3
      "deep/b": { config: { seed: 2, device: "webgpu", data: "elsewhere/tiny" }, ranks: [1, 11, 11] }, // 1/3
      "deep/c": { config: { seed: 1, optimizer: "sevo-adamw" }, ranks: [1, 1, 1] },
    });
    assertEquals(results.varying, ["optimizer", "seed"]);
    assertEquals(results.rows.map(({ name }) => name), ["a", "b", "c"]);
    assertEquals(namesOf(results), [["a", "b"], ["c"]]);
    const [first, second] = results.groups, { mean, deviation, count } = first!.test["ndcg@10"]!;
    assertAlmostEquals(mean, 1 / 2, 1e-15);
    // Both are a sixth from the mean: 2/36 over 1
    assertAlmostEquals(deviation!, Math.sqrt(2 / 36), 1e-15);
    assertEquals(count, 2);
    assertEquals(second!.test["ndcg@10"], { mean: 1, deviation: null, count: 1 });
    assertEquals([first!.valid, first!.bestEpoch, first!.epochsTrained, first!.seconds], [
      { mean: 0.5, deviation: 0, count: 2 },
      { mean: 2, deviation: 0, count: 2 },
      { mean: 2, deviation: 0, count: 2 },
      { mean: 2.25, deviation: 0, count: 2 },
    ]);
    assertEquals([results.metric, results.warnings], ["ndcg@10", []]);
    assertEquals(results.metrics.slice(0, 3), ["users", "targets", "hr@1"]);
    assertEquals("seed" in first!.settings, false);
  }));

Deno.test("runs that have not finished are shown, are no part of the means, and that is said", () =>
  withFolder(async (folder) => {
    const results = await resultsIn(folder, {
      a: { config: { seed: 1 }, metrics: null, events: [{ type: "epoch", epoch: 1, loss: 1, seconds: 5 }] },
      b: { config: { seed: 2 } },
      c: { config: { seed: 3, beta: 0.5 }, metrics: null, events: [] },
    });
    assertEquals(results.rows.map(({ status }) => status), ["unfinished", "finished", "unfinished"]);
    const [row] = results.rows;
    assertEquals([row!.test, row!.valid, row!.bestEpoch, row!.epochsTrained, row!.seconds], [null, null, null, 1, 5]);
    assertEquals(namesOf(results), [["b"], []]);
    assertEquals(results.groups.map(({ leftOut }) => leftOut.map(({ name }) => name)), [["a"], ["c"]]);
    assertEquals(results.groups[1]!.test, {});
    assertEquals(results.groups[1]!.seconds, null);
    assertEquals(results.warnings, ["2 of 3 runs have not finished and are left out of the means"]);
  }));

Deno.test("a seed that is there twice counts once", () =>
  withFolder(async (folder) => {
    const results = await resultsIn(folder, {
      a: { config: { seed: 1 } },
      copy: { config: { seed: 1 }, ranks: [1, 1, 1] },
      "counted/a": { config: { seed: undefined, optimizer: undefined, model: "popularity" } },
      "counted/b": { config: { seed: undefined, optimizer: undefined, model: "popularity" } },
    });
    assertEquals(namesOf(results), [["a"], ["counted/a"]]);
    assertEquals(results.warnings, [
      "'copy', seed 1, is the same run as 'a' and not averaged with it",
      "'counted/b' is the same run as 'counted/a' and not averaged with it",
    ]);
  }));

Deno.test("runs on other data, measured in another way or of another version are kept apart or named", () =>
  withFolder(async (folder) => {
    const results = await resultsIn(folder, {
      a: { config: { seed: 1 } },
      b: { config: { seed: 2 }, digest: "another digest" },
      c: { config: { seed: 3 }, metrics: { protocol: "split by time" } },
      d: { config: { seed: 4 }, metrics: { version: "2.0.0" } },
    });
    assertEquals(namesOf(results), [["a", "d"], ["c"], ["b"]]);
    assertEquals(results.varying, ["data", "seed"]);
    assertEquals(results.rows.map(({ settings }) => settings["data"]), [
      "tiny digest o",
      "tiny another ",
      "tiny digest o",
      "tiny digest o",
    ]);
    assertEquals(results.warnings, [
      "the runs are on 2 datasets: compare those of the same alone",
      "the runs were measured in 2 ways, which do not compare: leave-one-out; split by time",
      "the runs are of 2 versions of the program: 1.0.0, 2.0.0",
    ]);
  }));

Deno.test("what only one of two models has is no setting that differs; what one of two runs of a model has is", () =>
  withFolder(async (folder) => {
    const results = await resultsIn(folder, {
      a: { config: { model: "sasrec", heads: 2 } },
      b: { config: { init: "runs/before" } },
      c: { config: { metric: "hr@5" } },
    });
    assertEquals(results.varying, ["model", "metric", "init"]);
    assertEquals(results.metric, "ndcg@10");
    assertEquals(resultsOf([]).rows, []);
  }));

Deno.test("a setting of no simple type, or of a name that objects have, is a setting like others", () =>
  withFolder(async (folder) => {
    await writeRun(`${folder}/a`);
    await writeRun(`${folder}/b`);
    await Deno.writeTextFile(`${folder}/b/config.json`, '{"model":"mf-bpr","list":[1,2],"constructor":"x","seed":1}');
    const results = resultsOf(await readRuns([folder]));
    assertEquals(results.rows[1]!.settings["list"], "[1,2]");
    assertEquals(results.varying.includes("list"), true);
    assertEquals(results.varying.includes("constructor"), true);
  }));
