import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { RunsFailedError } from "../../tasks/cli/exit_codes.ts";
import { UsageError } from "../../tasks/cli/flags.ts";
import { withFolder } from "../files/_folder.ts";
import { ended, finishedIn, resultsIn, spawnSweep, specIn, sweepHere } from "./_sweep.ts";
import { DATA } from "./_tiny.ts";

const BASE = { data: DATA, model: "mf-bpr", dimension: 8, batch: 8, epochs: 2, evalEvery: 1 };
const SPEC = { base: BASE, grid: { beta: [0.5, 0.9] }, seeds: 2 };
const ALL = ["beta=0.5,seed=1", "beta=0.5,seed=2", "beta=0.9,seed=1", "beta=0.9,seed=2"];

/** Carries out all runs, each in this process. */
async function carriedOut(folder: string, spec: unknown, names: readonly string[] = ALL): Promise<string> {
  const path = await specIn(folder, spec);
  for (const name of names) await sweepHere(path, "--out", `${folder}/out`, "--run", name, "--quiet");
  return path;
}

Deno.test("a sweep has a run directory for each run, a copy of its spec, and says how it went", async () => {
  await withFolder(async (folder) => {
    const spec = await specIn(folder, SPEC), out = `${folder}/out`;
    // Settings from outside are for train, not for what a spec describes
    const { code, out: said, err } = await ended(
      spawnSweep([spec, "--out", out], { SEVO_EPOCHS: "1", SEVO_BETA: "0.1" }),
    );
    assertEquals(code, 0, err);
    assertEquals(await finishedIn(out), ALL);
    for (const { epochs } of Object.values(await resultsIn(out))) assertEquals(epochs, [1, 2]);
    assertEquals(await Deno.readTextFile(`${out}/sweep.json`), await Deno.readTextFile(spec));
    assertStringIncludes(said, `runs      4: 4 new, in ${out}\n`);
    for (const name of ALL) assertStringIncludes(said, `${name}  is done  test  HR@1 `);
    assertStringIncludes(said, "(4 of 4)\n");
    assertStringIncludes(said, `4 runs are done: ${out}\n`);
    const quiet = await ended(spawnSweep([spec, "--out", out, "--quiet"]));
    assertEquals([quiet.code, quiet.out, quiet.err], [0, "", ""]);
  });
});

Deno.test("two specs are carried out into one folder at a time, each run by its own", async () => {
  await withFolder(async (folder) => {
    const out = `${folder}/out`, one = `${folder}/one.json`, other = `${folder}/other.json`;
    await Deno.writeTextFile(one, JSON.stringify(SPEC));
    await Deno.writeTextFile(other, JSON.stringify({ base: BASE, grid: { optimizer: ["adamw"] }, seeds: 2 }));
    const sweeps = [one, other].map((spec) => ended(spawnSweep([spec, "--out", out, "--jobs", "1"])));
    for (const { code, err } of await Promise.all(sweeps)) assertEquals(code, 0, err);
    assertEquals(await finishedIn(out), [...ALL, "optimizer=adamw,seed=1", "optimizer=adamw,seed=2"]);
  });
});

Deno.test("--log json prints an object a line: what starts, every event with its run, how each ended, and the sum", async () => {
  await withFolder(async (folder) => {
    const spec = await specIn(folder, { base: BASE, seeds: [7] });
    const { code, out, err } = await ended(spawnSweep([spec, "--out", `${folder}/out`, "--log", "json"]));
    assertEquals(code, 0, err);
    const lines = out.trimEnd().split("\n").map((line) => JSON.parse(line));
    const test = { type: "evaluation", run: "seed=7", split: "test" };
    assertEquals(lines.map(({ type }) => type), [
      "start",
      ..."evaluation epoch evaluation epoch evaluation evaluation".split(" "),
      "outcome",
      "sweep",
    ]);
    assertEquals({ ...lines.at(-3), ...test }, lines.at(-3));
    assertEquals(lines.at(-2), { type: "outcome", run: "seed=7", status: "done", code: 0 });
    assertEquals(lines.at(-1), { type: "sweep", runs: 1, done: 1, stopped: 0, failed: 0, again: 0 });
  });
});

Deno.test("a spec that has grown adds runs and leaves those that are there", async () => {
  await withFolder(async (folder) => {
    await carriedOut(folder, SPEC);
    const out = `${folder}/out`, before = await resultsIn(out);
    const spec = await specIn(folder, { ...SPEC, grid: { beta: [0.99, 0.5, 0.9] } });
    const plan = await sweepHere(spec, "--out", out, "--dry-run");
    assertStringIncludes(plan, "runs      6: 2 new, 4 done");
    assertStringIncludes(plan, "new       beta=0.99,seed=2\n");
    assertStringIncludes(plan, "done      beta=0.9,seed=2\n");
    await sweepHere(spec, "--out", out, "--only", "beta=0.99,seed=2");
    const after = await resultsIn(out);
    assertEquals(Object.keys(after), [...ALL, "beta=0.99,seed=2"].sort());
    for (const name of ALL) assertEquals(after[name], before[name]);
    const smaller = await specIn(folder, { ...SPEC, seeds: 1 });
    assertStringIncludes(
      await sweepHere(smaller, "--out", out, "--dry-run"),
      `others    3 in ${out} are not of this spec, such as beta=0.5,seed=2\n`,
    );
  });
});

Deno.test("--dry-run writes nothing, and estimates by what has been trained", async () => {
  await withFolder(async (folder) => {
    const spec = await specIn(folder, SPEC), out = `${folder}/out`;
    const before = await sweepHere(spec, "--out", out, "--dry-run", "--jobs", "2");
    assertStringIncludes(before, "time      not known before a run has trained for an epoch");
    assertEquals(await Deno.stat(out).then(() => true, () => false), false);
    await sweepHere(spec, "--out", out, "--run", ALL[0]!, "--quiet");
    const log = `${out}/${ALL[0]}/events.jsonl`, events = (await Deno.readTextFile(log)).trimEnd().split("\n");
    // 300 seconds for two epochs and the evaluations: as long for each of the three that are left
    await Deno.writeTextFile(
      log,
      events.map((line) => JSON.stringify({ ...JSON.parse(line), seconds: 300 / events.length }) + "\n").join(""),
    );
    const after = await sweepHere(spec, "--out", out, "--dry-run", "--jobs", "2");
    assertStringIncludes(
      after,
      "time      about 7 min 30 s with 2 at a time, by the epochs of the run that has trained",
    );
    const json = (await sweepHere(spec, "--out", out, "--dry-run", "--log", "json")).trimEnd().split("\n");
    assertEquals(json.map((line) => JSON.parse(line).state), ["done", "new", "new", "new", undefined]);
    assertEquals(JSON.parse(json[1]!).settings, { ...BASE, beta: 0.9, seed: 1 });
  });
});

const edited: readonly (readonly [string, Record<string, unknown>, string])[] = [
  ["another value", { ...BASE, dimension: 16 }, "its dimension was 8: current value is 16"],
  ["a setting less", { ...BASE, dimension: undefined }, "its dimension was 8: current value is 64"],
  ["a setting more", { ...BASE, layers: 1 }, "its layers was 3: current value is 1"],
  ["another patience", { ...BASE, patience: 3 }, "its patience was 10: current value is 3"],
  ["fewer epochs", { ...BASE, epochs: 1 }, "its epochs was 2: current value is 1"],
];
for (const [what, base, expected] of edited) {
  Deno.test(`a sweep whose base has ${what} is refused for the run that is there`, async () => {
    await withFolder(async (folder) => {
      await carriedOut(folder, SPEC, [ALL[2]!]);
      const spec = await specIn(folder, { ...SPEC, base }), out = `${folder}/out`;
      for (const more of [[], ["--dry-run"]]) {
        const error = await assertRejects(() => sweepHere(spec, "--out", out, ...more), RangeError);
        assertEquals(error.message, `Cannot resume the run in '${out}/${ALL[2]}' as ${expected}`);
      }
      assertEquals(await finishedIn(out), [ALL[2]!]);
    });
  });
}

Deno.test("a sweep whose base has more epochs goes on with its runs, each to the bits of one that had them at once", async () => {
  await withFolder(async (folder) => {
    const [name] = ALL as [string];
    await carriedOut(folder, SPEC, [name]);
    const longer = { ...SPEC, base: { ...BASE, epochs: 4 } };
    assertStringIncludes(
      await sweepHere(await specIn(folder, longer), "--out", `${folder}/out`, "--dry-run"),
      "runs      4: 1 started, 3 new",
    );
    await carriedOut(folder, longer, [name]);
    await sweepHere(`${folder}/spec.json`, "--out", `${folder}/whole`, "--run", name, "--quiet");
    assertEquals(await resultsIn(`${folder}/out`), await resultsIn(`${folder}/whole`));
  });
});

Deno.test("a run that fails for good leaves the others alone; the sweep names it, its reason and its log, and ends as it did", async () => {
  await withFolder(async (folder) => {
    const spec = await specIn(folder, {
      base: { ...BASE, optimizer: "sgd" },
      list: [{ learningRate: 1e38 }, { learningRate: 0.1 }],
    });
    const out = `${folder}/out`, name = "learningRate=1e+38";
    const { code, err } = await ended(spawnSweep([spec, "--out", out, "--jobs", "1"]));
    assertEquals(code, 4, err);
    assertEquals(await finishedIn(out), ["learningRate=0.1"]);
    assertStringIncludes(err, `${name}  exit code 4: Cannot train `);
    assertStringIncludes(err, `all of it: ${out}/.sweep/${name}.log\n`);
    assertStringIncludes(err, `error: Cannot finish the sweep in '${out}' as 1 of 2 runs failed: mend what`);
    assertStringIncludes(await Deno.readTextFile(`${out}/.sweep/${name}.log`), "error: Cannot train ");
    await assertRejects(() => sweepHere(spec, "--out", out), RunsFailedError, "as 1 of 2 runs failed");
  });
});

Deno.test("the parts of a sweep give all runs, each once: by flags, and by the variables of an array of jobs", async () => {
  await withFolder(async (folder) => {
    const spec = await specIn(folder, SPEC), out = `${folder}/out`;
    const said = await sweepHere(spec, "--out", out, "--index", "1", "--of", "2");
    assertStringIncludes(said, "part      1 of 0 to 1\n");
    assertEquals(await finishedIn(out), ["beta=0.9,seed=1", "beta=0.9,seed=2"]);
    const { code, out: other, err } = await ended(
      spawnSweep([spec, "--out", out, "--of", "2"], { JOB_COMPLETION_INDEX: "0" }),
    );
    assertEquals(code, 0, err);
    assertStringIncludes(other, "part      0 of 0 to 1, as JOB_COMPLETION_INDEX says\n");
    assertEquals(await finishedIn(out), ALL);
    const none = await ended(
      spawnSweep([spec, "--out", out], { AWS_BATCH_JOB_ARRAY_INDEX: "7", AWS_BATCH_JOB_ARRAY_SIZE: "8" }),
    );
    assertEquals([none.code, none.err], [0, ""]);
    assertStringIncludes(none.out, "runs      0: none");
    const unknown = await ended(spawnSweep([spec, "--out", out], { JOB_COMPLETION_INDEX: "0" }));
    assertEquals(unknown.code, 2);
    assertStringIncludes(unknown.err, "and nothing says how many there are: give --of M");
  });
});

Deno.test("models that are counted are runs as well, without seeds", async () => {
  await withFolder(async (folder) => {
    const spec = { base: { data: DATA }, grid: { model: ["popularity", "item-knn"] }, seeds: 2 };
    await carriedOut(folder, spec, ["model=popularity", "model=item-knn"]);
    assertStringIncludes(
      await sweepHere(`${folder}/spec.json`, "--out", `${folder}/out`, "--dry-run"),
      "runs      2: 2 done",
    );
  });
});

const refused: readonly (readonly [string, unknown, readonly string[], string])[] = [
  [
    "a setting of another model",
    { base: { model: "mf-bpr" }, list: [{ maskRate: 0.2 }] },
    [],
    "train refuses the run 'maskRate=0.2': mf-bpr has no setting 'maskRate'",
  ],
  [
    "a preset that a model does not have",
    { base: { model: "popularity", preset: "beauty" } },
    [],
    "train refuses the run 'run': popularity has no presets",
  ],
  [
    "two datasets",
    { base: { data: DATA, dataset: "generated" } },
    [],
    "train refuses the run 'run': data and dataset name two datasets",
  ],
  ["cut-offs that are none", { base: { at: "0" } }, [], "train refuses the run 'run': --at must be integers"],
  [
    "a run that is not there",
    SPEC,
    ["--run", "beta=0.9,seed=3"],
    "the spec has no run 'beta=0.9,seed=3': did you mean",
  ],
  [
    "a text that is in no name",
    SPEC,
    ["--only", "gamma"],
    "no run has 'gamma' in its name: there are beta=0.5,seed=1;",
  ],
  ["--attached without a run", SPEC, ["--attached"], "--attached is for one run: give --run NAME"],
  [
    "halving by a metric that is none",
    { base: BASE, halve: { every: 1, keep: 0.5, metric: "ndgc@10" } },
    [],
    "halve.metric must be a metric such as ndcg@10: current value is 'ndgc@10', did you mean 'ndcg@10'?",
  ],
  [
    "halving by a metric that is not made",
    { base: BASE, halve: { every: 1, keep: 0.5, metric: "hr@7" } },
    [],
    "halve.metric 'hr@7' is not made in the run 'run', whose cut-offs are 1, 5, 10, 20, 50: add 7 to at, in base",
  ],
];
for (const [what, spec, args, expected] of refused) {
  Deno.test(`a sweep with ${what} is refused before anything runs`, async () => {
    await withFolder(async (folder) => {
      const path = await specIn(folder, spec);
      const error = await assertRejects(() => sweepHere(path, "--out", `${folder}/out`, ...args));
      assert(error instanceof UsageError || error instanceof RangeError, `${error}`);
      assertStringIncludes(error.message, `Cannot run sweep as ${expected}`);
      assertEquals(await finishedIn(`${folder}/out`), []);
    });
  });
}

Deno.test("a spec, a dataset or an output folder that is not what it should be is refused", async () => {
  await withFolder(async (folder) => {
    const spec = await specIn(folder, SPEC), out = `${folder}/out`;
    await assertRejects(() => sweepHere(`${folder}/none.json`, "--out", out), UsageError, "none.json' does not exist");
    const nowhere = await specIn(folder, { base: { data: `${folder}/nowhere` } });
    const { code, err } = await ended(spawnSweep([nowhere, "--out", out]));
    assertEquals(code, 3, err);
    await carriedOut(folder, SPEC, [ALL[0]!]);
    await assertRejects(
      () => sweepHere(spec, "--out", `${out}/${ALL[0]}`),
      UsageError,
      "is a run directory: name another --out, or the folder above it",
    );
    await Deno.writeTextFile(`${out}/${ALL[0]}/run.json`, JSON.stringify({ dataset: { name: "d", digest: "0" } }));
    await assertRejects(() => sweepHere(spec, "--out", out), RangeError, "as its dataset was d 0: current value is ");
  });
});

Deno.test("a program with models of its own starts itself for each run of a sweep", async () => {
  await withFolder(async (folder) => {
    const base = { data: DATA, model: "last-item", optimizer: "sevo-adamw", epochs: 1 };
    const spec = await specIn(folder, { base, seeds: 2 }), out = `${folder}/out`;
    const permissions = ["--allow-read", "--allow-write", "--allow-env", "--allow-run=deno"];
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", ...permissions, "examples/model_of_your_own.ts", "sweep", spec, "--out", out, "--device", "cpu"],
    }).output();
    assertEquals(code, 0, new TextDecoder().decode(stderr));
    assertEquals(await finishedIn(out), ["seed=1", "seed=2"]);
  });
});

Deno.test("--help shows a spec that can be run", async () => {
  const lines = (await sweepHere("--help")).split("\n"), first = lines.indexOf("A spec:") + 1;
  const spec = lines.slice(first, lines.indexOf("", first)).join("\n");
  const { readSpec } = await import("../../src/experiments/spec.ts");
  const { planOf } = await import("../../src/experiments/plan.ts");
  const { specOptions } = await import("../../tasks/sweep/flags.ts");
  const { MODELS } = await import("../../src/models/models.ts");
  assertEquals(planOf(readSpec(spec, specOptions(MODELS))).length, 2 * 4 * 10 * 3);
});
