import { assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { readRuns, RunError } from "../../src/files/run_record.ts";
import { type Comparison, comparisonsOf, usualRequests } from "../../src/experiments/comparison.ts";
import { comparisonWords, pInWords } from "../../src/experiments/comparison_words.ts";
import { resultsOf } from "../../src/experiments/results.ts";
import { withFolder } from "../files/_folder.ts";
import { type RunOptions, writeRun } from "./_runs.ts";

const SEVO = { optimizer: "sevo-adamw" };

/** Comparisons of runs by name: those that are usual, or of a setting. */
async function compared(
  folder: string,
  runs: Readonly<Record<string, RunOptions>>,
  [setting, value, against]: readonly string[] = [],
): Promise<Comparison[]> {
  for (const [name, options] of Object.entries(runs)) await writeRun(`${folder}/${name}`, options);
  const results = resultsOf(await readRuns([folder])), comparisons: Comparison[] = [];
  const isAsked = setting !== undefined;
  const requests = isAsked ? [{ setting, value: value!, against: against! }] : usualRequests(results);
  for (const request of requests) {
    comparisons.push(...await comparisonsOf(results, request, { metric: "hr@1", nearest: isAsked }));
  }
  return comparisons;
}

const wordsOf = (comparisons: readonly Comparison[]) =>
  comparisons.map((comparison) => comparisonWords(comparison, comparisons));

Deno.test("runs with SEvo are held against those without by pairs of seeds and of users, as made by hand", () =>
  withFolder(async (folder) => {
    const [comparison, ...more] = await compared(folder, {
      "adamw-1": { config: { seed: 1 }, ranks: [1, 2, 2, 2] }, // HR@1 of 1/4
      "adamw-2": { config: { seed: 2 }, ranks: [1, 1, 2, 2] }, // 2/4
      "adamw-9": { config: { seed: 9 }, ranks: [1, 1, 1, 1] },
      "sevo-1": { config: { ...SEVO, seed: 1 }, ranks: [1, 1, 2, 1] }, // 3/4
      "sevo-2": { config: { ...SEVO, seed: 2 }, ranks: [2, 1, 1, 1] }, // 3/4
    });
    assertEquals(more, []);
    const { seeds, mean, baselineMean, overSeeds, overUsers, others } = comparison!;
    assertEquals([seeds, mean, baselineMean, others], [[1, 2], 0.75, 0.375, []]);
    // Over seeds 2/4 and 1/4; over users -1/2, 1/2, 1/2, 1
    assertEquals([overSeeds!.count, overSeeds!.mean], [2, 0.375]);
    assertAlmostEquals(overSeeds!.t!.statistic, 3, 1e-12);
    // scipy 1.17.1: stats.ttest_1samp([.5, .25], 0), stats.ttest_1samp([-.5, .5, .5, 1], 0)
    assertAlmostEquals(overSeeds!.t!.p, 0.20483276469913345, 1e-12);
    assertEquals([overUsers!.count, overUsers!.mean], [4, 0.375]);
    assertAlmostEquals(overUsers!.t!.p, 0.3189317919127754, 1e-12);
    assertEquals(wordsOf([comparison!]), [{
      headline: "sevo-adamw against adamw: better by 100.0 % on HR@1 (0.7500 against 0.3750), 2 seeds",
      details: [
        "over 2 seeds: may be luck, p = 0.2 (paired t); p = 0.5 (Wilcoxon, which is never below 0.5 with 2 pairs)",
        "over 4 users, each with the mean over the seeds: may be luck, p = 0.32 (paired t); " +
        "p = 0.5 (Wilcoxon, which is never below 0.125 with 4 pairs)",
      ],
    }]);
  }));

Deno.test("with one seed, without one and without ranks it is said that there is no test, and why", () =>
  withFolder(async (folder) => {
    const runs = {
      a: {},
      b: { config: SEVO, hasRanks: false, ranks: [2, 2, 11] },
      c: { config: { ...SEVO, layers: 5, seed: 7 } },
      d: {
        config: { model: "popularity", optimizer: undefined, seed: undefined, layers: undefined },
        ranks: [1, 1, 1],
      },
    };
    assertEquals(wordsOf(await compared(folder, runs)), [{
      headline: "sevo-adamw against adamw at layers 3: worse by 100.0 % on HR@1 (0.0000 against 0.3333), 1 seed",
      details: [
        "over seeds: no test, as one seed does not say how much another would differ: train more, such as --seeds 5",
        "over users: no test, as the two have no seed in common or a run has no ranks.parquet",
      ],
    }, {
      headline: "sevo-adamw against adamw at layers 5: the same HR@1 (0.3333)",
      details: [
        "over seeds: no test, as the two have no seed in common",
        "over users: no test, as the two have no seed in common or a run has no ranks.parquet",
      ],
    }]);
    const [, , counted] = wordsOf(await compared(folder, {}, ["model", "mf-bpr", "popularity"]));
    assertEquals(counted!.details[0], "over seeds: no test, as a model that is counted has no seeds");
    assertEquals(/^over 3 users: may be luck, p = 0.18 \(paired t\)/.test(counted!.details[1]!), true);
  }));

Deno.test("equal runs are the same, and nothing is tested", () =>
  withFolder(async (folder) => {
    const two = [1, 2].flatMap((seed) =>
      [{}, SEVO].map((given, at) => [`${at}-${seed}`, { config: { ...given, seed } }] as const)
    );
    assertEquals(wordsOf(await compared(folder, Object.fromEntries(two))), [{
      headline: "sevo-adamw against adamw: the same HR@1 (0.3333), 2 seeds",
      details: [
        "over 2 seeds: no test, as there is no difference at all",
        "over 3 users, each with the mean over the seeds: no test, as there is no difference at all",
      ],
    }]);
  }));

Deno.test("runs are compared where all else is equal; where that is asked for, with the nearest, which is said", () =>
  withFolder(async (folder) => {
    const runs = {
      // What an optimizer without SEvo has for a beta means nothing
      "sevo-a": { config: { ...SEVO, beta: 0.5 } },
      "sevo-b": { config: { ...SEVO, beta: 0.9 } },
      plain: { config: { beta: 0.99 } },
      adam: { config: { optimizer: "adam", learningRate: 0.01 } },
    };
    const usual = await compared(folder, runs);
    assertEquals(usual.map(({ group, baseline }) => [group, baseline].map(({ rows }) => rows[0]!.name)), [
      ["sevo-a", "plain"],
      ["sevo-b", "plain"],
    ]);
    const asked = await compared(folder, {}, ["optimizer", "adamw", "adam"]);
    assertEquals(asked.map(({ others }) => others), [["learningRate"]]);
    assertEquals(wordsOf(asked)[0]!.details[0], "they differ in other settings too: learningRate (0.001 and 0.01)");
    // Of runs that are the same without SEvo, the one with the same settings of the graph is taken
    const equal = await compared(folder, { "plain-b": { config: { beta: 0.9 } } });
    assertEquals(equal.map(({ baseline }) => baseline.rows[0]!.name), ["plain", "plain-b"]);
    assertEquals((await compared(folder, {}, ["beta", "0.5", "0.99"])).length, 0);
    assertEquals((await compared(folder, {}, ["beta", "0.5", "0.9"])).length, 1);
  }));

Deno.test("runs on other data, measured in another way, unfinished or without the metric are not compared", () =>
  withFolder(async (folder) => {
    await writeRun(`${folder}/sevo`, { config: SEVO });
    for (
      const options of [
        { dataset: "other" },
        { metrics: { protocol: "another" } },
        { metrics: null },
        { metrics: { test: { users: 3, mrr: 0.5 } } },
      ]
    ) assertEquals(await compared(folder, { plain: { ...options } }), [], JSON.stringify(options));
  }));

Deno.test("ranks that are not those of the metrics are refused", () =>
  withFolder(async (folder) => {
    await writeRun(`${folder}/plain`);
    await writeRun(`${folder}/sevo`, { config: SEVO });
    const whole = await Deno.readFile(`${folder}/sevo/ranks.parquet`);
    await writeRun(`${folder}/sevo/other`, { ranks: [2, 2, 2] });
    await Deno.copyFile(`${folder}/sevo/other/ranks.parquet`, `${folder}/sevo/ranks.parquet`);
    await Deno.remove(`${folder}/sevo/other`, { recursive: true });
    const { message } = await assertRejects(() => compared(folder, {}), RunError);
    assertEquals(
      message,
      `Cannot read the run in '${folder}/sevo' as its ranks.parquet is not that of its metrics.json`,
    );
    await Deno.writeFile(`${folder}/sevo/ranks.parquet`, whole.subarray(0, whole.length - 9));
    await assertRejects(() => compared(folder, {}), RunError, "ranks.parquet ends early");
  }));

Deno.test("pInWords() has two digits, and says where p is too small to be told from nothing", () => {
  assertEquals([1, 0.0625, 0.0031234, 0.00012, 0.0000123, 1e-15, 1e-16, 0].map(pInWords), [
    "p = 1",
    "p = 0.063",
    "p = 0.0031",
    "p = 0.0001",
    "p = 1e-5",
    "p = 1e-15",
    "p < 1e-15",
    "p < 1e-15",
  ]);
});
