import { assert, assertEquals, assertStringIncludes } from "@std/assert";

/** Runs a task as `deno task` does, with the permissions that deno.json gives it. */
async function runTask(name: string, ...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", name, ...args],
    env: { NO_COLOR: "1" },
  }).output();
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return { code, out: out!, err: err! };
}

/** The last line of standard error: what comes before it are Deno's own downloads and drivers' complaints. */
function lastLine(text: string): string {
  return text.trimEnd().split("\n").at(-1)!;
}

/** What `evaluate --json` prints but for the metrics of lists, which training does not make. */
function withoutLists(text: string): Record<string, unknown> {
  return Object.fromEntries(Object.entries(JSON.parse(text)).filter(([name]) => !/^(coverage|popularity)@/.test(name)));
}

Deno.test("deno task train compares SEvo and the plain rule, and evaluate agrees with it", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const run = `${folder}/run`;
    const trained = await runTask("train", "--device", "cpu", "--epochs", "2", "--out", run);
    assertEquals(trained.code, 0, trained.err);
    assertStringIncludes(trained.out, "full ranking over all items, history left out");
    assertStringIncludes(trained.out, "4000 users");
    assertStringIncludes(trained.out, `run directories: ${run}/{sevo-adamw-1,adamw-1,adam-1`);
    const table = trained.out.split("\n").filter((line) => /^mf-bpr +(sevo-)?adamw? .*[01]\.\d{4} /.test(line));
    assertEquals(table.map((line) => line.split(/ +/)[1]), ["sevo-adamw", "adamw", "adam"]);

    const metrics = JSON.parse(await Deno.readTextFile(`${run}/adamw-1/metrics.json`));
    const config = JSON.parse(await Deno.readTextFile(`${run}/adamw-1/config.json`));
    assertEquals([config.dataset, config.optimizer, config.epochs], ["generated", "adamw", 2]);
    const again = await runTask("train", "--config", `${run}/adamw-1/config.json`, "--out", `${folder}/again`);
    assertEquals(again.code, 0, again.err);
    assertEquals(
      await Deno.readFile(`${folder}/again/model.safetensors`),
      await Deno.readFile(`${run}/adamw-1/model.safetensors`),
    );
    const evaluated = await runTask("evaluate", `${run}/adamw-1`, "--device", "cpu", "--json");
    assertEquals(withoutLists(evaluated.out), { split: "test", ...metrics.test });
    const events = (await Deno.readTextFile(`${run}/adamw-1/events.jsonl`)).trimEnd().split("\n").map((line) =>
      JSON.parse(line)
    );
    assertEquals(events.filter(({ type }) => type === "epoch").map(({ epoch }) => epoch), [1, 2]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("deno task train writes byte-identical models in two equal runs, whatever the threads", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const models = [];
    for (const threads of ["1", "2"]) {
      const run = `${folder}/${threads}`;
      const flags = ["--optimizer", "sevo-adamw", "--epochs", "1", "--seed", "7", "--threads", threads, "--out", run];
      const { code, err } = await runTask("train", "--device", "cpu", ...flags);
      assertEquals(code, 0, err);
      models.push(await Deno.readFile(`${run}/model.safetensors`));
    }
    assertEquals(models[0], models[1]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("deno task train --resume goes on with a run that was killed, to the same bytes", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const flags = ["--device", "cpu", "--optimizer", "sevo-adamw", "--epochs", "12", "--eval-every", "2"];
    const whole = await runTask("train", ...flags, "--out", `${folder}/whole`);
    assertEquals(whole.code, 0, whole.err);

    const run = `${folder}/run`;
    // Not through `deno task`: the process that trains is the one to kill.
    const process = new Deno.Command(Deno.execPath(), {
      args: ["run", "-RW", "tasks/train.ts", ...flags, "--out", run],
      stdout: "null",
      stderr: "null",
    }).spawn();
    while (!(await Array.fromAsync(readDir(run))).some(({ name }) => name === "checkpoint.safetensors")) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    process.kill("SIGKILL");
    await process.status;
    assert(!(await Array.fromAsync(readDir(run))).some(({ name }) => name === "metrics.json"));

    const other = await runTask("train", ...flags, "--seed", "2", "--resume", "--out", run);
    assertEquals(lastLine(other.err), `error: Cannot resume the run in '${run}' as its seed was 1: current value is 2`);
    const resumed = await runTask("train", ...flags, "--resume", "--out", run);
    assertEquals(resumed.code, 0, resumed.err);
    assertStringIncludes(resumed.out, "goes on after epoch");
    assertEquals(
      await Deno.readFile(`${run}/model.safetensors`),
      await Deno.readFile(`${folder}/whole/model.safetensors`),
    );
    const epochs = async (path: string) =>
      (await Deno.readTextFile(`${path}/events.jsonl`)).trimEnd().split("\n").map((line) => JSON.parse(line))
        .map(({ type, split, epoch }) => `${type} ${split} ${epoch}`);
    assertEquals(await epochs(run), await epochs(`${folder}/whole`));

    // And once more: there is nothing left to do.
    const finished = await runTask("train", ...flags, "--resume", "--out", run);
    assertEquals([finished.code, finished.out.includes("epoch 12/12")], [0, false]);
    assertStringIncludes(finished.out, "sevo-adamw seed 1  test  HR@1");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

/** The entries of a folder; none where it is not there yet. */
async function* readDir(path: string): AsyncGenerator<Deno.DirEntry> {
  try {
    yield* Deno.readDir(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

Deno.test("deno task train refuses what it cannot run with, in one line, and writes nothing", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/config.json`, `{ "epochz": 3 /* epochs */ }`);
    for (
      const [args, message] of [
        [["--epocs", "3"], "Cannot run train as there is no flag '--epocs': did you mean '--epochs'?"],
        [
          ["--model", "mf-bpr", "--heads", "7"],
          "Cannot run train as mf-bpr has no setting 'heads': that is bert4rec's, sasrec's, stosa's",
        ],
        [["--beta", "1"], "Cannot run train as --beta must be in [0, 1): current value is 1"],
        [["--layers", "-1"], "Cannot run train as --layers must be at least 0: current value is -1"],
        [["--data", `${folder}/none`], `Cannot read dataset '${folder}/none' as there is no such folder`],
        [
          ["--data", folder, "--dataset", "generated"],
          "Cannot run train as --data and --dataset name two datasets: give one of them",
        ],
        [
          ["--config", `${folder}/config.json`],
          `Cannot run train as config file '${folder}/config.json' has a key that is no flag, 'epochz': did you mean 'epochs'?`,
        ],
      ] as const
    ) {
      const { code, err } = await runTask("train", "--device", "cpu", "--out", `${folder}/run`, ...args);
      assertEquals(code, message.startsWith("Cannot read dataset") ? 3 : 2);
      assertEquals(lastLine(err), `error: ${message}`);
    }
    assert(!(await Array.fromAsync(Deno.readDir(folder))).some(({ name }) => name === "run"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

// Only Vulkan has a way to hide its adapters.
const ignore = Deno.build.os !== "linux";
Deno.test("deno task train --device webgpu without an adapter says what to install", { ignore }, async () => {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", "train", "--device", "webgpu"],
    env: { NO_COLOR: "1", VK_DRIVER_FILES: "/nonexistent", DENO_WEBGPU_BACKEND: "vulkan" },
  }).output();
  assertEquals(code, 2);
  assertStringIncludes(lastLine(new TextDecoder().decode(stderr)), "apt-get install mesa-vulkan-drivers libvulkan1");
});

Deno.test("deno task evaluate refuses what is no model", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const missing = await runTask("evaluate", folder);
    assertEquals([missing.code, lastLine(missing.err)], [
      2,
      `error: Cannot read a model from '${folder}' as there is no file '${folder}/model.safetensors'`,
    ]);
    await Deno.writeTextFile(`${folder}/model.safetensors`, "no model");
    const garbage = await runTask("evaluate", folder);
    assertEquals(garbage.code, 3);
    assertStringIncludes(lastLine(garbage.err), "error: Cannot decode safetensors as ");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("deno task train trains a sequence model from a config file, beside AdamW and Adam with decays of their own", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const settings = {
      model: "gru4rec",
      dimension: 8,
      batch: 512,
      epochs: 1,
      weightDecay: 0.3,
      optimizer: "sevo-adamw",
    };
    await Deno.writeTextFile(`${folder}/tiny.json`, JSON.stringify(settings));
    const device = ["--device", "cpu", "--threads", "1"];
    const flags = ["--config", `${folder}/tiny.json`, "--compare", "--out", `${folder}/runs`];
    const trained = await runTask("train", ...flags, ...device);
    assertEquals(trained.code, 0, trained.err);
    const configs = await Promise.all(["sevo-adamw", "adamw", "adam"].map(async (optimizer) => {
      const config = JSON.parse(await Deno.readTextFile(`${folder}/runs/${optimizer}-1/config.json`));
      return [config.model, config.dropout, config.weightDecay];
    }));
    assertEquals(configs, [["gru4rec", 0.4, 0.3], ["gru4rec", 0.4, 0.3], ["gru4rec", 0.4, 0]]);
    const evaluated = await runTask("evaluate", `${folder}/runs/sevo-adamw-1`, "--json", ...device);
    const { test } = JSON.parse(await Deno.readTextFile(`${folder}/runs/sevo-adamw-1/metrics.json`));
    assertEquals(withoutLists(evaluated.out), { split: "test", ...test });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
