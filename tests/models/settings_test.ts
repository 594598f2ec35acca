import { assert, assertEquals, assertThrows } from "@std/assert";
import { openDevice, sevoInit } from "@sevo/sevo";
import { z } from "zod";
import { expectation } from "../../src/models/field.ts";
import {
  bert4Rec,
  defineModel,
  isSmoothed,
  isTrainable,
  mfBpr,
  type ModelDefinition,
  MODELS,
  optimizerOptions,
  OPTIMIZERS,
  resolveSettings,
  sasRec,
  SettingError,
  type SettingValue,
  stosa,
  type TrainingSettings,
} from "../../src/models/mod.ts";

const SETTINGS: TrainingSettings = resolveSettings(mfBpr, {
  propagation: "iterative",
  beta: 0.4,
  layers: 2,
  learningRate: 0.02,
  beta1: 0.8,
  beta2: 0.95,
  weightDecay: 0.3,
  momentum: 0.7,
  correction: false,
});
const PROPAGATION = { mode: "iterative", beta: 0.4, layers: 2 } as const;

Deno.test("optimizerOptions() gives the options of each optimizer", () => {
  const common = { learningRate: 0.02, weightDecay: 0.3 };
  const expected = {
    "sevo-adamw": { ...common, rule: "adamw", betas: [0.8, 0.95], propagation: PROPAGATION, correction: false },
    "adamw": { ...common, rule: "adamw", betas: [0.8, 0.95], propagation: null },
    "sevo-adam": { ...common, rule: "adam", betas: [0.8, 0.95], propagation: PROPAGATION },
    "adam": { ...common, rule: "adam", betas: [0.8, 0.95], propagation: null },
    "sevo-sgd": { ...common, rule: "sgd", momentum: 0.7, propagation: PROPAGATION },
    "sgd": { ...common, rule: "sgd", momentum: 0.7, propagation: null },
    "sevo-lion": { ...common, rule: "lion", betas: [0.8, 0.95], propagation: PROPAGATION },
    "lion": { ...common, rule: "lion", betas: [0.8, 0.95], propagation: null },
    "sevo-adagrad": { ...common, rule: "adagrad", propagation: PROPAGATION },
    "adagrad": { ...common, rule: "adagrad", propagation: null },
  };
  assertEquals([...OPTIMIZERS].sort(), Object.keys(expected).sort());
  for (const optimizer of OPTIMIZERS) {
    assertEquals<unknown>(optimizerOptions({ ...SETTINGS, optimizer }), expected[optimizer], optimizer);
    assertEquals(isSmoothed({ optimizer }), optimizer.startsWith("sevo-"));
  }
});

Deno.test("optimizerOptions() are options that sevoInit() takes, with the correction of SEvo-AdamW alone", async () => {
  await using device = await openDevice("cpu", { threads: 1 });
  for (const optimizer of OPTIMIZERS) {
    for (const propagation of ["neumann", "iterative", "exact"] as const) {
      using state = sevoInit(
        device,
        { item: { data: new Float32Array(4), shape: [1, 4] } },
        optimizerOptions({ ...SETTINGS, correction: true, optimizer, propagation }),
      );
      assertEquals(state.options.correction, optimizer === "sevo-adamw", optimizer);
      assertEquals(state.options.propagation?.mode ?? null, isSmoothed({ optimizer }) ? propagation : null);
    }
  }
});

/** The models that learn. */
const TRAINED = MODELS.filter(isTrainable);

/** Presets with a config file. */
const PUBLISHED = ["beauty", "toys", "tools", "ml-1m"];

Deno.test("the five models of the paper have all published presets", () => {
  const complete = TRAINED.filter(({ presets }) => PUBLISHED.every((preset) => preset in presets));
  const names = complete.map(({ name }) => name).toSorted();
  assertEquals(["bert4rec", "gru4rec", "mf-bpr", "sasrec", "stosa"].filter((name) => !names.includes(name)), []);
});

/** Settings of any model as JSON gives them. */
type Json = Readonly<Record<string, SettingValue>>;

for (const model of TRAINED) {
  Deno.test(`the presets of ${model.name} are what the config files say`, async () => {
    const published = PUBLISHED.filter((preset) => preset in model.presets);
    for (const preset of published) {
      const { $schema, ...config }: Json = JSON.parse(
        await Deno.readTextFile(`configs/${preset}/${model.name}.json`),
      );
      assertEquals($schema, "../train.schema.json");
      const settings: Json = { model: model.name, ...resolveSettings(model as ModelDefinition, {}, preset) };
      assertEquals(config, Object.fromEntries(Object.keys(config).map((name) => [name, settings[name]!])), preset);
      // The file says all but from where to draw, which is for the run
      const left = Object.keys(settings).filter((name) => !(name in config));
      assertEquals(left, ["seed"], preset);
      // And what it says is taken as it is
      const { model: _, ...given } = config;
      assertEquals<Json>({ model: model.name, ...resolveSettings(model as ModelDefinition, given) }, settings);
    }
    // The first is the default
    if (published.length > 0) assertEquals(Object.keys(model.presets)[0], "beauty");
    assertEquals(resolveSettings(model, {}), resolveSettings(model, {}, Object.keys(model.presets)[0]!));
  });

  Deno.test(`every setting of ${model.name} has a description, and a default within its bounds`, () => {
    const settings: Json = { ...resolveSettings(model as ModelDefinition, {}) };
    assertEquals(Object.keys(settings), [...model.fields.keys()]);
    for (const [name, field] of model.fields) {
      assert(field.description.length > 5 && !field.description.endsWith("."), name);
      assertEquals(expectation(field, field.default), undefined, name);
    }
  });
}

Deno.test("each model has defaults of its own", () => {
  const of = (name: string) =>
    ["mf-bpr", "sasrec", "gru4rec", "bert4rec", "stosa"].map((wanted) => {
      const settings: Json = { ...resolveSettings(MODELS.find(({ name }) => name === wanted)!, {}) };
      return settings[name];
    });
  assertEquals(of("heads"), [undefined, 1, undefined, 4, 4]);
  assertEquals(of("maxLength"), [undefined, 50, 50, 50, 100]);
  assertEquals(of("dropout"), [undefined, 0.3, 0.4, 0.2, 0.2]);
  assertEquals(of("epochs"), [1000, 200, 300, 500, 500]);
  assertEquals(of("batch"), [2048, 512, 512, 256, 256]);
  assertEquals(of("last"), [50, 50, 50, 50, 100]);
  assertEquals(of("beta"), [0.9, 0.99, 0.99, 0.99, 0.99]);
  assertEquals(of("beta2"), [0.999, 0.98, 0.999, 0.95, 0.999]);
});

Deno.test("resolveSettings() takes what is given, else that of the rule, of the preset, of the schema", () => {
  const of = (given: Partial<TrainingSettings>, preset?: string) => {
    const { weightDecay, learningRate, beta } = resolveSettings(mfBpr, given, preset);
    return { weightDecay, learningRate, beta };
  };
  assertEquals(of({}), { weightDecay: 0.1, learningRate: 1e-3, beta: 0.9 });
  assertEquals(of({}, "tools"), { weightDecay: 0.5, learningRate: 1e-3, beta: 0.5 });
  assertEquals(of({ optimizer: "adam" }, "tools"), { weightDecay: 0, learningRate: 1e-3, beta: 0.5 });
  assertEquals(of({ optimizer: "sevo-sgd" }), { weightDecay: 0, learningRate: 10, beta: 0.9 });
  assertEquals(of({ optimizer: "sevo-lion" }, "tools"), { weightDecay: 0.3, learningRate: 3e-4, beta: 0.5 });
  assertEquals(of({ optimizer: "adagrad" }, "tools"), { weightDecay: 0, learningRate: 0.03, beta: 0.5 });
  assertEquals([resolveSettings(sasRec, { optimizer: "lion" }).beta2, resolveSettings(sasRec, {}).beta2], [0.99, 0.98]);
  const given = { optimizer: "sgd", weightDecay: 0.2, learningRate: 0.3, beta: 0 } as const;
  assertEquals(of(given, "tools"), { weightDecay: 0.2, learningRate: 0.3, beta: 0 });
  // One that is undefined is not given
  assertEquals(
    resolveSettings(mfBpr, { beta: undefined, heads: undefined } as Record<string, unknown>),
    resolveSettings(mfBpr, {}),
  );
});

for (
  const [model, given, preset, setting, message] of [
    [mfBpr, { heads: 7 }, undefined, "heads", "mf-bpr has no setting 'heads': that is bert4rec's, sasrec's, stosa's"],
    [sasRec, { maskRate: 0.1 }, undefined, "maskRate", "sasrec has no setting 'maskRate': that is bert4rec's"],
    [
      mfBpr,
      { epocs: 7 },
      undefined,
      "epocs",
      "mf-bpr has no setting 'epocs': did you mean 'epochs'?",
    ],
    [mfBpr, { model: "mf-bpr" }, undefined, "model", "mf-bpr has no setting 'model': its settings are dimension, "],
    [mfBpr, { toString: 1 }, undefined, "toString", "mf-bpr has no setting 'toString': its settings are dimension, "],
    [mfBpr, { dimension: "7" }, undefined, "dimension", "dimension must be an integer: current value is '7'"],
    [mfBpr, { beta: "0.5" }, undefined, "beta", "beta must be a number: current value is '0.5'"],
    [mfBpr, { beta: NaN }, undefined, "beta", "beta must be a number: current value is NaN"],
    [mfBpr, { beta: null }, undefined, "beta", "beta must be a number: current value is null"],
    [mfBpr, { beta: 1 }, undefined, "beta", "beta must be in [0, 1): current value is 1"],
    [mfBpr, { learningRate: -1 }, undefined, "learningRate", "learningRate must be at least 0: current value is -1"],
    [
      mfBpr,
      { learningRate: Infinity },
      undefined,
      "learningRate",
      "learningRate must be a number: current value is Inf",
    ],
    [mfBpr, { weightDecay: -1 }, undefined, "weightDecay", "weightDecay must be at least 0: current value is -1"],
    [mfBpr, { layers: -1 }, undefined, "layers", "layers must be at least 0: current value is -1"],
    [mfBpr, { layers: 1.5 }, undefined, "layers", "layers must be an integer: current value is 1.5"],
    [mfBpr, { seed: 2 ** 32 }, undefined, "seed", "seed must be in [0, 4294967295]: current value is 4294967296"],
    [
      mfBpr,
      { optimizer: "adamax" },
      undefined,
      "optimizer",
      `optimizer must be one of ${OPTIMIZERS.join(", ")}: current value is 'adamax'`,
    ],
    [
      mfBpr,
      { propagation: 3 },
      undefined,
      "propagation",
      "propagation must be one of neumann, iterative, exact: current value is 3",
    ],
    [bert4Rec, { maskRate: 0 }, undefined, "maskRate", "maskRate must be in (0, 1]: current value is 0"],
    [sasRec, { heads: 0 }, undefined, "heads", "heads must be in [1, 1024]: current value is 0"],
    [stosa, { attendedMean: 1 }, undefined, "attendedMean", "attendedMean must be true or false: current value is 1"],
    [
      sasRec,
      { graph: "user-item" },
      undefined,
      "graph",
      "sasrec has no table of users to smooth: graph must be of item, categories, nearest",
    ],
    [mfBpr, { graph: "item, item" }, undefined, "graph", "graph names 'item' twice: current value is 'item, item'"],
    [mfBpr, { graph: 3 }, undefined, "graph", "graph must be a text: current value is 3"],
    ...["", "item,", "categories", "categories:", "nearest:", "item:genres"].map((graph) =>
      [
        mfBpr,
        { graph },
        undefined,
        "graph",
        "graph must be of item, user-item, categories:COLUMN and nearest:RUN, with commas between: current value is '" +
        `${graph === "item," ? "" : graph}'`,
      ] as const
    ),
    ...["1,", "-1,1", "1,x", "NaN,1", "1,Infinity", ""].map((graphWeights) =>
      [
        mfBpr,
        { graph: "item,user-item", graphWeights },
        undefined,
        "graphWeights",
        "graphWeights must be numbers of at least 0 with commas between, or 'equal': current value is " +
        `'${graphWeights}'`,
      ] as const
    ),
    [
      mfBpr,
      { graph: "item,user-item", graphWeights: "1" },
      undefined,
      "graphWeights",
      "graphWeights must be as many as relations in graph, 2: current value is '1'",
    ],
    [
      mfBpr,
      { graphWeights: "0" },
      undefined,
      "graphWeights",
      "graphWeights must be above 0 for one relation at least: current value is '0'",
    ],
    [
      mfBpr,
      { graphNeighbours: 1 },
      undefined,
      "graphNeighbours",
      "graphNeighbours must be in [2, 1024]: current value is 1",
    ],
    [
      mfBpr,
      { graph: "users" },
      undefined,
      "graph",
      "graph must be of item, user-item, categories:COLUMN and nearest:RUN, with commas between: current value is 'users'",
    ],
    [
      sasRec,
      {},
      "books",
      "preset",
      "sasrec has no preset 'books': it has beauty, toys, tools, ml-1m, generated",
    ],
    [sasRec, {}, "toString", "preset", "sasrec has no preset 'toString': it has beauty, "],
  ] as readonly (readonly [ModelDefinition, Record<string, unknown>, string | undefined, string, string])[]
) {
  Deno.test(`resolveSettings() refuses ${JSON.stringify(given)} of ${model.name}, preset ${preset}`, () => {
    const error = assertThrows(() => resolveSettings(model, given, preset, MODELS), SettingError);
    assert(error.message.startsWith(`Cannot train as ${message}`), error.message);
    assertEquals([error.name, error.setting, error instanceof RangeError], ["SettingError", setting, true]);
    assertEquals(error.message, `Cannot train as ${error.reason}`);
  });
}

Deno.test("resolveSettings() keeps the rates of a preset that names its rule", () => {
  const own = { ...mfBpr, presets: { own: { optimizer: "sgd", learningRate: 5, weightDecay: 0.3, seed: 7 } as const } };
  const of = (given: Record<string, unknown>) => {
    const { optimizer, learningRate, weightDecay, seed } = resolveSettings(own, given);
    return { optimizer, learningRate, weightDecay, seed };
  };
  assertEquals(of({}), { optimizer: "sgd", learningRate: 5, weightDecay: 0.3, seed: 7 });
  assertEquals(of({ optimizer: "sevo-sgd" }), { optimizer: "sevo-sgd", learningRate: 5, weightDecay: 0.3, seed: 7 });
  assertEquals(of({ optimizer: "adam" }), { optimizer: "adam", learningRate: 1e-3, weightDecay: 0, seed: 7 });
  assertEquals(of({ optimizer: "adamw" }), { optimizer: "adamw", learningRate: 1e-3, weightDecay: 0.1, seed: 7 });
});

Deno.test("resolveSettings() asks all that a schema asks", () => {
  const model = defineModel({
    name: "asking",
    summary: "A model.",
    settings: z.strictObject({
      width: z.int().multipleOf(4).default(8).describe("Width"),
      word: z.string().min(3).default("abc").describe("Word"),
    }),
    count: () => ({}),
    shapes: () => ({}),
    ranker: () => {
      throw new Error("not asked for");
    },
  });
  assertEquals(resolveSettings(model, { width: 12 }), { width: 12, word: "abc" });
  for (const given of [{ width: 5 }, { word: "" }]) {
    const [key] = Object.keys(given) as [string];
    const error = assertThrows(() => resolveSettings(model, given), SettingError);
    assertEquals(error.setting, key);
    assert(error.message.startsWith(`Cannot train as ${key} is refused: `), error.message);
  }
});

Deno.test("resolveSettings() refuses a value of another type for any setting, the optimizer among them", () => {
  for (const model of MODELS) {
    for (const key of model.fields.keys()) {
      for (const value of [null, [null], {}, { toString: 1 }, () => {}]) {
        const error = assertThrows(() => resolveSettings(model, { [key]: value }), SettingError);
        assertEquals([error.setting, error.message.startsWith(`Cannot train as ${key} must be `)], [key, true]);
      }
    }
  }
});
