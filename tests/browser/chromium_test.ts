import { assert, assertEquals, assertLessOrEqual, assertStringIncludes } from "@std/assert";
import { CHROMIUM, closeBrowser, type Page, visit } from "../_chromium.ts";
import { goldenCases, relativeError } from "../_golden.ts";
import { app, type Outcome } from "./_app.ts";
import { BUNDLERS } from "./_bundles.ts";
import { ISOLATED, serve } from "./_server.ts";

const ignore = CHROMIUM === null, folder = await Deno.makeTempDir();
const GOLDEN = goldenCases("step_"), GOLDEN_FOLDER = new URL("../golden/", import.meta.url);
Deno.test.afterAll(async () => {
  await closeBrowser();
  await Deno.remove(folder, { recursive: true });
});

/** Folders of what each bundler makes, made once. */
const made = new Map<string, Promise<string>>();
function bundled(bundler: string): Promise<string> {
  const path = `${folder}/${bundler.replace(" ", "-")}`;
  if (!made.has(bundler)) made.set(bundler, BUNDLERS[bundler]!(path).then(() => path));
  return made.get(bundler)!;
}

/** A test of the application in a page, as a bundler made it and with headers of its server's. */
function inPage(
  name: string,
  bundler: string,
  headers: Readonly<Record<string, string>>,
  work: (page: Page, said: readonly string[]) => Promise<void>,
): void {
  Deno.test({
    name: `in Chromium, by ${bundler}: ${name}`,
    ignore,
    // One browser serves all tests
    sanitizeOps: false,
    sanitizeResources: false,
    async fn() {
      await using server = serve(await bundled(bundler), headers);
      await visit(server.address, {}, ({ page, said }) => work(page, said));
    },
  });
}

const bytesOf = (name: string) => Deno.readFile(new URL(`${name}.safetensors`, GOLDEN_FOLDER));

/** A golden case as the page computes it. */
async function goldenIn(page: Page, kind: string, threads: number, name: string): Promise<Outcome> {
  const bytes = (await bytesOf(name)).toBase64();
  return await page.evaluate(
    `app.golden("${kind}", ${threads}, "${name}", Uint8Array.fromBase64("${bytes}"))`,
  ) as Outcome;
}

/** The same here, on the cpu. */
async function goldenHere(name: string): Promise<readonly number[]> {
  return (await app.golden("cpu", 2, name, await bytesOf(name))).values;
}

const ONE_THREAD = "cpu: WebAssembly SIMD, 1 thread", NAME = "step_adamw_neumann";

for (const bundler in BUNDLERS) {
  inPage("one thread without isolation, to the bits of Deno", bundler, {}, async (page, said) => {
    const outcome = await goldenIn(page, "cpu", 4, NAME);
    assertEquals(outcome, { description: ONE_THREAD, values: await goldenHere(NAME) });
    assertEquals(said, []);
  });

  inPage("all threads with isolation, to the bits of Deno", bundler, ISOLATED, async (page, said) => {
    for (const threads of [1, 2, 3]) {
      const { description, values } = await goldenIn(page, "cpu", threads, NAME);
      assertEquals(description, `cpu: WebAssembly SIMD, ${threads} thread${threads === 1 ? "" : "s"}`);
      assertEquals(values, await goldenHere(NAME));
    }
    assertEquals(said, []);
  });

  inPage("a model trains and recommends, to the bits of Deno", bundler, ISOLATED, async (page, said) => {
    const { values } = await app.trained("cpu", 1);
    assertEquals(values.length, 20);
    assertEquals(await page.evaluate(`app.trained("cpu", 2)`), {
      description: "cpu: WebAssembly SIMD, 2 threads",
      values,
    });
    assertEquals(said, []);
  });
}

inPage("every golden step, to the bits of Deno", "esbuild", ISOLATED, async (page) => {
  assert(GOLDEN.length > 0);
  for (const { name } of GOLDEN) {
    assertEquals((await goldenIn(page, "cpu", 2, name)).values, await goldenHere(name), name);
  }
});

inPage("every golden step on WebGPU", "esbuild", {}, async (page, said) => {
  const adapter = await page.evaluate(`navigator.gpu?.requestAdapter().then((adapter) => adapter?.info.architecture)`);
  assertEquals(adapter, "swiftshader");
  for (const { name, settings, data, has } of GOLDEN) {
    const { description, values } = await goldenIn(page, "webgpu", 1, name);
    assert(/^webgpu: .*, software$/.test(description), description);
    let at = 0;
    for (let step = 1; step <= (settings.steps as number); step++) {
      for (let table = 0; has(`param.${table}.0`); table++) {
        const expected = data(`param.${table}.${step}`);
        const actual = values.slice(at, at += expected.length);
        assertLessOrEqual(relativeError(actual, expected), 1e-5, `${name}, table ${table}, step ${step}`);
      }
    }
    assertEquals(at, values.length);
  }
  assertEquals(said, []);
});

inPage("a model trains and recommends on WebGPU", "esbuild", {}, async (page, said) => {
  const { values } = await app.trained("cpu", 1);
  const outcome = await page.evaluate(`app.trained("webgpu", 1)`) as Outcome;
  // The lists are the same, their scores as near as float32 is
  assertEquals(outcome.values.slice(0, 10), values.slice(0, 10));
  assertLessOrEqual(relativeError(outcome.values.slice(10), values.slice(10)), 1e-3);
  assertEquals(said, []);
});

inPage("auto takes no software adapter", "esbuild", {}, async (page) => {
  const { description } = await goldenIn(page, "auto", 1, NAME);
  assertEquals(description, ONE_THREAD);
});

inPage("a page that forbids workers from blob: has one thread, and is told once", "esbuild", {
  ...ISOLATED,
  "content-security-policy": "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'",
}, async (page, said) => {
  for (let time = 0; time < 2; time++) {
    const outcome = await goldenIn(page, "cpu", 4, NAME);
    assertEquals(outcome, { description: ONE_THREAD, values: await goldenHere(NAME) });
  }
  const warnings = said.filter((line) => line.startsWith("warning: "));
  assertEquals(warnings, [
    "warning: The cpu device runs on one thread as no worker starts: the content security policy of the page may not " +
    "allow workers from blob:",
  ]);
  // The rest is what Chromium itself says of each
  for (const line of said) assert(line === warnings[0] || /Content Security Policy/.test(line), line);
});

inPage("a page that allows WebAssembly and workers from blob: has all threads", "esbuild", {
  ...ISOLATED,
  "content-security-policy": "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src blob:",
}, async (page, said) => {
  const { description, values } = await goldenIn(page, "cpu", 2, NAME);
  assertEquals([description, values], ["cpu: WebAssembly SIMD, 2 threads", await goldenHere(NAME)]);
  assertEquals(said, []);
});

inPage("a page that forbids WebAssembly has WebGPU alone", "esbuild", {
  "content-security-policy": "default-src 'self'; worker-src blob:",
}, async (page) => {
  const refused = await goldenIn(page, "cpu", 1, NAME).catch(({ message }: Error) => message);
  assertStringIncludes(String(refused), "WebAssembly");
  const { description, values } = await goldenIn(page, "webgpu", 1, NAME);
  assert(description.startsWith("webgpu: "), description);
  assertLessOrEqual(relativeError(values, await goldenHere(NAME)), 1e-5);
});

inPage("in a worker of the page's own, on threads", "esbuild", ISOLATED, async (page, said) => {
  const bytes = (await bytesOf(NAME)).toBase64();
  const outcome = await page.evaluate(`new Promise((resolve, reject) => {
    const program = \`import "\${new URL("app.js", location.href)}";
      postMessage(await app.golden("cpu", 2, "${NAME}", Uint8Array.fromBase64("${bytes}")));\`;
    const worker = new Worker(URL.createObjectURL(new Blob([program], { type: "text/javascript" })), { type: "module" });
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = ({ message }) => reject(new Error(message));
  })`);
  assertEquals(outcome, { description: "cpu: WebAssembly SIMD, 2 threads", values: await goldenHere(NAME) });
  assertEquals(said, []);
});
