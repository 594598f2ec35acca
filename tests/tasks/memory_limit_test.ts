import { assert, assertLess } from "@std/assert";

/** What a small container has. */
const LIMIT = 512 * 2 ** 20;

Deno.test("training on a dataset of Beauty's size fits in 512 MB", async () => {
  const { stdout, stderr, code } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--preload", "tasks/bench/peak_memory.ts", "tests/tasks/_train_beauty_sized.ts", "sasrec"],
    env: { NO_COLOR: "1" },
    stdout: "piped",
    stderr: "piped",
  }).output();
  const peak = /^peak (\d+)$/m.exec(new TextDecoder().decode(stdout));
  assert(peak !== null, `exit code ${code}: ${new TextDecoder().decode(stderr)}`);
  assertLess(Number(peak[1]), LIMIT);
});
