import { assert, assertEquals, assertThrows } from "@std/assert";
import { planOf } from "../../src/experiments/plan.ts";
import { readSpec } from "../../src/experiments/spec.ts";
import { SpecError } from "../../src/experiments/spec_error.ts";
import { MODELS } from "../../src/models/models.ts";
import { specOptions } from "../../tasks/sweep/flags.ts";

const plan = (spec: unknown) => planOf(readSpec(JSON.stringify(spec), specOptions(MODELS)));
const names = (spec: unknown) => plan(spec).map(({ name }) => name);

Deno.test("planOf() names runs by what the spec varies, in its order, with all runs of the first seed first", () => {
  const spec = {
    base: { data: ["data/beauty", "data/toys/"], model: "sasrec" },
    grid: { optimizer: ["sevo-adamw", "adamw"] },
    seeds: [3, 1],
  };
  assertEquals(names(spec), [
    "data=beauty,optimizer=sevo-adamw,seed=3",
    "data=beauty,optimizer=adamw,seed=3",
    "data=toys,optimizer=sevo-adamw,seed=3",
    "data=toys,optimizer=adamw,seed=3",
    "data=beauty,optimizer=sevo-adamw,seed=1",
    "data=beauty,optimizer=adamw,seed=1",
    "data=toys,optimizer=sevo-adamw,seed=1",
    "data=toys,optimizer=adamw,seed=1",
  ]);
  assertEquals(plan(spec)[1]!.settings, { model: "sasrec", data: "data/beauty", optimizer: "adamw", seed: 3 });
});

Deno.test("planOf() takes the grid with each settings of the list and each draw, and a grid wins over base", () => {
  const runs = plan({
    base: { beta: 0.5, layers: 1 },
    grid: { beta: [0.9, 0.99] },
    list: [{ maxWalk: 2, last: 10 }, {}],
    random: { count: 1, settings: { layers: [4] } },
  });
  assertEquals(runs.map(({ name }) => name), [
    "beta=0.9,maxWalk=2,last=10",
    "beta=0.9",
    "beta=0.9,layers=4",
    "beta=0.99,maxWalk=2,last=10",
    "beta=0.99",
    "beta=0.99,layers=4",
  ]);
  assertEquals(runs[2]!.settings, { beta: 0.9, layers: 4, seed: 1 });
});

Deno.test("planOf() calls a run without anything that varies 'run', and names a seed that is asked for", () => {
  assertEquals(plan({}), [{ name: "run", settings: { seed: 1 } }]);
  assertEquals(names({ seeds: 1 }), ["seed=1"]);
  assertEquals(names({ list: [{}] }), ["run"]);
});

Deno.test("planOf() gives a model that is counted one run, without a seed", () => {
  assertEquals(plan({ grid: { model: ["popularity", "mf-bpr"] }, seeds: 2 }), [
    { name: "model=popularity", settings: { model: "popularity" } },
    { name: "model=mf-bpr,seed=1", settings: { model: "mf-bpr", seed: 1 } },
    { name: "model=mf-bpr,seed=2", settings: { model: "mf-bpr", seed: 2 } },
  ]);
});

Deno.test("planOf() takes equal settings as one run, whatever the order of their keys", () => {
  assertEquals(
    names({ list: [{ beta: 0.9, layers: 2 }, { layers: 2, beta: 0.9 }, { layers: 3 }], seeds: [1, 1] }),
    ["beta=0.9,layers=2,seed=1", "layers=3,seed=1"],
  );
});

Deno.test("planOf() makes names that every file system takes, and tells apart what is alike then", () => {
  const runs = names({ grid: { data: ["a/käse", "b/käse", "../x y"], at: ["1,5", "1 5"] } });
  assertEquals(new Set(runs).size, 6);
  for (const name of runs) assert(/^[A-Za-z0-9._=,+-]+$/.test(name), name);
  assertEquals(runs[0], "data=k_se,at=1_5");
  assert(/^data=k_se,at=1_5-[0-9a-f]{8}$/.test(runs[1]!), runs[1]);
  assertEquals(runs[4], "data=x_y,at=1_5");
  const [long] = names({ grid: { data: ["x".repeat(300)] } });
  assertEquals(long!.length, 159);
  assert(long!.startsWith("data=xxx"));
});

Deno.test("planOf() leaves names and settings as they were where a spec gets more of anything", () => {
  const spec = (more: boolean) => ({
    base: { model: "sasrec" },
    grid: { beta: more ? [0.5, 0.9] : [0.9] },
    random: {
      count: more ? 8 : 5,
      seed: 7,
      settings: {
        learningRate: { min: 1e-4, max: 1e-2, log: true },
        ...more && { maxWalk: { min: 1, max: 4 } },
        layers: { min: 0, max: 5 },
        dropout: [0.1, 0.3, 0.5],
      },
    },
    seeds: more ? 3 : 1,
  });
  const before = plan(spec(false)), after = plan(spec(true));
  const drawn = ({ settings: { maxWalk: _, ...rest } }: typeof before[number]) =>
    JSON.stringify(Object.entries(rest).sort());
  const later = after.map(drawn);
  for (const run of before) assert(later.includes(drawn(run)), run.name);
  const grown = names({ ...spec(false), seeds: 3, random: { ...spec(false).random, count: 8 } });
  for (const { name } of before) assert(grown.includes(name), name);
});

Deno.test("planOf() draws the same settings on every machine", () => {
  const runs = plan({
    random: {
      count: 4,
      seed: 7,
      settings: {
        learningRate: { min: 1e-4, max: 1e-2, log: true },
        beta: { min: 0.5, max: 0.99 },
        layers: { min: 0, max: 5 },
        batch: { min: 16, max: 1024, log: true },
        optimizer: ["sevo-adamw", "adamw"],
      },
    },
  });
  assertEquals(runs.map(({ settings }) => settings), PINNED);
});

Deno.test("planOf() draws evenly: over a range, over the orders of magnitude, and over a list", () => {
  const runs = plan({
    random: {
      count: 2000,
      seed: 1,
      settings: {
        learningRate: { min: 1e-4, max: 1, log: true },
        beta: { min: 0.2, max: 0.6 },
        layers: { min: 0, max: 3 },
        batch: { min: 1, max: 4, log: true },
        optimizer: ["sevo-adamw", "adamw", "sgd"],
      },
    },
  }).map(({ settings }) => settings);
  const share = (is: (settings: typeof runs[number]) => boolean) => runs.filter(is).length / runs.length;
  const near = (actual: number, expected: number) =>
    assert(Math.abs(actual - expected) < 0.04, `${actual}: ${expected}`);
  near(share(({ learningRate }) => Number(learningRate) < 1e-2), 1 / 2);
  near(share(({ learningRate }) => Number(learningRate) < 1e-3), 1 / 4);
  near(share(({ beta }) => Number(beta) < 0.3), 1 / 4);
  for (const layers of [0, 1, 2, 3]) near(share((settings) => settings["layers"] === layers), 1 / 4);
  for (const batch of [1, 2, 3, 4]) {
    near(share((settings) => settings["batch"] === batch), Math.log((batch + 0.5) / (batch - 0.5)) / Math.log(9));
  }
  for (const name of ["sevo-adamw", "adamw", "sgd"]) near(share(({ optimizer }) => optimizer === name), 1 / 3);
  assert(runs.every(({ learningRate, beta }) => Number(learningRate) >= 1e-4 && Number(beta) <= 0.6));
});

Deno.test("planOf() refuses a spec of more runs than anybody waits for", () => {
  const values = Array.from({ length: 400 }, (_, at) => at + 1);
  const error = assertThrows(() => plan({ grid: { epochs: values, batch: values } }), SpecError);
  assertEquals(error.message, "Cannot run sweep as its spec has more than 100000 runs: current value is 160000");
});
const PINNED = [
  { "learningRate": 0.000398907, "beta": 0.525167, "layers": 3, "batch": 889, "optimizer": "adamw", "seed": 1 },
  { "learningRate": 0.000160049, "beta": 0.920059, "layers": 4, "batch": 479, "optimizer": "adamw", "seed": 1 },
  { "learningRate": 0.00755745, "beta": 0.635018, "layers": 5, "batch": 195, "optimizer": "sevo-adamw", "seed": 1 },
  { "learningRate": 0.000310012, "beta": 0.536683, "layers": 1, "batch": 712, "optimizer": "adamw", "seed": 1 },
];
