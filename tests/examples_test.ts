import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { openDevice } from "@sevo/sevo";
import { generatedDataset } from "../src/data/generated.ts";
import { readModel } from "../src/files/mod.ts";
import { encodeModel, sasRec } from "../src/models/mod.ts";
import { Recommender } from "../src/recommend/mod.ts";
import { train } from "../src/training/mod.ts";
import { roundToBfloat16 } from "../examples/kernel_of_your_own.ts";
import { lastItem } from "../examples/model_of_your_own.ts";
import { webgpuAvailable } from "./_devices.ts";

const FOLDER = await Deno.makeTempDir(), MODEL = `${FOLDER}/model.safetensors`;
Deno.test.afterAll(() => Deno.remove(FOLDER, { recursive: true }));
{
  await using device = await openDevice("cpu", { threads: 1 });
  const dataset = { ...generatedDataset({ users: 60, items: 40 }) };
  const titled = {
    ...dataset,
    itemColumns: { title: dataset.items.map((id) => id === "item-9" ? null : `The ${id}`) },
  };
  const settings = { dimension: 8, maxLength: 6, epochs: 1, batch: 32 };
  const { settings: all, weights } = await train(device, titled, sasRec, settings);
  await Deno.writeFile(MODEL, encodeModel(sasRec, all, weights, titled));
}

/** The permissions in the command lines of a program's header. */
async function permissionsOf(program: string): Promise<string[][]> {
  const text = await Deno.readTextFile(new URL(`../examples/${program}`, import.meta.url));
  const lines = [...text.matchAll(/^ \* +deno run (.*?)examples\/(\S+)/gm)];
  assert(lines.length > 0 && lines.every((line) => line[2] === program), program);
  return lines.map((line) => line[1]!.trim().split(" ").filter(Boolean));
}

/** Starts a program with permissions, and no others. */
function start(
  program: string,
  permissions: readonly string[],
  args: readonly string[],
  cwd?: string,
): Deno.ChildProcess {
  const path = new URL(`../examples/${program}`, import.meta.url).pathname;
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", ...permissions, path, ...args],
    env: { NO_COLOR: "1" },
    stdout: "piped",
    stderr: "piped",
    ...cwd && { cwd },
  }).spawn();
}

async function outputOf(process: Deno.ChildProcess): Promise<{ code: number; out: string; err: string }> {
  const { code, stdout, stderr } = await process.output();
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return { code, out: out!, err: err! };
}

/** The list that the library gives. */
async function listOf(history: string[], count: number) {
  await using device = await openDevice("auto");
  using recommender = new Recommender(device, await readModel(MODEL));
  return (await recommender.recommend({ histories: [history] }, { count }))[0]!;
}

Deno.test("examples/training_loop.ts trains without any permission, and the loss goes down", async () => {
  const [permissions] = await permissionsOf("training_loop.ts");
  assertEquals(permissions, []);
  const { code, out, err } = await outputOf(start("training_loop.ts", permissions!, []));
  assertEquals(code, 0, err);
  const losses = [...out.matchAll(/^epoch (\d+): mean loss (\d\.\d{4})$/gm)].map((
    [, epoch, loss],
  ) => [Number(epoch), Number(loss)]);
  assertEquals(losses.map(([epoch]) => epoch), [5, 10, 15, 20]);
  losses.forEach(([, loss], at) => assert(at === 0 || loss! < losses[at - 1]![1]!));
});

Deno.test("examples/recommend_from_file.ts recommends from a file, and says how it is used", async () => {
  const [permissions] = await permissionsOf("recommend_from_file.ts");
  const history = ["item-1", "item-7"];
  const { code, out, err } = await outputOf(start("recommend_from_file.ts", permissions!, [MODEL, ...history]));
  assertEquals(code, 0, err);
  const lines = (await listOf(history, 5)).map(({ item, title, score }) => `${score.toFixed(3)}  ${title ?? item}\n`);
  assertEquals(out, lines.join(""));
  for (const [args, message] of [[[MODEL], "Usage: "], [[MODEL, "item-99"], "there is no item 'item-99'"]] as const) {
    const wrong = await outputOf(start("recommend_from_file.ts", permissions!, args));
    assertEquals([wrong.code, wrong.out], [1, ""]);
    assertStringIncludes(wrong.err, message);
  }
});

/** Asks a server, in a process of its own: tests may not use the network. */
async function asked(url: string, requests: readonly (readonly [method: string, body: string | null])[]) {
  const script = `const all = [];
    for (const [method, body] of ${JSON.stringify(requests)}) {
      const response = await fetch(${JSON.stringify(url)}, { method, body });
      all.push([response.status, await response.text()]);
    }
    console.log(JSON.stringify(all));`;
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args: ["eval", script] }).output();
  assertEquals(code, 0, new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout)) as [number, string][];
}

Deno.test("examples/http_server.ts answers histories, and says what it cannot answer", async () => {
  const [permissions] = await permissionsOf("http_server.ts");
  // Port 0 is any that is free; the server says which
  const server = start("http_server.ts", permissions!, [MODEL, "0"]);
  const reader = server.stderr.pipeThrough(new TextDecoderStream()).getReader();
  try {
    let said = "";
    while (!/Listening on \S+:\d+\//.test(said)) {
      const { value, done } = await reader.read();
      if (done) throw new Error(said);
      said += value;
    }
    const port = /Listening on \S+:(\d+)\//.exec(said)![1], history = ["item-3", "item-4"];
    const answers = await asked(`http://127.0.0.1:${port}/`, [
      ["POST", JSON.stringify({ history, count: 3 })],
      ["POST", JSON.stringify({ history })],
      ["POST", JSON.stringify({ history: ["item-99"] })],
      ["POST", JSON.stringify({ history: [] })],
      ["POST", JSON.stringify({ history: "item-3" })],
      ["POST", JSON.stringify({ history, count: "5" })],
      ["POST", "{}"],
      ["POST", "no JSON"],
      ["GET", null],
    ]);
    assertEquals(answers.map(([status]) => status), [200, 200, 400, 400, 400, 400, 400, 400, 405]);
    assertEquals(JSON.parse(answers[0]![1]), { items: await listOf(history, 3) });
    assertEquals(JSON.parse(answers[1]![1]), { items: await listOf(history, 10) });
    assertEquals(answers.slice(2, 7).map(([, text]) => JSON.parse(text).error), [
      "Cannot recommend as there is no item 'item-99'",
      "Cannot recommend as history 0 is empty: sasrec needs at least one item",
      "Cannot recommend as history 0 must be a list of ids: current value is 'item-3'",
      "Cannot recommend as count must be a number: current value is '5'",
      "Cannot recommend as history 0 must be a list of ids: current value is undefined",
    ]);
  } finally {
    server.kill("SIGTERM");
    await Promise.all([server.status, server.stdout.cancel(), reader.cancel()]);
  }
});

Deno.test("examples/model_of_your_own.ts trains, compares and finds similar items as its header says", async () => {
  const [training, similar] = await permissionsOf("model_of_your_own.ts"), program = "model_of_your_own.ts";
  const args = ["train", "--model", "last-item", "--epochs", "2", "--device", "cpu", "--out", `${FOLDER}/runs`];
  const trained = await outputOf(start(program, training!, args));
  assertEquals(trained.code, 0, trained.err);
  assert(/^popularity +1 +0\.\d{4}/m.test(trained.out), trained.out);
  // The header's command compares: a run is one of several
  const several = await outputOf(start(program, similar!, ["similar", `${FOLDER}/runs`, "--item", "item-1"]));
  assertEquals(several.code, 2);
  assertStringIncludes(several.err, `it holds several runs: name one of ${FOLDER}/runs/adam-1`);
  const run = `${FOLDER}/runs/sevo-adamw-1`;
  const found = await outputOf(start(program, similar!, ["similar", run, "--item", "item-1", "--json"]));
  assertEquals(found.code, 0, found.err);
  assertEquals(JSON.parse(found.out).items.length, 10);
  const lists = await outputOf(start(program, similar!, ["recommend", run, "--history", "item-1,item-2", "--json"]));
  assertEquals(lists.code, 0, lists.err);
  await using device = await openDevice("auto");
  using recommender = new Recommender(device, await readModel(run, [lastItem]));
  const [expected] = await recommender.recommend({ histories: [["item-1", "item-2"]] });
  assertEquals(JSON.parse(lists.out).items, expected);
  const help = await outputOf(start(program, similar!, ["train", "--help"]));
  assertStringIncludes(help.out, "last-item");
  const foreign = await outputOf(
    start("recommend_from_file.ts", ["--allow-read"], [`${run}/model.safetensors`, "item-1"]),
  );
  assertStringIncludes(foreign.err, "Cannot read a model as there is no model 'last-item': there are ");
});

Deno.test("examples/kernel_of_your_own.ts rounds the same bits on either device", async () => {
  const [permissions, onGpu] = await permissionsOf("kernel_of_your_own.ts");
  assertEquals([permissions, onGpu], [[], []]);
  const { code, out, err } = await outputOf(start("kernel_of_your_own.ts", permissions!, []));
  assertEquals(code, 0, err);
  assertStringIncludes(out, "cpu [");
  const values = Float32Array.from({ length: 7 * 9 }, (_, at) => (at - 20) ** 5 / 3);
  // 65,537 and 65,792 lie between 65,536 and 66,048; a tie goes to the even one
  values.set([1 / 3, 65_537, 65_792, 66_304], 0);
  const rounded = [];
  for (const kind of webgpuAvailable ? ["cpu", "webgpu"] as const : ["cpu"] as const) {
    await using device = await openDevice(kind, { threads: 2 });
    using table = device.upload(values, [7, 9]);
    roundToBfloat16(device, table);
    rounded.push(await device.read(table));
  }
  assertEquals([...rounded[0]!.subarray(0, 4)], [0.333984375, 65_536, 65_536, 66_560]);
  for (const other of rounded) assertEquals(other, rounded[0]);
});

Deno.test("every example is in the list of examples and tested here", async () => {
  const folder = new URL("../examples/", import.meta.url);
  const programs = (await Array.fromAsync(Deno.readDir(folder), ({ name }) => name)).filter((name) =>
    name.endsWith(".ts")
  );
  const readme = await Deno.readTextFile(new URL("README.md", folder));
  const tests = await Deno.readTextFile(new URL(import.meta.url));
  for (const program of programs) {
    assertStringIncludes(readme, `[${program}](${program})`);
    assertStringIncludes(tests, `Deno.test("examples/${program} `);
  }
});
