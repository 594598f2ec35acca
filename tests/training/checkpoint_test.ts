import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { openDevice } from "@sevo/sevo";
import { mfBpr, resolveSettings, sasRec } from "@sevo/sevo/models";
import { generatedDataset, train } from "@sevo/sevo/training";
import { encodeChecked } from "../../src/checked_safetensors.ts";
import { metricsOfRanks } from "../recommend/_ranks.ts";
import { decodeSafetensors, encodeSafetensors, type SafetensorsFile } from "../../src/safetensors.ts";
import { startTraining } from "../../src/training/start_training.ts";
import { checkCheckpoint, type Checkpoint, decodeCheckpoint, encodeCheckpoint } from "../../src/training/checkpoint.ts";

const DATASET = generatedDataset({ users: 20, items: 30, seed: 1 });
const SETTINGS = resolveSettings(mfBpr, { dimension: 8, epochs: 4, evalEvery: 2, batch: 32 });
const WEIGHTS = mfBpr.initialWeights(DATASET, SETTINGS);
const VALID = metricsOfRanks([1, 4, 12]);
const CHECKPOINT: Checkpoint = {
  epoch: 7,
  model: Uint8Array.of(1, 2, 3),
  part: null,
  best: { weights: WEIGHTS, bestEpoch: 5, valid: VALID },
};
const FILE = decodeSafetensors(encodeCheckpoint(CHECKPOINT));

/** The file with other metadata; what is undefined is gone. */
function withMetadata(change: Record<string, string | undefined>): SafetensorsFile {
  const all = Object.entries({ ...FILE.metadata, ...change }).filter(([, text]) => text !== undefined);
  return { ...FILE, metadata: Object.fromEntries(all) as SafetensorsFile["metadata"] };
}

function withTensors(pick: (name: string) => boolean, more: SafetensorsFile["tensors"] = {}): SafetensorsFile {
  const kept = Object.entries(FILE.tensors).filter(([name]) => pick(name));
  return { ...FILE, tensors: { ...Object.fromEntries(kept), ...more } };
}

function withBest(best: unknown): SafetensorsFile {
  return withMetadata({ best: JSON.stringify(best) });
}

Deno.test("decodeCheckpoint() gives back what encodeCheckpoint() was given, whatever the weights are called", () => {
  assertEquals(decodeCheckpoint(encodeCheckpoint(CHECKPOINT)), CHECKPOINT);
  const table = WEIGHTS["item.weight"]!;
  const weights = Object.fromEntries(["__proto__", "constructor", "", "10"].map((name) => [name, table]));
  const best = decodeCheckpoint(encodeCheckpoint({ ...CHECKPOINT, best: { ...CHECKPOINT.best, weights } })).best;
  assertEquals(Object.entries(best.weights), Object.entries(weights));
});

const bytes = { data: Uint8Array.of(1), shape: [1] };
for (
  const [name, file, message] of [
    ["another format", { tensors: {}, metadata: {} }, "the file is of another format: current value is undefined"],
    ["no epoch", withMetadata({ epoch: undefined }), "it has no epoch: current value is 'undefined'"],
    ["an empty epoch", withMetadata({ epoch: "" }), "it has no epoch: current value is ''"],
    ["a negative epoch", withMetadata({ epoch: "-1" }), "it has no epoch: current value is '-1'"],
    ["no best epoch", withMetadata({ best: undefined }), "its best epoch is not readable"],
    ["a best epoch that is no JSON", withMetadata({ best: "{" }), "its best epoch is not readable"],
    ["a best epoch of null", withBest(null), "its best epoch must be one of its 7: current value is undefined"],
    [
      "a best epoch to come",
      withBest({ bestEpoch: 8, valid: VALID }),
      "its best epoch must be one of its 7: current value is 8",
    ],
    ["no metrics", withBest({ bestEpoch: 5 }), "it has no metrics of the best epoch"],
    ["metrics of null", withBest({ bestEpoch: 5, valid: null }), "it has no metrics of the best epoch"],
    ["a list of metrics", withBest({ bestEpoch: 5, valid: [0.5] }), "it has no metrics of the best epoch"],
    [
      "metrics without the one that is always there",
      withBest({ bestEpoch: 5, valid: { users: 3, "ndcg@10": 0.5 } }),
      "it has no metrics of",
    ],
    ["metrics that are texts", withBest({ bestEpoch: 5, valid: { ...VALID, mrr: "0.5" } }), "it has no metrics of"],
    ["metrics that are none", withBest({ bestEpoch: 5, valid: { ...VALID, "ndcg@10": NaN } }), "it has no metrics of"],
    ["users in parts", withBest({ bestEpoch: 5, valid: { ...VALID, users: 2.5 } }), "it has no metrics of"],
    ["no best weights", withTensors((name) => !name.startsWith("best.")), "it has no weights of the best epoch"],
    ["a tensor of another name", withTensors(() => true, { other: bytes }), "it has a tensor of another kind: 'other'"],
    [
      "best weights of bytes",
      withTensors(() => true, { "best.more": bytes }),
      "it has a tensor of another kind: 'best.more'",
    ],
    ["its state left out", withTensors((name) => name !== "model"), "it has no state of the optimizer"],
  ] as const
) {
  Deno.test(`decodeCheckpoint() refuses a file with ${name}`, () => {
    const error = assertThrows(() => decodeCheckpoint(encodeChecked(file)), SyntaxError);
    assertEquals(error.message.slice(0, 28 + message.length), `Cannot read a checkpoint as ${message}`);
  });
}

Deno.test("decodeCheckpoint() refuses a damaged file, one without a checksum, and what is no safetensors file", () => {
  const whole = encodeCheckpoint(CHECKPOINT);
  for (const from of [1, 100, 500]) {
    const damaged = whole.slice();
    damaged[damaged.length - from]! ^= 4;
    const { message } = assertThrows(() => decodeCheckpoint(damaged), SyntaxError);
    assertEquals(message, "Cannot read a checkpoint as its content does not match its checksum: the file is damaged");
  }
  const old = encodeSafetensors(withMetadata({ checksum: undefined }));
  assertThrows(() => decodeCheckpoint(old), SyntaxError, "Cannot read a checkpoint as it has no checksum");
  assertThrows(() => decodeCheckpoint(new Uint8Array(3)), SyntaxError, "Cannot decode safetensors as");
});

Deno.test("checkCheckpoint() refuses best weights of another model or another shape", () => {
  checkCheckpoint(CHECKPOINT, WEIGHTS);
  const { "user.weight": user, "item.weight": item } = WEIGHTS as Record<string, typeof WEIGHTS[string]>;
  const other = "Cannot go on from the checkpoint as it is of another model: ";
  for (
    const [weights, message] of [
      [{ "user.weight": user! }, "its best weights have no 'item.weight'"],
      [{ ...WEIGHTS, more: user! }, "the model has no 'more'"],
      [
        { ...WEIGHTS, "item.weight": { ...item!, shape: [60, 4] } },
        "'item.weight' must have shape [30,8]: current value is [60,4]",
      ],
    ] as const
  ) {
    const checkpoint = { ...CHECKPOINT, best: { ...CHECKPOINT.best, weights } };
    assertEquals(assertThrows(() => checkCheckpoint(checkpoint, WEIGHTS), SyntaxError).message, other + message);
  }
});

Deno.test("train() refuses a checkpoint of another model, or of other states, before it trains", async () => {
  await using device = await openDevice("cpu", { threads: 1 });
  const checkpoints: Checkpoint[] = [];
  await train(device, DATASET, mfBpr, SETTINGS, { onCheckpoint: (checkpoint) => void checkpoints.push(checkpoint) });
  const [from] = checkpoints as [Checkpoint];
  const refused = (from: Checkpoint, message: string) =>
    assertRejects(() => train(device, DATASET, mfBpr, SETTINGS, { from }), SyntaxError, message);
  await refused({ ...from, best: { ...from.best, weights: {} } }, "it is of another model: its best weights have no");
  using other = await startTraining(device, DATASET, mfBpr, WEIGHTS, { ...SETTINGS, graph: "item" });
  await refused({ ...from, model: (await other.model.save()).subarray(0, 100) }, "Cannot decode safetensors as");
  await refused({ ...from, model: Uint8Array.of(1) }, "Cannot decode safetensors as");
  const narrow = resolveSettings(mfBpr, { ...SETTINGS, dimension: 4 });
  using narrower = await startTraining(device, DATASET, mfBpr, mfBpr.initialWeights(DATASET, narrow), narrow);
  const live = device.liveBytes;
  await refused({ ...from, model: await narrower.model.save() }, "the saved state is of other tables");
  await assertRejects(
    () => train(device, DATASET, sasRec, { dimension: 8, blocks: 1 }, { from }),
    SyntaxError,
    "Cannot go on from the checkpoint as it is of another model",
  );
  assertEquals(device.liveBytes, live);
});
