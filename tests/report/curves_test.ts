import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { bandOf } from "../../src/report/_band.ts";
import { curvesSection } from "../../src/report/curves.ts";
import { panelsOf } from "../../src/report/panels.ts";
import { resultsOf } from "../../src/experiments/results.ts";
import type { RunRecord } from "../../src/files/run_record.ts";
import { record, seeds } from "./_results.ts";

Deno.test("bandOf() is the mean and one sample deviation to each side, as far as all seeds go", () => {
  const points = bandOf([new Map([[0, 1], [5, 2], [10, 9]]), new Map([[5, 4], [0, 1]])]);
  assertEquals(points, [
    { x: 0, y: 1, low: 1, high: 1 },
    { x: 5, y: 3, low: 3 - Math.SQRT2, high: 3 + Math.SQRT2 },
  ]);
  assertEquals(bandOf([new Map([[1, 3]])]), [{ x: 1, y: 3, low: 3, high: 3 }]);
  assertEquals(bandOf([]), []);
});

/** A run with events: a loss for each epoch, and a validation every fifth. */
function trained(run: RunRecord, epochs: number): RunRecord {
  const events = Array.from({ length: epochs }, (_, at) => [
    { type: "epoch" as const, epoch: at + 1, loss: 1 / (at + 1), seconds: 1 },
    ...at % 5 === 4
      ? [{
        type: "evaluation" as const,
        split: "valid" as const,
        epoch: at + 1,
        metrics: run.metrics!.valid,
        seconds: 1,
      }]
      : [],
  ]).flat();
  return { ...run, events };
}

const section = (runs: readonly RunRecord[]) =>
  curvesSection(panelsOf(resultsOf(runs).groups, [], "ndcg@10"), "ndcg@10").text;

Deno.test("curves of long runs and of many settings stay small, and say what is not drawn", () => {
  const many = Array.from({ length: 60 }, (_, at) => seeds({ optimizer: "sevo-adamw", beta: at / 100 }, [at / 100]))
    .flat()
    .map((run, at) => trained(record(run, at), 1000));
  const page = section(many);
  assertStringIncludes(page, "40 of 59 other settings");
  assert(page.length < 400_000, String(page.length));
  // The last epoch is among what is drawn, and in the table
  assertStringIncludes(page, '<th scope="row">1000</th>');
  assertStringIncludes(page, ">800</text>");
  const [line] = page.match(/<path[^>]* d="M[^"]{500,}"/)!;
  assertEquals(line.match(/[ML]/g)!.length, 200);
});

Deno.test("a run without two validations has no curve of them, and that is said", () => {
  const runs = seeds({ optimizer: "adamw" }, [0.1, 0.2]).map((run, at) => trained(record(run, at), 5));
  const page = section(runs);
  assertStringIncludes(page, "Validation NDCG@10: fewer than two epochs have it, so there is no curve");
  assertEquals(page.match(/<svg/g)!.length, 1);
});

Deno.test("epochs are whole numbers on the axis, however few", () => {
  for (const epochs of [2, 3, 7, 8, 13, 69, 71, 500]) {
    const page = section(seeds({ optimizer: "adamw" }, [0.1]).map((run, at) => trained(record(run, at), epochs)));
    const svg = /<svg[^>]*aria-label="Training loss[\s\S]*?<\/svg>/.exec(page)![0];
    const [axis] = /aria-label="x-axis tick label"[\s\S]*?<\/g>/.exec(svg)!;
    const ticks = Array.from(axis.matchAll(/>([^<]+)<\/text>/g), ([, text]) => text!);
    assert(ticks.length >= 3 && ticks.length <= 8, `${epochs}: ${ticks}`);
    assertEquals(ticks.filter((tick) => !Number.isInteger(Number(tick.replace(",", "")))), []);
  }
});
