import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Decision } from "../../src/experiments/halving.ts";
import { withFolder } from "../files/_folder.ts";
import { resultsIn, specIn, sweepHere } from "./_sweep.ts";
import { DATA } from "./_tiny.ts";

/** Six runs of one seed; a step of 1e-6 learns nothing. */
const SPEC = {
  base: { data: DATA, model: "mf-bpr", dimension: 8, batch: 8, epochs: 12, evalEvery: 2, patience: 0 },
  grid: { learningRate: [0.03, 0.000001, 0.000002, 0.01, 0.000003, 0.1] },
};
const halve = { every: 2, keep: 0.5 };

const json = async (path: string) => JSON.parse(await Deno.readTextFile(path));
const isThere = (path: string) => Deno.stat(path).then(() => true, () => false);

/** Carries out all runs, each in this process, in order. */
async function carryOut(spec: string, out: string, names: readonly string[]): Promise<string> {
  let said = "";
  for (const name of names) said += await sweepHere(spec, "--out", out, "--run", name, "--threads", "1");
  return said;
}

const NAMES = SPEC.grid.learningRate.map((rate) => `learningRate=${rate}`);

Deno.test("halving stops what lags at its rung, and what goes on has the bits of a run without it", async () => {
  await withFolder(async (folder) => {
    const spec = await specIn(folder, { ...SPEC, halve }), out = `${folder}/out`;
    const said = await carryOut(spec, out, NAMES);
    const decisions: Record<string, Decision[]> = {};
    for (const name of NAMES) decisions[name] = await json(`${out}/${name}/rungs.json`);
    const stopped = NAMES.filter((name) => decisions[name]!.at(-1)!.goesOn === false);
    assert(stopped.length >= 2 && stopped.length <= 4, `${stopped}`);
    const results = await resultsIn(out);
    assertEquals(Object.keys(results), [...NAMES].sort(), "a stopped run has its result too");
    for (const name of NAMES) {
      const last = decisions[name]!.at(-1)!, { epochs } = await json(`${out}/${name}/config.json`);
      assertEquals(epochs, last.goesOn ? 12 : last.epochs);
      assertEquals(
        results[name]!.epochs,
        Array.from({ length: epochs }, (_, at) => at + 1),
        "each epoch once, in order",
      );
      assertEquals(await isThere(`${out}/${name}/checkpoint.safetensors`), false);
      assertEquals(said.includes(`${name}  is stopped: `), !last.goesOn);
      for (const [at, { epochs, rank, of, goesOn }] of decisions[name]!.entries()) {
        assertEquals(epochs, [2, 4, 8][at]);
        assertEquals(goesOn, rank <= Math.max(1, Math.floor(of / 2)));
      }
    }
    assertEquals(decisions[NAMES[0]!]![0], { ...decisions[NAMES[0]!]![0]!, rank: 1, of: 1, goesOn: true });

    const plain = await specIn(`${folder}`, SPEC), whole = `${folder}/whole`;
    await carryOut(plain, whole, NAMES);
    const wholes = await resultsIn(whole);
    for (const name of NAMES.filter((name) => !stopped.includes(name))) assertEquals(results[name], wholes[name]);

    // Without halving, those that were stopped go on: their checkpoints are gone, and yet to the same bits
    assertStringIncludes(
      await sweepHere(plain, "--out", out, "--dry-run"),
      `runs      6: ${6 - stopped.length} done, ${stopped.length} started`,
    );
    await carryOut(plain, out, stopped);
    assertEquals(await resultsIn(out), wholes);
    assertStringIncludes(await sweepHere(plain, "--out", out, "--dry-run"), "runs      6: 6 done");
  });
});

Deno.test("a decision that was made stays, whatever became of the other runs", async () => {
  await withFolder(async (folder) => {
    const spec = await specIn(folder, { ...SPEC, halve }),
      out = `${folder}/out`,
      [good, bad] = NAMES as [string, string];
    await carryOut(spec, out, [good, bad]);
    const before = await json(`${out}/${bad}/rungs.json`);
    assertEquals(before.at(-1).goesOn, false);
    await Deno.remove(`${out}/${good}`, { recursive: true });
    assertStringIncludes(await carryOut(spec, out, [bad]), `${bad}  was stopped after ${before.at(-1).epochs} epochs`);
    assertEquals(await json(`${out}/${bad}/rungs.json`), before);
    assertEquals((await json(`${out}/${bad}/config.json`)).epochs, before.at(-1).epochs);
  });
});

Deno.test("a run that ends by patience before a rung is whole, and counts there with its best", async () => {
  await withFolder(async (folder) => {
    const base = { ...SPEC.base, evalEvery: 1, patience: 1 }, list = [{ learningRate: 1e-9 }, { learningRate: 1e-8 }];
    const spec = await specIn(folder, { base, list, halve: { every: 5, keep: 0.5 } }), out = `${folder}/out`;
    const names = list.map(({ learningRate }) => `learningRate=${learningRate}`);
    await carryOut(spec, out, names);
    for (const name of names) {
      assertEquals(await isThere(`${out}/${name}/rungs.json`), false);
      assertEquals((await json(`${out}/${name}/config.json`)).epochs, 12);
    }
    assertStringIncludes(await sweepHere(spec, "--out", out, "--dry-run"), "runs      2: 2 done");
  });
});

Deno.test("runs beside each other are halved by whoever has come so far, and the sweep says how many were stopped", async () => {
  await withFolder(async (folder) => {
    const spec = await specIn(folder, { ...SPEC, halve }), out = `${folder}/out`;
    const said = await sweepHere(spec, "--out", out, "--jobs", "2");
    const states = await Promise.all(NAMES.map((name) => json(`${out}/${name}/rungs.json`)));
    const stopped = states.filter((decisions) => decisions.at(-1).goesOn === false).length;
    assertStringIncludes(said, `${6 - stopped} runs are done, ${stopped} are stopped: ${out}`);
    assertEquals((said.match(/ {2}is stopped {2}test {2}HR@1/g) ?? []).length, stopped);
    const again = await sweepHere(spec, "--out", out);
    assertStringIncludes(again, `${6 - stopped} done`);
    assertStringIncludes(again, `${stopped} stopped`);
    assertEquals(again.includes("at once"), false, "nothing is left to do");
  });
});
