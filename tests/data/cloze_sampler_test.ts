import { assert, assertEquals, assertGreater, assertLess, assertNotEquals, assertThrows } from "@std/assert";
import { type ClozeBatch, ClozeSampler } from "../../src/data/cloze_sampler.ts";
import { generatedDataset } from "../../src/data/generated.ts";
import { countsOf, datasetOf, excess, range, unpacked } from "./_fixtures.ts";

/** One sequence, and the places in it that are hidden. */
interface Sample {
  readonly items: number[];
  readonly hidden: number[];
}

function samplesOf(batches: Iterable<ClozeBatch>): Sample[] {
  return [...batches].flatMap(({ offsets, items, hidden }) => {
    assertEquals([offsets[0], offsets.at(-1)], [0, items.length]);
    assertGreater(offsets.length, 1);
    assertEquals([...hidden], [...new Set(hidden)].sort((a, b) => a - b));
    assert(hidden.every((place) => place < items.length));
    return unpacked(offsets, items).map((own, at) => ({
      items: own,
      hidden: [...hidden].filter((place) => place >= offsets[at]! && place < offsets[at + 1]!)
        .map((place) => place - offsets[at]!),
    }));
  });
}

/** Whether a count is that of so many tries at a rate, but for chance. */
function assertRate(count: number, tries: number, rate: number, message?: string): void {
  assertLess(Math.abs(count - rate * tries), 4 * Math.sqrt(rate * (1 - rate) * tries), message);
}

Deno.test("ClozeSampler gives every user once, the last items, and with rate 1 hides all of them", () => {
  const dataset = datasetOf([[0, 1, 2, 3, 4], [6], [], [8, 9], [7, 7, 7]], 10);
  for (const [epoch, batch] of [[1, 2], [2, 100], [3, 1]] as const) {
    const samples = samplesOf(new ClozeSampler(dataset, 3, 3, 1).batches(epoch, batch));
    assertEquals(samples.sort((a, b) => a.items[0]! - b.items[0]!), [
      { items: [2, 3, 4], hidden: [0, 1, 2] },
      { items: [6], hidden: [0] },
      { items: [7, 7, 7], hidden: [0, 1, 2] },
      { items: [8, 9], hidden: [0, 1] },
    ]);
  }
});

Deno.test("ClozeSampler hides every item at the rate, each by itself", () => {
  const length = 21, users = 40, epochs = 50;
  const dataset = datasetOf(range(users).map((user) => range(length).map((at) => user * length + at)), users * length);
  for (const rate of [0.25, 0.5]) {
    const samples = range(epochs).flatMap((epoch) =>
      samplesOf(new ClozeSampler(dataset, 1, length, rate).batches(epoch + 1, 7))
    );
    const all = users * epochs;
    const hides = samples.map(({ hidden }) => range(length).map((place) => hidden.includes(place)));
    assertRate(hides.flat().filter((hides) => hides).length, all * length, rate);
    for (const place of range(length)) {
      assertRate(hides.filter((own) => own[place]).length, all, rate, `place ${place}`);
    }
    for (const step of [1, 2, 4]) {
      const both = hides.flatMap((own) => range(length - step).map((at) => own[at] && own[at + step]));
      assertRate(both.filter((both) => both).length, both.length, rate * rate, `places ${step} apart`);
    }
    // The same item in the epoch after
    const of = (epoch: number) =>
      new Map(
        samplesOf(new ClozeSampler(dataset, 1, length, rate).batches(epoch, 7)).flatMap(({ items, hidden }) =>
          items.map((item, at) => [item, hidden.includes(at)] as const)
        ),
      );
    const [first, second] = [of(1), of(2)];
    assertRate([...first].filter(([item, hides]) => hides && second.get(item)).length, first.size, rate * rate);
  }
});

Deno.test("ClozeSampler leaves out sequences with nothing hidden, and batches of such alone", () => {
  const users = 3000, dataset = datasetOf(range(users).map((user) => [user]), users);
  const batches = [...new ClozeSampler(dataset, 1, 5, 0.2).batches(1, 3)];
  const samples = samplesOf(batches);
  assertEquals(samples.map(({ hidden }) => hidden), samples.map(() => [0]));
  assertRate(samples.length, users, 0.2);
  // Of 1,000 batches of three, those are left that hide something; none has more than three
  assertRate(batches.length, users / 3, 1 - 0.8 ** 3);
  const sizes = countsOf(batches.map(({ hidden }) => hidden.length), [1, 2, 3]);
  assert(sizes.every((count) => count > 0), `${sizes}`);
});

Deno.test("ClozeSampler gives no batch where nothing is hidden at all", () => {
  assertEquals([...new ClozeSampler(datasetOf([[1, 2], [3]], 5), 1, 5, 1e-9).batches(1, 2)], []);
});

Deno.test("ClozeSampler hides by seed and epoch alone, whatever the batch", () => {
  const dataset = generatedDataset({ users: 100, items: 80, seed: 1 });
  const samples = (seed: number, epoch: number, batch = 16) =>
    samplesOf(new ClozeSampler(dataset, seed, 5, 0.5).batches(epoch, batch));
  const expected = samples(5, 2);
  for (const batch of [1, 7, 1000]) assertEquals(samples(5, 2, batch), expected, `batch ${batch}`);
  const users = (all: Sample[]) => all.map(({ items }) => String(items));
  for (const other of [samples(5, 1), samples(5, 3), samples(6, 2)]) {
    assertNotEquals(users(other), users(expected));
    const hidden = new Map(expected.map(({ items, hidden }) => [String(items), String(hidden)]));
    assertLess(other.filter(({ items, hidden: own }) => hidden.get(String(items)) === String(own)).length, 50);
  }
});

Deno.test("ClozeSampler gives users in an order that is shuffled alike", () => {
  const dataset = datasetOf([[0], [1], [2]], 3), orders = ["0,1,2", "0,2,1", "1,0,2", "1,2,0", "2,0,1", "2,1,0"];
  const sampler = new ClozeSampler(dataset, 2, 5, 1);
  const drawn = range(1200).map((epoch) => String(samplesOf(sampler.batches(epoch, 3)).map(({ items }) => items[0])));
  assertLess(Math.abs(excess(countsOf(drawn, orders))), 4);
});

Deno.test("ClozeSampler refuses a dataset without training items", () => {
  for (const sequences of [[], [[]], [[], []]]) {
    assertEquals(
      assertThrows(() => new ClozeSampler(datasetOf(sequences, 3), 1, 5, 0.5), RangeError).message,
      "Cannot sample sequences as no user of 'made-up' has a training item",
    );
  }
});
