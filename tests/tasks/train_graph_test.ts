import { assert, assertEquals, assertNotEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { readDataset } from "../../src/files/read_dataset.ts";
import { readModel } from "../../src/files/read_model.ts";
import { createTable } from "../../src/files/table_file.ts";
import { main as evaluate } from "../../tasks/evaluate.ts";
import { main } from "../../tasks/train.ts";
import { finishedIn, specIn, sweepHere } from "./_sweep.ts";
import { CPU, DATA, FOLDER, outputOf, runTask, tinyRun } from "./_tiny.ts";

await genresAre((item) => item === 3 ? null : `all|${item % 4}`);

/** Writes `items.parquet` with genres. */
async function genresAre(of: (item: number) => string | null): Promise<void> {
  const { items } = await readDataset(DATA);
  using table = await createTable(`${DATA}/items.parquet`, { item: "integer", id: "string", genres: "string" });
  table.write({ item: [...items.keys()], id: items, genres: items.map((_, item) => of(item)) });
  table.finish();
}

const TINY = ["--model", "sasrec", "--data", DATA, "--dimension", "16", "--epochs", "2", "--batch", "8"];
const train = (...args: string[]) => outputOf(main, ...TINY, "--optimizer", "sevo-adamw", ...args, ...CPU);
const bytesOf = (run: string) => Deno.readFile(`${run}/model.safetensors`);
const jsonOf = async (path: string) => JSON.parse(await Deno.readTextFile(path));

Deno.test("train --graph takes categories and a teacher, keeps them in its config, and evaluate needs neither", async () => {
  const teacher = await tinyRun("mf-bpr"), out = `${FOLDER}/mixed`, plain = `${FOLDER}/plain`;
  const graph = `item,categories:genres,nearest:${teacher}`;
  const flags = ["--graph", graph, "--graph-weights", "1,0.5,2", "--graph-neighbours", "3"];
  await train(...flags, "--out", out);
  await train("--out", plain);
  const config = await jsonOf(`${out}/config.json`);
  assertEquals([config.graph, config.graphWeights, config.graphNeighbours], [graph, "1,0.5,2", 3]);
  assertNotEquals((await readModel(out)).weights, (await readModel(plain)).weights);
  assertEquals(Object.keys((await jsonOf(`${out}/run.json`)).sources), ["categories:genres", `nearest:${teacher}`]);
  // From its config alone
  await outputOf(main, "--config", `${out}/config.json`, "--out", `${out}-again`, ...CPU);
  assertEquals(await bytesOf(`${out}-again`), await bytesOf(out));
  // What is kept of it needs no teacher
  await Deno.rename(teacher, `${teacher}-away`);
  try {
    assertStringIncludes(await outputOf(evaluate, out, "--data", DATA, ...CPU), "MRR over the whole catalogue");
    const error = await assertRejects(() => train(...flags, "--out", `${out}-gone`), RangeError);
    assertEquals(
      error.message,
      `Cannot read a model from '${teacher}' as there is no file '${teacher}/model.safetensors'`,
    );
    assertEquals(await Deno.stat(`${out}-gone`).catch(() => null), null, "nothing is left behind");
  } finally {
    await Deno.rename(`${teacher}-away`, teacher);
  }
});

Deno.test("train --resume goes on to the bit over a mixture, and refuses another teacher and other categories", async () => {
  const teacher = `${FOLDER}/teacher`, out = `${FOLDER}/resumed`;
  await outputOf(main, ...TINY, "--optimizer", "adamw", "--out", teacher, ...CPU);
  const flags = ["--graph", `categories:genres,nearest:${teacher}`, "--keep-checkpoint"];
  await train(...flags, "--out", `${out}-whole`, "--epochs", "4");
  await train(...flags, "--out", out);
  await train(...flags, "--out", out, "--resume", "--epochs", "4");
  assertEquals((await readModel(out)).weights, (await readModel(`${out}-whole`)).weights);

  await Deno.remove(teacher, { recursive: true });
  await outputOf(main, ...TINY, "--optimizer", "adamw", "--seed", "9", "--out", teacher, ...CPU);
  const again = () => train(...flags, "--out", out, "--resume", "--epochs", "5");
  const error = await assertRejects(again, RangeError);
  assertStringIncludes(
    error.message,
    `Cannot resume the run in '${out}' as its graph was made of another content of 'nearest:${teacher}', `,
  );
  await genresAre((item) => `all|${item % 3}`);
  assertStringIncludes((await assertRejects(again, RangeError)).message, "another content of 'categories:genres'");
  await genresAre((item) => item === 3 ? null : `all|${item % 4}`);
});

Deno.test("train says in one line what is wrong with a graph, and leaves nothing behind", async () => {
  for (
    const [flags, message] of [
      [
        ["--graph", "categories:genre"],
        "Cannot run train as --graph names the column 'genre' of the items, which have genres",
      ],
      [
        ["--graph", "genres"],
        "graph must be of item, user-item, categories:COLUMN and nearest:RUN, with commas between",
      ],
      [["--graph-weights", "2,1"], "--graph-weights must be as many as relations in graph, 1: current value is '2,1'"],
      [["--graph", "nearest:/nowhere"], "Cannot read a model from '/nowhere'"],
    ] as const
  ) {
    const { code, err } = await runTask(["train", ...TINY, ...flags, "--out", `${FOLDER}/refused`, ...CPU]);
    assert(code !== 0 && err.includes(message) && err.trimEnd().split("\n").length === 1, err);
    assertEquals(await Deno.stat(`${FOLDER}/refused`).catch(() => null), null);
  }
});

Deno.test("a sweep varies the graph", async () => {
  const teacher = await tinyRun("mf-bpr", "--seed", "4"),
    out = `${FOLDER}/sweep`,
    graph = ["item", "categories:genres", `nearest:${teacher}`];
  const base = { data: DATA, model: "sasrec", dimension: 8, batch: 8, epochs: 1 };
  const spec = await specIn(FOLDER, { base, grid: { graph } });
  const plan = await sweepHere(spec, "--out", out, "--dry-run");
  const names = plan.match(/graph=\S+/g)!;
  assertEquals(names.length, 3);
  for (const name of names) await sweepHere(spec, "--out", out, "--run", name, "--quiet");
  assertEquals((await finishedIn(out)).length, 3);
});
