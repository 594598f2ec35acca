/// <reference lib="deno.unstable" />
/**
 * Makes the page of `examples/page`: one file of HTML that recommends, and learns, in a browser.
 *
 * @module
 */
import { writeWhole } from "../src/files/part_file.ts";
import { readModel } from "../src/files/read_model.ts";
import { encodeModel } from "../src/models/model_file.ts";
import { TryAgainError } from "./cli/exit_codes.ts";
import { defineTask, parseFlags } from "./cli/flags.ts";
import { runTask } from "./cli/run_task.ts";

const SOURCES = `${import.meta.dirname}/../examples/page`;

const task = defineTask({
  name: "page",
  summary:
    "Makes one page of HTML that recommends as one picks titles, and learns from the picks, in the browser alone: nothing is " +
    "fetched and nothing leaves it. It holds the model of a run, or asks for a model file when it is opened.",
  argument: {
    placeholder: "RUN",
    required: false,
    description: "Run directory, or a model.safetensors; without one the page asks for it",
  },
  examples: [
    ["runs/first --to page.html", "a page with the model of a run in it"],
    ["--to page.html", "a page for any model"],
  ],
  flags: {
    to: { kind: "string", placeholder: "FILE", default: "page.html", description: "File to write" },
  },
});

/** The program of the page, in one text that can stand in HTML. */
async function bundled(): Promise<string> {
  const { success, errors, outputFiles } = await Deno.bundle({
    entrypoints: [`${SOURCES}/page.ts`],
    platform: "browser",
    minify: true,
    write: false,
  }).catch((cause: Error) => {
    throw new TryAgainError(
      `Cannot make a page as its program cannot be bundled, which takes the network the first time: ${cause.message}`,
      { cause },
    );
  });
  if (!success) throw new SyntaxError(`Cannot make a page as its program does not compile: ${errors[0]?.text}`);
  // What would end a script or begin a comment stands in texts alone, which may be written otherwise
  return outputFiles![0]!.text().replaceAll("</script", "<\\/script").replaceAll("<!--", "<\\x21--");
}

async function hashOf(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return `'sha256-${new Uint8Array(digest).toBase64()}'`;
}

/** The page: its policy lets it compute, and reach nobody. */
async function pageOf(model: Uint8Array | null): Promise<string> {
  const [html, style] = await Promise.all(
    ["index.html", "page.css"].map((name) => Deno.readTextFile(`${SOURCES}/${name}`)),
  );
  const script = await bundled();
  const policy = [
    "default-src 'none'",
    `script-src ${await hashOf(script)} 'wasm-unsafe-eval'`,
    `style-src ${await hashOf(style!)}`,
    "worker-src blob:",
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  const inside = model === null ? "" : `<script type="text/plain" id="model">${model.toBase64()}</script>\n    `;
  const parts: Readonly<Record<string, string>> = {
    '<meta charset="utf-8">':
      `<meta charset="utf-8">\n    <meta http-equiv="Content-Security-Policy" content="${policy}">`,
    '<link rel="stylesheet" href="page.css">': `<style>${style}</style>`,
    '<script type="module" src="page.ts"></script>': `${inside}<script type="module">${script}</script>`,
  };
  return Object.entries(parts).reduce((page, [from, to]) => page.replace(from, () => to), html!);
}

/**
 * Runs the task.
 *
 * @param args Its arguments.
 */
export async function main(args: readonly string[]): Promise<void> {
  const parsed = await parseFlags(task, args);
  if (parsed === null) return;
  const { argument, values: { to } } = parsed;
  const file = argument === undefined ? null : await readModel(argument);
  const model = file && encodeModel(file.model, file.settings, file.weights, file);
  const bytes = new TextEncoder().encode(await pageOf(model));
  writeWhole(to, bytes);
  console.log(`Wrote ${to}: ${(bytes.length / 1e6).toFixed(2)} MB`);
}

if (import.meta.main) await runTask(() => main(Deno.args));
