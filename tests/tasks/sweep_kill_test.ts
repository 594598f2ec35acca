/**
 * Sweeps that are killed, asked to end, or started twice have each result once, and the same as if nothing had happened.
 *
 * @module
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { withFolder } from "../files/_folder.ts";
import { ended, finishedIn, resultsIn, spawnSweep, specIn, sweepHere, until } from "./_sweep.ts";
import { DATA } from "./_tiny.ts";

const SIXTY = {
  base: { model: "mf-bpr", epochs: 2, dimension: 4, batch: 1024, evalEvery: 2 },
  grid: { beta: [0.5, 0.7, 0.9, 0.95, 0.99], layers: [0, 1, 2, 3] },
  seeds: 3,
};

Deno.test("a sweep of 60 runs that is killed twice ends with 60 results, none twice, and the same bits as without", async () => {
  await withFolder(async (folder) => {
    const spec = await specIn(folder, SIXTY), out = `${folder}/out`, whole = `${folder}/whole`;
    const written = new Map<string, string>();
    for (const enough of [15, 35]) {
      const child = spawnSweep([spec, "--out", out, "--jobs", "3"]);
      await until(async () => (await finishedIn(out)).length >= enough);
      child.kill("SIGKILL");
      assertEquals((await ended(child)).code, 137);
      const finished = await finishedIn(out);
      assert(finished.length < 60, "it was too fast to be killed");
      for (const name of finished) written.set(name, await Deno.readTextFile(`${out}/${name}/metrics.json`));
    }
    const { code, err } = await ended(spawnSweep([spec, "--out", out, "--jobs", "3"]));
    assertEquals(code, 0, err);
    const results = await resultsIn(out);
    assertEquals(Object.keys(results).length, 60);
    for (const { epochs } of Object.values(results)) assertEquals(epochs, [1, 2]);
    for (const [name, text] of written) {
      assertEquals(await Deno.readTextFile(`${out}/${name}/metrics.json`), text, `${name} was made twice`);
    }
    for (const name of Object.keys(results)) {
      await sweepHere(spec, "--out", whole, "--run", name, "--threads", "1", "--quiet");
    }
    assertEquals(await resultsIn(whole), results);
    const left: string[] = [];
    for await (const { name } of Deno.readDir(out)) if (!(name in results)) left.push(name);
    assertEquals(left.sort(), [".sweep", "sweep.json"]);
    for (const name of Object.keys(results)) {
      const files = await Array.fromAsync(Deno.readDir(`${out}/${name}`), ({ name }) => name);
      assert(!files.some((file) => file.includes("checkpoint") || file.endsWith(".part")), `${files}`);
    }
  });
});

/** Runs that take some seconds. */
const LONG = {
  base: { model: "mf-bpr", epochs: 8, dimension: 8, batch: 128, evalEvery: 2 },
  seeds: 2,
};

Deno.test("a sweep that gets SIGTERM asks its runs for a checkpoint, ends with 75, and goes on to the same bits", async () => {
  await withFolder(async (folder) => {
    const spec = await specIn(folder, LONG), out = `${folder}/out`, args = [spec, "--out", out, "--jobs", "2"];
    const child = spawnSweep([...args, "--grace", "0"]);
    const logs = ["seed=1", "seed=2"].map((name) => `${out}/${name}/events.jsonl`);
    const hasEpoch = (path: string) =>
      Deno.readTextFile(path).then((text) => text.includes('"epoch","epoch":1'), () => false);
    await until(async () => (await Promise.all(logs.map(hasEpoch))).every(Boolean));
    child.kill("SIGTERM");
    const { code, err } = await ended(child);
    assertEquals(code, 75, err);
    assertStringIncludes(
      err,
      `error: Cannot go on with the sweep in '${out}' as the task was interrupted: run it again`,
    );
    assertEquals(await finishedIn(out), []);
    for (const name of ["seed=1", "seed=2"]) {
      const files = await Array.fromAsync(Deno.readDir(`${out}/${name}`), ({ name }) => name);
      assert(files.includes("checkpoint.safetensors") && !files.includes(".lock"), `${files}: the run is still there`);
    }
    const plan = await sweepHere(...args, "--dry-run");
    assertStringIncludes(plan, `runs      2: 2 started, in ${out}`);
    const again = await ended(spawnSweep(args));
    assertEquals(again.code, 0, again.err);
    for (const name of ["seed=1", "seed=2"]) {
      await sweepHere(spec, "--out", `${folder}/whole`, "--run", name, "--quiet");
    }
    assertEquals(await resultsIn(out), await resultsIn(`${folder}/whole`));
  });
});

Deno.test("a sweep that halves and is killed has of each run what a run of so many epochs gives, and each epoch once", async () => {
  await withFolder(async (folder) => {
    const learningRate = [0.03, 1e-6, 0.01, 2e-6, 0.1, 3e-6, 0.003, 4e-6, 0.05, 5e-6];
    const base = { data: DATA, model: "mf-bpr", epochs: 24, dimension: 8, batch: 8, evalEvery: 2, patience: 0 };
    const spec = await specIn(folder, { base, grid: { learningRate }, halve: { every: 2, keep: 0.5 } });
    const out = `${folder}/out`, args = [spec, "--out", out, "--jobs", "3"];
    const isRun = (name: string) => Deno.stat(`${out}/${name}/rungs.json`).then(() => true, () => false);
    const names = learningRate.map((rate) => `learningRate=${rate}`);
    for (const enough of [2, 6]) {
      const child = spawnSweep(args);
      await until(async () => (await Promise.all(names.map(isRun))).filter(Boolean).length >= enough);
      child.kill("SIGKILL");
      await ended(child);
    }
    const { code, err } = await ended(spawnSweep(args));
    assertEquals(code, 0, err);
    const results = await resultsIn(out), counts = new Set<number>();
    assertEquals(Object.keys(results), [...names].sort());
    for (const [at, name] of names.entries()) {
      const { epochs } = JSON.parse(await Deno.readTextFile(`${out}/${name}/config.json`));
      counts.add(epochs);
      assert([2, 4, 8, 16, 24].includes(epochs), `${epochs}`);
      const alone = await specIn(`${folder}`, {
        base: { ...base, epochs },
        list: [{ learningRate: learningRate[at] }],
      });
      await sweepHere(alone, "--out", `${folder}/whole`, "--run", name, "--quiet");
      assertEquals(results[name], (await resultsIn(`${folder}/whole`))[name], name);
    }
    assert(counts.has(24) && counts.has(2), `${[...counts]}`);
  });
});

Deno.test("two sweeps that are started at one folder give no result twice, and the runs of a dead one end", async () => {
  await withFolder(async (folder) => {
    const spec = await specIn(folder, {
      base: { data: DATA, model: "mf-bpr", epochs: 4, dimension: 8, batch: 8, evalEvery: 1 },
      grid: { beta: [0.5, 0.9] },
      seeds: 3,
    });
    const out = `${folder}/out`, args = [spec, "--out", out, "--jobs", "2", "--log", "json"];
    const both = await Promise.all([0, 1].map(() => ended(spawnSweep(args))));
    for (const { code, err } of both) {
      assert(code === 0 || code === 75, err);
      if (code === 75) assertStringIncludes(err, "another process is at");
    }
    const results = await resultsIn(out);
    assertEquals(Object.keys(results).length, 6);
    for (const { epochs } of Object.values(results)) assertEquals(epochs, [1, 2, 3, 4]);
    // Each result was made by one process of one of the two: the others found it there, or found the run held
    const made = both.flatMap(({ out }) => out.trimEnd().split("\n").map((line) => JSON.parse(line)))
      .filter(({ type, epoch }) => type === "epoch" && epoch === 4).map(({ run }) => run);
    assertEquals(made.sort(), Object.keys(results));
  });
});

Deno.test("a run that another process holds is left to it, and the sweep says so", async () => {
  await withFolder(async (folder) => {
    const spec = await specIn(folder, { ...LONG, base: { ...LONG.base, epochs: 400 }, seeds: 1 }),
      out = `${folder}/out`;
    const holder = spawnSweep([spec, "--out", out, "--run", "seed=1"]);
    await until(() => Deno.stat(`${out}/seed=1/config.json`).then(() => true, () => false));
    const { code, err } = await ended(spawnSweep([spec, "--out", out]));
    holder.kill("SIGKILL");
    await ended(holder);
    assertEquals(code, 75, err);
    assertStringIncludes(err, `seed=1  exit code 75: Cannot write to '${out}/seed=1' as process ${holder.pid}`);
    assertStringIncludes(
      err,
      `error: Cannot finish the sweep in '${out}' as another process is at 1 of 1 runs, whose results will be in this ` +
        "folder too: run it again to go on",
    );
  });
});
