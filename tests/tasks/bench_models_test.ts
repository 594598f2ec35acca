import { assert, assertEquals, assertGreater, assertLess, assertRejects } from "@std/assert";
import { openDevice } from "@sevo/sevo";
import { generatedDataset } from "../../src/data/generated.ts";
import type { WebGpuDevice } from "../../src/device/webgpu/device.ts";
import {
  bert4Rec,
  gru4Rec,
  isTrainable,
  MODELS,
  resolveSettings,
  sasRec,
  stosa,
  type TrainableModel,
  type TrainingSettings,
} from "../../src/models/mod.ts";
import { countStep, leastSasRecBytes } from "../../tasks/bench/model_steps.ts";
import { timeModel } from "../../tasks/bench/models.ts";
import { sequencesText, torchEpochSeconds } from "../../tasks/bench/train_torch.ts";
import { UsageError } from "../../tasks/cli/flags.ts";
import { main } from "../../tasks/bench.ts";
import { webgpuAvailable } from "../_devices.ts";
import { packed } from "../data/_fixtures.ts";

const DATASET = generatedDataset({ users: 60, items: 40 });
const SMALL = { dimension: 16, maxLength: 8, batch: 20 };

/** Small settings of a model. */
function small(model: TrainableModel): TrainingSettings {
  const own = Object.entries(SMALL).filter(([name]) => model.fields.has(name));
  return resolveSettings(model, Object.fromEntries(own));
}

Deno.test({
  name: "countStep() finds one submit and no readback in a step of each model",
  ignore: !webgpuAvailable,
  fn: async () => {
    await using device = await openDevice("webgpu") as WebGpuDevice;
    for (const model of [sasRec, gru4Rec, bert4Rec, stosa] as readonly TrainableModel[]) {
      const counts = await countStep(device, DATASET, model, small(model));
      assertEquals([counts.submits, counts.readbacks], [1, 0], model.name);
      assertGreater(counts.dispatches, 10, model.name);
      assertEquals(counts.leastBytes === null, model.name !== "sasrec", model.name);
      assertGreater(counts.boundBytes, counts.leastBytes ?? 0, model.name);
    }
  },
});

Deno.test("timeModel() times an epoch of each model, and asks its peer for one of as many steps", async () => {
  await using device = await openDevice("cpu", { threads: 2 });
  const before = device.liveBytes;
  for (const model of MODELS.filter(isTrainable)) {
    const { name: label } = model;
    const asked: number[] = [];
    const peer = (steps: number) => {
      asked.push(steps);
      return Promise.resolve(1000);
    };
    const times = await timeModel(device, DATASET, model, small(model), { rounds: 2, peer });
    assertEquals(asked, [times.steps, times.steps], label);
    assertGreater(times.steps, 1, label);
    for (const name of ["epoch", "plainEpoch", "ranking"] as const) assertGreater(times[name], 0, `${label} ${name}`);
    assertGreater(times.added, -1, label);
    assertEquals(times.peerEpoch, 1000, label);
    assertGreater(times.ratio, 1, label);
  }
  const { peerEpoch } = await timeModel(device, DATASET, sasRec, small(sasRec), { rounds: 1, peer: null });
  assert(Number.isNaN(peerEpoch));
  assertEquals(device.liveBytes, before);
});

Deno.test("bench refuses what it cannot time", async () => {
  const complaint = async (...args: string[]) => (await assertRejects(() => main(args), UsageError)).message;
  assertEquals(
    await complaint("model"),
    "Cannot run bench as it times 'optimizer', 'models', 'recommend' or 'prepare': current value is 'model'",
  );
  assertEquals(
    await complaint("models", "--models", "sasrec,gru"),
    `Cannot run bench as there is no model 'gru' to train: there are ${
      MODELS.filter(isTrainable).map(({ name }) => name).join(", ")
    }`,
  );
});

Deno.test("leastSasRecBytes() grows with tokens, by what its description says", () => {
  const batch = (tokens: number) => {
    const items = Uint32Array.from({ length: tokens }, (_, at) => at % 5);
    return { offsets: Uint32Array.of(0, tokens), items, positives: items, negatives: items };
  };
  const settings = resolveSettings(sasRec, SMALL);
  const bytes = (tokens: number) => leastSasRecBytes(DATASET, settings, batch(tokens));
  // Of a token: 4 ids, 2 x 16 x (9 x 2 + 2) activations and 2 x 4 x 16 of gradient rows, 4 bytes each
  assertEquals(bytes(12) - bytes(10), 2 * 4 * (4 + 2 * 16 * 20 + 8 * 16));
  assertLess(bytes(10), bytes(11));
});

Deno.test({
  name: "torchEpochSeconds() extrapolates the second epoch, and says why there is none",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    const folder = await Deno.makeTempDir();
    const options = { threads: 2, steps: 4 };
    try {
      const python = async (program: string) => {
        await Deno.writeTextFile(`${folder}/python`, `#!/bin/sh\n${program}\n`, { mode: 0o755 });
        return { ...options, python: `${folder}/python` };
      };
      const line = (seconds: number) =>
        `{"epoch": 1, "steps": 4, "data_s": 1, "forward_backward_s": ${seconds}, "optimizer_s": 2}`;
      // 1 s of sampling, and (5 + 2) / 4 s for each of 8 steps
      const working = await python(`echo '${line(90)}'; echo '${line(5)}'; echo "$*" > "$(dirname "$0")/arguments"`);
      assertEquals(await torchEpochSeconds("mf-bpr", "log", 8, working), 15);
      const [script, ...words] = (await Deno.readTextFile(`${folder}/arguments`)).trim().split(" ");
      assert(script!.endsWith("/train_torch.py"));
      assertEquals(words.join(" "), "--model mf_bpr --data log --epochs 2 --max-steps 4 --threads 2");
      await assertRejects(() => Deno.stat(script!), Deno.errors.NotFound);
      const failing = await python("echo 'No module named torch' >&2; exit 1");
      const { message } = await assertRejects(() => torchEpochSeconds("sasrec", "log", 8, failing), UsageError);
      assertEquals(message, "Cannot run bench --versus-torch as the reference does not run: No module named torch");
      const missing = { ...options, python: `${folder}/nothing` };
      await assertRejects(() => torchEpochSeconds("sasrec", "log", 8, missing), UsageError, "does not start");
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

Deno.test("sequencesText() gives a user's items with those held out last, and two in their place where there are none", () => {
  const dataset = {
    ...DATASET,
    userCount: 3,
    train: packed([[7, 1], [], [4]]),
    valid: packed([[5], [], []]),
    test: packed([[6], [], []]),
  };
  assertEquals(sequencesText(dataset), "0 7 1 5 6\n2 4 4 4\n");
});
