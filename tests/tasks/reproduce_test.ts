import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { TrainingEvent } from "../../src/training/train.ts";
import { EXPERIMENTS, publishedCurve, publishedTest } from "../../tasks/reproduce/published.ts";
import { metricsOfRanks } from "../recommend/_ranks.ts";
import { reproductionReport, withReport } from "../../tasks/reproduce/report.ts";

const EXPERIMENT = { dataset: "beauty", model: "sasrec", optimizer: "sevo-adamw", seed: 1 } as const;

function events(valid: number, loss: number, test: number | null): TrainingEvent[] {
  const evaluation = (split: "valid" | "test", ndcg: number): TrainingEvent => ({
    type: "evaluation",
    split,
    epoch: 5,
    seconds: 1,
    metrics: { ...metricsOfRanks([2]), "ndcg@10": ndcg },
  });
  return [
    { type: "epoch", epoch: 5, loss, seconds: 2.5 },
    evaluation("valid", valid),
    ...test === null ? [] : [evaluation("test", test)],
  ];
}

/** The cells of a row of the report whose first ones are these. */
function rowOf(report: string, ...first: string[]): string[] {
  const rows = report.split("\n").map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
  const row = rows.find((cells) => first.every((cell, at) => cells[at] === cell));
  assert(row, `no row ${first}`);
  return row;
}

Deno.test("reproductionReport() says which points and results are where they should be", () => {
  const report = (valid: number, loss: number, test: number | null) =>
    reproductionReport([
      { experiment: EXPERIMENT, command: "deno task train", events: events(valid, loss, test), device: "cpu: 2" },
    ]);
  const good = report(0.0163, 1.1, 0.0436);
  assertEquals(rowOf(good, "beauty", "sasrec", "1", "5").slice(4), [
    ".0163",
    ".0125-.0149",
    "inside",
    "1.100",
    "1.017",
    "inside",
  ]);
  assertEquals(rowOf(good, "beauty", "sasrec", "sevo-adamw").slice(4), [
    "1",
    "5",
    ".0163",
    ".0436",
    ".0411 ± .0013",
    "within 2 deviations",
    "2.50",
    "cpu: 2",
  ]);
  const bad = report(0.0112, 0.91, 0.0384);
  assertEquals([6, 9].map((at) => rowOf(bad, "beauty", "sasrec", "1", "5")[at]), ["outside", "outside"]);
  assertEquals(rowOf(bad, "beauty", "sasrec", "sevo-adamw")[9], "outside 2 deviations");
  const unfinished = report(0.0163, 1.1, null);
  assertEquals(rowOf(unfinished, "beauty", "sasrec", "sevo-adamw").slice(7, 10), ["", ".0411 ± .0013", "unfinished"]);
  assertEquals(rowOf(unfinished, "beauty", "sasrec", "1", "10")[6], "unfinished");
});

Deno.test("reproductionReport() keeps the rows of runs that are not there", () => {
  const run = (seed: number, events: TrainingEvent[]) => ({
    experiment: { ...EXPERIMENT, seed },
    command: `deno task train --seed ${seed}`,
    events,
    device: "cpu: 2",
  });
  const earlier = reproductionReport([run(1, events(0.0163, 1.1, 0.0436)), run(2, events(0.0163, 1.1, 0.0416))]);
  const later = reproductionReport([run(1, []), run(2, events(0.0163, 1.1, 0.0384))], earlier);
  assertEquals(
    rowOf(later, "beauty", "sasrec", "sevo-adamw", "1"),
    rowOf(earlier, "beauty", "sasrec", "sevo-adamw", "1"),
  );
  assertEquals(rowOf(later, "beauty", "sasrec", "1", "5"), rowOf(earlier, "beauty", "sasrec", "1", "5"));
  assertEquals(rowOf(later, "beauty", "sasrec", "sevo-adamw", "2")[7], ".0384");
  assertStringIncludes(later, "deno task train --seed 1\n");
  assertEquals(rowOf(reproductionReport([run(1, [])]), "beauty", "sasrec", "sevo-adamw", "1")[4], "0");
});

Deno.test("withReport() replaces the report of a document, and only that", () => {
  const first = withReport("# Results\n\nText.\n", "one");
  assertEquals(first, "# Results\n\nText.\n\n<!-- reproduction -->\n\none\n<!-- end of reproduction -->\n");
  assertEquals(withReport(first + "\nAfter.\n", "two"), first.replace("one", "two") + "\nAfter.\n");
  assertEquals(withReport("", "one").startsWith("<!--"), true);
});

Deno.test("every experiment has a config file and something published to compare it with", async () => {
  for (const experiment of EXPERIMENTS) {
    const config = JSON.parse(await Deno.readTextFile(`configs/${experiment.dataset}/${experiment.model}.json`));
    assertEquals(config.model, experiment.model);
    assert(publishedTest(experiment) !== null || publishedCurve(experiment).length === 4);
  }
});
