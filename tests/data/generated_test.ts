import { assert, assertEquals, assertGreater, assertLess, assertThrows } from "@std/assert";
import { generatedDataset, type GeneratedOptions } from "../../src/data/generated.ts";
import type { Dataset } from "../../src/data/dataset.ts";
import { sequenceAt } from "../../src/data/sequences.ts";

/** All of a user's items, oldest first. */
function itemsOf({ train, valid, test }: Dataset, user: number): number[] {
  return [train, valid, test].flatMap((part) => [...sequenceAt(part, user)]);
}

Deno.test("generatedDataset() depends on its options alone", () => {
  assertEquals(generatedDataset({ seed: 3 }), generatedDataset({ seed: 3 }));
  const other = generatedDataset({ seed: 4 });
  assert(generatedDataset({ seed: 3 }).train.items.some((item, at) => item !== other.train.items[at]));
  assertEquals(other.provenance.options["seed"], 4);
});

Deno.test("generatedDataset() makes 4,000 users and 6,000 items in no time", () => {
  const start = performance.now();
  const dataset = generatedDataset();
  assertLess(performance.now() - start, 2000);
  assertEquals([dataset.userCount, dataset.itemCount], [4000, 6000]);
  assertEquals([dataset.users[17], dataset.items[204]], ["user-17", "item-204"]);
  assertEquals(dataset.itemColumns["category"]?.length, 6000);
});

Deno.test("generatedDataset() keeps the shape of a dataset", () => {
  for (const options of [{}, { users: 50, items: 30, groups: 3 }, { users: 20, items: 11, groups: 1 }]) {
    const dataset = generatedDataset(options);
    const { userCount, itemCount, provenance: { counts } } = dataset;
    for (const name of ["train", "valid", "test"] as const) {
      const { offsets, items } = dataset[name];
      assertEquals([offsets.length, offsets[userCount]], [userCount + 1, items.length]);
      assertEquals(counts[name], items.length);
    }
    assertEquals(counts.interactions, counts.train + counts.valid + counts.test);
    for (let user = 0; user < userCount; user++) {
      const items = itemsOf(dataset, user);
      assert(items.length >= 3 && items.length <= 8);
      assert(items.every((item) => item < itemCount));
    }
  }
});

Deno.test("generatedDataset() hardly ever gives a user an item twice", () => {
  const dataset = generatedDataset();
  let twice = 0;
  for (let user = 0; user < dataset.userCount; user++) {
    const items = itemsOf(dataset, user);
    twice += items.length - new Set(items).size;
  }
  assertLess(twice, dataset.provenance.counts.interactions / 1000);
});

Deno.test("generatedDataset() has a long tail: a tenth of the items has several times its share", () => {
  const { train, itemCount } = generatedDataset();
  const counts = new Uint32Array(itemCount);
  for (const item of train.items) counts[item]!++;
  counts.sort().reverse();
  const head = counts.subarray(0, itemCount / 10).reduce((sum, count) => sum + count, 0) / train.items.length;
  assertGreater(head, 0.25);
  assertLess(head, 0.7);
  assertLess(counts[itemCount / 2]!, 12);
});

Deno.test("generatedDataset() has items that go together: co-occurrence beats popularity by far", () => {
  const dataset = generatedDataset();
  const { userCount, itemCount, train, valid } = dataset;
  const popularity = new Float64Array(itemCount);
  const together = Array.from({ length: itemCount }, () => new Map<number, number>());
  for (const item of train.items) popularity[item]!++;
  for (let user = 0; user < userCount; user++) {
    const own = sequenceAt(train, user);
    for (let at = 1; at < own.length; at++) {
      const [a, b] = [own[at - 1]!, own[at]!];
      together[a]!.set(b, (together[a]!.get(b) ?? 0) + 1);
      together[b]!.set(a, (together[b]!.get(a) ?? 0) + 1);
    }
  }
  const hits = { popularity: 0, together: 0 };
  for (let user = 0; user < userCount; user++) {
    const seen = new Set(sequenceAt(train, user));
    const related = new Float64Array(itemCount);
    for (const item of seen) {
      for (const [other, count] of together[item]!) related[other]! += count / popularity[other]!;
    }
    for (const [name, scores] of [["popularity", popularity], ["together", related]] as const) {
      const target = scores[sequenceAt(valid, user)[0]!]!;
      let better = 0;
      for (let item = 0; item < itemCount; item++) if (scores[item]! >= target && !seen.has(item)) better++;
      if (better <= 10) hits[name]++;
    }
  }
  assertGreater(hits.together, 3 * hits.popularity);
});

for (
  const [options, message] of [
    [{ users: 0 }, "Cannot generate a dataset as users must be an integer of at least 1: current value is 0"],
    [{ items: 2.5 }, "Cannot generate a dataset as items must be an integer of at least 1: current value is 2.5"],
    [{ seed: -1 }, "Cannot generate a dataset as seed must be an integer of at least 0: current value is -1"],
    [{ items: 20, groups: 21 }, "Cannot generate a dataset as groups must be at most items (20): current value is 21"],
    [{ maxLength: 3 }, "Cannot generate a dataset as maxLength must be an integer in [4, 6000]: current value is 3"],
    [{ follow: 1.5 }, "Cannot generate a dataset as follow must be in [0, 1]: current value is 1.5"],
    [{ tail: NaN }, "Cannot generate a dataset as tail must be in [0, 10]: current value is NaN"],
  ] as [GeneratedOptions, string][]
) {
  Deno.test(`generatedDataset() refuses ${Deno.inspect(options)}`, () => {
    assertEquals(assertThrows(() => generatedDataset(options), RangeError).message, message);
  });
}

for (
  const [options, message] of [
    [{ user: 9 }, "there is no option 'user': did you mean 'users'?"],
    [{ min_length: 4 }, "there is no option 'min_length': did you mean 'minLength'?"],
    [{ users: "9" }, "users must be a number: current value is '9'"],
    [{ items: null }, "items must be a number: current value is null"],
    [{ groups: "2" }, "groups must be a number: current value is '2'"],
    [{ maxLength: "8" }, "maxLength must be a number: current value is '8'"],
    [{ leave: "0.1" }, "leave must be a number: current value is '0.1'"],
    [{ follow: true }, "follow must be a number: current value is true"],
    [{ tail: "1" }, "tail must be a number: current value is '1'"],
    [{ seed: "1" }, "seed must be a number: current value is '1'"],
    [null, "the options must be an object: current value is null"],
  ] as [unknown, string][]
) {
  Deno.test(`generatedDataset() refuses ${Deno.inspect(options)}, which is of another type`, () => {
    assertEquals(
      assertThrows(() => generatedDataset(options as GeneratedOptions), TypeError).message,
      `Cannot generate a dataset as ${message}`,
    );
  });
}

Deno.test("generatedDataset() takes an option that is undefined for one that is not given", () => {
  const options = { users: 20, items: 30, groups: undefined, seed: undefined } as unknown as GeneratedOptions;
  assertEquals(generatedDataset(options), generatedDataset({ users: 20, items: 30 }));
});
