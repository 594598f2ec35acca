import { assert, assertEquals, assertLess, assertNotEquals, assertThrows } from "@std/assert";
import { generatedDataset } from "../../src/data/generated.ts";
import { type PairBatch, PairSampler } from "../../src/data/pair_sampler.ts";
import { sequenceAt } from "../../src/data/sequences.ts";
import { countsOf, datasetOf, excess } from "./_fixtures.ts";

function samplesOf(batches: Iterable<PairBatch>): [user: number, positive: number, negative: number][] {
  return [...batches].flatMap(({ users, positives, negatives }) =>
    Array.from(users, (user, at) => [user, positives[at]!, negatives[at]!] as [number, number, number])
  );
}

Deno.test("PairSampler draws a positive of the user's and a negative that is none, as many as there are interactions", () => {
  const dataset = generatedDataset({ users: 300, items: 200, seed: 2 });
  const own = (user: number) => sequenceAt(dataset.train, user);
  const sampler = new PairSampler(dataset, 1);
  assertEquals(sampler.size, dataset.train.items.length);
  const batches = [...sampler.batches(1, 256)];
  const lengths = batches.map(({ users }) => users.length);
  assertEquals(lengths.slice(0, -1), Array(lengths.length - 1).fill(256));
  assertEquals(lengths.at(-1), (dataset.train.items.length - 1) % 256 + 1);
  for (const [user, positive, negative] of samplesOf(batches)) {
    assert(own(user).includes(positive), `item ${positive} is none of user ${user}`);
    assert(!own(user).includes(negative), `item ${negative} is one of user ${user}`);
    assert(negative < dataset.itemCount);
  }
});

Deno.test("PairSampler draws users, their distinct items and the other items uniformly", () => {
  // User 1 has one item three times, which must not weigh three times; users 0 and 3 have few interactions, and many.
  const sequences = [[4], [1, 1, 1, 6], [0, 2, 3, 5, 7], Array.from({ length: 30 }, (_, at) => at % 9)];
  const dataset = datasetOf(sequences, 11);
  const sampler = new PairSampler(dataset, 3);
  const samples = Array.from({ length: 500 }, (_, epoch) => samplesOf(sampler.batches(epoch + 1, 64))).flat();
  assertEquals(samples.length, 500 * 40);
  assertLess(Math.abs(excess(countsOf(samples.map(([user]) => user), [0, 1, 2, 3]))), 4);
  for (const [user, sequence] of sequences.entries()) {
    const own = samples.filter(([other]) => other === user);
    const distinct = [...new Set(sequence)];
    const others = Array.from({ length: 11 }, (_, item) => item).filter((item) => !distinct.includes(item));
    if (distinct.length > 1) assertLess(Math.abs(excess(countsOf(own.map(([, positive]) => positive), distinct))), 4);
    assertLess(Math.abs(excess(countsOf(own.map(([, , negative]) => negative), others))), 4, `user ${user}`);
  }
  // Positive and negative of a sample are independent.
  const pairs = samples.filter(([user]) => user === 2).map(([, positive, negative]) => 11 * positive + negative);
  const grid = [0, 2, 3, 5, 7].flatMap((positive) => [1, 4, 6, 8, 9, 10].map((negative) => 11 * positive + negative));
  assertLess(Math.abs(excess(countsOf(pairs, grid))), 4);
});

Deno.test("PairSampler gives the same draws for the same seed and epoch, whatever the batch", () => {
  const dataset = generatedDataset({ users: 100, items: 80, seed: 1 });
  const expected = samplesOf(new PairSampler(dataset, 5).batches(2, 64));
  const sampler = new PairSampler(dataset, 5);
  for (const batch of [1, 7, 64, 1000, 1e9]) {
    assertEquals(samplesOf(sampler.batches(2, batch)), expected, `batch ${batch}`);
  }
});

Deno.test("PairSampler gives other draws for another epoch and another seed", () => {
  const dataset = generatedDataset({ users: 100, items: 80, seed: 1 });
  const draws = (seed: number, epoch: number) => samplesOf(new PairSampler(dataset, seed).batches(epoch, 64));
  const expected = draws(5, 2);
  for (const other of [draws(5, 1), draws(5, 3), draws(6, 2)]) {
    assertNotEquals(other, expected);
    // Not a shift of the same draws either.
    const known = new Set(expected.map(String));
    assertLess(other.filter((sample) => known.has(String(sample))).length, expected.length / 4);
  }
});

Deno.test("PairSampler leaves out users without a positive or a negative", () => {
  const dataset = datasetOf([[], [0, 1, 2], [1], [2, 0, 1, 2]], 3);
  const samples = samplesOf(new PairSampler(dataset, 1).batches(1, 4));
  assertEquals(samples.length, 8);
  for (const [user, positive, negative] of samples) {
    assertEquals([user, positive], [2, 1]);
    assert(negative !== 1);
  }
});

Deno.test("PairSampler refuses a dataset without pairs", () => {
  for (const sequences of [[], [[]], [[0, 1, 2], []]]) {
    assertEquals(
      assertThrows(() => new PairSampler(datasetOf(sequences, 3), 1), RangeError).message,
      "Cannot sample pairs as no user of 'made-up' has both an item and an item not met",
    );
  }
});
