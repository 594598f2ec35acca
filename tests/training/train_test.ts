import { assert, assertEquals, assertGreater, assertLess, assertRejects } from "@std/assert";
import { type Device, NonFiniteError, openDevice } from "@sevo/sevo";
import type { Dataset } from "../../src/data/dataset.ts";
import { generatedDataset } from "../../src/data/generated.ts";
import { sequenceAt } from "../../src/data/sequences.ts";
import {
  encodeModel,
  mfBpr,
  type MfBprSettings,
  type ModelWeights,
  OPTIMIZERS,
  resolveSettings,
  SettingError,
  type TrainingSettings,
} from "../../src/models/mod.ts";
import { rankerOf, type RankingMetrics, rankSplit, type Split } from "../../src/recommend/mod.ts";
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from "../../src/training/checkpoint.ts";
import { DivergenceError } from "../../src/training/divergence.ts";
import { train, type TrainingEvent, type TrainingResult } from "../../src/training/train.ts";
import { DeviceLostError } from "../../src/device/device.ts";
import { requestAdapter, requestDevice } from "../../src/device/webgpu/_adapter.ts";
import { WebGpuDevice } from "../../src/device/webgpu/device.ts";
import { webgpuAvailable } from "../_devices.ts";
import { testOnDevices } from "../_on_devices.ts";
import { packed, packedHeldOut } from "../data/_fixtures.ts";
import { metricsOfRanks } from "../recommend/_ranks.ts";

const DATASET = generatedDataset({ users: 200, items: 150, seed: 4 });
type Settings = Partial<MfBprSettings & TrainingSettings>;
const SETTINGS: Settings = {
  dimension: 12,
  learningRate: 0.01,
  epochs: 5,
  evalEvery: 2,
  batch: 256,
};

/** The metrics of a split, ranked with weights and no trainer. */
async function evaluated(
  device: Device,
  dataset: Dataset,
  weights: ModelWeights,
  settings: Settings,
  split: Split,
): Promise<RankingMetrics> {
  using ranker = rankerOf(device, mfBpr, weights, resolveSettings(mfBpr, settings));
  return await rankSplit(ranker, dataset, split);
}

/** Everything that happens but how long it takes. */
function timeless(events: readonly TrainingEvent[]): unknown[] {
  return events.map(({ seconds: _, ...event }) => event);
}

testOnDevices("train() writes byte-identical models in equal runs, and others for another seed", async (device) => {
  const run = async (settings: Settings) => {
    const events: TrainingEvent[] = [];
    const result = await train(device, DATASET, mfBpr, settings, { onEvent: (event) => void events.push(event) });
    return { bytes: encodeModel(mfBpr, SETTINGS, result.weights, DATASET), events: timeless(events), result };
  };
  for (const graph of ["item", "user-item"] as const) {
    const first = await run({ ...SETTINGS, graph }), second = await run({ ...SETTINGS, graph });
    assertEquals(second.bytes, first.bytes);
    assertEquals(second.events, first.events);
    const other = await run({ ...SETTINGS, graph, seed: 2 });
    assert(other.bytes.some((byte, at) => byte !== first.bytes[at]));
  }
});

testOnDevices(
  "train() validates before training, every so many epochs and after the last, and tests the best",
  async (device) => {
    const events: TrainingEvent[] = [];
    const result = await train(device, DATASET, mfBpr, SETTINGS, { onEvent: (event) => void events.push(event) });
    assertEquals<unknown>([result.model, result.settings], [mfBpr, resolveSettings(mfBpr, SETTINGS)]);
    assertEquals(
      events.map((event) => event.type === "epoch" ? `epoch ${event.epoch}` : `${event.split} ${event.epoch}`),
      [
        "valid 0",
        "epoch 1",
        "epoch 2",
        "valid 2",
        "epoch 3",
        "epoch 4",
        "valid 4",
        "epoch 5",
        "valid 5",
        `test ${result.bestEpoch}`,
      ],
    );
    const validations = events.flatMap((event) =>
      event.type === "evaluation" && event.split === "valid" ? [event] : []
    );
    // The first of the best: strictly better is needed to take its place.
    let best = validations[0]!;
    for (const event of validations) if (event.metrics["ndcg@10"]! > best.metrics["ndcg@10"]!) best = event;
    assertEquals([result.bestEpoch, result.valid], [best.epoch, best.metrics]);
    // Weights and metrics are of the same epoch.
    assertEquals(await evaluated(device, DATASET, result.weights, SETTINGS, "valid"), result.valid);
    assertEquals(await evaluated(device, DATASET, result.weights, SETTINGS, "test"), result.test);
    for (const event of events) {
      assert(event.seconds >= 0);
      if (event.type === "epoch") assert(event.loss > 0 && event.loss < 1, `loss ${event.loss}`);
    }
  },
);

Deno.test("train() keeps the first of equally good epochs", async () => {
  await using device = await openDevice("cpu", { threads: 1 });
  // A learning rate that is 0 in single precision leaves every epoch as good as the one before training.
  const result = await train(device, DATASET, mfBpr, { ...SETTINGS, learningRate: 0, weightDecay: 0 });
  assertEquals(result.bestEpoch, 0);
  assertEquals(result.weights, mfBpr.initialWeights(DATASET, resolveSettings(mfBpr, { dimension: 12 })));
});

Deno.test("train() gives the weights of the best epoch, not of the last", async () => {
  await using device = await openDevice("cpu", { threads: 1 });
  const settings = { ...SETTINGS, epochs: 6, evalEvery: 1 };
  const { bestEpoch, weights } = await train(device, DATASET, mfBpr, settings);
  assertGreater(bestEpoch, 0);
  // What training up to that epoch alone gives, if nothing after it is kept.
  const until = await train(device, DATASET, mfBpr, { ...settings, epochs: bestEpoch });
  assertEquals([until.bestEpoch, until.weights], [bestEpoch, weights]);
});

Deno.test("train() evaluates without epochs", async () => {
  await using device = await openDevice("cpu", { threads: 1 });
  const events: TrainingEvent[] = [];
  const onEvent = (event: TrainingEvent) => void events.push(event);
  const result = await train(device, DATASET, mfBpr, { ...SETTINGS, epochs: 0 }, { onEvent });
  assertEquals(result.bestEpoch, 0);
  assertEquals(events.map(({ type }) => type), ["evaluation", "evaluation"]);
});

Deno.test("train() runs every optimizer and propagation, and learns", async () => {
  await using device = await openDevice("cpu", { threads: 2 });
  for (const optimizer of OPTIMIZERS) {
    for (
      const propagation of optimizer.startsWith("sevo-")
        ? ["neumann", "iterative", "exact"] as const
        : ["neumann"] as const
    ) {
      const losses: number[] = [];
      const settings = {
        ...SETTINGS,
        optimizer,
        propagation,
        beta: 0.4,
        weightDecay: 0,
        epochs: 3,
        learningRate: optimizer.includes("sgd") ? 50 : 0.01,
      };
      await train(device, DATASET, mfBpr, settings, {
        onEvent: (event) => {
          if (event.type === "epoch") losses.push(event.loss);
        },
      });
      assertLess(losses.at(-1)!, losses[0]!, `${optimizer}, ${propagation}`);
    }
  }
});

Deno.test("train() does not smooth with beta 0, and does with beta above", async () => {
  await using device = await openDevice("cpu", { threads: 1 });
  const run = async (settings: Partial<TrainingSettings>) =>
    (await train(device, DATASET, mfBpr, { ...SETTINGS, ...settings })).weights;
  // Of adam, that has no correction: beta 0 is the plain rule to the bit.
  const plain = await run({ optimizer: "adam" });
  assertEquals(await run({ optimizer: "sevo-adam", beta: 0 }), plain);
  const smoothed = await run({ optimizer: "sevo-adam", beta: 0.9 });
  assert(smoothed["item.weight"]!.data.some((value, at) => value !== plain["item.weight"]!.data[at]));
});

Deno.test("train() learns more than popularity on the generated dataset", async () => {
  await using device = await openDevice("cpu", { threads: 2 });
  const dataset = generatedDataset({ users: 600, items: 300, seed: 1 });
  const settings = { ...SETTINGS, epochs: 15, evalEvery: 5, dimension: 32 };
  const { test } = await train(device, dataset, mfBpr, settings);
  assertGreater(test["ndcg@10"]!, 1.2 * popularity(dataset)["ndcg@10"]!);
});

/** Ranking everybody's test item by how often items occur in training. */
function popularity({ itemCount, userCount, train, valid, test }: Dataset): RankingMetrics {
  const counts = new Uint32Array(itemCount);
  for (const item of train.items) counts[item]!++;
  const ranks: number[] = [];
  for (let user = 0; user < userCount; user++) {
    const [target] = sequenceAt(test, user);
    if (target === undefined) continue;
    const seen = new Set([...sequenceAt(train, user), ...sequenceAt(valid, user)]);
    const before = counts.reduce((sum, count, item) => {
      const ahead = count > counts[target]! || (count === counts[target]! && item < target);
      return sum + (ahead && !seen.has(item) ? 1 : 0);
    }, 0);
    ranks.push(before + 1);
  }
  return metricsOfRanks(ranks);
}

testOnDevices("rankerOf() and rankSplit() rank users with a target alone, by hand", async (device) => {
  const dataset: Dataset = {
    ...DATASET,
    userCount: 3,
    itemCount: 4,
    train: packed([[3], [0], [1, 0]]),
    valid: packedHeldOut([1, -1, 3]),
    test: packedHeldOut([2, -1, 2]),
  };
  const weights = {
    "user.weight": { data: Float32Array.from([1, 1, -1]), shape: [3, 1] as const },
    "item.weight": { data: Float32Array.from([1, 2, 3, 4]), shape: [4, 1] as const },
  };
  // User 0 likes high numbers. Valid: 3 is history, so 2 comes first, then 1. Test: 1 and 3 are history, 2 is first.
  // User 2 likes low ones. Valid: 0 and 1 are history, 2 comes before 3. Test: 2 alone is left.
  assertEquals(await evaluated(device, dataset, weights, SETTINGS, "valid"), metricsOfRanks([2, 2]));
  // Item 2 is nobody's in training
  assertEquals(await evaluated(device, dataset, weights, SETTINGS, "test"), metricsOfRanks([1, 1], { unseen: 2 }));
});

testOnDevices("train() says when training diverges", async (device) => {
  const settings = { ...SETTINGS, optimizer: "sgd" as const, learningRate: 1e30, epochs: 4 };
  const saved: number[] = [];
  const error = await assertRejects(
    () => train(device, DATASET, mfBpr, settings, { onCheckpoint: ({ epoch }) => void saved.push(epoch) }),
    DivergenceError,
  );
  assert(error instanceof NonFiniteError && error.epoch > (saved.at(-1) ?? 0));
  assertEquals(
    error.message,
    `Cannot train on as training diverged in epoch ${error.epoch}, at step ${error.step}, in table '${error.table}': ` +
      "try a learning rate below 1e+30; the last checkpoint is kept",
  );
});

testOnDevices("train() gives its memory back when it is stopped by its caller", async (device) => {
  const stop = new Error("stop");
  const error = await assertRejects(() =>
    train(device, DATASET, mfBpr, SETTINGS, {
      onEvent: ({ type }) => {
        if (type === "epoch") throw stop;
      },
    })
  );
  assertEquals(error, stop);
});

Deno.test("train() refuses settings out of range, and a dataset with nothing to validate with", async () => {
  await using device = await openDevice("cpu", { threads: 1 });
  for (
    const [settings, message] of [
      [{ batch: 0 }, "Cannot train as batch must be in [1, 4294967295]: current value is 0"],
      [{ evalEvery: 0 }, "Cannot train as evalEvery must be in [1, 4294967295]: current value is 0"],
      [{ epochs: 1.5 }, "Cannot train as epochs must be an integer: current value is 1.5"],
      [{ seed: -1 }, "Cannot train as seed must be in [0, 4294967295]: current value is -1"],
    ] as const
  ) {
    const error = await assertRejects(
      () => train(device, DATASET, mfBpr, { ...SETTINGS, ...settings }),
      SettingError,
    );
    assertEquals([error.message, error instanceof RangeError], [message, true]);
  }
  const unsplit = generatedDataset({ users: 50, items: 40, minLength: 3, maxLength: 3 });
  assertEquals(
    (await assertRejects(() => train(device, unsplit, mfBpr, SETTINGS), RangeError)).message,
    "Cannot validate as no user of 'generated' has an item to validate on",
  );
  assertEquals(device.liveBytes, 0);
});

Deno.test("train() has SEvo ahead of plain AdamW on the generated dataset", async () => {
  await using device = await openDevice("cpu");
  const dataset = generatedDataset({ seed: 1 });
  const score = async (optimizer: "sevo-adamw" | "adamw") => {
    const settings = { optimizer, epochs: 8, evalEvery: 4, batch: 512 };
    return (await train(device, dataset, mfBpr, settings)).test["ndcg@10"]!;
  };
  assertGreater(await score("sevo-adamw"), 1.2 * await score("adamw"));
});

testOnDevices("train() resumed from any checkpoint gives the bits of one that was not interrupted", async (device) => {
  for (const settings of [SETTINGS, { ...SETTINGS, graph: "user-item", optimizer: "sevo-sgd" }] as const) {
    const events: TrainingEvent[] = [], checkpoints: Uint8Array<ArrayBuffer>[] = [];
    const whole = await train(device, DATASET, mfBpr, settings, {
      onEvent: (event) => void events.push(event),
      onCheckpoint: (checkpoint) => void checkpoints.push(encodeCheckpoint(checkpoint)),
    });
    assertEquals(checkpoints.map((bytes) => decodeCheckpoint(bytes).epoch), [2, 4, 5]);
    for (const bytes of checkpoints) {
      const again: TrainingEvent[] = [];
      const from = decodeCheckpoint(bytes);
      const resumed = await train(device, DATASET, mfBpr, settings, {
        from,
        onEvent: (event) => void again.push(event),
      });
      const bytesOf = ({ weights, settings }: TrainingResult) => encodeModel(mfBpr, settings, weights, DATASET);
      assertEquals(bytesOf(resumed), bytesOf(whole));
      assertEquals({ ...resumed, weights: null }, { ...whole, weights: null });
      const left = events.filter(({ type, epoch }, at) => at === events.length - 1 || (type && epoch > from.epoch));
      assertEquals(timeless(again), timeless(left));
    }
  }
});

/** Long enough that there is time to stop in the middle of an epoch. */
const LONG = generatedDataset({ users: 1500, items: 300, seed: 5 });
const SLOW = { epochs: 2, evalEvery: 2, batch: 4, dimension: 32 };

testOnDevices("train() saved in the middle of an epoch goes on to the bit, losses too", async (device) => {
  const events: TrainingEvent[] = [], parts: Uint8Array<ArrayBuffer>[] = [];
  const whole = await train(device, LONG, mfBpr, SLOW, {
    stop: { checkpointEvery: 1e-6 },
    onEvent: (event) => void events.push(event),
    onCheckpoint: (checkpoint) => void (checkpoint.part && parts.push(encodeCheckpoint(checkpoint))),
  });
  assert(parts.length > 2, `${parts.length} checkpoints`);
  for (const bytes of [parts[0]!, parts[parts.length >> 1]!, parts.at(-1)!]) {
    const from = decodeCheckpoint(bytes), again: TrainingEvent[] = [];
    assert(from.part!.steps > 0);
    const resumed = await train(device, LONG, mfBpr, SLOW, { from, onEvent: (event) => void again.push(event) });
    assertEquals(resumed.weights, whole.weights);
    assertEquals(
      timeless(again),
      timeless(events.filter(({ epoch, type }, at) => at === events.length - 1 || (type && epoch > from.epoch))),
    );
  }
});

for (const [grace, where] of [[0, "in the middle of an epoch"], [3600, "at the end of the epoch"]] as const) {
  Deno.test(`train() that is asked to end with ${grace} s of grace ends ${where}, saved`, async () => {
    await using device = await openDevice("cpu", { threads: 1 });
    const ending = new AbortController(), reason = new Error("asked to end"), saved: Checkpoint[] = [];
    setTimeout(() => ending.abort(reason), 150);
    const error = await assertRejects(() =>
      train(device, LONG, mfBpr, { ...SLOW, epochs: 50, evalEvery: 50 }, {
        stop: { signal: ending.signal, grace },
        onCheckpoint: (checkpoint) => void saved.push(checkpoint),
      })
    );
    assertEquals(error, reason);
    assertEquals([saved.length, saved[0]!.part === null], [1, grace > 0]);
    assertEquals(device.liveBytes, 0);
  });
}

Deno.test(
  "train() goes on on the cpu where a GPU was lost in the middle of an epoch",
  { ignore: !webgpuAvailable },
  async () => {
    const saved: Uint8Array<ArrayBuffer>[] = [];
    {
      const adapter = (await requestAdapter())!, gpu = await requestDevice(adapter);
      await using device = new WebGpuDevice(adapter.info, gpu);
      await assertRejects(() =>
        train(device, LONG, mfBpr, SLOW, {
          stop: { checkpointEvery: 1e-6 },
          onCheckpoint(checkpoint) {
            saved.push(encodeCheckpoint(checkpoint));
            if (saved.length === 3) gpu.destroy();
          },
        }), DeviceLostError);
    }
    const from = decodeCheckpoint(saved.at(-1)!);
    assert(saved.length === 3 && from.part !== null);
    await using cpu = await openDevice("cpu", { threads: 1 });
    const whole = await train(cpu, LONG, mfBpr, SLOW), resumed = await train(cpu, LONG, mfBpr, SLOW, { from });
    assertEquals(resumed.model, whole.model);
    // The two devices agree within the rounding of float32, which training carries on
    assert(Math.abs(resumed.test["ndcg@10"]! - whole.test["ndcg@10"]!) < 0.02);
  },
);
