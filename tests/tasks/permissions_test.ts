import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { ARRAYS } from "../../src/experiments/parts.ts";
import { withFolder } from "../files/_folder.ts";

const { tasks } = JSON.parse(await Deno.readTextFile(new URL("../../deno.json", import.meta.url))) as {
  tasks: Record<string, string>;
};

/** What users run, with the permissions that each has. */
const EXPECTED: Readonly<Record<string, readonly string[]>> = {
  prepare: ["read", "write", "ffi", "env=SEVO_*"],
  train: ["read", "write", "env=XDG_RUNTIME_DIR,SEVO_*", "sys=hostname"],
  sweep: [
    "read",
    "write",
    // Deno, and the programs of Slurm. Naming them would bound nothing, as Deno may start all, and would cost the
    // variable LD_LIBRARY_PATH, which clusters set: Deno starts a program that was named without it or not at all
    "run",
    `env=XDG_RUNTIME_DIR,SEVO_*,${
      ARRAYS.flatMap(({ index, of, least }) => [index, of, least]).filter(Boolean).join(",")
    }`,
    "sys=hostname,systemMemoryInfo",
  ],
  worker: ["read", "write", "run", "net", "env=XDG_RUNTIME_DIR,SEVO_*", "sys=hostname,systemMemoryInfo"],
  evaluate: ["read", "write", "env=XDG_RUNTIME_DIR,SEVO_*"],
  recommend: ["read", "write", "env=XDG_RUNTIME_DIR,SEVO_*"],
  similar: ["read", "env=XDG_RUNTIME_DIR,SEVO_*"],
  export: ["read", "write", "env=SEVO_*"],
  results: ["read", "write", "env=SEVO_*"],
  report: ["read", "write", "env=SEVO_*"],
  page: ["read", "write", "env=SEVO_*"],
  doctor: ["env=XDG_RUNTIME_DIR,SEVO_*"],
};

const permissionsOf = (task: string) => tasks[task]!.split(" ").filter((word) => word.startsWith("--allow-"));

Deno.test("only the worker may use the network, only it and sweep run programs, and none reads other variables than its own", () => {
  for (const [task, expected] of Object.entries(EXPECTED)) {
    assertEquals(permissionsOf(task), expected.map((permission) => `--allow-${permission}`), task);
  }
});

Deno.test("the library of queues is downloaded by who asks for a queue alone", async () => {
  const has = async (lock: string) => /"bullmq@/.test(await Deno.readTextFile(`locks/${lock}.lock`));
  assertEquals([await has("tasks"), await has("prepare"), await has("queue")], [false, false, true]);
  for (const task of ["train", "sweep"]) assertStringIncludes(tasks[task]!, "--lock=locks/tasks.lock");
  assertStringIncludes(tasks["worker"]!, "--lock=locks/queue.lock");
});

Deno.test("from log to recommendations, each task needs no more than it may, and asks for nothing", async () => {
  await withFolder(async (folder) => {
    const lines = Array.from(
      { length: 240 },
      (_, at) => `u${at % 20},i${(at * 7 + at % 20) % 23},${1_300_000_000 + at}`,
    );
    await Deno.writeTextFile(`${folder}/log.csv`, `user,item,timestamp\n${lines.join("\n")}\n`);
    const run = async (task: string, ...args: string[]) => {
      const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: [
          "run",
          "--no-prompt",
          "--cached-only",
          "--unstable-bundle",
          ...permissionsOf(task),
          `tasks/${task}.ts`,
          ...args,
        ],
        env: { NO_COLOR: "1" },
      }).output();
      const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
      assertEquals(code, 0, `${task}: ${err}`);
      assert(!/NotCapable|Requires|permission/i.test(err!), err);
      return out!;
    };
    const [data, model] = [`${folder}/data`, `${folder}/run`], cpu = ["--device", "cpu"];
    await run("prepare", `${folder}/log.csv`, "--out", data, "--min-user", "1", "--min-item", "1");
    await run("train", "--data", data, "--model", "sasrec", "--epochs", "1", "--out", model, ...cpu);
    await run("evaluate", model, "--data", data, "--lists", `${folder}/lists.csv`, ...cpu);
    await run("recommend", model, "--data", data, "--all", "--to", `${folder}/lists.parquet`, ...cpu);
    assertStringIncludes(await run("similar", model, "--item", "i1", ...cpu), "Like item i1");
    await run("export", model, "--to", `${folder}/items.csv`);
    await run("results", model, "--to", `${folder}/results.parquet`);
    assertStringIncludes(await run("results", model), "protocol: ");
  });
});
