import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertNotEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { openDevice } from "@sevo/sevo";
import type { Dataset } from "../../src/data/dataset.ts";
import {
  bert4Rec,
  gru4Rec,
  itemKnn,
  mfBpr,
  type ModelWeights,
  resolveSettings,
  sasRec,
  stosa,
  type TrainableModel,
  type TrainingSettings,
} from "../../src/models/mod.ts";
import { FixedWeights } from "../../src/models/fixed_weights.ts";
import { weightRows } from "../../src/models/settings.ts";
import { decodeSafetensors } from "../../src/safetensors.ts";
import { growModel } from "../../src/training/grow.ts";
import { growMoments, withMoments } from "../../src/training/grow_moments.ts";
import { startTraining, type Training } from "../../src/training/start_training.ts";
import { train, type TrainingEvent } from "../../src/training/train.ts";
import { datasetOf, range } from "../data/_fixtures.ts";

const MODELS: readonly TrainableModel[] = [mfBpr, sasRec, gru4Rec, bert4Rec, stosa] as unknown as TrainableModel[];

/** Six users in a ring of eight items. */
const OLD = datasetOf(range(6).map((user) => range(5).map((at) => (user + at) % 8)), 8, {
  valid: range(6).map((user) => (user + 5) % 8),
  test: range(6).map((user) => (user + 6) % 8),
});

/**
 * The ring by other numbers: item n is now 9 - n and user n is 7 - n. Item 0 is a new one that comes after item 4 of the old
 * numbers alone, item 1 a new one that nobody has to train on; user 0 is new and has old item 3 alone, user 1 is new and has
 * nothing. User 2 is old user 5, and old item 7 is not there any more.
 */
const NEW: Dataset = (() => {
  const item = (old: number) => 9 - old;
  const sequences = range(6).map((user) => range(5).map((at) => (user + at) % 8).filter((old) => old !== 7).map(item));
  const ids = range(10).map((at) => at < 2 ? `new ${at}` : `item ${9 - at}`).filter((id) => id !== "item 7");
  // Old item 7 had number 2: what comes after it moves up
  const moved = (at: number) => at > 2 ? at - 1 : at;
  const users = [[moved(item(3))], [], ...sequences.toReversed().map((own) => own.map(moved))];
  users[2] = [...users[2]!, moved(item(4)), 0];
  const held = users.map((own) => own.length > 1 ? own[0]! : -1);
  return {
    ...datasetOf(users, 9, { valid: held, test: held }),
    items: ids,
    users: range(8).map((at) => at < 2 ? `new user ${at}` : `user ${7 - at}`),
  };
})();

const small = { dimension: 8, maxLength: 5, blocks: 2, heads: 2, seed: 3, batch: 4, epochs: 2, evalEvery: 1 };

function settingsOf(model: TrainableModel, other: Readonly<Record<string, unknown>> = {}): TrainingSettings {
  const given = Object.entries({ ...small, ...other }).filter(([name]) => model.fields.has(name));
  return resolveSettings(model, Object.fromEntries(given)) as unknown as TrainingSettings;
}

/** A model as if its file had been read: its weights in another order than it draws them. */
function fileOf(model: TrainableModel, settings: TrainingSettings, dataset = OLD, weights?: ModelWeights) {
  const drawn = Object.entries(weights ?? model.initialWeights(dataset, { ...settings, seed: 77 })).toReversed();
  const users = model.userTable ? dataset.users : [];
  return { model, settings: settings as never, weights: Object.fromEntries(drawn), users, items: dataset.items };
}

function rowAt({ data, shape }: ModelWeights[string], row: number): number[] {
  const width = data.length / shape[0]!;
  return [...data.subarray(row * width, (row + 1) * width)];
}

for (const model of MODELS) {
  Deno.test(`growModel() keeps the rows of ${model.name} by id, its leading rows and all else to the bit`, async () => {
    await using device = await openDevice("cpu", { threads: 1 });
    const settings = settingsOf(model),
      file = fileOf(model, settings),
      grown = await growModel(device, file, NEW, settings);
    const drawn = model.initialWeights(NEW, settings), kinds = weightRows(model, settings);
    assertEquals(Object.keys(grown.weights), Object.keys(drawn));
    let tables = 0;
    for (const [name, weight] of Object.entries(grown.weights)) {
      const before = file.weights[name]!;
      assertEquals(weight.shape, drawn[name]!.shape);
      if (kinds[name] === null) {
        assertEquals(weight, before, name);
        continue;
      }
      tables++;
      const old = kinds[name] === "items" ? OLD.items : OLD.users,
        now = kinds[name] === "items" ? NEW.items : NEW.users;
      const leading = kinds[name] === "items" ? model.leadingRows : 0;
      for (const row of range(leading)) assertEquals(rowAt(weight, row), rowAt(before, row), name);
      now.forEach((id, at) => {
        const was = old.indexOf(id), row = rowAt(weight, leading + at);
        if (was >= 0) assertEquals(row, rowAt(before, leading + was), `${name} ${id}`);
        else if (id === "new 1" || id === "new user 1") assertEquals(row, rowAt(drawn[name]!, leading + at), id);
      });
      if (kinds[name] === "users") continue;
      // What comes after item 4 alone points where item 4 does, and is as long as rows are on average
      const neighbour = rowAt(before, leading + 4), row = rowAt(weight, leading);
      const kept = now.slice(2).map((id) => Math.hypot(...rowAt(before, leading + old.indexOf(id))));
      const norm = kept.reduce((sum, length) => sum + length) / kept.length;
      const scale = weight.shape.length === 1 ? 1 : norm / Math.hypot(...neighbour);
      row.forEach((value, column) => assertAlmostEquals(value, scale * neighbour[column]!, 1e-6));
    }
    assertEquals(tables, { "mf-bpr": 2, sasrec: 1, gru4rec: 1, bert4rec: 3, stosa: 2 }[model.name]);
    const one = { kept: 7, related: 1, drawn: 1, dropped: 1 };
    assertEquals(grown.rows, { items: one, users: model.userTable ? { ...one, kept: 6, dropped: 0 } : null });
  });

  Deno.test(`growMoments() on the dataset of training gives ${model.name} back to the bit`, async () => {
    await using device = await openDevice("cpu", { threads: 1 });
    const settings = settingsOf(model), batches = 3;
    const steps = (training: Training, from: number) => {
      const all = range(batches).flatMap((epoch) => [...training.sampler.batches(epoch + 1, settings.batch)]);
      for (const batch of all.slice(from, from + 3)) training.model.step(batch);
    };
    using training = await startTraining(device, OLD, model, model.initialWeights(OLD, settings), settings);
    steps(training, 0);
    const saved = await training.model.save(), file = fileOf(model, settings, OLD, await training.model.weights());
    const grown = await growModel(device, file, OLD, settings),
      moments = growMoments({ model: saved }, file, grown, settings)!;
    using again = await startTraining(device, OLD, model, grown.weights, settings);
    again.model.restore(withMoments(await again.model.save(), moments, model, grown.weights, settings));
    assertEquals(await again.model.save(), saved);
    for (const each of [training, again]) steps(each, 3);
    assertEquals(await again.model.weights(), await training.model.weights());
  });

  Deno.test(`growMoments() keeps the moments of ${model.name} by id on a dataset that has grown`, async () => {
    await using device = await openDevice("cpu", { threads: 1 });
    const settings = settingsOf(model);
    using training = await startTraining(device, OLD, model, model.initialWeights(OLD, settings), settings);
    for (const batch of training.sampler.batches(1, settings.batch)) training.model.step(batch);
    const saved = await training.model.save(), file = fileOf(model, settings, OLD, await training.model.weights());
    const wanted = { ...settings, learningRate: 0.5 };
    const grown = await growModel(device, file, NEW, wanted),
      moments = growMoments({ model: saved }, file, grown, wanted)!;
    using again = await startTraining(device, NEW, model, grown.weights, wanted);
    again.model.restore(withMoments(await again.model.save(), moments, model, grown.weights, wanted));
    const now = decodeSafetensors(await again.model.save()), before = decodeSafetensors(saved);
    assertEquals(now.metadata["step"], before.metadata["step"]);
    // The rates are those that are asked for now
    assertEquals(JSON.parse(now.metadata["options"]!).learningRate, 0.5);
    const table = model.itemTables[0]!, leading = model.leadingRows;
    for (const part of ["moment1", "moment2"]) {
      const old = before.tensors[`${part}.${table}`] as ModelWeights[string];
      const found = now.tensors[`${part}.${table}`] as ModelWeights[string];
      const kept = NEW.items.slice(2).map((id) => rowAt(old, leading + OLD.items.indexOf(id)));
      assertEquals(range(7).map((at) => rowAt(found, leading + 2 + at)), kept);
      const mean = kept[0]!.map((_, column) => kept.reduce((sum, row) => sum + row[column]! / 7, 0));
      for (const row of [0, 1]) {
        rowAt(found, leading + row).forEach((value, column) =>
          assertAlmostEquals(value, part === "moment1" ? 0 : mean[column]!, 1e-7)
        );
      }
    }
  });
}

Deno.test("growModel() folds new users in, as long as users are on average", async () => {
  await using device = await openDevice("cpu", { threads: 1 });
  const model = MODELS[0]!, settings = settingsOf(model), file = fileOf(model, settings);
  const { weights } = await growModel(device, file, NEW, settings), user = weights["user.weight"]!;
  using fixed = new FixedWeights(device, weights, ["user.weight", "item.weight"]);
  const fold = await model.network(fixed, settings).foldIn!();
  using folded = await fold({ offsets: Uint32Array.of(0, 1), items: Uint32Array.of(NEW.items.indexOf("item 3")) });
  const fit = (await device.read(folded.tensor)).subarray(0, small.dimension), row = rowAt(user, 0);
  const norm = range(6).reduce((sum, at) => sum + Math.hypot(...rowAt(user, 2 + at)) / 6, 0);
  row.forEach((value, column) => assertAlmostEquals(value, fit[column]! * norm / Math.hypot(...fit), 1e-9));
});

Deno.test("growModel() refuses what a model cannot go on with, by name", async () => {
  await using device = await openDevice("cpu", { threads: 1 });
  const model = MODELS[1]!, settings = settingsOf(model), file = fileOf(model, settings);
  const refused = async (expected: string, dataset: Dataset, wanted = settings, from = file) => {
    const { message } = await assertRejects(() => growModel(device, from, dataset, wanted), RangeError);
    assertStringIncludes(message, expected);
  };
  await refused(
    "dimension must be that of the model to go on with, 8: current value is 16",
    NEW,
    settingsOf(model, { dimension: 16 }),
  );
  await refused("maxLength must be", NEW, settingsOf(model, { maxLength: 6 }));
  // What changes no shape may change
  await growModel(device, file, NEW, settingsOf(model, { dropout: 0.1, learningRate: 0.5, graph: "item" }));
  await refused(
    "Cannot go on with the model as its items and those of the dataset have no id in common: 'item 0' is one of the " +
      "model, 'other new 0' one of the dataset",
    { ...NEW, items: NEW.items.map((id) => `other ${id}`) },
  );
  const strangers = { ...NEW, users: NEW.users.map((id) => `other ${id}`) };
  const bpr = MODELS[0]!, bprSettings = settingsOf(bpr);
  await refused("its users and those of", strangers, bprSettings, fileOf(bpr, bprSettings));
  await growModel(device, file, strangers, settings);
  await refused(
    "Cannot go on with the model as item-knn is counted, not trained: train it on the new data",
    NEW,
    settings,
    { ...file, model: itemKnn as never },
  );
});

Deno.test("growMoments() has none for another rule, and refuses a checkpoint of another model", async () => {
  await using device = await openDevice("cpu", { threads: 1 });
  const model = MODELS[1]!, settings = settingsOf(model), file = fileOf(model, settings);
  const grown = await growModel(device, file, NEW, settings);
  using training = await startTraining(device, OLD, model, model.initialWeights(OLD, settings), settings);
  const checkpoint = { model: await training.model.save() };
  for (const optimizer of ["adamw", "sevo-adamw"] as const) {
    assert(growMoments(checkpoint, file, grown, { ...settings, optimizer }));
  }
  assertEquals(growMoments(checkpoint, file, grown, { ...settings, optimizer: "sgd" }), null);
  // With the means attended, weights are trained that have no moments yet
  const { settings: plain, ...gaussian } = fileOf(MODELS[4]!, settingsOf(MODELS[4]!));
  const attended = settingsOf(MODELS[4]!, { attendedMean: true }), weights = gaussian.weights;
  assertEquals(growMoments(checkpoint, { ...gaussian, settings: plain }, { ...grown, weights }, attended), null);
  const other = datasetOf([[0, 1, 2]], 5);
  using small = await startTraining(device, other, model, model.initialWeights(other, settings), settings);
  const wrong = { model: await small.model.save() };
  assertThrows(() => growMoments(wrong, file, grown, settings), SyntaxError, "the checkpoint is not of this model");
});

Deno.test("train() begins with the weights and moments of a model that has grown", async () => {
  await using device = await openDevice("cpu", { threads: 1 });
  const model = MODELS[0]!, settings = settingsOf(model);
  let checkpoint;
  const first = await train(device, OLD, model, settings, {
    evaluation: { rankRepeats: true },
    onCheckpoint: (at) => void (checkpoint = at),
  });
  const file = { ...fileOf(model, settings), weights: first.weights },
    grown = await growModel(device, file, NEW, settings);
  const run = async (moments: ReturnType<typeof growMoments>, epochs = 2) => {
    const events: TrainingEvent[] = [];
    const result = await train(device, NEW, model, { ...settings, epochs }, {
      initial: { weights: grown.weights, moments },
      evaluation: { rankRepeats: true },
      onEvent: (event) => void events.push(event),
    });
    return { result, events };
  };
  const none = await run(null, 0);
  assertEquals(none.result.weights, grown.weights);
  assertEquals(none.events.map(({ type, epoch }) => [type, epoch]), [["evaluation", 0], ["evaluation", 0]]);
  const moments = growMoments(checkpoint!, file, grown, settings)!;
  const lossOf = ({ events }: typeof none) => events.flatMap((event) => event.type === "epoch" ? [event.loss] : []);
  const warm = lossOf(await run(moments)), again = lossOf(await run(moments)), cold = lossOf(await run(null));
  assertEquals(warm, again);
  assertNotEquals(warm, cold);
});
