import { assertEquals, assertRejects } from "@std/assert";
import { readRun, readRuns, RunError } from "../../src/files/run_record.ts";
import { withFolder } from "./_folder.ts";

const METRICS = {
  version: "1.0.0",
  protocol: "leave-one-out",
  device: "cpu",
  seconds: 1.5,
  digest: "abc",
  started: "2026-01-01T00:00:00.000Z",
  ended: "2026-01-01T00:00:02.000Z",
  bestEpoch: 1,
  valid: { users: 3, "ndcg@10": 0.5, mrr: 0.5 },
  test: { users: 3, "ndcg@10": 0.25, mrr: 0.25 },
};

async function writeRun(path: string, files: { readonly [name: string]: unknown } = {}): Promise<void> {
  await Deno.mkdir(path, { recursive: true });
  const all = {
    "config.json": { model: "sasrec", seed: 1 },
    "run.json": { dataset: { name: "beauty", digest: "d1" }, started: METRICS.started },
    "metrics.json": METRICS,
    ...files,
  };
  for (const [name, content] of Object.entries(all)) {
    if (content === null) continue;
    await Deno.writeTextFile(`${path}/${name}`, typeof content === "string" ? content : JSON.stringify(content));
  }
}

Deno.test("readRuns() reads run directories, and those in folders at any depth, each once", () =>
  withFolder(async (folder) => {
    await writeRun(`${folder}/sweep/b`, { "metrics.json": null, "events.jsonl": '{"type":"epoch","epoch":1}\n{"type' });
    await writeRun(`${folder}/sweep/deeper/c`);
    await writeRun(`${folder}/a`);
    const runs = await readRuns([`${folder}/a`, folder]);
    assertEquals(runs.map(({ path }) => path.slice(folder.length + 1)), ["a", "sweep/b", "sweep/deeper/c"]);
    assertEquals(runs[0]!.metrics?.test["ndcg@10"], 0.25);
    assertEquals(runs[0]!.dataset, { name: "beauty", digest: "d1" });
    assertEquals([runs[1]!.metrics, runs[1]!.events.length], [null, 1]);
  }));

Deno.test("readRuns() says where there is no run, and what is damaged", () =>
  withFolder(async (folder) => {
    await assertRejects(() => readRuns([folder]), RunError, "no run directory in it");
    await assertRejects(() => readRuns([`${folder}/none`]), RunError, "there is no such folder");
    for (
      const files of [
        { "config.json": "[]" },
        { "run.json": "{}" },
        { "metrics.json": "{" },
        { "metrics.json": { ...METRICS, test: { users: null } } },
        { "metrics.json": { ...METRICS, digest: 3 } },
        { "events.jsonl": "nonsense\n" },
      ]
    ) {
      await writeRun(`${folder}/run`, files);
      await assertRejects(() => readRun(`${folder}/run`), RunError, `its ${Object.keys(files)[0]} is damaged`);
      await Deno.remove(`${folder}/run`, { recursive: true });
    }
  }));
