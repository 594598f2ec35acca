import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { readModel } from "../../src/files/read_model.ts";
import { prepare } from "../../src/prepare/prepare.ts";
import { UsageError } from "../../tasks/cli/flags.ts";
import { main as evaluate } from "../../tasks/evaluate.ts";
import { main } from "../../tasks/train.ts";
import { CPU, DATA, FOLDER, outputOf, tinyRun } from "./_tiny.ts";

/** The log of {@linkcode DATA} a while later: five users and two items more, and user 1 and item 20 gone. */
const GROWN = `${FOLDER}/grown`;
const log = (await Deno.readTextFile(`${FOLDER}/log.txt`)).trimEnd().split("\n")
  .filter((line) => !line.startsWith("1 ")).map((line) => line.replace(/ 20\b/, ""));
for (let user = 31; user <= 35; user++) log.push(`${user} 3 101 4 5 102 6 7`);
await Deno.writeTextFile(`${FOLDER}/grown.txt`, log.toReversed().join("\n") + "\n");
await prepareSequences("grown");
await Deno.writeTextFile(`${FOLDER}/strangers.txt`, "101 3 4 5 6 7\n102 4 5 6 7 8\n");
await prepareSequences("strangers");

async function prepareSequences(name: string): Promise<void> {
  await prepare({
    files: [`${FOLDER}/${name}.txt`],
    out: `${FOLDER}/${name}`,
    format: "sequences",
    minUser: 1,
    minItem: 1,
  });
}

const train = (...args: string[]) => outputOf(main, ...args, ...CPU);
const configOf = async (run: string) => JSON.parse(await Deno.readTextFile(`${run}/config.json`));
const bytesOf = (run: string) => Deno.readFile(`${run}/model.safetensors`);

for (const model of ["mf-bpr", "sasrec"]) {
  Deno.test(`train --init goes on with ${model} on a log that has grown, with its settings`, async () => {
    const run = await tinyRun(model, "--keep-checkpoint"), out = `${FOLDER}/${model}-grown`;
    const output = await train("--init", run, "--data", GROWN, "--epochs", "0", "--out", out);
    assertStringIncludes(
      output,
      `sevo-adamw seed 1  starts from ${run}: items 19 kept, 2 new by their neighbours, 0 drawn, 1 not there any more; ` +
        (model === "mf-bpr" ? "users 29 kept, 5 new by their items, 0 drawn, 1 not there any more; " : "") +
        "moments kept by row\n",
    );
    const { data: _, ...before } = await configOf(run), { data, init, ...after } = await configOf(out);
    assertEquals([data, init, after], [GROWN, run, { ...before, epochs: 0 }]);

    const old = await readModel(run), grown = await readModel(out), table = "item.weight";
    const row = ({ items, weights, model }: typeof old, id: string) => {
      const { data, shape } = weights[table]!, at = items.indexOf(id) + shape[0]! - items.length;
      assert(items.includes(id), `${model.name} ${id}`);
      return [...data.subarray(at * shape[1]!, (at + 1) * shape[1]!)];
    };
    for (const id of old.items.filter((id) => id !== "20")) assertEquals(row(grown, id), row(old, id), id);
    assert(row(grown, "101").some((value) => value !== 0));

    // Trained on, and once more from what that gave: what is resumed starts from its own checkpoint
    const further = ["--init", out, "--data", GROWN, "--epochs", "2", "--keep-checkpoint", "--out", `${out}-2`];
    assertStringIncludes(await train(...further), "moments start anew: there is no checkpoint.safetensors");
    const bytes = await bytesOf(`${out}-2`);
    await Deno.remove(`${out}-2/metrics.json`);
    assertStringIncludes(await train(...further, "--resume"), "goes on after epoch 2");
    assertEquals(await bytesOf(`${out}-2`), bytes);
    assertStringIncludes(
      await train("--init", `${run}/model.safetensors`, "--data", GROWN, "--epochs", "0", "--out", `${out}-3`),
      "moments start anew: there is no checkpoint.safetensors",
    );
    const sgd = ["--init", run, "--data", GROWN, "--epochs", "0", "--optimizer", "sgd", "--out", `${out}-4`];
    assertStringIncludes(await train(...sgd), "moments start anew: sgd keeps others");
    // Weight decay and rate of AdamW are no settings of another rule
    const { weightDecay, learningRate } = await configOf(`${out}-4`);
    assertEquals([weightDecay, learningRate], [0, 10]);
  });
}

Deno.test("train --init refuses what it cannot start from, in words of its flags", async () => {
  const run = await tinyRun("sasrec", "--seed", "2"), counted = await tinyRun("popularity"), data = ["--data", GROWN];
  for (
    const [args, message] of [
      [["--init", counted], `as --init '${counted}' is popularity, which is counted, not trained: train it on the new`],
      [["--init", run, "--model", "stosa"], `as --init '${run}' is sasrec: current value of --model is 'stosa'`],
      [["--init", run, "--preset", "beauty"], "as --init and --preset both say what the settings are"],
      [
        ["--init", run, "--dimension", "32"],
        "as --dimension must be that of the model to go on with, 16: current value is 32",
      ],
      [["--init", run, "--mask-rate", "0.5"], "as sasrec has no setting 'maskRate'"],
    ] as const
  ) {
    const { message: said } = await assertRejects(() => train(...args, ...data, "--out", `${FOLDER}/no`), UsageError);
    assertStringIncludes(said, `Cannot run train ${message}`);
  }
  await assertRejects(() => train("--init", `${FOLDER}/none`, ...data), RangeError, "there is no file");
  await assertRejects(
    () => train("--init", run, "--out", `${FOLDER}/no`),
    RangeError,
    "have no id in common: ",
  );
  await assertRejects(() => Deno.stat(`${FOLDER}/no`), Deno.errors.NotFound);
});

Deno.test("train --resume with more epochs goes on with a finished run, to the bytes of one that had them at once", async () => {
  const flags = [
    "--model",
    "sasrec",
    "--data",
    DATA,
    "--dimension",
    "16",
    "--batch",
    "8",
    "--eval-every",
    "2",
    "--keep-checkpoint",
  ];
  const run = (out: string, epochs: number, ...more: string[]) =>
    train(...flags, "--patience", "0", "--epochs", `${epochs}`, "--out", `${FOLDER}/${out}`, ...more);
  await run("whole", 6);
  await run("first", 4);
  const finished = await Deno.readTextFile(`${FOLDER}/first/metrics.json`);
  for (const epochs of [4, 3]) {
    await run("first", epochs, "--resume");
    assertEquals(await Deno.readTextFile(`${FOLDER}/first/metrics.json`), finished);
  }
  const output = await run("first", 6, "--resume");
  assertStringIncludes(output, "goes on after epoch 4");
  assertEquals(await bytesOf(`${FOLDER}/first`), await bytesOf(`${FOLDER}/whole`));
  assertEquals(await configOf(`${FOLDER}/first`), await configOf(`${FOLDER}/whole`));
  const timeless = async (out: string) => {
    const { started, ended, seconds, ...metrics } = JSON.parse(
      await Deno.readTextFile(`${FOLDER}/${out}/metrics.json`),
    );
    assert(started < ended && seconds > 0);
    return metrics;
  };
  assertEquals(await timeless("first"), await timeless("whole"));
  const events = async (out: string) =>
    (await Deno.readTextFile(`${FOLDER}/${out}/events.jsonl`)).trimEnd().split("\n")
      .map((line) => ({ ...JSON.parse(line), seconds: 0 }));
  assertEquals(await events("first"), await events("whole"));
  await assertRejects(() => run("first", 9, "--resume", "--seed", "2"), RangeError, "as its seed was 1");
});

Deno.test("train --resume says why a run that its patience ended does not go on, and how it would", async () => {
  const flags = ["--data", DATA, "--dimension", "16", "--batch", "8", "--eval-every", "1", "--learning-rate", "1e-30"];
  const run = (epochs: number, patience: number, ...more: string[]) => {
    const asked = [
      "--weight-decay",
      "0",
      "--epochs",
      `${epochs}`,
      "--patience",
      `${patience}`,
      "--compare=false",
      "--keep-checkpoint",
    ];
    return train(...flags, ...asked, "--out", `${FOLDER}/patient`, ...more);
  };
  await run(5, 2);
  assertStringIncludes(await run(8, 2, "--resume"), "had ended by --patience 2: --patience 0 trains on");
  const output = await run(9, 0, "--resume");
  assert(!output.includes("had ended"), output);
  assertStringIncludes(output, "epoch 9/9");
  assertStringIncludes(output, "goes on after epoch 2");
});

Deno.test("evaluate ranks what a model knows of another dataset by id, and counts the rest", async () => {
  const bpr = await tinyRun("mf-bpr", "--seed", "3"), sequences = await tinyRun("sasrec", "--seed", "3");
  const evaluated = async (run: string, ...args: string[]) => await outputOf(evaluate, run, ...args, ...CPU);
  assert(!(await evaluated(bpr, "--data", DATA)).includes("left out as the model"));
  assertStringIncludes(
    await evaluated(bpr, "--data", GROWN),
    "left out as the model does not know them: 5 users; 2 items and with them 0 targets\n",
  );
  const { users, unknown } = JSON.parse(await evaluated(sequences, "--data", GROWN, "--split", "valid", "--json"));
  assertEquals([users, unknown], [34, { users: 0, items: 2, valid: 0, test: 0 }]);
  await assertRejects(
    () => evaluated(bpr, "--data", `${FOLDER}/strangers`),
    RangeError,
    "Cannot use the model as its users and those of the dataset have no id in common",
  );
});

Deno.test("evaluate gives a model the same metrics on a dataset that numbers users and items otherwise", async () => {
  const run = await tinyRun("mf-bpr", "--seed", "4"), shuffled = `${FOLDER}/shuffled`;
  const lines = (await Deno.readTextFile(`${FOLDER}/log.txt`)).trimEnd().split("\n");
  await Deno.writeTextFile(`${FOLDER}/shuffled.txt`, lines.toReversed().join("\n") + "\n");
  await prepareSequences("shuffled");
  const metrics = async (data: string) => JSON.parse(await outputOf(evaluate, run, "--data", data, "--json", ...CPU));
  assertEquals(await metrics(shuffled), await metrics(DATA));
});
