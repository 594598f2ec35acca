/**
 * Sweeps over a real Slurm of one node: Debian's slurm-wlm and munge.
 *
 * @module
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { SweepEvent, SweepHost } from "../../src/experiments/executor.ts";
import { sbatchOptions, SlurmError, SlurmExecutor } from "../../src/experiments/slurm.ts";
import { withFolder } from "../files/_folder.ts";
import { slurmAvailable, TestSlurm } from "./_slurm.ts";
import {
  assertMatch,
  assertNoneTwice,
  digestsOf,
  isThere,
  runToEnd,
  TaskProcess,
  until,
  writeSpec,
} from "./_sweeps.ts";

function test(name: string, body: (slurm: TestSlurm, folder: string) => Promise<void>): void {
  const ignore = !slurmAvailable;
  Deno.test(`${name}${ignore ? " [ignored: no Slurm]" : ""}`, { ignore }, () =>
    withFolder(async (folder) => {
      await using slurm = await TestSlurm.start(`${folder}/slurm`);
      await body(slurm, folder);
    }));
}

/** Runs of the large sweep: few in every test, 60 and more in a soak. */
const RUNS = Number(Deno.env.get("SEVO_SWEEP_RUNS") ?? 6);

/** States of the jobs that are there. */
async function states(slurm: TestSlurm): Promise<string[]> {
  return (await slurm.call("squeue", "--noheader", "--array", "--format=%T")).split("\n").filter(Boolean);
}

test(
  "runs of a job array have the bits of runs on this machine, and leave nothing of Slurm behind",
  async (slurm, folder) => {
    const spec = await writeSpec(folder, { grid: { learningRate: [0.01, 0.02] }, seeds: RUNS / 2 });
    const out = `${folder}/out`;
    await runToEnd(["sweep", spec, "--out", `${folder}/local`]);
    const begun = performance.now();
    const said = await runToEnd(["sweep", spec, "--out", out, "--on", "slurm"], 0, slurm.env);
    console.log(`${RUNS} runs in ${((performance.now() - begun) / 1000).toFixed()} s`);
    assertMatch(said, /\d+ runs submitted to Slurm as job \d+\n/);
    assertStringIncludes(said, `${RUNS} runs are done`);
    const digests = await digestsOf(out);
    assertEquals(Object.keys(digests).length, RUNS);
    assertEquals(digests, await digestsOf(`${folder}/local`));
    await assertNoneTwice(out, 3);
    assertEquals(await Array.fromAsync(Deno.readDir(`${out}/.sweep/slurm`)), []);
    assertStringIncludes(await runToEnd(["sweep", spec, "--out", out, "--on", "slurm"], 0, slurm.env), `${RUNS} done`);
  },
);

for (
  const [name, act] of [
    // As --signal=B:TERM does
    ["is asked to end before its time is over", ["scancel", "--batch", "--signal=TERM"]],
    ["Slurm takes from its node", ["scontrol", "requeue"]],
  ] as const
) {
  test(`a job that ${name} makes a checkpoint, and goes on when it is started again`, async (slurm, folder) => {
    const spec = await writeSpec(folder, { base: { epochs: 60, evalEvery: 60 } }), out = `${folder}/out`;
    await runToEnd(["sweep", spec, "--out", `${folder}/local`]);
    const task = new TaskProcess(["sweep", spec, "--out", out, "--on", "slurm", "--slurm", "--time=10"], slurm.env);
    await until(() => isThere(`${out}/run/events.jsonl`));
    const [, job] = /as job (\d+)/.exec(task.said)!;
    assertMatch(await slurm.call("scontrol", "show", "job", job!), /Requeue=1/);
    const [program, ...args] = act;
    await slurm.call(program, ...args, `${job}_0`);
    await until(() => isThere(`${out}/run/checkpoint.safetensors`));
    await until(async () => (await states(slurm)).includes("PENDING"));
    assert(!await isThere(`${out}/run/metrics.json`), "it was finished before it was asked to end");
    assertEquals(await task.ended(), 0, task.said);
    assertEquals(await digestsOf(out), await digestsOf(`${folder}/local`));
    await assertNoneTwice(out, 60);
  });
}

test("a run that fails has its log, and the others go on", async (slurm, folder) => {
  // Training diverges
  const spec = await writeSpec(folder, { grid: { learningRate: [1e30, 0.01] } }), out = `${folder}/out`;
  const said = await runToEnd(["sweep", spec, "--out", out, "--on", "slurm", "--jobs", "1"], 4, slurm.env);
  assertMatch(said, /learningRate=0.01 {2}is done/);
  assertMatch(
    said,
    /learningRate=1e\+30 {2}exit code 4: Cannot .*\n {4}all of it: .*\/\.sweep\/learningRate=1e\+30\.log/,
  );
  assertStringIncludes(await Deno.readTextFile(`${out}/.sweep/learningRate=1e+30.log`), "error: Cannot ");
});

test(
  "which run a task is was fixed when it was submitted; the same again submits only what is new",
  async (slurm, folder) => {
    const out = `${folder}/out`, later = ["--on", "slurm", "--slurm", "--hold", "--detach"];
    const spec = await writeSpec(folder, { grid: { learningRate: [0.02, 0.03] } });
    assertMatch(
      await runToEnd(["sweep", spec, "--out", out, ...later], 0, slurm.env),
      /2 runs submitted .* as job \d+\n/,
    );
    await writeSpec(folder, { grid: { learningRate: [0.01, 0.03, 0.02] } });
    const said = await runToEnd(["sweep", spec, "--out", out, ...later], 0, slurm.env);
    assertStringIncludes(said, "2 runs are in Slurm already");
    assertMatch(said, /1 runs submitted to Slurm as job \d+\n/);
    assertEquals(await states(slurm), ["PENDING", "PENDING", "PENDING"]);
    const task = new TaskProcess(["sweep", spec, "--out", out, "--on", "slurm"], slurm.env);
    await task.hasSaid(/3 runs are in Slurm already/);
    for (const job of new Set((await slurm.call("squeue", "--noheader", "--format=%F")).trim().split(/\s+/))) {
      await slurm.call("scontrol", "release", job);
    }
    assertEquals(await task.ended(), 0, task.said);
    await runToEnd(["sweep", spec, "--out", `${folder}/local`]);
    assertEquals(await digestsOf(out), await digestsOf(`${folder}/local`));
  },
);

test("SIGTERM leaves the jobs to Slurm, and --withdraw ends them", async (slurm, folder) => {
  const spec = await writeSpec(folder, { base: { epochs: 5000 }, seeds: 3 }), out = `${folder}/out`;
  const flags = ["sweep", spec, "--out", out, "--on", "slurm", "--jobs", "1"];
  const task = new TaskProcess(flags, slurm.env);
  await until(() => isThere(`${out}/seed=1/events.jsonl`));
  task.kill("SIGTERM");
  assertEquals(await task.ended(), 75, task.said);
  assertStringIncludes(task.said, "the jobs go on in Slurm: --withdraw ends them");
  assertEquals((await states(slurm)).sort(), ["PENDING", "PENDING", "RUNNING"]);
  assertStringIncludes(await runToEnd([...flags, "--withdraw"], 0, slurm.env), "3 runs taken back from Slurm");
  await until(async () => (await states(slurm)).length === 0);
});

test("a job that Slurm ends is told of, and counts as not done", async (slurm, folder) => {
  const spec = await writeSpec(folder, { base: { epochs: 5000 } }), out = `${folder}/out`, events: SweepEvent[] = [];
  await Deno.mkdir(out);
  const args = () => [spec, "--out", out, "--run", "run"];
  const host: SweepHost = {
    out,
    signal: new AbortController().signal,
    args,
    command: () => [Deno.execPath(), "run", "--allow-all", "tasks/sweep.ts", ...args()],
    report: (event) => events.push(event),
  };
  Deno.env.set("SLURM_CONF", slurm.env["SLURM_CONF"]!);
  try {
    const ending = new SlurmExecutor({ options: [], limit: null, detach: false, ask: 200 })
      .run([{ name: "run", settings: {} }], host);
    await until(() => isThere(`${out}/run/events.jsonl`));
    const note = events.find((event) => event.type === "note")!;
    await slurm.call("scancel", /as job (\d+)/.exec(note.text)![1]!);
    const [outcome] = await ending;
    assertEquals([outcome!.status, outcome!.code], ["again", 75]);
    assertMatch(outcome!.reason!, /CANCELLED/);
    assertEquals(new Set(events.map(({ type }) => type)), new Set(["note", "start", "progress", "end"]));
  } finally {
    Deno.env.delete("SLURM_CONF");
  }
});

test("what sbatch says is said in one line", async (slurm, folder) => {
  const spec = await writeSpec(folder), out = `${folder}/out`;
  const said = await runToEnd(
    ["sweep", spec, "--out", out, "--on", "slurm", "--slurm", "--partition=gpu"],
    2,
    slurm.env,
  );
  assertMatch(said, /error: Cannot submit the sweep to Slurm as sbatch says: invalid partition specified: gpu/);
  assertEquals(await Array.fromAsync(Deno.readDir(`${out}/.sweep/slurm`)), []);
});

Deno.test("without Slurm a sweep says that there is none", async () => {
  await withFolder(async (folder) => {
    const spec = await writeSpec(folder);
    const said = await runToEnd(["sweep", spec, "--out", `${folder}/out`, "--on", "slurm"], 2, { PATH: folder });
    assertMatch(
      said,
      /error: Cannot use Slurm as there is no \w+ on this machine: run the sweep where jobs are submitted/,
    );
  });
});

Deno.test("sbatchOptions() takes a text apart as a shell does, and refuses what a sweep gives itself", () => {
  for (
    const [text, options] of [
      ["", []],
      ["--partition=gpu  --time=2:00:00", ["--partition=gpu", "--time=2:00:00"]],
      [`-p gpu --comment="a 'sweep'" --qos='x y'`, ["-p", "gpu", "--comment=a 'sweep'", "--qos=x y"]],
      ["--dependency=afterok:3 -n1", ["--dependency=afterok:3", "-n1"]],
    ] as const
  ) assertEquals(sbatchOptions(text), [...options]);
  for (
    const text of ["--array=3", "-a 0-3", "-o file", "--output=x", "--wrap=true", "-W", "gpu", `--comment="a`, "'"]
  ) {
    let error;
    try {
      sbatchOptions(text);
    } catch (thrown) {
      error = thrown;
    }
    assert(error instanceof SlurmError, text);
    assertMatch(error.message, /^Cannot submit the sweep to Slurm as /);
  }
});
