import { assertAlmostEquals, assertEquals } from "@std/assert";
import { rankingMetrics } from "../../src/recommend/mod.ts";

Deno.test("rankingMetrics() equals a table made by hand", () => {
  // rank:        1    2       5       10       11
  // 1/log2(r+1): 1   .63093  .38685  .28906   -
  // 1/r:         1   .5      .2      .1       .0909091
  const metrics = rankingMetrics(Uint32Array.from([5, 1, 11, 2, 10]));
  const expected = {
    users: 5,
    "hr@1": 1 / 5,
    "hr@5": 3 / 5,
    "hr@10": 4 / 5,
    "ndcg@1": 1 / 5,
    "ndcg@5": (1 + 0.6309297535714575 + 0.38685280723454163) / 5,
    "ndcg@10": (1 + 0.6309297535714575 + 0.38685280723454163 + 0.2890648263178879) / 5,
    mrr: (1 + 0.5 + 0.2 + 0.1 + 1 / 11) / 5,
  };
  assertEquals(Object.keys(metrics).sort(), Object.keys(expected).sort());
  for (const [name, value] of Object.entries(expected)) {
    assertAlmostEquals((metrics as unknown as Record<string, number>)[name]!, value, 1e-15, name);
  }
});

Deno.test("rankingMetrics() takes other cut-offs", () => {
  assertEquals(rankingMetrics(Uint32Array.from([3, 4, 20]), [3, 20]), {
    users: 3,
    "hr@3": 1 / 3,
    "hr@20": 1,
    "ndcg@3": 1 / Math.log2(4) / 3,
    "ndcg@20": (1 / Math.log2(4) + 1 / Math.log2(5) + 1 / Math.log2(21)) / 3,
    mrr: (1 / 3 + 1 / 4 + 1 / 20) / 3,
  });
});

Deno.test("rankingMetrics() is 1 for perfect ranks and 0 for no users", () => {
  assertEquals(rankingMetrics(Uint32Array.from([1, 1]), [1]), { users: 2, "hr@1": 1, "ndcg@1": 1, mrr: 1 });
  assertEquals(rankingMetrics(new Uint32Array(0), [1]), { users: 0, "hr@1": 0, "ndcg@1": 0, mrr: 0 });
});

Deno.test("rankingMetrics() keeps the last digits over many users", () => {
  // A sum in float32 would have lost them.
  const ranks = new Uint32Array(1_000_000).fill(3);
  assertAlmostEquals(rankingMetrics(ranks).mrr, 1 / 3, 1e-10);
});
