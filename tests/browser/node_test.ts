import { assertEquals, assertStringIncludes } from "@std/assert";
import { goldenCases } from "../_golden.ts";
import { app, type Outcome } from "./_app.ts";
import { bundleForNode } from "./_bundles.ts";

const [GOLDEN] = goldenCases("step_adamw_neumann"), NAME = GOLDEN!.name;
const FILE = new URL(`../golden/${NAME}.safetensors`, import.meta.url).pathname, BYTES = await Deno.readFile(FILE);

const env = (variable: string): string | undefined =>
  Deno.permissions.querySync({ name: "env", variable }).state === "granted" ? Deno.env.get(variable) : undefined;

/** Which Node: `SEVO_NODE`, or what is on the path. */
const NODE = env("SEVO_NODE") ?? "node";

/** The first Node that has all of the language that the package is written in. */
const LEAST = 24;

async function nodeVersion(): Promise<string | null> {
  try {
    const { stdout } = await new Deno.Command(NODE, { args: ["--version"] }).output();
    return new TextDecoder().decode(stdout).trim();
  } catch {
    return null;
  }
}

const version = await nodeVersion(), ignore = !(Number.parseInt(version?.slice(1) ?? "0") >= LEAST);
if (ignore && env("SEVO_REQUIRE_NODE") === "1") {
  throw new Error(
    `Cannot test the package in Node as it needs Node ${LEAST}: there is ${
      version ?? "none"
    }; name one in SEVO_NODE, ` +
      "or unset SEVO_REQUIRE_NODE",
  );
}
const folder = await Deno.makeTempDir();
Deno.test.afterAll(() => Deno.remove(folder, { recursive: true }));
if (!ignore) await bundleForNode(`${folder}/app.mjs`);

/** What a program of Node's prints, as JSON; it has the application, and the bytes of the golden file. */
async function inNode(program: string): Promise<{ outcome: Outcome; said: string }> {
  const path = `${folder}/program.mjs`;
  await Deno.writeTextFile(
    path,
    `import "./app.mjs";
import { readFileSync } from "node:fs";
const bytes = readFileSync(${JSON.stringify(FILE)});
console.log(JSON.stringify(await (async () => { ${program} })()));
`,
  );
  const { code, stdout, stderr } = await new Deno.Command(NODE, { args: [path] }).output();
  const [out, said] = [stdout, stderr].map((each) => new TextDecoder().decode(each));
  assertEquals(code, 0, said!.slice(-1000));
  return { outcome: JSON.parse(out!), said: said! };
}

function test(name: string, fn: () => Promise<void>): void {
  const suffix = ignore
    ? ` [ignored: ${version === null ? "there is no Node" : `Node is ${version}, not ${LEAST} or later`}]`
    : "";
  Deno.test({ name: `in Node: ${name}${suffix}`, ignore, fn });
}

for (const threads of [1, 2, 3]) {
  test(`golden steps to the bits of Deno, on ${threads} threads, and the process ends by itself`, async () => {
    const { values } = await app.golden("cpu", 1, NAME, BYTES);
    assertEquals(await inNode(`return app.golden("cpu", ${threads}, "${NAME}", bytes);`), {
      outcome: { description: `cpu: WebAssembly SIMD, ${threads} thread${threads === 1 ? "" : "s"}`, values },
      said: "",
    });
  });
}

test("a model trains and recommends to the bits of Deno; auto is the cpu", async () => {
  const { values } = await app.trained("cpu", 1);
  assertEquals(await inNode(`return app.trained("auto", 2);`), {
    outcome: { description: "cpu: WebAssembly SIMD, 2 threads", values },
    said: "",
  });
});

test("where no worker may start there is one thread, and one warning", async () => {
  const { outcome, said } = await inNode(`
    const builtin = process.getBuiltinModule;
    process.getBuiltinModule = (name) => name !== "worker_threads" ? builtin(name) : {
      Worker: class { constructor() { throw new Error("no thread is left"); } },
    };
    await app.golden("cpu", 2, "${NAME}", bytes);
    return app.golden("cpu", 2, "${NAME}", bytes);
  `);
  const { values } = await app.golden("cpu", 1, NAME, BYTES);
  assertEquals(outcome, { description: "cpu: WebAssembly SIMD, 1 thread", values });
  assertEquals(said, "The cpu device runs on one thread as no worker starts: no thread is left\n");
});

test("WebGPU, which Node lacks, is refused by name", async () => {
  const { outcome } = await inNode(`
    return app.golden("webgpu", 1, "${NAME}", bytes).catch(({ name, message }) => ({ description: name + ": " + message, values: [] }));
  `);
  assertStringIncludes(outcome.description, "NoAdapterError: Cannot open the webgpu device as there is no adapter");
});
