import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  decide,
  isHalted,
  readDecisions,
  readStarted,
  rungsOf,
  writeDecisions,
} from "../../src/experiments/halving.ts";
import { RunError, type RunRecord } from "../../src/files/run_record.ts";
import type { TrainingEvent } from "../../src/training/train.ts";
import { withFolder } from "../files/_folder.ts";
import { metricsOfRanks } from "../recommend/_ranks.ts";

/** A run whose validations are given by epoch. */
function run(
  valid: Readonly<Record<number, number>>,
  { seed = 1, digest = "a", epochs = 100, finished = false } = {},
): RunRecord {
  const events = Object.entries(valid).flatMap(([epoch, ndcg]): TrainingEvent[] => [
    { type: "epoch", epoch: Number(epoch), loss: 1, seconds: 1 },
    {
      type: "evaluation",
      split: "valid",
      epoch: Number(epoch),
      seconds: 1,
      metrics: { ...metricsOfRanks([2]), "ndcg@10": ndcg },
    },
  ]);
  const metrics = finished ? {} as RunRecord["metrics"] : null;
  return { path: "x", config: { seed, epochs }, dataset: { name: "d", digest }, events, metrics };
}

const against = (own: RunRecord, others: readonly RunRecord[], keep: number) => {
  const { rank, of, goesOn } = decide(own, others, 10, keep, "ndcg@10");
  return [rank, of, goesOn];
};

Deno.test("rungsOf() grows by the share that is kept, as far as the run's own epochs", () => {
  assertEquals(rungsOf({ every: 10, keep: 1 / 3 }, 200), [10, 30, 90]);
  assertEquals(rungsOf({ every: 10, keep: 0.3333 }, 200), [10, 30, 90]);
  assertEquals(rungsOf({ every: 10, keep: 0.5 }, 80), [10, 20, 40]);
  assertEquals(rungsOf({ every: 10, keep: 0.5 }, 10), []);
  assertEquals(rungsOf({ every: 1, keep: 0.9 }, 5), [1, 2, 3, 4], "rungs that round to one are one");
});

Deno.test("decide() lets the first at a rung go on, and then those among the best share so far", () => {
  const others = [0.1, 0.2, 0.3, 0.4, 0.5].map((value) => run({ 10: value }));
  assertEquals(against(run({ 10: 0.01 }), [], 1 / 3), [1, 1, true]);
  assertEquals(against(run({ 10: 0.05 }), others.slice(0, 1), 1 / 3), [2, 2, false]);
  assertEquals(against(run({ 10: 0.45 }), others, 1 / 3), [2, 6, true], "two of six");
  assertEquals(against(run({ 10: 0.35 }), others, 1 / 3), [3, 6, false]);
  assertEquals(against(run({ 10: 0.5 }), others.slice(-1), 0.5), [1, 2, true], "of equals both");
});

Deno.test("decide() compares the best validation until the rung, within a dataset and a seed", () => {
  const rivals = [
    run({ 5: 0.2, 10: 0.1, 15: 0.9 }), // 0.2 until the rung
    run({ 5: 0.8 }), // has not come so far
    run({ 10: 0.9 }, { seed: 2 }),
    run({ 10: 0.9 }, { digest: "b" }),
  ];
  assertEquals(against(run({ 5: 0.3, 10: 0.15 }), rivals, 0.5), [1, 2, true]);
  const patient = run({ 5: 0.8 }, { finished: true, epochs: 100 });
  assertEquals(against(run({ 10: 0.3 }), [patient], 0.5), [2, 2, false], "one that ended by patience counts");
  const shorter = run({ 5: 0.8 }, { finished: true, epochs: 5 });
  assertEquals(against(run({ 10: 0.3 }), [shorter], 0.5), [1, 1, true], "one that was stopped before does not");
});

Deno.test("decide() refuses a run that has not reached the rung, or has no such metric", () => {
  assertThrows(() => against(run({ 5: 0.1 }), [], 0.5), RunError, "as it has no ndcg@10 of validation at epoch 10");
  assertThrows(() => decide(run({ 10: 0.1 }), [], 10, 0.5, "hr@7"), RunError, "as it has no hr@7");
});

Deno.test("decisions are read as they were written, and one that is damaged is refused", async () => {
  await withFolder(async (folder) => {
    assertEquals(await readDecisions(folder), []);
    const decision = { epochs: 10, value: 0.1, rank: 2, of: 3, goesOn: false };
    writeDecisions(folder, [decision]);
    assertEquals(await readDecisions(folder), [decision]);
    assertEquals(await isHalted(folder), false, "there is no run");
    const write = (name: string, value: unknown) => Deno.writeTextFile(`${folder}/${name}`, JSON.stringify(value));
    await write("run.json", { dataset: { name: "d", digest: "a" } });
    await write("config.json", { epochs: 10 });
    assertEquals(await isHalted(folder), false, "it has no result yet");
    const valid = metricsOfRanks([2]), text = { version: "1", protocol: "p", device: "cpu", digest: "d" };
    await write("metrics.json", { ...text, seconds: 1, bestEpoch: 5, valid, test: valid });
    assertEquals(await isHalted(folder), true);
    await write("config.json", { epochs: 20 });
    assertEquals(await isHalted(folder), false, "it went on without halving");
    for (const damaged of [[{ ...decision, goesOn: 1 }], {}, null]) {
      await write("rungs.json", damaged);
      await assertRejects(() => readDecisions(folder), RunError, "as its rungs.json is damaged");
    }
    await Deno.writeTextFile(`${folder}/config.json`, "{");
    assertEquals(await readStarted([folder, `${folder}/none`]), [], "what cannot be read counts as not there");
  });
});
