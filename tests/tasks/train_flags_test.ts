import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { z } from "zod";
import { generatedDataset } from "../../src/data/generated.ts";
import {
  defineModel,
  isTrainable,
  type ModelDefinition,
  MODELS,
  resolveSettings,
  type SettingValues,
} from "../../src/models/mod.ts";
import { helpOf, parseFlags, UsageError } from "../../tasks/cli/flags.ts";
import { main } from "../../tasks/train.ts";
import { configOf, settingsOf, type TrainRequest, trainRequest, trainTask } from "../../tasks/train/flags.ts";

const DATASET = generatedDataset({ users: 200, items: 50 });

/** What a command line asks for. */
async function requestOf(...args: string[]): Promise<TrainRequest> {
  const parsed = await parseFlags(trainTask(MODELS), args);
  assert(parsed !== null);
  return trainRequest(parsed, MODELS);
}

/** Settings of a run, its configuration, and what was chosen for the dataset. */
async function runOf(...args: string[]) {
  const request = await requestOf(...args), { flags, model, optimizer } = request;
  const { settings, chosen } = settingsOf(request, model, DATASET, optimizer, Number(request.given["seed"] ?? 1));
  return { model, settings, chosen, config: configOf(model, settings, flags) };
}

/** Learning rate and weight decay of a run. */
async function ratesOf(...args: string[]): Promise<[learningRate: number, weightDecay: number]> {
  const { settings } = await runOf(...args);
  return [Number(settings["learningRate"]), Number(settings["weightDecay"])];
}

Deno.test("a config file's weight decay and learning rate are not those of another rule", async () => {
  const path = await Deno.makeTempFile({ suffix: ".json" });
  try {
    await Deno.writeTextFile(
      path,
      JSON.stringify({ optimizer: "sevo-adamw", learningRate: 0.002, weightDecay: 0.3 }),
    );
    const rates = (...args: string[]) => ratesOf("--config", path, ...args);
    assertEquals(await rates(), [0.002, 0.3]);
    assertEquals(await rates("--optimizer", "adamw"), [0.002, 0.3]);
    assertEquals(await rates("--optimizer", "adam"), [0.002, 0]);
    assertEquals(await rates("--optimizer", "sgd"), [10, 0]);
    assertEquals(await rates("--optimizer", "lion"), [0.0003, 0.3]);
    assertEquals(await rates("--optimizer", "adam", "--weight-decay", "0.3"), [0.002, 0.3]);
    assertEquals(await rates("--optimizer", "sgd", "--learning-rate", "0.002"), [0.002, 0]);
    // Without an optimizer in it the file says nothing of which rule its rates are for
    await Deno.writeTextFile(path, JSON.stringify({ weightDecay: 0.3 }));
    assertEquals(await rates("--optimizer", "adam"), [0.001, 0.3]);
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("settings that are not given are those of the model in hand, and of the preset asked for", async () => {
  for (const model of MODELS) {
    const { settings, chosen } = await runOf("--model", model.name);
    const expected = resolveSettings(model, {}, "presets" in model ? "generated" : undefined);
    assertEquals<SettingValues>(settings, expected, model.name);
    assertEquals(chosen, []);
    if (!("presets" in model)) continue;
    for (const preset of Object.keys(model.presets)) {
      const { settings } = await runOf("--model", model.name, "--preset", preset);
      assertEquals<unknown>(settings, resolveSettings(model, {}, preset), `${model.name}, ${preset}`);
    }
  }
  const { settings } = await runOf("--model", "sasrec", "--preset", "ml-1m", "--max-length", "7", "--seed", "3");
  assertEquals([settings["maxLength"], settings["batch"], settings["seed"]], [7, 128, 3]);
});

Deno.test("settings that are given for a model are not those of the baselines beside it", async () => {
  const request = await requestOf("--model", "sasrec", "--epochs", "3", "--dimension", "8", "--optimizer", "sgd");
  const baselines = MODELS.filter((model) => !isTrainable(model));
  assert(baselines.length > 0);
  for (const model of baselines) {
    const { settings, chosen } = settingsOf(request, model, DATASET, "sgd", 0);
    assertEquals([settings, chosen], [resolveSettings(model, {}), []], model.name);
    // Of a baseline by itself they are; but one that is not trained has none of training
    const own = await runOf("--model", model.name);
    assertEquals(own.settings, resolveSettings(model, {}));
    const error = await assertRejects(() => runOf("--model", model.name, "--epochs", "3"), UsageError);
    assertEquals(
      error.message,
      `Cannot run train as ${model.name} has no setting 'epochs': it is counted, not trained`,
    );
    await assertRejects(() => runOf("--model", model.name, "--preset", "beauty"), UsageError, "has no presets");
  }
});

Deno.test("on a dataset of one's own, batches and the end are chosen for its size, unless they are given", async () => {
  const { settings, chosen } = await runOf("--data", "somewhere", "--model", "sasrec", "--epochs", "9");
  assertEquals([settings["epochs"], settings["batch"], settings["patience"]], [9, 8, 10]);
  assertEquals(chosen.length, 2);
  const given = await runOf("--data", "somewhere", "--model", "sasrec", "--batch", "300", "--patience", "0");
  assertEquals([given.settings["batch"], given.settings["patience"], given.chosen], [300, 0, []]);
});

Deno.test("the configuration of a run gives the run again", async () => {
  const path = await Deno.makeTempFile({ suffix: ".json" });
  try {
    for (
      const flags of [
        ["--model", "stosa", "--attended-mean", "--optimizer", "sgd", "--heads", "2", "--dataset-seed", "4"],
        ["--data", "somewhere", "--model", "bert4rec", "--mask-rate", "0.25", "--seed", "7"],
        ["--model", "mf-bpr", "--graph", "user-item", "--device", "cpu"],
        ["--model", "sasrec", "--graph", "item,nearest:runs/a", "--graph-weights", "1,0.5", "--graph-neighbours", "4"],
      ]
    ) {
      const first = await runOf(...flags);
      await Deno.writeTextFile(path, JSON.stringify(first.config));
      const again = await runOf("--config", path);
      assertEquals([again.model, again.settings, again.config], [first.model, first.settings, first.config]);
    }
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("the help of train says of each setting whose it is, and its default in each model", () => {
  const help = helpOf(trainTask(MODELS)).replace(/\s+/g, " ");
  for (
    const text of [
      "--max-length N bert4rec, gru4rec, sasrec, stosa: use only the last so many items of a sequence (default: 50; 100 for stosa)",
      "--mask-rate N bert4rec: share of the items that are hidden in training (default: 0.5)",
      "--beta2 N Decay rate of the second moment of adam and adamw; of the momentum of lion, and 0.99 by default there (default: 0.999; 0.95 for bert4rec; 0.98 for sasrec)",
      "--[no-]attended-mean stosa: ",
      "Models: bert4rec A bidirectional encoder",
    ]
  ) assert(help.includes(text), text);
  for (const { name, summary } of MODELS) assert(help.includes(` ${name} ${summary}`), name);
});

Deno.test("train refuses a setting that the model has not, before it opens a device or reads data", async () => {
  const log = console.log, printed: unknown[][] = [];
  console.log = (...values) => void printed.push(values);
  try {
    for (
      const [flags, message] of [
        [["--model", "mf-bpr", "--heads", "7"], "mf-bpr has no setting 'heads': that is bert4rec's, sasrec's, stosa's"],
        [["--heads", "7"], "mf-bpr has no setting 'heads': that is bert4rec's, sasrec's, stosa's"],
        [["--model", "stosa", "--mask-rate", "0.2"], "stosa has no setting 'maskRate': that is bert4rec's"],
        [["--model", "sasrec", "--no-attended-mean"], "sasrec has no setting 'attendedMean': that is stosa's"],
        [
          ["--model", "sasrec", "--graph", "user-item"],
          "sasrec has no table of users to smooth: graph must be of item, categories, nearest",
        ],
        [["--model", "sasrec", "--heads", "0"], "--heads must be in [1, 1024]: current value is 0"],
        [["--learning-rate", "-1"], "--learning-rate must be at least 0: current value is -1"],
        [["--seed", "4294967296"], "--seed must be in [0, 4294967295]: current value is 4294967296"],
        [["--batch", "0"], "--batch must be in [1, 4294967295]: current value is 0"],
        [["--beta", "-0.1"], "--beta must be in [0, 1): current value is -0.1"],
      ] as const
    ) {
      // A device that there is not and data that are not there would be refused in other words
      const error = await assertRejects(() => main(["--device", "webgpu", "--data", "/nowhere", ...flags]), UsageError);
      assertEquals(error.message, `Cannot run train as ${message}`);
    }
  } finally {
    console.log = log;
  }
  assertEquals(printed, []);
});

Deno.test("a setting may not have the name of a flag, and choices of one name are put together", () => {
  const mine = (name: string, settings: z.ZodObject) =>
    defineModel({
      name,
      summary: "A model.",
      settings: settings as never,
      count: () => ({}),
      shapes: () => ({}),
      ranker: () => {
        throw new Error("not asked for");
      },
    }) as ModelDefinition;
  for (const name of ["data", "threads", "out", "preset", "config"]) {
    const settings = z.strictObject({ [name]: z.int().default(1).describe("A number") });
    assertEquals(
      assertThrows(() => trainTask([...MODELS, mine("mine", settings)]), TypeError).message,
      `Cannot declare train as setting '${name}' has the name of a flag`,
    );
  }
  const choice = (...words: [string, ...string[]]) =>
    z.strictObject({ act: z.enum(words).default(words[0]).describe("A function") });
  const { act } =
    trainTask([...MODELS, mine("one", choice("relu", "gelu")), mine("two", choice("tanh", "relu"))]).flags;
  assertEquals(act!.kind === "choice" && act!.choices, ["relu", "gelu", "tanh"]);
});

Deno.test("train refuses seeds of a model that is counted", async () => {
  const error = await assertRejects(() => main(["--model", "item-knn", "--seeds", "2", "--device", "cpu"]), UsageError);
  assertEquals(
    error.message,
    "Cannot run train as item-knn is counted, not trained: --seeds would repeat the same run",
  );
});
