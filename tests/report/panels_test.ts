import { assertAlmostEquals, assertEquals } from "@std/assert";
import { panelled, seeds } from "./_results.ts";

const SEVO = { optimizer: "sevo-adamw", beta: 0.99, layers: 3, learningRate: 0.001 };
const PLAIN = { ...SEVO, optimizer: "adamw" };

Deno.test("panelsOf() makes a panel of each model on each dataset, with the baselines of the dataset", async () => {
  const { panels } = await panelled([
    ...seeds(SEVO, [0.1], { dataset: "a" }),
    ...seeds({ ...SEVO, model: "mf-bpr" }, [0.1], { dataset: "a" }),
    ...seeds(SEVO, [0.1], { dataset: "b" }),
    { config: { model: "popularity" }, test: 0.05, dataset: "a" },
    { config: { model: "item-knn" }, test: 0.05, dataset: "c" },
  ]);
  assertEquals(panels.map(({ dataset, model, untrained }) => [dataset, model, untrained.map(({ label }) => label)]), [
    ["a", "sasrec", ["popularity"]],
    ["a", "mf-bpr", ["popularity"]],
    ["b", "sasrec", []],
    ["c", "", ["item-knn"]],
  ]);
});

Deno.test("panelsOf() pairs a smoothed arm with the plain one of its other settings, seed by seed", async () => {
  const { panels: [panel] } = await panelled([
    ...seeds(SEVO, [0.3, 0.31, 0.35]),
    ...seeds({ ...SEVO, learningRate: 0.01 }, [0.2, 0.2, 0.2]),
    ...seeds(PLAIN, [0.1, 0.12]),
    ...seeds({ ...PLAIN, learningRate: 0.01 }, [0.05, 0.05, 0.05]),
  ]);
  assertEquals(panel!.pairs.map(({ sevo, plain, differences }) => [sevo.label, plain.label, differences.length]), [
    ["SEvo-AdamW, learningRate 0.001", "AdamW, learningRate 0.001", 2],
    ["SEvo-AdamW, learningRate 0.01", "AdamW, learningRate 0.01", 3],
  ]);
  const { differences, before, after } = panel!.pairs[0]!;
  assertAlmostEquals(differences[0]!, 0.2, 1e-12);
  assertAlmostEquals(differences[1]!, 0.19, 1e-12);
  assertAlmostEquals(before, 0.11, 1e-12);
  assertAlmostEquals(after, 0.305, 1e-12);
});

Deno.test("panelsOf() takes plain arms that differ by how they would be smoothed for the same arm", async () => {
  const { panels: [panel] } = await panelled([
    ...seeds(SEVO, [0.3, 0.3]),
    ...seeds({ ...SEVO, beta: 0.5 }, [0.2, 0.2]),
    ...seeds(PLAIN, [0.1]),
    ...seeds({ ...PLAIN, beta: 0.5 }, [0.1, 0.1]),
  ]);
  assertEquals(panel!.plain.map(({ label, rows }) => [label, rows.length]), [["AdamW", 2]]);
  assertEquals(panel!.sevo.map(({ label }) => label), ["SEvo-AdamW, beta 0.99", "SEvo-AdamW, beta 0.5"]);
  assertEquals(panel!.pairs.map(({ plain }) => plain.label), ["AdamW", "AdamW"]);
});

Deno.test("panelsOf() leaves out what has not finished", async () => {
  const { panels } = await panelled([{ config: { ...SEVO, seed: 1 }, test: null }, ...seeds(PLAIN, [0.1])]);
  assertEquals(panels.map(({ sevo, plain }) => [sevo.length, plain.length]), [[0, 1]]);
  assertEquals((await panelled([{ config: SEVO, test: null }])).panels, []);
});
