import { assertAlmostEquals, assertEquals, assertGreater, assertThrows } from "@std/assert";
import { openDevice } from "@sevo/sevo";
import { packed } from "../data/_fixtures.ts";
import { sequenceAt, sliceSequences } from "../../src/data/sequences.ts";
import { decodeModel, encodeModel, itemKnn } from "../../src/models/mod.ts";
import { rankerOf, Recommender } from "../../src/recommend/mod.ts";
import { type Dataset, generatedDataset, packHistories, train } from "../../src/training/mod.ts";

const DATASET = generatedDataset({ users: 80, items: 40, seed: 3, minLength: 4, maxLength: 12 });

/** Similarities as a dense matrix in float64: what the neighbours are, by the formula. */
function similarities({ userCount, itemCount, train }: Dataset, shrinkage: number): number[][] {
  const has = Array.from(
    { length: userCount },
    (_, user) => new Set(sequenceAt(train, user)),
  );
  const common = (a: number, b: number) => has.filter((items) => items.has(a) && items.has(b)).length;
  return Array.from(
    { length: itemCount },
    (_, a) =>
      Array.from(
        { length: itemCount },
        (_, b) =>
          a === b || common(a, b) === 0 ? 0 : common(a, b) / (Math.sqrt(common(a, a) * common(b, b)) + shrinkage),
      ),
  );
}

/** One item for each request. */
function each(items: Uint32Array<ArrayBuffer>) {
  return { offsets: Uint32Array.from({ length: items.length + 1 }, (_, at) => at), items };
}

/** The best so many of a row, ties to the lower index, without zeros. */
function best(scores: readonly number[], count: number, without: ReadonlySet<number> = new Set()): number[] {
  return [...scores.keys()].filter((item) => scores[item]! > 0 && !without.has(item))
    .sort((a, b) => scores[b]! - scores[a]! || a - b).slice(0, count);
}

for (const settings of [{ neighbours: 5, shrinkage: 0 }, { neighbours: 39, shrinkage: 2.5 }]) {
  Deno.test(`item-knn is the shrunk cosine of the users: ${JSON.stringify(settings)}`, async () => {
    await using device = await openDevice("cpu", { threads: 1 });
    const trained = await train(device, DATASET, itemKnn, settings);
    const file = decodeModel(encodeModel(itemKnn, trained.settings, trained.weights, DATASET));
    using recommender = new Recommender(device, file);
    using ranker = rankerOf(device, file.model, file.weights, file.settings);
    const all = similarities(DATASET, settings.shrinkage);
    const kept = all.map((row) => {
      const near = new Set(best(row, settings.neighbours));
      return row.map((value, item) => near.has(item) ? value : 0);
    });

    const near = await recommender.similar(DATASET.items, { count: 10 });
    near.forEach((list, item) => {
      assertEquals(
        list.map(({ item }) => DATASET.items.indexOf(item)),
        best(all[item]!, Math.min(10, settings.neighbours)),
      );
      for (const { item: id, score } of list) assertAlmostEquals(score, all[item]![DATASET.items.indexOf(id)]!, 1e-6);
    });

    const users = Uint32Array.from(DATASET.users.keys()), histories = packHistories(DATASET, users, "all");
    const lists = await recommender.recommend({ users: DATASET.users, dataset: DATASET }, { count: 6 });
    const scoresOf = (user: number) => {
      const own = new Set(histories.items.subarray(histories.offsets[user], histories.offsets[user + 1]));
      const scores = Float64Array.from(
        { length: DATASET.itemCount },
        (_, item) => [...own].reduce((sum, taken) => sum + kept[taken]![item]!, 0),
      );
      return { own, scores: [...scores] };
    };
    for (const user of users) {
      const { own, scores } = scoresOf(user);
      const expected = best(scores, 6, own).map((item) => scores[item]!);
      assertEquals(lists[user]!.length, expected.length);
      lists[user]!.forEach(({ item, score }, at) => {
        assertAlmostEquals(score, expected[at]!, 1e-5);
        assertAlmostEquals(score, scores[DATASET.items.indexOf(item)]!, 1e-5);
      });
    }

    // A rank is one more than the items before, zeros in the order of the catalogue
    const nothing = { offsets: new Uint32Array(users.length + 1), items: new Uint32Array() };
    for (const target of [0, 17, 39]) {
      const ranks = await ranker.ranks({ users, histories }, each(users.map(() => target)), nothing);
      const scores = await Promise.all(
        DATASET.items.map((_, item) => ranker.scores({ users, histories }, each(users.map(() => item)))),
      );
      for (const user of users) {
        const own = scores[target]![user]!;
        const before = scores.filter((other, item) => other[user]! > own || (other[user] === own && item < target));
        assertEquals(ranks[user], before.length + 1);
      }
    }
  });
}

Deno.test("item-knn puts an excluded target behind all items that are not", async () => {
  await using device = await openDevice("cpu", { threads: 1 });
  const { weights, settings } = await train(device, DATASET, itemKnn);
  using ranker = rankerOf(device, itemKnn, weights, settings);
  const histories = { offsets: Uint32Array.of(0, 1), items: Uint32Array.of(3) };
  const excluded = { offsets: Uint32Array.of(0, 2), items: Uint32Array.of(3, 8) };
  assertEquals([...await ranker.ranks({ users: null, histories }, each(Uint32Array.of(8)), excluded)], [39]);
});

Deno.test("item-knn ranks several targets of a history as one by one", async () => {
  await using device = await openDevice("cpu", { threads: 1 });
  const { weights, settings } = await train(device, DATASET, itemKnn);
  using ranker = rankerOf(device, itemKnn, weights, settings);
  const histories = packed([[3, 7], [], [11]]), excluded = packed([[3, 7], [], [2, 11]]);
  const lists = [[7, 0, 12, 39], [], [2, 1, 30]];
  const together = await ranker.ranks({ users: null, histories }, packed(lists), excluded), alone: number[] = [];
  for (const [list, targets] of lists.entries()) {
    for (const target of targets) {
      const [own, left] = [histories, excluded].map((all) => sliceSequences(all, list, list + 1));
      alone.push(...await ranker.ranks({ users: null, histories: own! }, packed([[target]]), left!));
    }
  }
  assertEquals([...together], alone);
  assertGreater(new Set(alone).size, 4);
});

Deno.test("item-knn refuses catalogues that float32 cannot count", () => {
  const large = { ...DATASET, itemCount: 2 ** 24 + 1 };
  const error = assertThrows(() => itemKnn.count(large, { neighbours: 1, shrinkage: 0 }), RangeError);
  assertEquals(
    error.message,
    "Cannot count neighbours as there must be at most 16777216 items: current value is 16777217",
  );
});

Deno.test("item-knn lists no item twice however small similarities are", async () => {
  await using device = await openDevice("cpu", { threads: 1 });
  for (const shrinkage of [1e44, 1e60]) {
    const { weights, settings } = await train(device, DATASET, itemKnn, { shrinkage });
    using ranker = rankerOf(device, itemKnn, weights, settings);
    const histories = { offsets: Uint32Array.of(0, 3), items: Uint32Array.of(1, 2, 3) };
    const nothing = { offsets: new Uint32Array(2), items: new Uint32Array() };
    const { items } = await ranker.top({ users: null, histories }, 40, nothing);
    const found = [...items].filter((item) => item !== 0xffffffff);
    assertEquals(new Set(found).size, found.length);
    assertEquals(found.length > 0, shrinkage < 1e60);
  }
});

Deno.test("a file of item-knn with other weights than it says is refused", async () => {
  await using device = await openDevice("cpu", { threads: 1 });
  const { weights, settings } = await train(device, DATASET, itemKnn, { neighbours: 5 });
  assertThrows(() => decodeModel(encodeModel(itemKnn, settings, {}, DATASET)), SyntaxError, "must have shape [40,5]");
  const { shape } = weights["item.neighbours"]!;
  const outside = { ...weights, "item.neighbours": { data: new Float32Array(200).fill(40), shape } };
  const file = decodeModel(encodeModel(itemKnn, settings, outside, DATASET));
  assertThrows(() => new Recommender(device, file), RangeError, "neighbours must be integers in [-1, 40)");
});
