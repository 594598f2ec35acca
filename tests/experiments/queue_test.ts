/**
 * Sweeps over a real queue: Debian's redis-server, workers as processes, and all that can be killed.
 *
 * @module
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { withFolder } from "../files/_folder.ts";
import { redisAvailable, TestRedis } from "./_redis.ts";
import {
  after,
  assertMatch,
  assertNoneTwice,
  digestsOf,
  isThere,
  processAt,
  runToEnd,
  TaskProcess,
  until,
  writeSpec,
} from "./_sweeps.ts";

function test(name: string, body: (folder: string) => Promise<void>): void {
  const ignore = !redisAvailable;
  Deno.test(`${name}${ignore ? " [ignored: no redis-server]" : ""}`, { ignore }, () => withFolder(body));
}

/** A worker that takes one run at a time, and is soon missed. */
function worker(url: string, ...flags: readonly string[]): TaskProcess {
  const own = ["--jobs", "1", "--threads", "1", "--device", "cpu", "--lost-after", "2"];
  return new TaskProcess(["worker", "--queue", url, ...own, ...flags]);
}

function sweep(spec: string, out: string, url: string, ...flags: readonly string[]): TaskProcess {
  return new TaskProcess(["sweep", spec, "--out", out, "--on", "queue", "--queue", url, ...flags]);
}

async function endAll(...workers: readonly TaskProcess[]): Promise<void> {
  for (const worker of workers) worker.kill("SIGTERM");
  for (const worker of workers) assertEquals(await worker.ended(), 75, worker.said);
}

/** Runs of the large sweep: few in every test, 60 and more in a soak. */
const RUNS = Number(Deno.env.get("SEVO_SWEEP_RUNS") ?? 8);

/** Milliseconds between two workers that are killed. */
const KILL_EVERY = RUNS > 8 ? 10_000 : 2000;

/** Long enough to be in the middle of it. */
const LONG = { epochs: 60 };

test("of three workers one is killed again and again: every run has its result once, with the bits of this machine", async (folder) => {
  const spec = await writeSpec(folder, { grid: { learningRate: [0.01, 0.02] }, seeds: RUNS / 2 }),
    out = `${folder}/out`;
  await using redis = await TestRedis.start(folder);
  await runToEnd(["sweep", spec, "--out", `${folder}/local`]);
  const begun = performance.now(), task = sweep(spec, out, redis.url);
  const workers = [worker(redis.url), worker(redis.url), worker(redis.url)], all = [...workers];
  let isOver = false, killed = 0;
  const ending = task.ended().finally(() => isOver = true);
  await task.hasSaid(/is done/);
  for (; !isOver; killed++) {
    const at = killed % workers.length;
    workers[at]!.kill("SIGKILL");
    await workers[at]!.ended();
    all.push(workers[at] = worker(redis.url));
    for (let waited = 0; waited < KILL_EVERY && !isOver; waited += 100) await after(100);
  }
  assertEquals(await ending, 0, task.said);
  const seconds = (performance.now() - begun) / 1000;
  // The last that was started may not listen to signals yet
  for (const worker of workers) await worker.hasSaid(/at once/);
  await endAll(...workers);
  assertStringIncludes(task.said, `${RUNS} runs are done`);
  const digests = await digestsOf(out);
  assertEquals(Object.keys(digests).length, RUNS);
  assertEquals(digests, await digestsOf(`${folder}/local`));
  await assertNoneTwice(out, 3);
  const results = all.flatMap(({ said }) => [...said.matchAll(/^(\S+) {2}is done$/gm)].map(([, name]) => name));
  console.log(
    `${RUNS} runs in ${seconds.toFixed()} s, ${killed} workers killed, ${results.length} told as done by workers`,
  );
});

test("a worker that is killed in mid-run is missed, and another goes on from the checkpoint", async (folder) => {
  const spec = await writeSpec(folder, { base: LONG });
  await using redis = await TestRedis.start(folder);
  await runToEnd(["sweep", spec, "--out", `${folder}/local`]);
  const out = `${folder}/out`, task = sweep(spec, out, redis.url), doomed = worker(redis.url);
  await until(() => isThere(`${out}/run/checkpoint.safetensors`));
  const before = await processAt(`${out}/run`);
  doomed.kill("SIGKILL");
  await doomed.ended();
  const rescuer = worker(redis.url, "--log", "json");
  assertEquals(await task.ended(), 0, task.said);
  await endAll(rescuer);
  // Not from the first epoch on
  const first = rescuer.said.split("\n").filter((line) => line.startsWith("{")).map((line) => JSON.parse(line))
    .find(({ type }) => type === "epoch");
  assert(before !== null && first.epoch > 1, rescuer.said);
  assertEquals(await digestsOf(out), await digestsOf(`${folder}/local`));
  await assertNoneTwice(out, LONG.epochs);
});

test("a worker that gets SIGTERM has its run make a checkpoint, puts it back and ends with 75", async (folder) => {
  const spec = await writeSpec(folder, { base: { ...LONG, evalEvery: 60 } });
  await using redis = await TestRedis.start(folder);
  await runToEnd(["sweep", spec, "--out", `${folder}/local`]);
  const out = `${folder}/out`, task = sweep(spec, out, redis.url), first = worker(redis.url);
  await until(() => isThere(`${out}/run/events.jsonl`));
  assert(!await isThere(`${out}/run/checkpoint.safetensors`), "a checkpoint before it was asked for");
  await endAll(first);
  assertMatch(first.said, /run {2}goes back to the queue: Cannot go on with '.*\/run' as the task was interrupted/);
  assert(await isThere(`${out}/run/checkpoint.safetensors`), first.said);
  assert(!await isThere(`${out}/run/metrics.json`), "it was finished before it was interrupted");
  // At once, and not when it is missed
  const second = worker(redis.url, "--lost-after", "600");
  assertEquals(await task.ended(), 0, task.said);
  await endAll(second);
  assertEquals(await digestsOf(out), await digestsOf(`${folder}/local`));
});

test("a run that another process is at is waited for, and that is no failure", async (folder) => {
  const spec = await writeSpec(folder, { base: { epochs: 200 } }), out = `${folder}/out`;
  await using redis = await TestRedis.start(folder);
  const other = new TaskProcess(["sweep", spec, "--out", out, "--run", "run", "--threads", "1", "--quiet"]);
  await until(() => isThere(`${out}/run/events.jsonl`));
  const task = sweep(spec, out, redis.url), workers = [worker(redis.url), worker(redis.url)];
  await Promise.race(workers.map((worker) => worker.hasSaid(/goes back to the queue: Cannot write to .* holds it/)));
  assertEquals(await other.ended(), 0, other.said);
  assertEquals(await task.ended(), 0, task.said);
  await endAll(...workers);
  assertStringIncludes(task.said, "1 runs are done");
  await assertNoneTwice(out, 200);
});

test("a run that is killed three times is parked with its log, and the others go on", async (folder) => {
  const spec = await writeSpec(folder, { grid: { epochs: [3, 2000] }, seeds: 1 }), out = `${folder}/out`;
  const name = "epochs=2000,seed=1";
  await using redis = await TestRedis.start(folder);
  const task = sweep(spec, out, redis.url), taker = worker(redis.url, "--jobs", "2"), killed = new Set<number>();
  while (killed.size < 3) {
    const process = await processAt(`${out}/${name}`);
    if (process !== null && !killed.has(process)) {
      Deno.kill(process, "SIGKILL");
      killed.add(process);
    }
    await after(50);
  }
  assertEquals(await task.ended(), 1, task.said);
  assertMatch(task.said, /epochs=3,seed=1 {2}is done/);
  assertMatch(
    task.said,
    /epochs=2000,seed=1 {2}exit code 1: it was ended by SIGKILL\n {4}all of it: .*epochs=2000,seed=1.log/,
  );
  assertEquals(
    [...taker.said.matchAll(/epochs=2000,seed=1 {2}goes back to the queue: it was ended by SIGKILL/g)].length,
    2,
  );
  assertMatch(taker.said, /epochs=2000,seed=1 {2}has failed: it was ended by SIGKILL/);
  await endAll(taker);
});

test("a run that cannot succeed is parked at once, its log says why, and running it again tries it again", async (folder) => {
  // Training diverges
  const spec = await writeSpec(folder, { grid: { learningRate: [0.01, 1e30] } }), out = `${folder}/out`;
  await using redis = await TestRedis.start(folder);
  const taker = worker(redis.url), first = sweep(spec, out, redis.url);
  assertEquals(await first.ended(), 4, first.said);
  assertMatch(first.said, /learningRate=0.01 {2}is done/);
  assertMatch(first.said, /learningRate=1e\+30 {2}exit code 4: Cannot /);
  assertStringIncludes(await Deno.readTextFile(`${out}/.sweep/learningRate=1e+30.log`), "error: Cannot ");
  const second = sweep(spec, out, redis.url);
  assertEquals(await second.ended(), 4, second.said);
  assertStringIncludes(second.said, "1 runs put on the queue");
  await endAll(taker);
  assertEquals([...taker.said.matchAll(/learningRate=1e\+30 {2}begins/g)].length, 2);
});

for (const persistent of [true, false]) {
  const kind = persistent ? "that keeps its runs" : "that forgets its runs";
  test(`a Redis ${kind} is killed in the middle and started again: workers and sweep go on`, async (folder) => {
    const spec = await writeSpec(folder, { grid: { learningRate: [0.01, 0.02] }, seeds: 3 }), out = `${folder}/out`;
    await using redis = await TestRedis.start(folder, { persistent });
    await runToEnd(["sweep", spec, "--out", `${folder}/local`]);
    const workers = [worker(redis.url), worker(redis.url)], task = sweep(spec, out, redis.url);
    await task.hasSaid(/is done/);
    await redis.kill();
    // Longer than a worker may be missed, and than the sweep waits in silence
    await task.hasSaid(/the queue at redis:\/\/127.0.0.1:\d+ does not answer: waiting for it/);
    await Promise.all(workers.map((worker) => worker.hasSaid(/does not answer: .*ECONNREFUSED/)));
    await redis.again();
    assertEquals(await task.ended(), 0, task.said);
    await endAll(...workers);
    assertStringIncludes(task.said, "6 runs are done");
    assertEquals(/has forgotten \d runs/.test(task.said), !persistent, task.said);
    assertEquals(await digestsOf(out), await digestsOf(`${folder}/local`));
    await assertNoneTwice(out, 3);
  });
}

test("a worker whose Redis is gone for good ends with 75 when it is asked to", async (folder) => {
  const spec = await writeSpec(folder, { base: { epochs: 2000 } });
  const redis = await TestRedis.start(folder);
  const task = sweep(spec, `${folder}/out`, redis.url), taker = worker(redis.url);
  await until(() => isThere(`${folder}/out/run/events.jsonl`));
  await redis.kill();
  await endAll(taker);
  assert(await isThere(`${folder}/out/run/checkpoint.safetensors`));
  task.kill("SIGTERM");
  assertEquals(await task.ended(), 75, task.said);
});

test("--detach ends at once, the same again follows, SIGTERM leaves the runs, --withdraw takes them back", async (folder) => {
  const spec = await writeSpec(folder, { seeds: 2 }), out = `${folder}/out`;
  await using redis = await TestRedis.start(folder);
  const flags = ["sweep", spec, "--out", out, "--on", "queue", "--queue", redis.url];
  const first = await runToEnd([...flags, "--detach"]);
  assertStringIncludes(first, "2 runs put on the queue");
  assertStringIncludes(first, `no worker is there yet: deno task worker --queue ${redis.url} starts one`);
  const second = new TaskProcess(flags);
  await second.hasSaid(/2 runs are on the queue already/);
  second.kill("SIGTERM");
  assertEquals(await second.ended(), 75, second.said);
  assertStringIncludes(second.said, "the runs stay on the queue: --withdraw takes them off");
  assertStringIncludes(await runToEnd([...flags, "--withdraw"]), "2 runs taken off the queue");
  // A sweep that is killed leaves no process behind, and no run
  const third = new TaskProcess([...flags, "--log", "json"]);
  await third.hasSaid(/no worker/);
  third.kill("SIGKILL");
  await third.ended();
  assertStringIncludes(await runToEnd([...flags, "--withdraw"]), "2 runs taken off the queue");
  const taker = worker(redis.url, "--idle", "0.02");
  assertEquals(await taker.ended(), 0, taker.said);
  assert(!taker.said.includes("begins"), taker.said);
});

test("a password lets in, and is in no file, no output and no argument", async (folder) => {
  const spec = await writeSpec(folder), out = `${folder}/out`, password = "geh/eim %";
  await using redis = await TestRedis.start(folder, { password });
  const env = { SEVO_QUEUE: redis.url }, wrong = redis.url.replace("geh", "gez");
  const taker = new TaskProcess(["worker", "--jobs", "1"], env);
  const said = await runToEnd(["sweep", spec, "--out", out, "--on", "queue"], 0, env);
  await endAll(taker);
  for (const [url, why] of [[wrong, "WRONGPASS"], [redis.url.replace(/:[^:]*@/, ""), "asks for a password"]]) {
    for (const debug of ["0", "1"]) {
      const refused = await runToEnd(["worker"], 2, { SEVO_QUEUE: url!, SEVO_DEBUG: debug });
      assertStringIncludes(refused, why!);
      assert(!/gez|geh/.test(refused), refused);
    }
  }
  assert(!/geh/.test(said + taker.said), said + taker.said);
  for await (const path of filesUnder(out)) {
    assert(!new TextDecoder("latin1").decode(await Deno.readFile(path)).includes("eim"), path);
  }
});

Deno.test("a queue that is not there, or none, is said in one line", async () => {
  await withFolder(async (folder) => {
    const spec = await writeSpec(folder), nowhere = "redis://127.0.0.1:1";
    const flags = ["sweep", spec, "--out", `${folder}/out`, "--on", "queue"];
    for (const args of [["worker", "--queue", nowhere], [...flags, "--queue", nowhere]]) {
      assertMatch(
        await runToEnd(args, 75),
        /error: Cannot use the queue at redis:\/\/127.0.0.1:1 as it does not answer: connect ECONNREFUSED/,
      );
    }
    assertMatch(await runToEnd([...flags, "--queue", "http://x"], 2), /error: .* begins with http:/);
    assertMatch(await runToEnd(flags, 2), /error: Cannot run sweep as --queue is missing/);
    assertMatch(await runToEnd(["worker"], 2), /error: Cannot run worker as --queue is missing/);
    assertMatch(
      await runToEnd([...flags, "--queue", nowhere, "--jobs", "2"], 2),
      /up to the workers: give --jobs to them/,
    );
    for (const flag of ["--detach", "--withdraw", "--slurm=--mem=1G"]) {
      assertMatch(await runToEnd([...flags.slice(0, 4), flag], 2), /error: Cannot run sweep as --\w+ needs --on /);
    }
  });
});

async function* filesUnder(folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) yield* filesUnder(`${folder}/${name}`);
    else yield `${folder}/${name}`;
  }
}
