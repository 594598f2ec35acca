/**
 * A task that is interrupted, killed or hindered leaves what was there, and says why in one line.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { PrepareError } from "../../src/prepare/prepare_error.ts";
import { prepare } from "../../src/prepare/prepare.ts";
import { assertLike, inFolder, listing, writeFiles } from "./_prepared.ts";

const SMALL = "user,item\n1,1\n1,2\n2,2\n";
const LINES = 1_000_000;

/** A log that takes a while. */
function largeLog(): string {
  const lines = ["user,item,timestamp\n"];
  for (let at = 0; at < LINES; at++) {
    lines.push(`u${(at * 7919) % 50021},i${(at * 104729) % 20011},${1388534400 + (at * 31) % 100003}\n`);
  }
  return lines.join("");
}

const ALL = ["--min-user=1", "--min-item=1"];

function start(log: string, out: string, ...more: string[]): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", "--no-check", "tasks/prepare.ts", log, "--out", out, ...more],
    cwd: new URL("../../", import.meta.url),
    env: { NO_COLOR: "1" },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

const interruption = (log: string) =>
  `error: Cannot prepare '${log}' as the task was interrupted: nothing is left behind, run it again\n`;

/** Files that the task works with, with the sizes that they have now. */
function working(dir: string, folder = ""): Record<string, number> {
  const found: Record<string, number> = {};
  const look = (folder: string, name: string) => {
    try {
      for (const entry of Deno.readDirSync(folder)) {
        const path = `${folder}/${entry.name}`;
        if (entry.isDirectory) look(path, `${name}${entry.name}/`);
        else found[`${name}${entry.name}`] = Deno.statSync(path).size;
      }
    } catch {
      // It may be gone by now
    }
  };
  for (const { name } of Deno.readDirSync(dir)) if (name.startsWith(folder || ".prepare-")) look(`${dir}/${name}`, "");
  return found;
}

type Files = Record<string, number>;
const isCopied = (files: Files, bytes: number) => Object.values(files).some((size) => size > bytes - 100);
/** When a task is doing what: what is there then, and how many milliseconds later. */
const MOMENTS = [
  ["reading", (files: Files) => Object.entries(files).some(([name, size]) => name.startsWith("text") && size > 0), 0],
  ["sorting out", isCopied, 300],
  ["filtering", isCopied, 1500],
  ["writing", (files: Files) => Object.keys(files).some((name) => name.startsWith("dataset/")), 0],
] as const;

/** Waits for a moment of a task; false if the task was done before. */
async function until(output: Promise<unknown>, isNow: () => boolean): Promise<boolean> {
  let isDone = false;
  output.finally(() => isDone = true);
  while (!isDone && !isNow()) await new Promise((wake) => setTimeout(wake, 3));
  return !isDone;
}

async function digest(folder: string): Promise<string> {
  const bytes = await Deno.readFile(`${folder}/interactions.parquet`);
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

Deno.test("an interrupted task leaves nothing behind but what was there", () =>
  inFolder(async (dir) => {
    const content = largeLog(), log = `${dir}/log.csv`, old = `${dir}/old`;
    await writeFiles(dir, { "log.csv": content, "small.csv": SMALL });
    await prepare({ files: [`${dir}/small.csv`], out: old, minUser: 1, minItem: 1 });
    const before = listing(dir), was = await digest(old);
    for (const [at, [moment, isNow, later]] of MOMENTS.entries()) {
      const signal = at % 4 < 2 ? "SIGINT" : "SIGTERM";
      const process = at % 2 === 1 ? start(log, old, "--overwrite") : start(log, `${dir}/new`);
      const output = process.output();
      const isAtWork = await until(output, () => isNow(working(dir), content.length));
      await new Promise((wake) => setTimeout(wake, later));
      assert(isAtWork, `it was done before it was ${moment}`);
      process.kill(signal);
      const { code, stdout, stderr } = await output, name = `${signal} while ${moment}`;
      assertEquals(new TextDecoder().decode(stderr), interruption(log), name);
      assertEquals([code, stdout.length], [75, 0], name);
      assertEquals([listing(dir), await digest(old)], [before, was], name);
    }
  }));

Deno.test("a task ends though what it waits for never comes", () =>
  inFolder(async (dir) => {
    const process = start("-", `${dir}/a/b`), output = process.output();
    assert(await until(output, () => listing(dir).length > 0 && listing(`${dir}/a`).length > 0));
    process.kill("SIGTERM");
    const { code, stderr } = await output;
    assertEquals(new TextDecoder().decode(stderr), interruption("-"));
    assertEquals([code, listing(dir)], [75, []]);
  }));

Deno.test("prepare() ends at every one of its steps", () =>
  inFolder(async (dir) => {
    await writeFiles(dir, { log: SMALL });
    const options = { files: [`${dir}/log`], out: `${dir}/out`, minUser: 1, minItem: 1 };
    const steps: string[] = [];
    await prepare({ ...options, onProgress: ({ step }) => steps.push(step) });
    await Deno.remove(options.out, { recursive: true });
    assertEquals(new Set(steps).size, 6);
    for (const last of [...steps.keys(), -1]) {
      const ending = new AbortController(), reason = new Error("enough");
      let at = 0, thrown: unknown;
      if (last < 0) ending.abort(reason);
      const onProgress = () => {
        if (at++ === last) ending.abort(reason);
      };
      await prepare({ ...options, signal: ending.signal, onProgress }).catch((error) => thrown = error);
      assertEquals(thrown, reason, `step ${last}`);
      assertEquals(listing(dir), ["log"]);
    }
  }));

Deno.test("what a killed task left is removed at the next time, and not what a living one is writing", () =>
  inFolder(async (dir) => {
    const content = largeLog();
    await writeFiles(dir, { "log.csv": content, "small.csv": SMALL });
    const [killed, living] = [`${dir}/killed`, `${dir}/living`].map((out) => start(`${dir}/log.csv`, out));
    const outputs = [killed!.output(), living!.output()];
    // Each has its lock and a part of its copy
    const sizes = () => listing(dir).filter((name) => name.startsWith(".prepare-")).map((name) => working(dir, name));
    const isWriting = () => sizes().filter((files) => (files["text_1"] ?? 0) > 0).length === 2;
    assert(await until(outputs[0]!, isWriting));
    killed!.kill("SIGKILL");
    await outputs[0];
    assertEquals(listing(dir).filter((name) => name.startsWith(".prepare-")).length, 2);
    await prepare({ files: [`${dir}/small.csv`], out: `${dir}/killed`, minUser: 1, minItem: 1 });
    assertEquals(listing(dir).filter((name) => name.startsWith(".prepare-")).length, 1);
    const { code, stderr } = await outputs[1]!;
    assertEquals(code, 0, new TextDecoder().decode(stderr));
    assertEquals(listing(dir), ["killed", "living", "log.csv", "small.csv"]);
  }));

for (
  const [what, hasNew, isReplaced, files] of [
    ["before the old dataset was in its place again", true, false, ["out"]],
    ["after the new dataset was in its place", false, true, ["out"]],
    ["while something else came in its place", true, true, [".prepare-x", "out"]],
  ] as const
) {
  Deno.test(`a dataset that was to be replaced is not lost, ${what}`, () =>
    inFolder(async (dir) => {
      const work = `${dir}/.prepare-x`, dataset = (text: string) => ({ "dataset.json": text });
      await writeFiles(`${work}/replaced`, dataset("old"));
      if (hasNew) await writeFiles(`${work}/dataset`, dataset("new"));
      if (isReplaced) await writeFiles(`${dir}/out`, dataset("new"));
      await writeFiles(dir, { ".prepare-x/lock": "out", log: SMALL });
      const { message } = await assertRejects(
        () => prepare({ files: [`${dir}/log`], out: `${dir}/out` }),
        PrepareError,
      );
      assertLike(message, /'.*\/out' exists already: --overwrite replaces it$/);
      assertEquals(listing(dir), [...files, "log"].sort());
      assertEquals(await Deno.readTextFile(`${dir}/out/dataset.json`), isReplaced ? "new" : "old");
    }));
}

for (const name of ["../evil", "", "a/b"]) {
  Deno.test(`a folder beside a dataset cannot bring a dataset to '${name}'`, () =>
    inFolder(async (dir) => {
      await writeFiles(dir, { "in/.prepare-x/lock": name, "in/.prepare-x/replaced/dataset.json": "x", log: SMALL });
      await prepare({ files: [`${dir}/log`], out: `${dir}/in/out`, minUser: 1, minItem: 1 });
      assertEquals([listing(dir), listing(`${dir}/in`)], [["in", "log"], ["out"]]);
    }));
}

Deno.test("prepare() never replaces a folder that its log lies in", () =>
  inFolder(async (dir) => {
    const out = `${dir}/out`,
      of = (name: string, into = out) =>
        prepare({ files: [`${dir}/${name}`], out: into, overwrite: true, minUser: 1, minItem: 1 });
    await writeFiles(dir, { log: SMALL });
    await of("log");
    await Deno.rename(`${dir}/log`, `${out}/log`);
    await Deno.symlink(`${out}/log`, `${dir}/link`);
    const before = listing(out);
    for (const name of ["out/log", "link"]) {
      const { message } = await assertRejects(() => of(name), PrepareError);
      assertLike(message, /^Cannot prepare '.*' as '.*' lies in '.*\/out', all of which --overwrite replaces$/);
      assertEquals(listing(out), before);
    }
    await of("out/log", `${dir}/other`);
    assertEquals(listing(dir), ["link", "other", "out"]);
  }));

Deno.test("a dataset whose folder is a file is refused in one line", () =>
  inFolder(async (dir) => {
    await writeFiles(dir, { log: SMALL, file: "" });
    const { code, stderr } = await start(`${dir}/log`, `${dir}/file/out`, ...ALL).output();
    assertEquals([code, listing(dir)], [2, ["file", "log"]]);
    assertLike(new TextDecoder().decode(stderr), /^error: Cannot write '[^\n]*file\/out' as its folder is a file\n$/);
  }));

Deno.test({
  name: "a dataset whose folder may not be written is refused in one line",
  // Whoever is root may write anywhere
  ignore: Deno.build.os === "windows" || Deno.uid() === 0,
  fn: () =>
    inFolder(async (dir) => {
      await writeFiles(dir, { log: SMALL });
      await Deno.mkdir(`${dir}/closed`, { mode: 0o500 });
      for (const out of [`${dir}/closed/out`, `${dir}/closed/new/out`]) {
        const { code, stderr } = await start(`${dir}/log`, out, ...ALL).output();
        assertEquals([code, listing(`${dir}/closed`)], [2, []]);
        assertLike(
          new TextDecoder().decode(stderr),
          /^error: Cannot write '[^\n]*out' as that is not allowed: [^\n]*\n$/,
        );
      }
    }),
});
