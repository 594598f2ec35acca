/**
 * Times training steps in Chromium beside the same in Deno, in turn:
 *
 *     deno run --allow-all tests/browser/bench.ts
 *
 * @module
 */
import { closeBrowser, visit } from "../_chromium.ts";
import { bundlePage } from "./_bundles.ts";
import { ISOLATED, serve } from "./_server.ts";
import { timeSteps } from "./_steps.ts";

const ROUNDS = 5, STEPS = 40, folder = await Deno.makeTempDir();

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

await bundlePage("tests/browser/_steps.ts", `${folder}/page`);
await using server = serve(`${folder}/page`, ISOLATED);
for (const threads of [1, navigator.hardwareConcurrency]) {
  const ours: number[] = [], theirs: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const here = await timeSteps(threads, STEPS);
    await visit(server.address, {}, async ({ page }) => {
      const there = await page.evaluate(`timeSteps(${threads}, ${STEPS})`) as typeof here;
      if (there.description !== here.description || there.loss !== here.loss) {
        throw new Error(`Cannot compare ${JSON.stringify(there)} with ${JSON.stringify(here)}`);
      }
      ours.push(median(here.milliseconds));
      theirs.push(median(there.milliseconds));
    });
  }
  const ratio = median(theirs.map((value, round) => value / ours[round]!));
  console.log(
    `${threads} thread${threads === 1 ? "" : "s"}: Deno ${median(ours).toFixed(1)} ms, Chromium ` +
      `${median(theirs).toFixed(1)} ms a step; Chromium over Deno ${ratio.toFixed(2)}`,
  );
}
await closeBrowser();
await Deno.remove(folder, { recursive: true });
