import { assert, assertEquals, assertGreater, assertLess, assertNotEquals, assertRejects } from "@std/assert";
import { type Device, openDevice } from "@sevo/sevo";
import { generatedDataset } from "../../src/data/generated.ts";
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from "../../src/training/checkpoint.ts";
import { bert4Rec, encodeModel, gru4Rec, isTrainable, mfBpr, MODELS, sasRec, stosa } from "../../src/models/mod.ts";
import type { TrainableModel } from "../../src/models/mod.ts";
import { type ResolvedSettings, resolveSettings, weightShapes } from "../../src/models/settings.ts";
import { startTraining } from "../../src/training/start_training.ts";
import { train, type TrainingEvent } from "../../src/training/train.ts";
import { range } from "../data/_fixtures.ts";
import { testOnDevices } from "../_on_devices.ts";

const DATASET = generatedDataset({ users: 60, items: 47, seed: 4, minLength: 4, maxLength: 12 });

/** The models that learn. */
const TRAINED = MODELS.filter(isTrainable);

/** Settings of any model. */
type Wanted = Readonly<Record<string, unknown>>;

/** The smallest sizes, with something of everything that the model has. */
function tiny(model: TrainableModel, wanted: Wanted = {}): ResolvedSettings {
  const sizes = { dimension: 8, maxLength: 5, blocks: 2, heads: 2, dropout: 0.2, attentionDropout: 0.3, batch: 17 };
  const own = Object.entries(sizes).filter(([name]) => model.fields.has(name));
  return resolveSettings(model, { ...Object.fromEntries(own), learningRate: 0.01, beta: 0.9, ...wanted });
}

/** Of some settings those that the model has. */
function ownOf(model: TrainableModel, wanted: Wanted): Wanted {
  return Object.fromEntries(Object.entries(wanted).filter(([name]) => model.fields.has(name)));
}

for (const model of TRAINED) {
  const { name } = model;
  Deno.test(`weightShapes() is the shapes of initialWeights(): ${name}`, () => {
    for (const [userCount, itemCount] of [[7, 5], [1, 1], [3, 40]] as const) {
      for (const blocks of [1, 3]) {
        const settings = tiny(model, ownOf(model, { blocks, dimension: 12, heads: 3 })),
          sizes = { userCount, itemCount };
        const initial = Object.entries(model.initialWeights(sizes, settings));
        assertEquals(
          weightShapes(model, sizes, settings),
          Object.fromEntries(initial.map(([name, { shape }]) => [name, shape])),
        );
        assertEquals(Object.keys(weightShapes(model, sizes, settings)), initial.map(([name]) => name));
        for (const [name, { data, shape }] of initial) assertEquals(data.length, shape.reduce((a, b) => a * b), name);
      }
    }
  });

  Deno.test(`weightShapes() draws no catalogue: ${name}`, () => {
    const start = performance.now();
    const shapes = weightShapes(model, { userCount: 2 ** 31, itemCount: 2 ** 31 }, tiny(model));
    assert(Object.values(shapes).some(([rows]) => rows! >= 2 ** 31), "a table has a row for each");
    assertLess(performance.now() - start, 1000);
  });

  Deno.test(`initialWeights() of ${name} is a function of the seed`, () => {
    const weights = (seed: number) => model.initialWeights(DATASET, tiny(model, { seed }));
    assertEquals(weights(3), weights(3));
    for (const [name, { data }] of Object.entries(weights(3))) {
      // Weights that begin at one value begin at it for every seed
      if (data.every((value) => value === data[0])) assertEquals(weights(4)[name]!.data, data, name);
      else assertNotEquals(weights(4)[name]!.data, data, name);
    }
  });
}

/** Mean loss of the second epoch. */
async function lossOf(device: Device, model: TrainableModel, wanted: Wanted = {}): Promise<number> {
  const settings = tiny(model, wanted);
  using training = await startTraining(device, DATASET, model, model.initialWeights(DATASET, settings), settings);
  let loss = NaN;
  for (const epoch of [1, 2]) {
    for (const batch of training.sampler.batches(epoch, settings.batch)) training.model.step(batch);
    loss = await training.model.meanLoss();
  }
  return loss;
}

const OF_ALL: Wanted = {
  optimizer: "adamw",
  propagation: "iterative",
  beta: 0.5,
  layers: 2,
  maxWalk: 2,
  last: 2,
  dimension: 16,
  learningRate: 0.02,
  beta1: 0.8,
  beta2: 0.9,
  weightDecay: 0.5,
  correction: false,
  batch: 8,
  seed: 2,
  graph: "categories:category",
};

/** Another value of each setting of a model: every one of them must matter to its loss. */
const MATTERS: Readonly<Record<string, Wanted>> = {
  "mf-bpr": { ...OF_ALL, graph: "user-item" },
  "sasrec": { ...OF_ALL, maxLength: 4, blocks: 1, heads: 1, dropout: 0.3 },
  "gru4rec": { ...OF_ALL, maxLength: 4, dropout: 0.3 },
  "bert4rec": { ...OF_ALL, maxLength: 4, blocks: 1, heads: 1, dropout: 0.3, maskRate: 0.4 },
  "stosa": {
    ...OF_ALL,
    maxLength: 4,
    blocks: 1,
    heads: 1,
    dropout: 0.3,
    attentionDropout: 0.2,
    pvn: 0.1,
    attendedMean: true,
  },
};

for (const model of TRAINED) {
  Deno.test(`startTraining() hands ${model.name} each of its settings`, async () => {
    await using device = await openDevice("cpu", { threads: 2 });
    const loss = await lossOf(device, model);
    assert(Number.isFinite(loss) && loss > 0, `${loss}`);
    assertEquals(await lossOf(device, model), loss);
    const matters = MATTERS[model.name];
    assert(matters, `MATTERS has no other values of the settings of ${model.name}`);
    // All of its own are tried, and of training all that a step depends on
    const apart = ["momentum", "epochs", "evalEvery", "patience", "graphWeights", "graphNeighbours"];
    assertEquals(Object.keys(matters).sort(), [...model.fields.keys()].filter((name) => !apart.includes(name)).sort());
    for (const [name, value] of Object.entries(matters)) {
      assertNotEquals(await lossOf(device, model, { [name]: value }), loss, name);
    }
    // At a rate that moves the tiny initial tables of mf-bpr
    const sgd = { optimizer: "sgd", learningRate: model === mfBpr ? 10 : 0.01, weightDecay: 0 };
    assertNotEquals(
      await lossOf(device, model, sgd),
      await lossOf(device, model, { ...sgd, momentum: 0.5 }),
      "momentum",
    );
    assertEquals(device.liveBytes, 0);
  });
}

testOnDevices("startTraining() keeps nothing of what it refuses", async (device) => {
  for (const model of [sasRec, bert4Rec, stosa] as readonly TrainableModel[]) {
    const settings = tiny(model, { heads: 3 }), weights = model.initialWeights(DATASET, settings);
    await assertRejects(
      () => startTraining(device, DATASET, model, weights, settings),
      RangeError,
      "dimension must be a multiple of 4 times heads",
    );
  }
  const single = generatedDataset({ users: 20, items: 1, minLength: 1, maxLength: 1 });
  for (const model of [mfBpr, sasRec, gru4Rec, stosa] as readonly TrainableModel[]) {
    const settings = tiny(model);
    await assertRejects(
      () => startTraining(device, single, model, model.initialWeights(single, settings), settings),
      RangeError,
      "as no user",
    );
  }
  assertEquals(device.liveBytes, 0);
});

/** A run with all that happens in it but how long it takes. */
async function runOf(
  device: Device,
  model: TrainableModel,
  settings: ResolvedSettings,
  from: Checkpoint | null = null,
) {
  const events: string[] = [], checkpoints: Checkpoint[] = [], valid: [epoch: number, ndcg: number][] = [];
  const onEvent = (event: TrainingEvent) => {
    events.push(event.type === "epoch" ? `epoch ${event.epoch}` : `${event.split} ${event.epoch}`);
    if (event.type === "evaluation" && event.split === "valid") valid.push([event.epoch, event.metrics["ndcg@10"]!]);
  };
  const result = await train(device, DATASET, model, settings, {
    onEvent,
    from,
    // By way of its file
    onCheckpoint: (checkpoint) => void checkpoints.push(decodeCheckpoint(encodeCheckpoint(checkpoint))),
  });
  return { events, checkpoints, valid, result, bytes: encodeModel(model, settings, result.weights, DATASET) };
}

/** In single precision the rate is 0: nothing is learnt, so that no validation is better than the one before training. */
const IDLE = { learningRate: 0, weightDecay: 0, evalEvery: 2, epochs: 9 } as const;

testOnDevices("train() ends after as many validations without a better one as it has patience for", async (device) => {
  // The models of a software adapter are slow, and patience is none of theirs
  for (const model of device.kind === "cpu" ? TRAINED : [mfBpr] as readonly TrainableModel[]) {
    const last = async (patience: number) => (await runOf(device, model, tiny(model, { ...IDLE, patience }))).events;
    assertEquals(await last(1), ["valid 0", "epoch 1", "epoch 2", "valid 2", "test 0"]);
    assertEquals(await last(3), [
      "valid 0",
      "epoch 1",
      "epoch 2",
      "valid 2",
      "epoch 3",
      "epoch 4",
      "valid 4",
      "epoch 5",
      "epoch 6",
      "valid 6",
      "test 0",
    ]);
    // Without patience, or with more of it than there are validations, all epochs are trained
    const all = [
      ...range(9).flatMap((at) => at % 2 ? [`epoch ${at + 1}`, `valid ${at + 1}`] : [`epoch ${at + 1}`]),
      "valid 9",
    ];
    for (const patience of [0, 5, 100]) {
      assertEquals(await last(patience), ["valid 0", ...all, "test 0"], `${patience}`);
    }
  }
});

testOnDevices("train() resumed ends where a run that was not interrupted has run out of patience", async (device) => {
  const settings = tiny(sasRec, { ...IDLE, patience: 2 });
  const whole = await runOf(device, sasRec, settings);
  assertEquals(whole.checkpoints.map(({ epoch }) => epoch), [2, 4]);
  for (const [from, left] of [[0, ["epoch 3", "epoch 4", "valid 4", "test 0"]], [1, ["test 0"]]] as const) {
    const resumed = await runOf(device, sasRec, settings, whole.checkpoints[from]!);
    assertEquals([resumed.events, resumed.bytes], [[...left], whole.bytes]);
    assertEquals(resumed.result, whole.result);
  }
});

Deno.test("train() counts its patience from the best validation, in a resumed run too", async () => {
  await using device = await openDevice("cpu", { threads: 2 });
  const settings = tiny(sasRec, { seed: 2, epochs: 14, evalEvery: 1 });
  const all = await runOf(device, sasRec, settings);
  assertEquals(all.valid.length, 15);
  let early = 0;
  for (const patience of [1, 2, 3]) {
    // The first validation that comes so many after the best before it
    let best = all.valid[0]!, end = 0;
    for (const [epoch, ndcg] of all.valid) {
      if (ndcg > best[1]) best = [epoch, ndcg];
      end = epoch;
      if (epoch - best[0] >= patience) break;
    }
    if (best[0] > 0 && end < 14) early++;
    const patient = await runOf(device, sasRec, { ...settings, patience });
    assertEquals(patient.valid, all.valid.slice(0, end + 1), `patience ${patience}`);
    assertEquals(patient.result.bestEpoch, best[0]);
    for (const checkpoint of patient.checkpoints) {
      const resumed = await runOf(device, sasRec, { ...settings, patience }, checkpoint);
      assertEquals(resumed.bytes, patient.bytes, `patience ${patience}, from ${checkpoint.epoch}`);
      assertEquals(resumed.result, patient.result);
      assertEquals(resumed.valid, patient.valid.slice(checkpoint.epoch + 1));
    }
  }
  assertGreater(early, 0, "a run that has learnt something and ends early");
});
