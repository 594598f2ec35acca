import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { againstSection } from "../../src/report/against.ts";
import { panelled, seeds, type ShortRun } from "./_results.ts";

const SEVO = { optimizer: "sevo-adamw", propagation: "neumann", beta: 0.99, learningRate: 0.001 };

async function section(runs: readonly ShortRun[], ...settings: string[]): Promise<string> {
  return againstSection((await panelled(runs)).panels, "ndcg@10", { settings, smoothness: [] }).text;
}

const sweep = (...betas: number[]) => betas.flatMap((beta) => seeds({ ...SEVO, beta }, [beta / 2, beta / 2 + 0.02]));

/** The labels of the legend of a section. */
const legendOf = (page: string) =>
  Array.from(page.matchAll(/<li>\s*<i class="[^"]*"><\/i>([^<]*)/g), ([, label]) => label!.trim());

Deno.test("a setting of three values or more is drawn, with the plain rule as a level and the figures in a table", async () => {
  const page = await section([...sweep(0.1, 0.5, 0.9), ...seeds({ ...SEVO, optimizer: "adamw" }, [0.2, 0.3])]);
  assertStringIncludes(page, "sasrec on beauty, by beta");
  assertEquals(legendOf(page), ["SEvo-AdamW", "AdamW"]);
  assertStringIncludes(page, "SEvo-AdamW: .0600 at 0.1, .2600 at 0.5, .4600 at 0.9; AdamW: .2500.");
  assertStringIncludes(page.replace(/\s+/g, " "), '<th scope="row">0.5</th><td>.2600 (2)</td>');
  assertEquals(page.match(/<svg/g)!.length, 1);
});

Deno.test("other settings that differ are lines of their own", async () => {
  const iterative = sweep(0.1, 0.5, 0.9).map((run) => ({
    ...run,
    config: { ...run.config, propagation: "iterative" },
  }));
  const page = await section([...sweep(0.1, 0.5, 0.9), ...iterative]);
  assertEquals(legendOf(page).sort(), ["SEvo-AdamW, propagation iterative", "SEvo-AdamW, propagation neumann"]);
});

Deno.test("two values are drawn where that is asked for, and no setting of words", async () => {
  const two = sweep(0.1, 0.9);
  assertStringIncludes(await section(two), "so there is nothing to draw");
  assertStringIncludes(await section(two, "beta"), "by beta");
  const words = ["neumann", "iterative", "exact"].flatMap((propagation) => seeds({ ...SEVO, propagation }, [0.1]));
  assertStringIncludes(await section(words), "so there is nothing to draw");
});

Deno.test("what spans decades is drawn by its logarithm, and more lines than can be told apart are counted", async () => {
  const rates = [1e-4, 1e-3, 1e-2].flatMap((learningRate) => seeds({ ...SEVO, learningRate }, [0.1]));
  const page = await section(rates);
  const ticks = /aria-label="x-axis tick label"[\s\S]*?<\/g>/.exec(page)![0];
  // Even steps on the axis for even factors
  const labels = Array.from(
    ticks.matchAll(/translate\(([\d.]+),[\d.]+\)"[^>]*>([^<]*)</g),
    ([, x, text]) => [text, Number(x)],
  );
  const places = new Map(labels as [string, number][]);
  // Even steps on the axis for even factors
  const steps = [places.get("0.001")! - places.get("0.0001")!, places.get("0.01")! - places.get("0.001")!];
  assert(Math.abs(steps[0]! - steps[1]!) < 1 && steps[0]! > 50, `${labels}`);
  const many = Array.from(
    { length: 8 },
    (_, last) => [0.1, 0.5, 0.9].flatMap((beta) => seeds({ ...SEVO, beta, last: `of ${last}` }, [beta])),
  ).flat();
  assertStringIncludes(await section(many), "6 of 8 lines are drawn");
});
