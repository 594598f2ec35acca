import { assert, assertEquals, assertLess, assertNotEquals, assertThrows } from "@std/assert";
import { generatedDataset } from "../../src/data/generated.ts";
import { type NextItemBatch, NextItemSampler } from "../../src/data/next_item_sampler.ts";
import { countsOf, datasetOf, excess, range, unpacked } from "./_fixtures.ts";

/** One sequence of a batch. */
interface Sample {
  readonly items: number[];
  readonly positives: number[];
  readonly negatives: number[];
}

function samplesOf(batches: Iterable<NextItemBatch>): Sample[] {
  return [...batches].flatMap(({ offsets, items, positives, negatives }) => {
    assertEquals([offsets[0], offsets.at(-1)], [0, items.length]);
    assertEquals([positives.length, negatives.length], [items.length, items.length]);
    const [inputs, after, others] = [items, positives, negatives].map((array) => unpacked(offsets, array));
    return inputs!.map((own, at) => ({ items: own, positives: after![at]!, negatives: others![at]! }));
  });
}

const byFirst = (a: Sample, b: Sample) => a.items[0]! - b.items[0]!;

Deno.test("NextItemSampler gives every user once, the last items and what follows each", () => {
  const dataset = datasetOf([[0, 1, 2, 3, 4, 5], [6, 7], [8, 9, 0], [1, 1, 1, 4]], 10);
  const sampler = new NextItemSampler(dataset, 3, 3);
  for (const [epoch, batch] of [[1, 2], [2, 100], [3, 1], [4, 3]] as const) {
    const samples = samplesOf(sampler.batches(epoch, batch)).sort(byFirst);
    assertEquals(samples.map(({ items, positives }) => [items, positives]), [
      [[1, 1, 1], [1, 1, 4]],
      [[2, 3, 4], [3, 4, 5]],
      [[6], [7]],
      [[8, 9], [9, 0]],
    ]);
  }
});

Deno.test("NextItemSampler gives batches of the size asked for, the last smaller", () => {
  const dataset = datasetOf(range(7).map((user) => [user, user + 1]), 9);
  const sizes = (batch: number) =>
    [...new NextItemSampler(dataset, 1, 5).batches(1, batch)].map(({ offsets }) => offsets.length - 1);
  assertEquals([sizes(3), sizes(7), sizes(8), sizes(1)], [[3, 3, 1], [7], [7], Array(7).fill(1)]);
});

Deno.test("NextItemSampler gives an order of seed and epoch alone, whatever the batch", () => {
  const dataset = generatedDataset({ users: 100, items: 80, seed: 1 });
  const samples = (seed: number, epoch: number, batch = 16) =>
    samplesOf(new NextItemSampler(dataset, seed, 5).batches(epoch, batch));
  const expected = samples(5, 2);
  assertEquals(expected.length, 100);
  for (const batch of [1, 7, 99, 1000]) assertEquals(samples(5, 2, batch), expected, `batch ${batch}`);
  // A sampler has no state of its own: epochs may be asked for in any order, and be left
  const sampler = new NextItemSampler(dataset, 5, 5);
  for (const _ of sampler.batches(9, 10)) break;
  assertEquals(samplesOf(sampler.batches(2, 16)), expected);
  const inputs = (all: Sample[]) => all.map(({ items }) => String(items));
  const negatives = (all: Sample[]) => all.toSorted((a, b) => String(a.items) < String(b.items) ? -1 : 1);
  for (const other of [samples(5, 1), samples(5, 3), samples(6, 2)]) {
    assertNotEquals(inputs(other), inputs(expected));
    assertEquals(inputs(other).sort(), inputs(expected).sort());
    assertNotEquals(negatives(other), negatives(expected));
  }
});

Deno.test("NextItemSampler draws negatives alike from all that a user does not have in training", () => {
  // Of user 0 items 0 and 1 lie before the last three inputs: they are no negatives all the same
  const sequences = [[0, 1, 2, 3, 4, 5], [7, 9, 7]], valid = [6, 0], test = [8, 1];
  const sampler = new NextItemSampler(datasetOf(sequences, 10, { valid, test }), 4, 3);
  const samples = range(1500).flatMap((epoch) => samplesOf(sampler.batches(epoch + 1, 2)));
  for (const [user, sequence] of sequences.entries()) {
    const others = range(10).filter((item) => !sequence.includes(item));
    const own = samples.filter(({ items }) => sequence.includes(items[0]!));
    assertEquals(own.length, 1500);
    // At every place by itself, and between the places of a sequence too
    for (const place of range(own[0]!.items.length)) {
      const counts = countsOf(own.map(({ negatives }) => negatives[place]!), others);
      assertLess(Math.abs(excess(counts)), 4, `user ${user}, place ${place}`);
    }
    const pairs = others.flatMap((first) => others.map((second) => `${first}, ${second}`));
    const drawn = own.map(({ negatives }) => `${negatives[0]}, ${negatives[1]}`);
    assertLess(Math.abs(excess(countsOf(drawn, pairs))), 4, `user ${user}`);
  }
});

Deno.test("NextItemSampler draws the negatives of users apart from each other", () => {
  const sampler = new NextItemSampler(datasetOf([[0, 1], [1, 0]], 8), 4, 3), others = range(8).slice(2);
  const drawn = range(1800).map((epoch) => {
    const samples = samplesOf(sampler.batches(epoch + 1, 2)).sort(byFirst);
    return samples.map(({ negatives }) => negatives).join();
  });
  const pairs = others.flatMap((first) => others.map((second) => `${first},${second}`));
  assertLess(Math.abs(excess(countsOf(drawn, pairs))), 4);
});

Deno.test("NextItemSampler leaves out users with fewer than two items, and with all of them", () => {
  const dataset = datasetOf([[0], [0, 1, 2, 3], [], [3, 2], [0, 0, 1, 2, 3, 3]], 4);
  const samples = samplesOf(new NextItemSampler(dataset, 1, 3).batches(1, 10));
  assertEquals(samples.map(({ items, positives }) => [items, positives]), [[[3], [2]]]);
  assert([0, 1].includes(samples[0]!.negatives[0]!));
});

Deno.test("NextItemSampler refuses a dataset with nothing to learn from", () => {
  for (const sequences of [[], [[]], [[1], [2]], [[0, 1, 2], [1]]]) {
    assertEquals(
      assertThrows(() => new NextItemSampler(datasetOf(sequences, 3), 1, 5), RangeError).message,
      "Cannot sample sequences as no user of 'made-up' has two items and one not met",
    );
  }
});
