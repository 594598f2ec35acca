import { assert, assertEquals, assertLess, assertNotEquals, assertThrows } from "@std/assert";
import { generatedDataset } from "../../src/data/generated.ts";
import { type PrefixBatch, PrefixSampler } from "../../src/data/prefix_sampler.ts";
import { countsOf, datasetOf, excess, range, unpacked } from "./_fixtures.ts";

type Sample = [items: number[], positive: number, negative: number];

function samplesOf(batches: Iterable<PrefixBatch>): Sample[] {
  return [...batches].flatMap(({ offsets, items, positives, negatives }) => {
    assertEquals([offsets[0], offsets.at(-1)], [0, items.length]);
    assertEquals([positives.length, negatives.length], [offsets.length - 1, offsets.length - 1]);
    return unpacked(offsets, items).map((own, at): Sample => [own, positives[at]!, negatives[at]!]);
  });
}

const SEQUENCES = [[0, 1, 2, 3], [4, 5], [6, 7, 8]];

Deno.test("PrefixSampler gives every prefix once, its last items, longest first and equals by place", () => {
  const sampler = new PrefixSampler(datasetOf(SEQUENCES, 10), 3, 2);
  for (const epoch of [1, 2, 3]) {
    assertEquals(samplesOf(sampler.batches(epoch, 100)).map(([items, positive]) => [items, positive]), [
      [[0, 1], 2],
      [[1, 2], 3],
      [[6, 7], 8],
      [[0], 1],
      [[4], 5],
      [[6], 7],
    ]);
  }
  const whole = samplesOf(new PrefixSampler(datasetOf(SEQUENCES, 10), 3, 3).batches(1, 100));
  assertEquals(whole[0]!.slice(0, 2), [[0, 1, 2], 3]);
});

Deno.test("PrefixSampler sorts every batch and shares the prefixes out among them", () => {
  const dataset = generatedDataset({ users: 60, items: 50, seed: 3, minLength: 4, maxLength: 12 });
  const expected = unpacked(dataset.train.offsets, dataset.train.items).flatMap((own) => {
    return range(own.length).slice(1).map((end) => String([own.slice(Math.max(0, end - 4), end), own[end]]));
  });
  for (const batch of [1, 7, 64]) {
    const batches = [...new PrefixSampler(dataset, 1, 4).batches(1, batch)];
    const sizes = batches.map(({ positives }) => positives.length);
    assertEquals(sizes, range(sizes.length).map((at) => Math.min(batch, expected.length - at * batch)));
    for (const { offsets, items } of batches) {
      const lengths = unpacked(offsets, items).map(({ length }) => length);
      assertEquals(lengths, lengths.toSorted((a, b) => b - a));
    }
    const samples = samplesOf(batches).map(([items, positive]) => String([items, positive]));
    assertEquals(samples.sort(), expected.toSorted(), `batch ${batch}`);
  }
});

Deno.test("PrefixSampler shares prefixes out by seed and epoch alone", () => {
  const dataset = generatedDataset({ users: 40, items: 80, seed: 1 });
  const samples = (seed: number, epoch: number, batch = 1) =>
    samplesOf(new PrefixSampler(dataset, seed, 5).batches(epoch, batch)).map(String);
  const expected = samples(5, 2);
  assertEquals(samples(5, 2), expected);
  // Negatives too are those of a sample, whatever the batch
  for (const batch of [7, 1000]) assertEquals(samples(5, 2, batch).sort(), expected.toSorted(), `batch ${batch}`);
  const inputs = (all: string[]) => all.map((sample) => sample.slice(0, sample.lastIndexOf(",")));
  for (const other of [samples(5, 1), samples(5, 3), samples(6, 2)]) {
    assertNotEquals(inputs(other), inputs(expected));
    assertEquals(inputs(other).sort(), inputs(expected).sort());
    const known = new Set(expected);
    assertLess(other.filter((sample) => known.has(sample)).length, expected.length / 4);
  }
});

Deno.test("PrefixSampler draws negatives alike from all that a user does not have in training", () => {
  // Items after a prefix are of the user too
  const valid = [9, 0, 1], test = [8, 1, 2];
  const sampler = new PrefixSampler(datasetOf(SEQUENCES, 10, { valid, test }), 4, 2);
  const samples = range(1500).flatMap((epoch) => samplesOf(sampler.batches(epoch + 1, 4)));
  for (const sequence of SEQUENCES) {
    const others = range(10).filter((item) => !sequence.includes(item));
    for (const positive of sequence.slice(1)) {
      const own = samples.filter((sample) => sample[1] === positive);
      assertEquals(own.length, 1500);
      assertLess(Math.abs(excess(countsOf(own.map((sample) => sample[2]), others))), 4, `positive ${positive}`);
    }
  }
});

Deno.test("PrefixSampler draws the negatives of samples apart from each other", () => {
  const sampler = new PrefixSampler(datasetOf([[0, 1, 0], [1, 0]], 8), 4, 3), others = range(8).slice(2);
  const drawn = range(1800).map((epoch) => samplesOf(sampler.batches(epoch + 1, 3)).map((sample) => sample[2]));
  const pairs = others.flatMap((first) => others.map((second) => `${first},${second}`));
  for (const [one, other] of [[0, 1], [0, 2], [1, 2]] as const) {
    const own = drawn.map((negatives) => `${negatives[one]},${negatives[other]}`);
    assertLess(Math.abs(excess(countsOf(own, pairs))), 4, `samples ${one} and ${other}`);
  }
});

Deno.test("PrefixSampler leaves out users with fewer than two items, and with all of them", () => {
  const dataset = datasetOf([[0], [0, 1, 2, 3], [], [3, 2], [0, 0, 1, 2, 3, 3]], 4);
  const [sample, ...rest] = samplesOf(new PrefixSampler(dataset, 1, 3).batches(1, 10));
  assertEquals([sample!.slice(0, 2), rest], [[[3], 2], []]);
  assert([0, 1].includes(sample![2]));
});

Deno.test("PrefixSampler refuses a dataset with nothing to learn from", () => {
  for (const sequences of [[], [[]], [[1], [2]], [[0, 1, 2], [1]]]) {
    assertEquals(
      assertThrows(() => new PrefixSampler(datasetOf(sequences, 3), 1, 5), RangeError).message,
      "Cannot sample prefixes as no user of 'made-up' has two items and one not met",
    );
  }
});
