import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import fc from "../_fast_check.ts";
import { leastWilcoxon, pairedTest } from "../../src/experiments/paired_test.ts";

const testOf = (...differences: number[]) => pairedTest(Float64Array.from(differences));

/** Two decimals: with ties and zeros. */
const TWENTY = [
  ...[0.03, 0, 0.03, -0.04, -0.01, 0.01, 0.06, 0.08, -0.05, -0.02],
  ...[0.05, -0.08, 0, 0.02, 0.08, 0.05, 0, 0, 0.01, 0.1],
];
const SIXTY = [
  ...[0.01, 0.02, 0, -0.03, -0.01, -0.04, 0.01, 0.08, -0.01, -0.02, 0.03, 0.03, 0.02, -0.04, 0.01, 0.04, -0.06, -0.01],
  ...[-0.09, -0.05, -0.08, 0, -0.05, 0.02, 0.02, 0, -0.12, -0.02, 0.01, 0.02, -0.07, -0.01, -0.04, -0.03, 0.06, -0.03],
  ...[0.01, 0.05, -0.02, 0, 0.02, 0.01, -0.05, 0.01, 0.08, -0.07, 0.05, 0.02, -0.02, 0.11, 0.05, -0.05, 0.01, 0.04, 0],
  ...[0.04, 0.01, 0.04, 0.08, -0.02],
];

/** The numbers from 1 on, each `every`-th below zero. */
const upTo = (count: number, every: number) =>
  Array.from({ length: count }, (_, at) => (at + 1) * ((at + 1) % every === 0 ? -1 : 1));

/** What scipy 1.17.1 says, by the call named. */
const CASES = [
  // stats.ttest_1samp(d, 0); stats.wilcoxon(d)
  ["five of one sign", [0.006, 0.003, 0.005, 0.002, 0.006], [5.41602560309064, 0.005631858917432934], [0, 0.0625]],
  ["23 without a tie", upTo(23, 2), null, [132, 0.869666576385498]],
  // stats.wilcoxon(d, method="exact")
  ["50 without a tie, the most that is exact", upTo(50, 3), null, [408, 0.02616696817119646]],
  // stats.wilcoxon(d, method="asymptotic")
  ["51 without a tie, the least that is not", upTo(51, 3), null, [459, 0.055852182035584695]],
  ["60 with ties and zeros", SIXTY, [-0.08716389589876566, 0.9308363965402146], [765.5, 0.9698188364576519]],
  // stats.wilcoxon(d[d != 0], method=stats.PermutationMethod(n_resamples=np.inf)), which is exact
  ["20 with ties and zeros", TWENTY, [1.565762722517626, 0.1339077202588239], [38.5, 0.13153076171875]],
  ["10 with ties and zeros", [1, 1, 2, -2, 3, 0, 0, 4, -1, 5], null, [6.5, 0.1328125]],
] as const;

for (const [name, differences, t, wilcoxon] of CASES) {
  Deno.test(`pairedTest() of ${name} says what scipy says`, () => {
    const found = testOf(...differences);
    assertEquals(found.count, differences.length);
    if (t !== null) {
      assertAlmostEquals(found.t!.statistic, t[0], 1e-12);
      assertAlmostEquals(found.t!.p, t[1], 1e-12);
    }
    assertEquals(found.wilcoxon!.statistic, wilcoxon[0]);
    assertAlmostEquals(found.wilcoxon!.p, wilcoxon[1], 1e-12);
    // The other way round the sign of t is another, and nothing else
    const turned = testOf(...differences.map((difference) => -difference));
    assertAlmostEquals(turned.t!.statistic, -found.t!.statistic, 1e-12);
    assertEquals([turned.t!.p, turned.wilcoxon], [found.t!.p, found.wilcoxon]);
  });
}

Deno.test("pairedTest() tells p-values far below those of a double's rounding", () => {
  // scipy 1.17.1: stats.ttest_1samp([.0101, .0102, .0103, .0104, .0105], 0), and of 500 times [.1, .2, -.1, .05]
  assertAlmostEquals(testOf(0.0101, 0.0102, 0.0103, 0.0104, 0.0105).t!.p / 1.3323119333317243e-8, 1, 1e-9);
  const many = Array.from({ length: 500 }, () => [0.1, 0.2, -0.1, 0.05]).flat();
  assertAlmostEquals(testOf(...many).t!.p / 4.737982035327772e-127, 1, 1e-9);
  // stats.wilcoxon(np.arange(1, 201), method="asymptotic").pvalue
  assertAlmostEquals(testOf(...upTo(200, 1000)).wilcoxon!.p / 1.4361464127613523e-34, 1, 1e-9);
});

Deno.test("pairedTest() says where a test says nothing", () => {
  assertEquals(testOf(), { count: 0, mean: NaN, t: null, wilcoxon: null });
  assertEquals(testOf(0.5), { count: 1, mean: 0.5, t: null, wilcoxon: { statistic: 0, p: 1 } });
  assertEquals(testOf(0, 0, 0), { count: 3, mean: 0, t: null, wilcoxon: null });
  assertEquals(testOf(0.5, 0.5, 0.5), { count: 3, mean: 0.5, t: null, wilcoxon: { statistic: 0, p: 0.25 } });
  assertEquals(testOf(0, 0, 1).wilcoxon, { statistic: 0, p: 1 });
  assertEquals(testOf(1, -1).wilcoxon, { statistic: 1.5, p: 1 });
  assertThrows(() => testOf(1, NaN), RangeError, "current value of 1 is NaN");
  assertThrows(() => testOf(Infinity), RangeError, "finite");
});

Deno.test("no differences have a lower p-value of signed ranks than leastWilcoxon() says, and those of one sign have it", () => {
  for (let count = 1; count <= 12; count++) {
    assertAlmostEquals(testOf(...upTo(count, 1000)).wilcoxon!.p, leastWilcoxon(count), 1e-12);
  }
  assertEquals([1, 2, 5].map(leastWilcoxon), [1, 0.5, 0.0625]);
});

Deno.test("pairedTest() of signed ranks equals counting all signs, on random differences with ties", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -4, max: 4 }), { minLength: 1, maxLength: 9 }), (differences) => {
      const found = testOf(...differences).wilcoxon, others = differences.filter((each) => each !== 0);
      if (others.length === 0) return assertEquals(found, null);
      const sizes = others.map(Math.abs);
      const ranks = sizes.map((size) =>
        sizes.filter((other) => other < size).length + (sizes.filter((other) => other === size).length + 1) / 2
      );
      const sumOf = (isPositive: (at: number) => boolean) =>
        ranks.reduce((sum, rank, at) => isPositive(at) ? sum + rank : sum, 0);
      const positive = sumOf((at) => others[at]! > 0), least = Math.min(positive, sumOf(() => true) - positive);
      let asFar = 0;
      for (let signs = 0; signs < 2 ** ranks.length; signs++) {
        if (sumOf((at) => (signs >> at & 1) === 1) <= least) asFar++;
      }
      assertEquals(found!.statistic, least);
      assertAlmostEquals(found!.p, Math.min(1, 2 * asFar / 2 ** ranks.length), 1e-12);
      assert(found!.p > 0);
    }),
  );
});
