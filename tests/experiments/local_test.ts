import { assert, assertEquals } from "@std/assert";
import type { SweepEvent, SweepHost } from "../../src/experiments/executor.ts";
import { LocalExecutor } from "../../src/experiments/local.ts";
import { fittingRuns, MEMORY_OF_RUN, thisMachine } from "../../src/experiments/machine.ts";
import { withFolder } from "../files/_folder.ts";

/** Runs shell scripts in place of training; `$0` is the folder, and what follows are the flags of a run. */
async function carriedOut(
  scripts: Readonly<Record<string, string>>,
  { jobs = 2, cores = 4 as number | null, signal = new AbortController().signal } = {},
) {
  let result!: { events: SweepEvent[]; outcomes: Record<string, unknown>; read: (name: string) => string };
  await withFolder(async (out) => {
    const events: SweepEvent[] = [], texts = new Map<string, string>();
    const host: SweepHost = {
      out,
      signal,
      command: (name) => ["sh", "-c", scripts[name]!, out],
      args: () => [],
      report: (event) => events.push(event),
    };
    const plan = Object.keys(scripts).map((name) => ({ name, settings: {} }));
    const outcomes = await new LocalExecutor({ jobs, cores }).run(plan, host);
    const walk = async (folder: string) => {
      for await (const { name, isFile } of Deno.readDir(folder)) {
        if (isFile) texts.set(name, await Deno.readTextFile(`${folder}/${name}`));
      }
    };
    await walk(out);
    await walk(`${out}/.sweep`);
    result = {
      events,
      outcomes: Object.fromEntries(
        outcomes.map(({ name, log, ...rest }) => [name, { ...rest, ...log && { log: log.slice(out.length) } }]),
      ),
      read: (name) => texts.get(name) ?? "",
    };
  });
  return result;
}

Deno.test("LocalExecutor goes on where runs fail, says why by their last error, and keeps their logs alone", async () => {
  const { outcomes, read } = await carriedOut({
    good: "echo working >&2",
    diverged:
      "echo some warning >&2; echo 'error: Cannot train as the loss is NaN' >&2; echo '    at x.ts' >&2; exit 4",
    fault: "echo 'it broke' >&2; exit 1",
    silent: "exit 2",
  });
  assertEquals(outcomes, {
    good: { code: 0, status: "done" },
    diverged: { code: 4, status: "failed", reason: "Cannot train as the loss is NaN", log: "/.sweep/diverged.log" },
    fault: { code: 1, status: "failed", reason: "it broke", log: "/.sweep/fault.log" },
    silent: { code: 2, status: "failed", reason: "", log: "/.sweep/silent.log" },
  });
  assertEquals(read("diverged.log"), "some warning\nerror: Cannot train as the loss is NaN\n    at x.ts\n");
  assertEquals(read("good.log"), "");
});

Deno.test("LocalExecutor tries again what ends with 75 or is killed, up to three times and after the others", async () => {
  const { outcomes, events, read } = await carriedOut({
    twice: 'echo x >> "$0/x-twice"; test "$(wc -l < "$0/x-twice")" -gt 1 || { echo "error: disk full" >&2; exit 75; }',
    killed: 'echo x >> "$0/x-killed"; test "$(wc -l < "$0/x-killed")" -gt 1 || kill -9 $$',
    other: "exit 0",
  }, { jobs: 1 });
  assertEquals(Object.values(outcomes).map((outcome) => (outcome as { status: string }).status), [
    "done",
    "done",
    "done",
  ]);
  assertEquals([read("x-twice"), read("x-killed")], ["x\nx\n", "x\nx\n"]);
  assertEquals(
    events.map((event) =>
      event.type === "end" ? `${event.outcome.name} ends` : `${"name" in event && event.name} ${event.type}s`
    ),
    ["twice starts", "twice repeats", "killed starts", "killed repeats", "other starts", "other ends"].concat(
      ["twice starts", "twice ends", "killed starts", "killed ends"],
    ),
  );
  assertEquals(
    events.flatMap((event) => event.type === "repeat" ? [event.reason] : []),
    ["disk full", "it was ended by SIGKILL"],
  );
});

Deno.test("LocalExecutor tells of the events of runs, and shares the cores out among those beside each other", async () => {
  const { events, read } = await carriedOut({
    a: `echo 'a line of a library'; echo '{"type":"epoch","epoch":1,"loss":0.5,"seconds":1}'; echo "$@" > "$0/x-a"`,
    b: 'echo "$@" > "$0/x-b"',
    c: 'echo "$@" > "$0/x-c"',
  }, { jobs: 2, cores: 5 });
  assertEquals(events.filter(({ type }) => type === "progress"), [
    { type: "progress", name: "a", event: { type: "epoch", epoch: 1, loss: 0.5, seconds: 1 } },
  ]);
  assertEquals(read("x-a"), "--attached --log json --threads 2\n");
  assert(["2\n", "5\n"].some((threads) => read("x-c") === `--attached --log json --threads ${threads}`), read("x-c"));
  const alone = await carriedOut({ a: 'echo "$@" > "$0/x-a"' }, { jobs: 4, cores: 4 });
  assertEquals(alone.read("x-a"), "--attached --log json --threads 4\n", "one run has all cores");
  const given = await carriedOut({ a: 'echo "$@" > "$0/x-a"' }, { cores: null });
  assertEquals(given.read("x-a"), "--attached --log json\n");
});

Deno.test("LocalExecutor asks its runs to end where it is asked to, and begins no others", async () => {
  const ending = new AbortController();
  const trap = 'trap "echo asked > $0/asked; exit 75" TERM; while true; do sleep 0.05; done';
  setTimeout(() => ending.abort(), 1000);
  const { outcomes, read } = await carriedOut({ a: trap, b: 'echo x > "$0/x-b"' }, { jobs: 1, signal: ending.signal });
  assertEquals(Object.keys(outcomes), ["a"]);
  assertEquals([read("asked"), read("x-b")], ["asked\n", ""]);
});

Deno.test("as many runs fit a machine as it has cores, where they have the memory", () => {
  assertEquals(fittingRuns({ cores: 8, memory: Infinity }), 8);
  assertEquals(fittingRuns({ cores: 8, memory: 3.5 * MEMORY_OF_RUN }), 3);
  assertEquals(fittingRuns({ cores: 8, memory: 0 }), 1);
  const { cores, memory } = thisMachine();
  assert(cores >= 1 && memory > 0);
});
