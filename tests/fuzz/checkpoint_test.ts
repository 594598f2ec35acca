import { assertEquals } from "@std/assert";
import { openDevice } from "@sevo/sevo";
import { resolveSettings, sasRec } from "@sevo/sevo/models";
import { generatedDataset } from "../../src/data/generated.ts";
import { metricsOfRanks } from "../recommend/_ranks.ts";
import { checkCheckpoint, decodeCheckpoint, encodeCheckpoint } from "../../src/training/checkpoint.ts";
import { startTraining } from "../../src/training/start_training.ts";
import { fuzz } from "./_fuzz.ts";
import { byteMutants, sealedMutants } from "./_safetensors_edits.ts";

const device = await openDevice("cpu", { threads: 1 });
const DATASET = generatedDataset({ users: 12, items: 10, seed: 2 });
const SETTINGS = resolveSettings(sasRec, { dimension: 8, maxLength: 5, blocks: 1 });
const WEIGHTS = sasRec.initialWeights(DATASET, SETTINGS);
const TRAINING = await startTraining(device, DATASET, sasRec, WEIGHTS, SETTINGS);
const FILE = encodeCheckpoint({
  epoch: 4,
  part: { steps: 2, loss: { total: 0.5, steps: 2 } },
  model: await TRAINING.model.save(),
  best: { weights: WEIGHTS, bestEpoch: 2, valid: metricsOfRanks([1, 4]) },
});
const WHOLE = decodeCheckpoint(FILE);

fuzz("checkpoints with other bytes are read as they were, or refused", {
  mutants: byteMutants([FILE]),
  refusals: [SyntaxError],
  read: ([, bytes]) => assertEquals(decodeCheckpoint(bytes), WHOLE),
});

fuzz("checkpoints that say something else are gone on from, or refused", {
  mutants: sealedMutants([FILE]),
  refusals: [SyntaxError],
  read(bytes) {
    const checkpoint = decodeCheckpoint(bytes), live = device.liveBytes;
    assertEquals(decodeCheckpoint(encodeCheckpoint(checkpoint)), checkpoint);
    checkCheckpoint(checkpoint, WEIGHTS);
    TRAINING.model.restore(checkpoint.model);
    assertEquals(device.liveBytes, live);
  },
});
