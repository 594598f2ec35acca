import { assert, assertEquals, assertRejects } from "@std/assert";
import { weightsDigest } from "../../src/models/weights_digest.ts";
import { packSequences } from "../../src/data/sequences.ts";
import { generatedDataset } from "../../src/data/generated.ts";
import { encodeModel, mfBpr, resolveSettings } from "../../src/models/mod.ts";
import { metricsOfRanks } from "../recommend/_ranks.ts";
import { encodeChecked } from "../../src/checked_safetensors.ts";
import { decodeSafetensors, encodeSafetensors } from "../../src/safetensors.ts";
import { PartFile } from "../../src/files/part_file.ts";
import { FolderHeldError } from "../../src/files/run_lock.ts";
import { readCheckpoint, readModel } from "../../src/files/read_model.ts";
import { RunDirectory } from "../../src/files/run_directory.ts";
import { filesIn as allFilesIn, withFolder } from "./_folder.ts";
import type { TrainingEvent, TrainingResult } from "../../src/training/train.ts";

const SETTINGS = resolveSettings(mfBpr, { dimension: 6 });
const REPORT = { version: "1.2.3", protocol: "full ranking", device: "cpu", seconds: 1.5, keepCheckpoint: true };
const IDENTITY = { name: "generated", digest: "0123456789abcdef" };
const held = new Map<string, RunDirectory>();

/** Files of a run but for those that say who holds it and what it is. */
async function filesIn(path: string): Promise<string[]> {
  return (await allFilesIn(path)).filter((name) => name !== ".lock" && name !== "run.json");
}

/** Holds a directory, which whoever held it here before lets go of. */
async function hold(path: string): Promise<RunDirectory> {
  held.get(path)?.[Symbol.dispose]();
  const run = await RunDirectory.hold(path);
  held.set(path, run);
  return run;
}

async function created(path: string, config: Record<string, unknown>): Promise<RunDirectory> {
  const run = await hold(path);
  await run.start({ config, dataset: IDENTITY });
  return run;
}

async function opened(path: string, config: Record<string, unknown>, dataset = IDENTITY): Promise<RunDirectory | null> {
  const run = await hold(path);
  return await run.resume({ config, dataset }) ? run : null;
}

const DATASET = generatedDataset({ users: 20, items: 30, seed: 1 });
const METRICS = metricsOfRanks([1, 4, 12]);
const RESULT: TrainingResult = {
  model: mfBpr,
  settings: { ...SETTINGS },
  weights: mfBpr.initialWeights(DATASET, SETTINGS),
  bestEpoch: 3,
  valid: METRICS,
  test: metricsOfRanks([[2, 5]], { repeats: 1 }),
  ranks: { users: Uint32Array.of(3), targets: packSequences([[7, 9]]), ranks: Uint32Array.of(5, 2) },
};

Deno.test("RunDirectory writes whole files and leaves no temporary ones", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/deep/run`;
    const run = await created(path, { seed: 1, nested: { "é": [1, null] } });
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

    await run.finish(RESULT, DATASET, REPORT);
    assertEquals(await filesIn(path), [
      "config.json",
      "events.jsonl",
      "metrics.json",
      "model.safetensors",
      "ranks.parquet",
    ]);
    const { bestEpoch, valid, test } = RESULT;
    const { started, ended, digest, ...report } = JSON.parse(await Deno.readTextFile(`${path}/metrics.json`));
    const { keepCheckpoint: _, ...said } = REPORT;
    assertEquals(report, { ...said, dataset: IDENTITY, bestEpoch, valid, test });
    assert(started <= ended && /^20.*Z$/.test(started), `${started} ${ended}`);
    assertEquals(digest, await weightsDigest(RESULT.weights));
    const bytes = await Deno.readFile(`${path}/model.safetensors`);
    assertEquals(bytes, encodeModel(mfBpr, SETTINGS, RESULT.weights, DATASET));
  });
});

Deno.test("RunDirectory takes an empty directory and refuses one that is not", async () => {
  await withFolder(async (folder) => {
    await created(folder, {});
    const before = await Deno.readTextFile(`${folder}/config.json`);
    assertEquals(
      (await assertRejects(() => created(folder, { other: 1 }), RangeError)).message,
      `Cannot write a run to '${folder}' as it is not empty: it has 'config.json'`,
    );
    assertEquals(await Deno.readTextFile(`${folder}/config.json`), before);
  });
});

Deno.test("RunDirectory removes what an earlier process left behind, and not what another is writing", async () => {
  await withFolder(async (folder) => {
    await created(`${folder}/run`, {});
    // As a process that was killed in the middle of a longer write leaves it.
    await Deno.writeFile(`${folder}/run/model.safetensors.12-0123abcd.part`, new Uint8Array(1_000_000));
    using other = new PartFile(`${folder}/run/model.safetensors`);
    other.write(Uint8Array.of(1));
    const run = (await opened(`${folder}/run`, {}))!;
    const [config, part, ...more] = await filesIn(`${folder}/run`);
    assertEquals([config, part!.includes(`.${Deno.pid}-`), more], ["config.json", true, []]);
    other.finish();
    await run.finish(RESULT, DATASET, REPORT);
    assertEquals(await filesIn(`${folder}/run`), ["config.json", "metrics.json", "model.safetensors", "ranks.parquet"]);
    assertEquals((await readModel(`${folder}/run`)).weights, RESULT.weights);
  });
});

Deno.test("a run starts in a folder in which the very first write was cut off", async () => {
  await withFolder(async (folder) => {
    await Deno.mkdir(`${folder}/run`);
    await Deno.writeTextFile(`${folder}/run/config.json.34-4567cdef.part`, '{"epo');
    assertEquals(await opened(`${folder}/run`, {}), null);
    await created(`${folder}/run`, {});
    assertEquals(await filesIn(`${folder}/run`), ["config.json"]);
  });
});

Deno.test("readModel() refuses a file that is no folder and no model by name", async () => {
  await withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/notes.txt`, "");
    await assertRejects(() => readModel(`${folder}/notes.txt`), RangeError, "Cannot read a model from");
  });
});

Deno.test("readModel() reads what a run wrote, from the directory and from the file", async () => {
  await withFolder(async (folder) => {
    const run = await created(`${folder}/run`, {});
    await run.finish(RESULT, DATASET, REPORT);
    for (const path of [`${folder}/run`, `${folder}/run/model.safetensors`]) {
      assertEquals(await readModel(path), {
        model: mfBpr,
        weights: RESULT.weights,
        settings: RESULT.settings,
        provenance: DATASET.provenance,
        users: DATASET.users,
        items: DATASET.items,
        itemColumns: DATASET.itemColumns,
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
    const bytes = encodeModel(mfBpr, SETTINGS, RESULT.weights, DATASET);
    const cases: [Uint8Array, string][] = [
      [new Uint8Array(0), "Cannot decode safetensors as the header is cut off: the file has 0 bytes"],
      [
        bytes.subarray(0, bytes.length - 1),
        `Cannot decode safetensors as tensor 'sevo.users.offsets' is cut off: the file has ${bytes.length - 1} bytes`,
      ],
      [
        encodeSafetensors({ tensors: {}, metadata: { format: "sevo-state-1" } }),
        "Cannot read a model as the file is of another format: current value is 'sevo-state-1'",
      ],
      ...[new Float64Array(20 * 6), new Int32Array(20 * 6)].map((data): [Uint8Array, string] => [
        encodeChecked({
          ...decodeSafetensors(bytes),
          tensors: { ...decodeSafetensors(bytes).tensors, "user.weight": { data, shape: [20, 6] } },
        }),
        "Cannot read a model as tensor 'user.weight' is not of float32",
      ]),
    ];
    for (const [content, message] of cases) {
      await Deno.writeFile(path, content);
      assertEquals((await assertRejects(() => readModel(folder), SyntaxError)).message, message);
    }
  });
});

Deno.test("RunDirectory.resume() goes on with equal settings, arrays among them, and names the one that differs", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/run`, config = { seed: 1, sizes: [64, [32, null]], more: { a: [], b: "é" }, resume: true };
    assertEquals(await opened(path, config), null);
    await created(path, config);
    assertEquals((await opened(path, structuredClone(config)))?.path, path);
    // The order of keys is not one of the settings; nor is one that is undefined, which JSON does not have
    const { seed, ...rest } = config;
    assertEquals(
      (await opened(path, { ...rest, more: { b: "é", a: [] }, seed, none: undefined }))?.path,
      path,
    );
    for (
      const [change, message] of [
        [{ sizes: [64, [32, 0]] }, "its sizes was [64,[32,null]]: current value is [64,[32,0]]"],
        [{ sizes: [64] }, "its sizes was [64,[32,null]]: current value is [64]"],
        [{ sizes: { 0: 64, 1: [32, null] } }, 'its sizes was [64,[32,null]]: current value is {"0":64,"1":[32,null]}'],
        [{ more: { a: {}, b: "é" } }, 'its more was {"a":[],"b":"é"}: current value is {"a":{},"b":"é"}'],
        [{ seed: "1" }, 'its seed was 1: current value is "1"'],
        [{ other: 3 }, "its other was undefined: current value is 3"],
        [{ resume: undefined }, "its resume was true: current value is undefined"],
      ] as const
    ) {
      assertEquals(
        (await assertRejects(() => opened(path, { ...config, ...change }), RangeError)).message,
        `Cannot resume the run in '${path}' as ${message}`,
      );
    }
  });
});

Deno.test("RunDirectory.resume() takes more epochs and another patience, and leaves what has finished with fewer", () =>
  withFolder(async (folder) => {
    const path = `${folder}/run`, config = { seed: 1, epochs: 4, patience: 0 };
    const configNow = async () => JSON.parse(await Deno.readTextFile(`${path}/config.json`));
    const run = () => held.get(path)!;
    await created(path, config);
    // Not finished yet: fewer epochs are another run
    const { message } = await assertRejects(() => opened(path, { ...config, epochs: 3 }), RangeError);
    assertEquals(message, `Cannot resume the run in '${path}' as its epochs was 4: current value is 3`);
    await opened(path, { ...config, epochs: 6, patience: 2 });
    assertEquals(await configNow(), { ...config, epochs: 6, patience: 2 });

    await run().finish(RESULT, DATASET, REPORT);
    for (const epochs of [3, 6]) {
      assertEquals((await (await opened(path, { ...config, epochs }))!.metrics())?.bestEpoch, 3);
    }
    assertEquals(await configNow(), { ...config, epochs: 6, patience: 2 });
    const longer = { ...config, epochs: 9 };
    await assertRejects(() => opened(path, { ...longer, seed: 2 }), RangeError, "as its seed was 1");
    assertEquals(await readCheckpoint(path), null);
    // What is refused leaves the run as it was
    assertEquals((await run().metrics())?.bestEpoch, 3);
    run().checkpoint(CHECKPOINT);
    assertEquals((await readCheckpoint(path))?.epoch, 2);
    assertEquals(await readCheckpoint(`${path}/model.safetensors`), null);
    assertEquals(await (await opened(path, longer))!.metrics(), null);
    assertEquals(await configNow(), longer);
    assertEquals(await filesIn(path), ["checkpoint.safetensors", "config.json", "model.safetensors", "ranks.parquet"]);
  }));

Deno.test("RunDirectory.resume() starts a longer run anew where its checkpoint was dropped", () =>
  withFolder(async (path) => {
    const config = { seed: 1, epochs: 4 }, run = await created(path, config);
    run.checkpoint(CHECKPOINT);
    await run.finish(RESULT, DATASET, { ...REPORT, keepCheckpoint: false });
    assertEquals(await filesIn(path), ["config.json", "metrics.json", "model.safetensors", "ranks.parquet"]);
    const longer = (await opened(path, { ...config, epochs: 9 }))!;
    assertEquals([await longer.metrics(), await longer.rewind()], [null, null]);
  }));

Deno.test("RunDirectory.resume() refuses another content of the dataset, finished or not", () =>
  withFolder(async (path) => {
    const run = await created(path, {}), other = { ...IDENTITY, digest: "f".repeat(64) };
    for (const finish of [false, true]) {
      if (finish) await (await opened(path, {}))!.finish(RESULT, DATASET, REPORT);
      const { message } = await assertRejects(() => opened(path, {}, other), RangeError);
      assertEquals(
        message,
        `Cannot resume the run in '${run.path}' as it was trained on another content of the dataset, 0123456789ab: ` +
          "current value is ffffffffffff",
      );
    }
  }));

Deno.test("RunDirectory.hold() leaves nothing behind of a run that did not start", () =>
  withFolder(async (folder) => {
    {
      using _run = await RunDirectory.hold(`${folder}/a/run`);
    }
    assertEquals(await allFilesIn(`${folder}/a`), []);
    using _held = await RunDirectory.hold(`${folder}/b`);
    await assertRejects(() => RunDirectory.hold(`${folder}/b`), FolderHeldError);
  }));

Deno.test("a run whose config.json or metrics.json is empty, cut off or something else is refused, and left as it is", () =>
  withFolder(async (path) => {
    const config = { epochs: 4, note: "é" }, run = await created(path, config);
    await run.finish(RESULT, DATASET, REPORT);
    const refused: [name: string, message: string][] = [
      [
        "config.json",
        `Cannot go on with the run in '${path}' as its config.json is damaged: start the run anew in another folder`,
      ],
      [
        "metrics.json",
        `Cannot read the metrics of the run in '${path}' as its metrics.json is damaged: remove it and resume the run`,
      ],
    ];
    for (const [name, message] of refused) {
      const whole = await Deno.readFile(`${path}/${name}`),
        text = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
      const others = [
        null,
        7,
        "text",
        [],
        "[".repeat(9),
        ...name === "config.json" ? [] : [{}, { bestEpoch: 3, valid: {}, test: {} }],
      ];
      for (
        const bytes of [0, 1, 9, whole.length - 3].map((length) => whole.slice(0, length)).concat(
          others.map(text),
          Uint8Array.of(255),
        )
      ) {
        await Deno.writeFile(`${path}/${name}`, bytes);
        assertEquals((await assertRejects(() => opened(path, config), SyntaxError)).message, message);
        assertEquals(await Deno.readFile(`${path}/${name}`), bytes);
      }
      await Deno.writeFile(`${path}/${name}`, whole);
    }
    assertEquals((await (await opened(path, config))!.metrics())?.bestEpoch, 3);
  }));

const EPOCHS: readonly TrainingEvent[] = [1, 2, 3].map((epoch) => ({
  type: "epoch",
  epoch,
  loss: 1 / epoch,
  seconds: 1,
}));
const CHECKPOINT = {
  epoch: 2,
  part: null,
  model: Uint8Array.of(7),
  best: { weights: RESULT.weights, bestEpoch: 0, valid: METRICS },
};

Deno.test("RunDirectory.rewind() drops what comes after the checkpoint, tests and a line that was cut off", async () => {
  await withFolder(async (path) => {
    const run = await created(path, {});
    const evaluation = { type: "evaluation", metrics: METRICS, seconds: 0.5 } as const;
    const valid = { ...evaluation, split: "valid", epoch: 2 } as const;
    const events = [...EPOCHS.slice(0, 2), valid, { ...evaluation, split: "test", epoch: 2 } as const, EPOCHS[2]!];
    for (const event of events) await run.log(event);
    const log = `${path}/events.jsonl`, whole = await Deno.readTextFile(log);
    await run.checkpoint(CHECKPOINT);
    // Killed in the middle of a line, at each of its bytes
    const last = whole.trimEnd().split("\n").at(-1)!;
    for (let cut = 0; cut <= last.length; cut++) {
      await Deno.writeTextFile(log, whole.slice(0, whole.length - 1 - cut));
      assertEquals(await run.rewind(), CHECKPOINT);
      const kept = [...EPOCHS.slice(0, 2), valid];
      assertEquals(await Deno.readTextFile(log), kept.map((event) => JSON.stringify(event) + "\n").join(""));
    }
    // What is cut off within the checkpoint's epochs is gone as well, and a line after it is whole
    const first = JSON.stringify(EPOCHS[0]);
    await Deno.writeTextFile(log, first + "\n" + JSON.stringify(EPOCHS[1]).slice(0, -1));
    await run.rewind();
    await run.log(EPOCHS[2]!);
    assertEquals(await Deno.readTextFile(log), `${first}\n${JSON.stringify(EPOCHS[2])}\n`);
  });
});

Deno.test("RunDirectory.rewind() refuses a checkpoint that is cut off or damaged, and leaves the log as it is", async () => {
  await withFolder(async (path) => {
    const run = await created(path, {});
    await run.log(EPOCHS[0]!);
    run.checkpoint(CHECKPOINT);
    const whole = await Deno.readFile(`${path}/checkpoint.safetensors`), flipped = whole.slice();
    flipped[flipped.length - 1]! ^= 1;
    for (
      const [bytes, why] of [
        [new Uint8Array(), "the header is cut off: the file has 0 bytes"],
        [flipped, "its content does not match its checksum: the file is damaged"],
      ] as const
    ) {
      await Deno.writeFile(`${path}/checkpoint.safetensors`, bytes);
      assertEquals(
        (await assertRejects(() => run.rewind(), SyntaxError)).message,
        `Cannot go on with the run in '${path}' as its checkpoint.safetensors is of no use (${why}): remove it to train from the start`,
      );
      assertEquals(await Deno.readTextFile(`${path}/events.jsonl`), JSON.stringify(EPOCHS[0]) + "\n");
    }
  });
});

Deno.test("RunDirectory.rewind() keeps odd text in events as it is", async () => {
  await withFolder(async (path) => {
    const run = await created(path, {});
    const notes = ["two\nlines", "\r\n", "\u2028\u2029\u0085", 'a "quote" \\', "日本語 😀", "\ud800", "\0", "", "}\n{"];
    const events = notes.map((note) => ({ type: "epoch", epoch: 1, loss: 1, seconds: 1, note }) as const);
    for (const event of events) await run.log(event);
    const before = await Deno.readTextFile(`${path}/events.jsonl`);
    await run.checkpoint(CHECKPOINT);
    for (const _ of [1, 2]) {
      await run.rewind();
      assertEquals(await Deno.readTextFile(`${path}/events.jsonl`), before);
    }
    const lines = before.split("\n");
    assertEquals(lines.pop(), "");
    assertEquals<unknown>(lines.map((line) => JSON.parse(line)), events);
  });
});

Deno.test("RunDirectory.rewind() without a checkpoint starts anew, and without a log goes on", async () => {
  await withFolder(async (path) => {
    const run = await created(path, {});
    assertEquals(await run.rewind(), null);
    await run.log(EPOCHS[0]!);
    assertEquals(await run.rewind(), null);
    assertEquals(await Deno.readTextFile(`${path}/events.jsonl`), "");
    await Deno.remove(`${path}/events.jsonl`);
    await run.checkpoint(CHECKPOINT);
    assertEquals(await run.rewind(), CHECKPOINT);
  });
});
