import { assertEquals, assertRejects } from "@std/assert";
import { encodeModel, popularity } from "../../src/models/mod.ts";
import { Recommender } from "../../src/recommend/mod.ts";
import { generatedDataset, train } from "../../src/training/mod.ts";
import { testOnDevices } from "../_on_devices.ts";

testOnDevices("popularity recommends what most have taken, whatever the history", async (device) => {
  const dataset = generatedDataset({ users: 60, items: 30, seed: 2 });
  const { settings, weights } = await train(device, dataset, popularity);
  assertEquals(settings, {});
  const counts = new Map(dataset.items.map((id) => [id, 0]));
  for (const item of dataset.train.items) counts.set(dataset.items[item]!, counts.get(dataset.items[item]!)! + 1);
  const expected = dataset.items.toSorted((a, b) =>
    counts.get(b)! - counts.get(a)! || dataset.items.indexOf(a) - dataset.items.indexOf(b)
  );
  using recommender = Recommender.load(device, encodeModel(popularity, settings, weights, dataset));
  const histories = [[], [expected[0]!, expected[2]!]];
  const [all, some] = await recommender.recommend({ histories }, { count: 30 });
  assertEquals(all!.map(({ item, score }) => [item, score]), expected.map((item) => [item, counts.get(item)!]));
  assertEquals(some!.map(({ item }) => item), expected.filter((item) => !histories[1]!.includes(item)));
  await assertRejects(() => recommender.similar([expected[0]!]), RangeError, "Cannot find similar items");
});
