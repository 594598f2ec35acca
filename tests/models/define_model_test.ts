import { assert, assertEquals, assertGreater, assertLess, assertThrows } from "@std/assert";
import type { Device } from "@sevo/sevo";
import { decodeModel, defineModel, encodeModel, isTrainable, MODELS, sasRec, type Sizes } from "@sevo/sevo/models";
import { historyOf, rankerOf, rankSplit } from "@sevo/sevo/recommend";
import { decodeCheckpoint, encodeCheckpoint, packHistories, train, type TrainingEvent } from "@sevo/sevo/training";
import { readModel } from "@sevo/sevo/files";
import { z } from "zod";
import { resolveSettings, weightShapes } from "../../src/models/settings.ts";
import { helpOf, UsageError } from "../../tasks/cli/flags.ts";
import { main as evaluate } from "../../tasks/evaluate.ts";
import { main } from "../../tasks/train.ts";
import { trainTask } from "../../tasks/train/flags.ts";
import { testOnDevices } from "../_on_devices.ts";
import { checkerboard } from "./_contract.ts";
import { lastItem } from "../../examples/model_of_your_own.ts";

/** What a model declares at least, with an own setting. */
const LEAST = {
  name: "mine",
  summary: "A model.",
  settings: z.strictObject({ width: z.int().min(1).default(4).describe("Width") }),
  presets: { none: {} },
  initialWeights: ({ itemCount }: Sizes, { width }: { width: number }) => ({
    "item.weight": { data: new Float32Array(itemCount * width), shape: [itemCount, width] },
  }),
  tables: () => [{ names: ["item.weight"], smoothed: true }],
  sampler: () => ({ size: 1, batches: () => [1] }),
  network: () => {
    throw new Error("not asked for");
  },
};

Deno.test("defineModel() fills in what follows from a declaration", () => {
  const mine = defineModel(LEAST);
  assert(isTrainable(mine));
  assertEquals([mine.leadingRows, mine.graphs, mine.itemTables, mine.userTable], [
    0,
    ["item", "categories", "nearest"],
    ["item.weight"],
    null,
  ]);
  assertEquals(mine.unused("item.weight", resolveSettings(mine, {})), false);
  assertEquals([...mine.ownFields], [["width", { kind: "integer", description: "Width", default: 4, min: 1 }]]);
  assertEquals([...mine.fields.keys()].slice(0, 2), ["width", "optimizer"]);
  assertEquals(resolveSettings(mine, { width: 7 }), { ...resolveSettings(mine, {}), width: 7 });
  assertEquals(weightShapes(mine, { userCount: 3, itemCount: 5 }, resolveSettings(mine, {})), {
    "item.weight": [5, 4],
  });
  // Settings of one's own have bounds of their own, of every kind
  const all = defineModel({
    ...LEAST,
    settings: z.strictObject({
      rate: z.number().gt(0).lt(1).default(0.5).describe("Rate"),
      kind: z.enum(["a", "b"]).default("a").describe("Kind"),
      on: z.boolean().default(false).describe("Switch"),
      text: z.string().default("x").describe("Text"),
    }),
    initialWeights: () => ({}),
  });
  assertEquals([...all.ownFields.values()].map(({ kind }) => kind), ["number", "choice", "boolean", "string"]);
  for (
    const [given, message] of [
      [{ rate: 1 }, "rate must be in (0, 1): current value is 1"],
      [{ kind: "c" }, "kind must be one of a, b: current value is 'c'"],
      [{ on: "true" }, "on must be true or false: current value is 'true'"],
      [{ text: 3 }, "text must be a text: current value is 3"],
    ] as const
  ) {
    assertEquals(
      assertThrows(() => resolveSettings(all, given as never), RangeError).message,
      `Cannot train as ${message}`,
    );
  }
});

Deno.test("defineModel() refuses names that cannot be given", () => {
  for (const name of ["", "Mine", "my model", "1st", "-mine", "my_model", "mine\n", "größe"]) {
    assertEquals(
      assertThrows(() => defineModel({ ...LEAST, name }), TypeError).message,
      `Cannot declare model '${name}' as its name must be of small letters, digits and hyphens: current value is '${name}'`,
    );
  }
  for (const name of ["m", "mine-2", "a1"]) assertEquals(defineModel({ ...LEAST, name }).name, name);
});

const width = z.int().default(4).describe("Width");
for (
  const [what, change, message] of [
    [
      "a setting without a default",
      { settings: z.strictObject({ width, depth: z.int().describe("Depth") }) },
      "Cannot declare model 'mine' as its setting 'depth' has no default",
    ],
    [
      "a setting without a description",
      { settings: z.strictObject({ width, depth: z.int().default(1) }) },
      "Cannot declare setting 'depth' as it has no description",
    ],
    [
      "a setting that is a list",
      { settings: z.strictObject({ width, sizes: z.array(z.int()).default([1]).describe("Sizes") }) },
      "Cannot declare setting 'sizes' as it is no number, choice, text or boolean: it is array",
    ],
    [
      "a setting named as one of training",
      { settings: z.strictObject({ width, epochs: z.int().default(1).describe("Epochs") }) },
      "Cannot declare model 'mine' as its setting 'epochs' has the name of a setting of all models",
    ],
    [
      "a setting named model",
      { settings: z.strictObject({ width, model: z.int().default(1).describe("Model") }) },
      "Cannot declare model 'mine' as its setting 'model' has the name of a setting of all models",
    ],
    ["no preset", { presets: {} }, "Cannot declare model 'mine' as it has no preset: {} is one"],
    [
      "a preset of an unknown setting",
      { presets: { none: {}, books: { width: 3, heads: 2 } } },
      "Cannot declare model 'mine' as its preset 'books' has a setting that the model has not: 'heads'",
    ],
  ] as const
) {
  Deno.test(`defineModel() refuses ${what}`, () => {
    assertEquals(assertThrows(() => defineModel({ ...LEAST, ...change as object }), TypeError).message, message);
  });
}

Deno.test("defineModel() refuses a counted model that has no way to rank, or two", () => {
  const { name, summary, settings } = LEAST, count = () => ({});
  const network = () => ({ items: LEAST.network, queries: LEAST.network }), ranker = LEAST.network;
  for (const ways of [{}, { network, ranker }]) {
    assertEquals(
      assertThrows(() => defineModel({ name, summary, settings, count, shapes: () => ({}), ...ways }), TypeError)
        .message,
      "Cannot declare model 'mine' as a model that is counted has a network or a ranker: expected one of them",
    );
  }
  const counted = defineModel({ name, summary, settings, count, shapes: () => ({}), ranker });
  assertEquals([isTrainable(counted), [...counted.fields.keys()]], [false, ["width"]]);
});

/** Trains the model of somebody's own on the checkerboard. */
async function run(device: Device, from: Uint8Array | null = null) {
  const losses: number[] = [], checkpoints: Uint8Array[] = [];
  const settings = { learningRate: 0.02, weightDecay: 0.01, epochs: 25, batch: 16, evalEvery: 10 };
  const result = await train(device, checkerboard(), lastItem, settings, {
    from: from && decodeCheckpoint(from),
    onEvent: (event: TrainingEvent) => void (event.type === "epoch" && losses.push(event.loss)),
    onCheckpoint: (checkpoint) => void checkpoints.push(encodeCheckpoint(checkpoint)),
  });
  return { result, losses, checkpoints, bytes: encodeModel(lastItem, result.settings, result.weights, checkerboard()) };
}

testOnDevices("a model of somebody's own trains, evaluates, and resumes to the same bits", async (device) => {
  const whole = await run(device);
  assertEquals(whole.losses.length, 25);
  assertLess(whole.losses.at(-1)!, 0.75 * whole.losses[0]!);
  // One of the 8 items of the user's colour that are left, in place of one of 23
  assertGreater(whole.result.valid["hr@10"]!, 0.8);
  assertGreater(whole.result.bestEpoch, 0);
  assertEquals(whole.checkpoints.length, 3);
  for (const checkpoint of whole.checkpoints) {
    const resumed = await run(device, checkpoint);
    assertEquals([resumed.bytes, resumed.result], [whole.bytes, whole.result]);
  }
});

testOnDevices("a model of somebody's own ranks from its file, also for whom it has never seen", async (device) => {
  const { result, bytes } = await run(device), dataset = checkerboard();
  // Of a program that does not list it the file is of no model
  assertThrows(() => decodeModel(bytes), SyntaxError, `there is no model 'last-item': there are ${MODELS[0]!.name}, `);
  const { model, weights, settings, items } = decodeModel(bytes, [...MODELS, lastItem]);
  assert(model === lastItem);
  assertEquals([weights, settings, items], [result.weights, result.settings, dataset.items]);
  using ranker = rankerOf(device, model, weights, settings);
  assertEquals(await rankSplit(ranker, dataset, "test"), result.test);
  assertEquals(await rankSplit(ranker, dataset, "valid"), result.valid);

  const users = Uint32Array.from({ length: dataset.userCount }, (_, user) => user);
  const histories = packHistories(dataset, users, "test", 50), seen = historyOf(dataset, users, "test");
  const known = await ranker.top({ users, histories }, 3, seen);
  assertEquals(await ranker.top({ users: null, histories }, 3, seen), known);
  // After an even item even ones come first, after an odd one odd ones
  known.items.forEach((item, at) => assertEquals(item % 2, Math.floor(at / 3) % 2, `place ${at}`));
  const like = await ranker.similar(Uint32Array.of(0, 1), 3, null);
  assertEquals([...like.items].map((item) => item % 2), [0, 0, 0, 1, 1, 1]);
});

Deno.test("a model of somebody's own is in the help of a program that lists it, and trains through its command line", async () => {
  const models = [...MODELS, lastItem], help = helpOf(trainTask(models)).replace(/\s+/g, " ");
  for (
    const text of [
      " last-item Predicts the next item from the last one alone.",
      `(${models.map(({ name }) => name).join(", ")}; default mf-bpr)`,
      "--dimension N Embedding width (default: 64; 16 for last-item)",
      "ml-1m, generated, own)",
    ]
  ) assert(help.includes(text), text);
  assert(!helpOf(trainTask(MODELS)).includes("last-item"));

  const folder = await Deno.makeTempDir(), log = console.log, printed: string[] = [];
  console.log = (...values) => void printed.push(values.join(" "));
  try {
    const device = ["--device", "cpu", "--threads", "1"], out = `${folder}/run`;
    const flags = [
      "--model",
      "last-item",
      "--preset",
      "own",
      "--optimizer",
      "adamw",
      "--epochs",
      "1",
      "--batch",
      "512",
    ];
    await main([...flags, ...device, "--out", out], models);
    const config = JSON.parse(await Deno.readTextFile(`${out}/config.json`));
    assertEquals([config.model, config.dimension, config.learningRate], ["last-item", 16, 0.001]);
    const { model, settings } = await readModel(out, models);
    assertEquals([model.name, settings["epochs"]], ["last-item", 1]);
    // Again from its configuration, and on from where it ended
    await main(["--config", `${out}/config.json`, "--out", `${folder}/again`], models);
    await main([...flags, ...device, "--out", out, "--resume"], models);
    const bytes = await Deno.readFile(`${out}/model.safetensors`);
    assertEquals(await Deno.readFile(`${folder}/again/model.safetensors`), bytes);
    printed.length = 0;
    await evaluate([out, "--json", ...device], models);
    const { test } = JSON.parse(await Deno.readTextFile(`${out}/metrics.json`));
    assertEquals({ ...JSON.parse(printed.join("\n")), ...test, split: "test" }, JSON.parse(printed.join("\n")));

    for (
      const [args, message] of [
        [["--heads", "2"], "last-item has no setting 'heads': that is bert4rec's, sasrec's, stosa's"],
        [["--preset", "beauty"], "last-item has no preset 'beauty': it has own"],
        [["--dimension", "513"], "--dimension must be in [1, 512]: current value is 513"],
        [
          ["--graph", "user-item"],
          "last-item has no table of users to smooth: graph must be of item, categories, nearest",
        ],
      ] as const
    ) {
      let error: unknown = null;
      await main(["--model", "last-item", ...args], models).catch((thrown) => error = thrown);
      assert(error instanceof UsageError);
      assertEquals(error.message, `Cannot run train as ${message}`);
    }
  } finally {
    console.log = log;
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("settings of one name are of one type in all models of a program", () => {
  const other = defineModel({
    ...LEAST,
    settings: z.strictObject({ width, heads: z.enum(["one", "two"]).default("one").describe("Heads") }),
  });
  assertEquals(
    assertThrows(() => trainTask([sasRec, other]), TypeError).message,
    "Cannot declare train as setting 'heads' is of two types: integer, choice",
  );
});
