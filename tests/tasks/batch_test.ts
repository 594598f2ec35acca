/**
 * The contract of a batch job: exit codes, signals, one process to a folder, what is finished stays.
 *
 * @module
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { withFolder } from "../files/_folder.ts";

const TRAIN = [
  "--device",
  "cpu",
  "--threads",
  "1",
  "--model",
  "mf-bpr",
  "--optimizer",
  "sevo-adamw",
  "--batch",
  "64",
  "--eval-every",
  "2",
];

function spawn(args: readonly string[]): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "tasks/train.ts", ...TRAIN, ...args],
    env: { NO_COLOR: "1" },
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

async function ended(child: Deno.ChildProcess): Promise<{ code: number; out: string; err: string }> {
  const { code, stdout, stderr } = await child.output();
  return { code, out: new TextDecoder().decode(stdout), err: new TextDecoder().decode(stderr) };
}

const metricsOf = async (run: string) => JSON.parse(await Deno.readTextFile(`${run}/metrics.json`));

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!await condition()) await new Promise((resolve) => setTimeout(resolve, 20));
}

const exists = (path: string) => Deno.stat(path).then(() => true, () => false);

for (const [grace, where] of [["0", "in epoch"], ["60", "after epoch"]] as const) {
  Deno.test(`a run that gets SIGTERM with ${grace} s of grace ends with 75, and goes on ${where} to the same bits`, async () => {
    await withFolder(async (folder) => {
      const whole = await ended(spawn(["--epochs", "6", "--out", `${folder}/whole`]));
      assertEquals(whole.code, 0, whole.err);
      const run = `${folder}/run`, flags = ["--epochs", "6", "--out", run, "--grace", grace];
      const child = spawn(flags);
      await until(() => exists(`${run}/events.jsonl`));
      await new Promise((resolve) => setTimeout(resolve, 300));
      child.kill("SIGTERM");
      const stopped = await ended(child);
      assertEquals(stopped.code, 75, stopped.err);
      assertStringIncludes(stopped.err, `as the task was interrupted: add --out ${run} --resume to go on`);
      const again = await ended(spawn([...flags, "--resume"]));
      assertEquals(again.code, 0, again.err);
      assertStringIncludes(again.out, `goes on ${where}`);
      const [a, b] = [await metricsOf(`${folder}/whole`), await metricsOf(run)];
      assertEquals([b.digest, b.test], [a.digest, a.test]);
      const lossesOf = async (path: string) =>
        (await Deno.readTextFile(`${path}/events.jsonl`)).trimEnd().split("\n")
          .map((line) => JSON.parse(line)).filter(({ type }) => type === "epoch").map((
            { epoch, loss },
          ) => [epoch, loss]);
      assertEquals(await lossesOf(run), await lossesOf(`${folder}/whole`));
    });
  });
}

Deno.test("a run whose folder is removed ends with 75 in one line, and starts anew where it is run again", async () => {
  await withFolder(async (folder) => {
    const run = `${folder}/run`, child = spawn(["--epochs", "200", "--out", run]);
    await until(() => exists(`${run}/checkpoint.safetensors`));
    await Deno.rename(run, `${folder}/elsewhere`);
    const { code, err } = await ended(child);
    assertEquals([code, err.trimEnd().split("\n").at(-1)], [
      75,
      `error: Cannot write to '${run}' as it was removed or replaced meanwhile: run it again to start anew`,
    ]);
    assert(!await exists(run));
    const again = await ended(spawn(["--epochs", "1", "--out", run, "--resume"]));
    assertEquals(again.code, 0, again.err);
  });
});

Deno.test("of eight jobs that start at one folder, one runs and the others end with 75", async () => {
  await withFolder(async (folder) => {
    const run = `${folder}/run`;
    const jobs = await Promise.all(
      Array.from({ length: 8 }, () => ended(spawn(["--epochs", "8", "--out", run, "--resume"]))),
    );
    const codes = jobs.map(({ code }) => code).toSorted((a, b) => a - b);
    // One that starts when another has finished finds a finished run
    assert(codes[0] === 0 && codes.at(-1) === 75 && codes.every((code) => [0, 75].includes(code)), `${codes}`);
    for (const { code, err } of jobs) if (code === 75) assertStringIncludes(err, "holds it: wait until that has ended");
    const epochs = (await Deno.readTextFile(`${run}/events.jsonl`)).trimEnd().split("\n").map((line) =>
      JSON.parse(line)
    )
      .filter(({ type }) => type === "epoch").map(({ epoch }) => epoch);
    assertEquals(epochs, [1, 2, 3, 4, 5, 6, 7, 8]);
  });
});

Deno.test("a finished run has its digests, drops its checkpoint, and stays as it is", async () => {
  await withFolder(async (folder) => {
    const run = `${folder}/run`, flags = ["--epochs", "2", "--out", run, "--resume", "--log", "json"];
    const first = await ended(spawn(flags));
    assertEquals(first.code, 0, first.err);
    const lines = first.out.trimEnd().split("\n").map((line) => JSON.parse(line));
    assertEquals(lines.map(({ type }) => type), ["evaluation", "epoch", "epoch", "evaluation", "evaluation", "result"]);
    const metrics = await metricsOf(run);
    assertEquals(lines.at(-1).digest, metrics.digest);
    assert(/^[0-9a-f]{64}$/.test(metrics.digest) && /^[0-9a-f]{64}$/.test(metrics.dataset.digest));
    assert(metrics.version && metrics.started < metrics.ended && metrics.seconds > 0);
    assert(!await exists(`${run}/checkpoint.safetensors`));
    const again = await ended(spawn(flags));
    assertEquals([again.code, JSON.parse(again.out).type], [0, "result"]);
    assertEquals(await metricsOf(run), metrics);
    assertEquals((await ended(spawn(["--epochs", "2", "--out", `${folder}/quiet`, "--quiet"]))).out, "");
    const other = await ended(spawn([...flags, "--dataset-seed", "7"]));
    assertEquals(other.code, 2);
    assertStringIncludes(other.err, "as its datasetSeed was 1: current value is 7");
  });
});
