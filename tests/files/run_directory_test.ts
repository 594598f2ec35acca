import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { generatedDataset } from "../../src/data/generated.ts";
import { MfBpr } from "../../src/models/mf_bpr/mf_bpr.ts";
import { rankingMetrics } from "../../src/recommend/mod.ts";
import { decodeSafetensors, encodeSafetensors, type SafetensorsFile } from "../../src/safetensors.ts";
import { decodeModel, encodeModel } from "../../src/training/model_file.ts";
import { PROTOCOL, readModel, RunDirectory } from "../../src/files/run_directory.ts";
import { PUBLISHED } from "../../src/training/settings.ts";
import type { TrainingResult } from "../../src/training/train.ts";

const SETTINGS = { ...PUBLISHED["mf-bpr"], dimension: 6 };
const DATASET = generatedDataset({ users: 20, items: 30, seed: 1 });
const METRICS = rankingMetrics(Uint32Array.from([1, 4, 12]));
const RESULT: TrainingResult = {
  weights: MfBpr.initialWeights(20, 30, 6, 1),
  bestEpoch: 3,
  valid: METRICS,
  test: rankingMetrics(Uint32Array.from([2])),
};

/** Runs with a folder that is gone afterwards. */
async function withFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function filesIn(path: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(path), ({ name }) => name)).sort();
}

Deno.test("RunDirectory writes whole files and leaves no temporary ones", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/deep/run`;
    const run = await RunDirectory.create(path, { seed: 1, nested: { "é": [1, null] } });
    assertEquals(run.path, path);
    assertEquals(await filesIn(path), ["config.json"]);
    assertEquals(JSON.parse(await Deno.readTextFile(`${path}/config.json`)), { seed: 1, nested: { "é": [1, null] } });

    const events = [
      { type: "evaluation", split: "valid", epoch: 0, metrics: METRICS, seconds: 0.5 },
      { type: "epoch", epoch: 1, loss: 0.25, seconds: 1 },
    ] as const;
    for (const event of events) await run.log(event);
    const lines = (await Deno.readTextFile(`${path}/events.jsonl`)).split("\n");
    assertEquals(lines.pop(), "");
    assertEquals<unknown>(lines.map((line) => JSON.parse(line)), events);

    await run.finish(RESULT, SETTINGS, DATASET, "cpu");
    assertEquals(await filesIn(path), ["config.json", "events.jsonl", "metrics.json", "model.safetensors"]);
    const { weights: _, ...metrics } = RESULT;
    assertEquals(JSON.parse(await Deno.readTextFile(`${path}/metrics.json`)), {
      protocol: PROTOCOL,
      device: "cpu",
      ...metrics,
    });
    const bytes = await Deno.readFile(`${path}/model.safetensors`);
    assertEquals(bytes, encodeModel(RESULT.weights, SETTINGS, DATASET));
  });
});

Deno.test("RunDirectory takes an empty directory and refuses one that is not", async () => {
  await withFolder(async (folder) => {
    await RunDirectory.create(folder, {});
    const before = await Deno.readTextFile(`${folder}/config.json`);
    assertEquals(
      (await assertRejects(() => RunDirectory.create(folder, { other: 1 }), RangeError)).message,
      `Cannot write a run to '${folder}' as it is not empty: it has 'config.json'`,
    );
    assertEquals(await Deno.readTextFile(`${folder}/config.json`), before);
  });
});

Deno.test("RunDirectory replaces what an earlier write left behind", async () => {
  await withFolder(async (folder) => {
    const run = await RunDirectory.create(`${folder}/run`, {});
    // As a process that was killed in the middle of a longer write leaves it.
    await Deno.writeFile(`${folder}/run/model.safetensors.tmp`, new Uint8Array(1_000_000));
    await run.finish(RESULT, SETTINGS, DATASET, "cpu");
    assertEquals(await filesIn(`${folder}/run`), ["config.json", "metrics.json", "model.safetensors"]);
    assertEquals((await readModel(`${folder}/run`)).weights, RESULT.weights);
  });
});

Deno.test("readModel() reads what a run wrote, from the directory and from the file", async () => {
  await withFolder(async (folder) => {
    const run = await RunDirectory.create(`${folder}/run`, {});
    await run.finish(RESULT, SETTINGS, DATASET, "cpu");
    for (const path of [`${folder}/run`, `${folder}/run/model.safetensors`]) {
      assertEquals(await readModel(path), {
        weights: RESULT.weights,
        settings: SETTINGS,
        provenance: DATASET.provenance,
        users: DATASET.users,
        items: DATASET.items,
      });
    }
  });
});

Deno.test("readModel() says that there is no model", async () => {
  await withFolder(async (folder) => {
    for (const path of [folder, `${folder}/none`]) {
      assertEquals(
        (await assertRejects(() => readModel(path), RangeError)).message,
        `Cannot read a model from '${path}' as there is no file '${path}/model.safetensors'`,
      );
    }
    const path = `${folder}/none.safetensors`;
    assertEquals(
      (await assertRejects(() => readModel(path), RangeError)).message,
      `Cannot read a model from '${path}' as there is no file '${path}'`,
    );
  });
});

Deno.test("readModel() says that a file is no model", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/model.safetensors`;
    const bytes = encodeModel(RESULT.weights, SETTINGS, DATASET);
    const cases: [Uint8Array, string][] = [
      [new Uint8Array(0), "Cannot decode safetensors as the header is cut off: the file has 0 bytes"],
      [
        bytes.subarray(0, bytes.length - 1),
        `Cannot decode safetensors as tensor 'item.weight' is cut off: the file has ${bytes.length - 1} bytes`,
      ],
      [
        encodeSafetensors({ tensors: {}, metadata: { format: "sevo-state-1" } }),
        "Cannot read a model as the file is of another format: current value is 'sevo-state-1'",
      ],
      [
        encodeSafetensors({
          tensors: { "user.weight": { data: new Float64Array(4), shape: [2, 2] } },
          metadata: { format: "sevo-model-1" },
        }),
        "Cannot read a model as tensor 'user.weight' is not of float32",
      ],
      [
        encodeSafetensors({
          tensors: { "user.weight": { data: new Int32Array(4), shape: [4] } },
          metadata: { format: "sevo-model-1" },
        }),
        "Cannot read a model as tensor 'user.weight' is not of float32",
      ],
    ];
    for (const [content, message] of cases) {
      await Deno.writeFile(path, content);
      assertEquals((await assertRejects(() => readModel(folder), SyntaxError)).message, message);
    }
  });
});

Deno.test("encodeModel() gives equal bytes for equal models", () => {
  const bytes = encodeModel(RESULT.weights, SETTINGS, DATASET);
  const { weights, settings, provenance, users, items } = decodeModel(bytes);
  assertEquals(encodeModel(weights, settings, { provenance, users, items }), bytes);
  const other = encodeModel(weights, { ...settings, seed: 2 }, { provenance, users, items });
  assert(other.some((byte, at) => byte !== bytes[at]));
});

for (
  const [name, change] of Object.entries<(file: SafetensorsFile) => SafetensorsFile>({
    "no settings": ({ tensors, metadata: { settings: _, ...metadata } }) => ({ tensors, metadata }),
    "settings that are not JSON": (file) => ({ ...file, metadata: { ...file.metadata, settings: "{" } }),
    "no items": ({ tensors, metadata: { items: _, ...metadata } }) => ({ tensors, metadata }),
    "no user table": ({ metadata, tensors: { "user.weight": _, ...tensors } }) => ({ tensors, metadata }),
    "fewer item names than rows": (file) => ({ ...file, metadata: { ...file.metadata, items: '["a"]' } }),
    "item names that are no list": (file) => ({ ...file, metadata: { ...file.metadata, items: "7" } }),
    "tables of different widths": (file) => ({
      ...file,
      tensors: { ...file.tensors, "user.weight": { data: new Float32Array(20 * 4), shape: [20, 4] } },
    }),
  })
) {
  Deno.test(`decodeModel() refuses a file with ${name}`, () => {
    const file = decodeSafetensors(encodeModel(RESULT.weights, SETTINGS, DATASET));
    assertThrows(() => decodeModel(encodeSafetensors(change(file))), SyntaxError);
  });
}
