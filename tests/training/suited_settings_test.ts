import { assert, assertEquals, assertThrows } from "@std/assert";
import type { Dataset } from "../../src/data/dataset.ts";
import { isTrainable, mfBpr, MODELS, resolveSettings, sasRec, SettingError } from "../../src/models/mod.ts";
import { suitedSettings } from "../../src/training/suited_settings.ts";
import { datasetOf, range } from "../data/_fixtures.ts";

/** A dataset of so many users of three items each: as many samples of a sequence model to an epoch. */
function usersOf(count: number): Dataset {
  return datasetOf(range(count).map((user) => [user % 20, (user + 1) % 20, (user + 2) % 20]), 20);
}

const END = "early stopping after 10 validations without improvement";

for (
  const [users, batch, steps] of [
    // 30 steps of 512, and one sample less
    [14849, 512, null],
    [14848, 256, 58],
    [7425, 256, 30],
    [7424, 128, 58],
    [1000, 32, 32],
    [929, 32, 30],
    [928, 16, 58],
    [240, 8, 30],
    [239, 8, 30],
    // Never below 8, however few there are
    [100, 8, 13],
    [1, 8, 1],
  ] as const
) {
  Deno.test(`suitedSettings() takes batches of ${batch} for ${users} users, and says so`, () => {
    const { settings, chosen } = suitedSettings(sasRec, {}, usersOf(users));
    const says = steps === null ? [] : [`batch ${batch} in place of 512, for ${steps} steps per epoch`];
    assertEquals(chosen, [...says, END]);
    // All else is as published
    assertEquals(settings, { ...resolveSettings(sasRec, {}), batch, patience: 10 });
  });
}

Deno.test("suitedSettings() leaves what is given", () => {
  const dataset = usersOf(100);
  for (const batch of [1, 5, 100, 512, 4096]) {
    const { settings, chosen } = suitedSettings(sasRec, { batch, dropout: 0.1 }, dataset);
    assertEquals([settings.batch, settings.patience, settings.dropout, chosen], [batch, 10, 0.1, [END]]);
  }
  for (const patience of [0, 3, 10]) {
    const { settings, chosen } = suitedSettings(sasRec, { patience }, dataset);
    assertEquals([settings.batch, settings.patience], [8, patience]);
    assertEquals(chosen, ["batch 8 in place of 512, for 13 steps per epoch"]);
  }
  const all = suitedSettings(sasRec, { batch: 512, patience: 0, optimizer: "sgd" }, dataset);
  assertEquals<unknown>(all, {
    settings: resolveSettings(sasRec, { batch: 512, patience: 0, optimizer: "sgd" }),
    chosen: [],
  });
  // One that is undefined is not given
  const nothing = { batch: undefined, patience: undefined } as unknown as { batch: number; patience: number };
  assertEquals(suitedSettings(sasRec, nothing, dataset), suitedSettings(sasRec, {}, dataset));
});

Deno.test("suitedSettings() counts the samples of each model", () => {
  const dataset = usersOf(1000);
  for (const model of MODELS.filter(isTrainable)) {
    const published = resolveSettings(model, {}), { settings, chosen } = suitedSettings(model, {}, dataset);
    const sampler = model.sampler(dataset, published), { size } = sampler;
    // The steps that are spoken of are those of an epoch
    assertEquals([...sampler.batches(1, settings.batch)].length, Math.ceil(size / settings.batch), model.name);
    assert(size >= 30 * settings.batch || settings.batch < 16, `${model.name}: ${settings.batch} of ${size}`);
    assert(settings.batch === published.batch || size < 30 * 2 * settings.batch, `${model.name}: ${settings.batch}`);
    assertEquals(chosen.length, settings.batch === published.batch ? 1 : 2);
  }
  // Of mf-bpr a sample is an interaction
  assertEquals(suitedSettings(mfBpr, {}, dataset).settings.batch, 64);
});

Deno.test("suitedSettings() refuses what resolveSettings() does, and a dataset with nothing to train on", () => {
  assertThrows(() => suitedSettings(sasRec, { dropout: 1 }, usersOf(5)), SettingError, "dropout must be in [0, 1)");
  assertThrows(() => suitedSettings(sasRec, { batch: 0 }, usersOf(5)), SettingError, "batch must be in");
  assertThrows(() => suitedSettings(sasRec, {}, datasetOf([[1], [2]], 3)), RangeError, "as no user");
});

Deno.test("suitedSettings() takes whole batches of any preset, and leaves an end that a preset has", () => {
  const odd = { ...sasRec, presets: { own: { batch: 100, patience: 3 } } };
  const { settings, chosen } = suitedSettings(odd, {}, usersOf(800));
  assertEquals([settings.batch, settings.patience], [25, 3]);
  assertEquals(chosen, ["batch 25 in place of 100, for 32 steps per epoch"]);
});
