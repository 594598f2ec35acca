import { assert, assertEquals } from "@std/assert";
import { planOf } from "../../src/experiments/plan.ts";
import { readSpec } from "../../src/experiments/spec.ts";
import { MODELS } from "../../src/models/models.ts";
import { sweepSchema } from "../../tasks/build/sweep_schema.ts";
import { specOptions } from "../../tasks/sweep/flags.ts";
import { requestOf } from "../../tasks/sweep/requests.ts";
import { trainTask } from "../../tasks/train/flags.ts";

const FOLDER = "configs/sweeps";

/** Specs of this project and how many runs each has. */
const RUNS: Readonly<Record<string, number>> = {
  "beta-sasrec-beauty.json": 2 * 7 * 3,
  "correction.json": 5 * 2 * 3,
  "graphs.json": 4 * 3,
  "layers.json": 6 * 3,
  "published-tools.json": 5 * 5,
  "published.json": 15 * 5,
  "rules.json": 3 * 5,
  "walks.json": 3 * 4 * 3,
};

const planIn = async (name: string) =>
  planOf(readSpec(await Deno.readTextFile(`${FOLDER}/${name}`), specOptions(MODELS, name)));

Deno.test("every spec in configs/sweeps is one that train takes, run by run", async () => {
  const names = await Array.fromAsync(Deno.readDir(FOLDER), ({ name }) => name);
  assertEquals(names.sort(), [...Object.keys(RUNS), "published_results.json"].sort());
  for (const [name, count] of Object.entries(RUNS)) {
    const plan = await planIn(name);
    assertEquals(plan.length, count, name);
    for (const run of plan) await requestOf(run, { device: undefined, grace: 8, checkpointEvery: undefined }, MODELS);
  }
});

Deno.test("the published runs have published results to be compared with, and those are sound", async () => {
  const { results, curves } = JSON.parse(await Deno.readTextFile(`${FOLDER}/published_results.json`));
  for (const { settings } of [...await planIn("published.json"), ...await planIn("published-tools.json")]) {
    const dataset = String(settings["data"]).replace("data/", "");
    assertEquals(settings["preset"], dataset);
    const { seeds, ...metrics } = results[dataset][String(settings["model"])]["sevo-adamw"];
    assertEquals(seeds, 5);
    assertEquals(Object.keys(metrics), ["hr@1", "hr@5", "hr@10", "ndcg@5", "ndcg@10"]);
    for (const { mean, deviation } of Object.values(metrics) as { mean: number; deviation: number }[]) {
      assert(mean > 0.005 && mean < 0.4 && deviation > 0 && deviation < mean / 5, `${mean} ± ${deviation}`);
    }
    assert(metrics["hr@10"].mean > metrics["ndcg@10"].mean && metrics["ndcg@10"].mean > metrics["hr@1"].mean);
  }
  assertEquals(results["beauty"]["sasrec"]["sevo-adamw"]["ndcg@10"], { mean: 0.0411, deviation: 0.0013 });
  assertEquals(results["beauty"]["sasrec"]["adamw"]["ndcg@10"], { mean: 0.0352, deviation: null });
  assertEquals(curves["ml-1m"]["sasrec"]["sevo-adamw"].at(-1), { epoch: 50, valid: [0.1178, 0.1257], loss: 0.463 });
});

Deno.test("the schema of a spec has every setting of train that is for one, in base, grid, list and draws", () => {
  const { properties, additionalProperties } = sweepSchema(MODELS) as {
    properties: Record<string, { properties: Record<string, unknown>; items: { properties: Record<string, unknown> } }>;
    additionalProperties: boolean;
  };
  assertEquals(additionalProperties, false);
  assertEquals(Object.keys(properties), ["$schema", "base", "grid", "random", "list", "seeds", "halve"]);
  const { refused = {} } = specOptions(MODELS);
  const settings = Object.keys(trainTask(MODELS).flags).filter((name) => !(name in refused));
  assert(settings.includes("learningRate") && settings.includes("data") && !settings.includes("out"));
  assertEquals(Object.keys(properties["base"]!.properties), settings);
  assertEquals(Object.keys(properties["grid"]!.properties), settings);
  assertEquals(Object.keys(properties["list"]!.items.properties), settings);
  const draws = properties["random"]!.properties["settings"] as { properties: Record<string, unknown> };
  assertEquals(Object.keys(draws.properties), settings);
  assertEquals(properties["grid"]!.properties["layers"], {
    minItems: 1,
    type: "array",
    items: { type: "integer", description: "Layers of propagation (default: 3)", minimum: 0 },
  });
});
