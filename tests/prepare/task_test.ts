/**
 * `deno task prepare` as a person runs it.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { inFolder } from "./_prepared.ts";

/** Runs the task as a person does, with no more permissions than it has in deno.json. */
async function runTask(...args: string[]) {
  const { tasks } = JSON.parse(await Deno.readTextFile(new URL("../../deno.json", import.meta.url)));
  const words: string[] = tasks.prepare.split(" ");
  assertEquals(words.slice(0, 2), ["deno", "run"]);
  assert(!words.includes("-A") && !words.includes("--allow-all"));
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--quiet", ...words.slice(2), ...args],
    cwd: new URL("../../", import.meta.url),
    env: { NO_COLOR: "1" },
  }).output();
  return { code, out: new TextDecoder().decode(stdout), error: new TextDecoder().decode(stderr) };
}

Deno.test("deno task prepare says what it made and what to do next", async () => {
  await inFolder(
    async (dir) => {
      const file = `${dir}/log`, out = `${dir}/out`;
      await Deno.writeTextFile(
        file,
        "u,i,t\na,x,1388534400\na,y,1388534401\nb,x,1388534402\nb,x,1388534403\n,x,1388534404\n",
      );
      const result = await runTask(
        file,
        "--user",
        "u",
        "--item",
        "i",
        "--timestamp",
        "t",
        "--out",
        out,
        "--min-user",
        "1",
        "--min-item",
        "1",
      );
      assertEquals(result, {
        code: 0,
        error: "warning: No user has an item to test on: a user needs at least 4 interactions to have one\n",
        out: `Prepared ${out}
  read as        csv: 3 cells a line; separated by ',', quotes ", with a header
  columns        user=u, item=i, timestamp=t
  lines                      5
    left out                 1   without a user
  users                      2
  items                      2
  interactions               4
  train                      4
  valid                      0
  test                       0
  density               75.0 %
  repeats               25.0 %
  per user       mean 2, least 2, quartiles 2 2 2, 95 % 2, most 2
  from, to       2014-01-01T00:00:00Z, 2014-01-01T00:00:03Z
  ordered by     column 't' (seconds since 1970)
  split          leave-one-out: the last item of a user is for testing, the one before for validation

Train on it:
  deno task train --model sasrec --data ${out}
`,
      });
    },
  );
});

Deno.test("deno task prepare fails with one line, and an exit code that says whether log or command line is wrong", async () => {
  const missing = await runTask("nowhere.txt", "--format", "sequences", "--out", "nowhere/out");
  assertEquals(missing, { code: 3, out: "", error: "error: Cannot prepare 'nowhere.txt' as there is no such file\n" });
  const typo = await runTask("nowhere.txt", "--fromat", "csv");
  const message = "error: Cannot run prepare as there is no flag '--fromat': did you mean '--format'?\n";
  assertEquals(typo, { code: 2, out: "", error: message });
});
