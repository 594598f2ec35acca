import { esbuild } from "./_esbuild.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const { imports } = JSON.parse(await Deno.readTextFile(`${ROOT}deno.json`)) as { imports: Record<string, string> };

/** Where the names that the application imports are: what a user of a checkout writes down for a bundler. */
const ALIAS: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    Object.entries(imports).filter(([, target]) => target.startsWith("./"))
      .map(([name, target]) => [name, ROOT + target.slice(2)]),
  ),
  zod: new URL(import.meta.resolve("zod")).pathname,
};

/** The application that is bundled. */
const APP = `${ROOT}tests/browser/_app.ts`;

async function run(args: readonly string[]): Promise<void> {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), { args: [...args], cwd: ROOT }).output();
  if (code !== 0) throw new Error(new TextDecoder().decode(stderr));
}

/** The one program that a folder of a page loads. */
const pageOf = (script: string) =>
  `<!doctype html>
<meta charset="utf-8">
<title>SEvo</title>
<script type="module" src="${script}"></script>
`;

/**
 * Bundles a program with `deno bundle`, and makes a folder with an `index.html` that loads it.
 *
 * @param entry The program; a path from the root of the repository will do.
 * @param folder The folder.
 */
export async function bundlePage(entry: string, folder: string): Promise<void> {
  await Deno.mkdir(folder);
  await Deno.writeTextFile(`${folder}/index.html`, pageOf("./app.js"));
  await run(["bundle", "--quiet", "--platform", "browser", "--minify", "-o", `${folder}/app.js`, entry]);
}

/** Bundlers by name: each makes a folder with an `index.html` of the application. */
export const BUNDLERS: Readonly<Record<string, (folder: string) => Promise<void>>> = {
  "deno bundle": (folder) => bundlePage(APP, folder),
  esbuild: async (folder) => {
    await Deno.mkdir(folder);
    await Deno.writeTextFile(`${folder}/index.html`, pageOf("./app.js"));
    await esbuild(APP, `${folder}/app.js`, { alias: ALIAS, target: "es2022", platform: "browser" });
  },
  Vite: async (folder) => {
    const source = `${folder}-source`;
    await Deno.mkdir(source);
    await Deno.writeTextFile(`${source}/index.html`, pageOf("./main.ts"));
    await Deno.writeTextFile(`${source}/main.ts`, `import ${JSON.stringify(APP)};\n`);
    await run([
      "run",
      "--quiet",
      "--no-prompt",
      "--allow-all",
      "tests/browser/_vite.ts",
      source,
      JSON.stringify(ALIAS),
    ]);
    await Deno.rename(`${source}/dist`, folder);
  },
};

/** Bundles the application for Node. */
export async function bundleForNode(file: string): Promise<void> {
  await esbuild(APP, file, { alias: ALIAS, target: "node24", platform: "node" });
}
