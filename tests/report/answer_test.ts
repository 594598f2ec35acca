import { assertEquals, assertStringIncludes } from "@std/assert";
import { answerOf } from "../../src/report/answer.ts";
import { panelled, seeds, type ShortRun } from "./_results.ts";

const SEVO = { optimizer: "sevo-adamw", beta: 0.99 }, PLAIN = { optimizer: "adamw", beta: 0.99 };

async function answer(...runs: ShortRun[]) {
  return answerOf((await panelled(runs)).panels, "ndcg@10");
}

Deno.test("answerOf() says yes where seeds agree, with the mean of both and the test", async () => {
  const { verdict, amount, luck, sentence, notes } = await answer(
    ...seeds(SEVO, [0.12, 0.121, 0.119]),
    ...seeds(PLAIN, [0.1, 0.1, 0.1]),
  );
  assertEquals(verdict, ["Yes", "ahead in 3 of 3 seeds"]);
  assertEquals(amount, ["+20 %", "NDCG@10 .1000 → .1200"]);
  // t = .02 / (.001 / sqrt 3) = 34.64 with 2 degrees of freedom
  assertEquals(luck, ["Hardly", "p\u00a0=\u00a0.0008, paired t over seeds"]);
  assertStringIncludes(sentence, "Test NDCG@10 is .1200 with SEvo-AdamW and .1000 with AdamW: SEvo is ahead in 3 of 3");
  assertEquals(notes, []);
});

Deno.test("answerOf() says no as clearly, and does not take luck for either", async () => {
  const harm = await answer(...seeds(SEVO, [0.08, 0.081, 0.079]), ...seeds(PLAIN, [0.1, 0.1, 0.1]));
  assertEquals([harm.verdict, harm.amount[0], harm.luck[0]], [
    ["No, it harms", "ahead in 0 of 3 seeds"],
    "−20 %",
    "Hardly",
  ]);
  const luck = await answer(...seeds(SEVO, [0.12, 0.09, 0.1]), ...seeds(PLAIN, [0.1, 0.1, 0.1]));
  assertEquals([luck.verdict[0], luck.amount[0], luck.luck[0]], ["Perhaps", "+3.3 %", "It may be"]);
  const behind = await answer(...seeds(SEVO, [0.08, 0.11, 0.1]), ...seeds(PLAIN, [0.1, 0.1, 0.1]));
  assertEquals([behind.verdict[0], behind.luck[0]], ["Not here", "It may be"]);
});

Deno.test("answerOf() of one seed does not speak of luck", async () => {
  const { verdict, luck, sentence } = await answer(...seeds(SEVO, [0.12]), ...seeds(PLAIN, [0.1]));
  assertEquals([verdict[0], luck], ["It looks so", ["It cannot be told", "one seed"]]);
  assertStringIncludes(sentence, "there is one seed, which cannot tell");
});

Deno.test("answerOf() has no test of seeds that all say the same", async () => {
  const { verdict, luck } = await answer(...seeds(SEVO, [0.5, 0.5]), ...seeds(PLAIN, [0.25, 0.25]));
  assertEquals([verdict[0], luck], ["It looks so", ["It cannot be told", "the seeds do not differ"]]);
});

Deno.test("answerOf() compares nothing where there is nothing to compare", async () => {
  const alone = await answer(...seeds(SEVO, [0.12, 0.13]));
  assertEquals(alone.verdict[0], "Not asked");
  assertStringIncludes(alone.sentence, "none with SEvo has a plain one of the same rule, settings and seed beside it");
  // Another rule is another question, and so is another seed
  assertEquals((await answer(...seeds(SEVO, [0.12]), ...seeds({ optimizer: "adam" }, [0.1]))).verdict[0], "Not asked");
  const other = [{ config: { ...PLAIN, seed: 9 }, test: 0.1 }];
  assertEquals((await answer(...seeds(SEVO, [0.12]), ...other)).verdict[0], "Not asked");
  assertStringIncludes((await answer(...seeds(PLAIN, [0.1]))).sentence, "none of them is with SEvo");
});

Deno.test("answerOf() takes the setting that validates best, not the one that tests best, and says so", async () => {
  const { amount, notes } = await answer(
    ...seeds({ ...SEVO, beta: 0.5 }, [0.11, 0.11], { valid: 0.3 }),
    ...seeds({ ...SEVO, beta: 0.9 }, [0.2, 0.2], { valid: 0.2 }),
    ...seeds(PLAIN, [0.1, 0.1]),
  );
  assertEquals(amount[1], "NDCG@10 .1000 → .1100");
  assertEquals(notes, ["2 settings with SEvo were run; this is the one of them that validates best."]);
});

Deno.test("answerOf() does not hide what is better: another plain rule, a baseline that is counted", async () => {
  const { notes } = await answer(
    ...seeds(SEVO, [0.12, 0.12]),
    ...seeds(PLAIN, [0.1, 0.1]),
    ...seeds({ optimizer: "adam" }, [0.11, 0.11]),
    { config: { model: "item-knn" }, test: 0.15 },
    { config: { model: "popularity" }, test: 0.01 },
  );
  assertEquals(notes, [
    "The best plain rule of these runs is Adam: .1100.",
    "item-knn, which is counted and not trained, is better than both: .1500.",
  ]);
});

Deno.test("answerOf() sums up several models and datasets", async () => {
  const on = (dataset: string, sevo: number[], plain: number[]) => [
    ...seeds(SEVO, sevo, { dataset }),
    ...seeds(PLAIN, plain, { dataset }),
  ];
  const both = await answer(...on("a", [0.12, 0.121, 0.119], [0.1, 0.1, 0.1]), ...on("b", [0.3, 0.22], [0.2, 0.2]));
  assertEquals([both.verdict, both.amount], [["Yes", "better in 2 of 2 comparisons"], [
    "+25 %",
    "on average; +20 % to +30 %",
  ]]);
  assertEquals(both.luck, ["Not all of it", "1 better and 0 worse at p < .05, of 2 tested"]);
  const mixed = await answer(
    ...on("a", [0.12, 0.121, 0.119], [0.1, 0.1, 0.1]),
    ...on("b", [0.1, 0.101, 0.099], [0.2, 0.2, 0.2]),
  );
  assertEquals([mixed.verdict[0], mixed.luck[0]], ["It depends", "Hardly"]);
  const untested = await answer(...on("a", [0.12], [0.1]), ...on("b", [0.3], [0.2]));
  assertEquals([untested.verdict[0], untested.luck], ["It looks so", ["It cannot be told", "one seed each"]]);
  assertStringIncludes(mixed.sentence, "call 1 better and 1 worse at p < .05, of 2");
});
