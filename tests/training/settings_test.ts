import { assertEquals } from "@std/assert";
import { openDevice, sevoInit } from "@sevo/sevo";
import {
  GRAPHS,
  isSmoothed,
  MODELS,
  optimizerOptions,
  OPTIMIZERS,
  PUBLISHED,
  type TrainingSettings,
} from "../../src/training/settings.ts";

const SETTINGS: TrainingSettings = {
  ...PUBLISHED["mf-bpr"],
  propagation: "iterative",
  beta: 0.4,
  layers: 2,
  learningRate: 0.02,
  betas: [0.8, 0.95],
  weightDecay: 0.3,
  momentum: 0.7,
};
const PROPAGATION = { mode: "iterative", beta: 0.4, layers: 2 } as const;

Deno.test("optimizerOptions() gives the options of each optimizer", () => {
  const common = { learningRate: 0.02, weightDecay: 0.3 };
  const expected = {
    "sevo-adamw": { ...common, rule: "adamw", betas: [0.8, 0.95], propagation: PROPAGATION },
    "adamw": { ...common, rule: "adamw", betas: [0.8, 0.95], propagation: null },
    "sevo-adam": { ...common, rule: "adam", betas: [0.8, 0.95], propagation: PROPAGATION },
    "adam": { ...common, rule: "adam", betas: [0.8, 0.95], propagation: null },
    "sevo-sgd": { ...common, rule: "sgd", momentum: 0.7, propagation: PROPAGATION },
    "sgd": { ...common, rule: "sgd", momentum: 0.7, propagation: null },
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
        optimizerOptions({ ...SETTINGS, optimizer, propagation }),
      );
      assertEquals(state.options.correction, optimizer === "sevo-adamw", optimizer);
      assertEquals(state.options.propagation?.mode ?? null, isSmoothed({ optimizer }) ? propagation : null);
    }
  }
});

Deno.test("PUBLISHED holds what the config files for Beauty say", async () => {
  for (const model of MODELS) {
    const { betas: [beta1, beta2], ...settings } = PUBLISHED[model];
    const published: Record<string, unknown> = { ...settings, beta1, beta2 };
    const config = JSON.parse(await Deno.readTextFile(`configs/beauty/${model}.json`));
    assertEquals(config, Object.fromEntries(Object.keys(config).map((name) => [name, published[name]])), model);
  }
  assertEquals([...GRAPHS], ["item", "user-item"]);
});
