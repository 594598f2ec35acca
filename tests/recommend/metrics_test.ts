import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import fc from "../_fast_check.ts";
import { type MetricKind, type MetricName, rankingMetrics, userMetric } from "../../src/recommend/mod.ts";
import { userRanks } from "./_ranks.ts";

const valuesOf = (metrics: object) => metrics as Readonly<Record<string, number>>;

Deno.test("rankingMetrics() of one target a user equals a table made by hand", () => {
  // rank:        1    2       5       10       11
  // 1/log2(r+1): 1   .63093  .38685  .28906   -
  // 1/r:         1   .5      .2      .1       .0909091
  const metrics = valuesOf(rankingMetrics(userRanks([5, 1, 11, 2, 10]), [1, 5, 10]));
  const ndcg = [
    1,
    1 + 0.6309297535714575 + 0.38685280723454163,
    1 + 0.6309297535714575 + 0.38685280723454163 + 0.2890648263178879,
  ];
  const hits = [1, 3, 4], reciprocals = [1, 1 + 0.5 + 0.2, 1 + 0.5 + 0.2 + 0.1], at = [1, 5, 10];
  const expected: Record<string, number> = { users: 5, targets: 5, mrr: (1 + 0.5 + 0.2 + 0.1 + 1 / 11) / 5 };
  at.forEach((k, place) => {
    expected[`hr@${k}`] = expected[`recall@${k}`] = hits[place]! / 5;
    expected[`precision@${k}`] = hits[place]! / k / 5;
    expected[`ndcg@${k}`] = ndcg[place]! / 5;
    // With one target, precision at its place is the reciprocal rank
    expected[`map@${k}`] = expected[`mrr@${k}`] = reciprocals[place]! / 5;
  });
  assertEquals(Object.keys(metrics).sort(), Object.keys(expected).sort());
  for (const [name, value] of Object.entries(expected)) assertAlmostEquals(metrics[name]!, value, 1e-15, name);
});

Deno.test("rankingMetrics() of several targets equals the example of docs/metrics.md, by hand", () => {
  // User 1 has targets at 1, 3 and 8, user 2 at 4 and 20
  const metrics = valuesOf(rankingMetrics(userRanks([[3, 8, 1], [20, 4]]), [1, 2, 5]));
  const expected = {
    users: 2,
    targets: 5,
    "hr@1": 1 / 2,
    "hr@2": 1 / 2,
    "hr@5": 1,
    "recall@1": (1 / 3) / 2,
    "recall@2": (1 / 3) / 2,
    "recall@5": (2 / 3 + 1 / 2) / 2,
    "precision@1": 1 / 2,
    "precision@2": (1 / 2) / 2,
    "precision@5": (2 / 5 + 1 / 5) / 2,
    // Ideal of the first: 1 for k = 1; 1 + .63093 for 2; 1 + .63093 + .5 for 5. Of the second for 5: 1 + .63093
    "ndcg@1": 1 / 2,
    "ndcg@2": (1 / 1.6309297535714575) / 2,
    "ndcg@5": ((1 + 0.5) / 2.1309297535714578 + 0.43067655807339306 / 1.6309297535714575) / 2,
    "map@1": 1 / 2,
    "map@2": (1 / 2) / 2,
    "map@5": ((1 + 2 / 3) / 3 + (1 / 4) / 2) / 2,
    "mrr@1": 1 / 2,
    "mrr@2": 1 / 2,
    "mrr@5": (1 + 1 / 4) / 2,
    mrr: (1 + 1 / 4) / 2,
  };
  assertEquals(Object.keys(metrics).sort(), Object.keys(expected).sort());
  for (const [name, value] of Object.entries(expected)) assertAlmostEquals(metrics[name]!, value, 1e-15, name);
});

/** Whether each place of a user's list has a target: the metrics by their definitions, place by place. */
function oracle(list: readonly boolean[], kind: MetricKind, k: number): number {
  const first = list.slice(0, k), targets = list.filter((isTarget) => isTarget).length;
  const hits = first.filter((isTarget) => isTarget).length;
  const gainOf = (places: readonly boolean[]) =>
    places.map((isTarget, at) => isTarget ? Math.LN2 / Math.log(at + 2) : 0).reduce((sum, gain) => sum + gain, 0);
  switch (kind) {
    case "hr":
      return first.includes(true) ? 1 : 0;
    case "recall":
      return hits / targets;
    case "precision":
      return hits / k;
    case "ndcg":
      return gainOf(first) / gainOf(list.toSorted((a, b) => Number(b) - Number(a)).slice(0, k));
    case "map": {
      const precisions = first.map((isTarget, at) =>
        isTarget ? first.slice(0, at + 1).filter((other) => other).length / (at + 1) : 0
      );
      return precisions.reduce((sum, precision) => sum + precision, 0) / Math.min(k, targets);
    }
    case "mrr":
      return first.includes(true) ? 1 / (first.indexOf(true) + 1) : 0;
  }
}

Deno.test("rankingMetrics() equals definitions written place by place, on random lists", () => {
  const lists = fc.array(
    fc.array(fc.boolean(), { minLength: 1, maxLength: 60 }).filter((list) => list.includes(true)),
    {
      minLength: 1,
      maxLength: 8,
    },
  );
  fc.assert(
    fc.property(lists, fc.uniqueArray(fc.integer({ min: 1, max: 70 }), { minLength: 1, maxLength: 4 }), (lists, at) => {
      // Ranks are given in any order: here the last first
      const ranks = lists.map((list) => list.flatMap((isTarget, place) => isTarget ? [place + 1] : []).reverse());
      const metrics = valuesOf(rankingMetrics(userRanks(ranks), at));
      const mean = (value: (list: readonly boolean[]) => number) =>
        lists.reduce((sum, list) => sum + value(list), 0) / lists.length;
      for (const k of at) {
        for (const kind of ["hr", "recall", "precision", "ndcg", "map", "mrr"] as const) {
          assertAlmostEquals(metrics[`${kind}@${k}`]!, mean((list) => oracle(list, kind, k)), 1e-12, `${kind}@${k}`);
        }
      }
      assertAlmostEquals(metrics["mrr"]!, mean((list) => 1 / (list.indexOf(true) + 1)), 1e-12);
    }),
  );
});

Deno.test("rankingMetrics() of one target a user has the bits of a sum in the order of users", () => {
  fc.assert(fc.property(fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 300 }), (ranks) => {
    const metrics = valuesOf(rankingMetrics(userRanks(ranks), [1, 10, 50]));
    const mean = (value: (rank: number) => number) => ranks.reduce((sum, rank) => sum + value(rank), 0) / ranks.length;
    for (const k of [1, 10, 50]) {
      assertEquals(metrics[`hr@${k}`], mean((rank) => rank <= k ? 1 : 0));
      assertEquals(metrics[`ndcg@${k}`], mean((rank) => rank <= k ? 1 / Math.log2(rank + 1) : 0));
    }
    assertEquals(metrics["mrr"], mean((rank) => 1 / rank));
  }));
});

Deno.test("rankingMetrics() takes cut-offs in any order and each once, 1, 5, 10, 20 and 50 by default", () => {
  const ranks = userRanks([3, [4, 2], 20]);
  assertEquals(rankingMetrics(ranks, [20, 3, 20]), rankingMetrics(ranks, [3, 20]));
  const names = Object.keys(rankingMetrics(ranks)).filter((name) => name.startsWith("hr"));
  assertEquals(names, ["hr@1", "hr@5", "hr@10", "hr@20", "hr@50"]);
  for (const at of [[], [0], [1.5], [1001], [NaN], ["10"]]) {
    assertThrows(
      () => rankingMetrics(ranks, at as number[]),
      RangeError,
      "Cannot average as at must be integers in [1, 1000]",
    );
  }
});

Deno.test("rankingMetrics() is 1 for perfect ranks and 0 for no users", () => {
  const perfect = valuesOf(rankingMetrics(userRanks([[1, 2], [2, 1]]), [2]));
  for (const [name, value] of Object.entries(perfect)) {
    if (name !== "users" && name !== "targets") assertEquals(value, 1, name);
  }
  for (const value of Object.values(rankingMetrics(userRanks([]), [1]))) assertEquals(value, 0);
});

Deno.test("rankingMetrics() keeps the last digits over many users", () => {
  // A sum in float32 would have lost them.
  const users = 1_000_000;
  const offsets = Uint32Array.from({ length: users + 1 }, (_, at) => at);
  assertAlmostEquals(rankingMetrics({ offsets, ranks: new Uint32Array(users).fill(3) }).mrr, 1 / 3, 1e-10);
});

Deno.test("userMetric() is what the averages of rankingMetrics() are made of, user by user", () => {
  const lists = [[1], [3, 1], [7, 2, 40], [11]], ranks = userRanks(lists);
  assertEquals([...userMetric(ranks, "hr@5")], [1, 1, 1, 0]);
  assertEquals([...userMetric(ranks, "mrr")], [1, 1, 1 / 2, 1 / 11]);
  assertAlmostEquals(userMetric(ranks, "ndcg@5")[1]!, (1 + 1 / 2) / (1 + 1 / Math.log2(3)), 1e-15);
  const metrics = valuesOf(rankingMetrics(ranks, [2, 10]));
  for (const name of Object.keys(metrics).filter((name) => name.includes("@") || name === "mrr")) {
    const values = userMetric(ranks, name as MetricName);
    assertAlmostEquals(values.reduce((sum, value) => sum + value, 0) / lists.length, metrics[name]!, 1e-15, name);
  }
});
