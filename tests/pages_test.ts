import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { dirname, join } from "node:path";

async function* pagesIn(folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = folder === "." ? name : `${folder}/${name}`;
    if (isDirectory && !/^(\.|data$|runs$|node_modules$|cases$)/.test(name)) yield* pagesIn(path);
    else if (name.endsWith(".md")) yield path;
  }
}

const pages = new Map<string, string>();
for await (const path of pagesIn(".")) pages.set(path, await Deno.readTextFile(path));

/** A page without its code, in which brackets are no links. */
const prose = (text: string) => text.replace(/^```[\s\S]*?^```/gm, "").replace(/`[^`\n]*`/g, "");

/** The names that GitHub gives to the headings of a page. */
function anchorsOf(text: string): string[] {
  return Array.from(
    text.replace(/^```[\s\S]*?^```/gm, "").matchAll(/^#+ (.*)$/gm),
    ([, heading]) =>
      heading!.toLowerCase().replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").replace(/[^\p{L}\p{N} _-]/gu, "").replaceAll(
        " ",
        "-",
      ),
  );
}

Deno.test("every link of a page leads somewhere, to its heading too", async () => {
  assert(pages.size > 25);
  const dead: string[] = [];
  for (const [page, text] of pages) {
    for (const [, target] of prose(text).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target!)) continue;
      const [path, anchor] = target!.split("#"), found = path === "" ? page : join(dirname(page), path!);
      const there = await Deno.stat(found).then(() => true, () => false);
      if (!there || (anchor !== undefined && !anchorsOf(pages.get(found) ?? "").includes(anchor))) {
        dead.push(`${page}: ${target}`);
      }
    }
  }
  assertEquals(dead, []);
});

Deno.test("every page of docs is in its index, and every model in the README", () => {
  for (const page of pages.keys()) {
    if (!page.startsWith("docs/") || page === "docs/README.md") continue;
    if (page.startsWith("docs/models/")) assertStringIncludes(pages.get("README.md")!, `](${page})`);
    else assertStringIncludes(pages.get("docs/README.md")!, `](${page.slice(5)})`);
  }
});

Deno.test("every task is in the table of tasks, and no other", async () => {
  const { tasks } = JSON.parse(await Deno.readTextFile("deno.json")) as { tasks: Record<string, string> };
  const listed = Array.from(pages.get("docs/command-line.md")!.matchAll(/^\| `([a-z:]+)`/gm), ([, name]) => name!);
  assertEquals(listed.toSorted(), Object.keys(tasks).toSorted());
});

Deno.test("the changelog has the version of deno.json, and stability the formats of the sources", async () => {
  const { version } = JSON.parse(await Deno.readTextFile("deno.json")) as { version: string };
  const [, latest] = /^## (\d\S*)/m.exec(pages.get("CHANGELOG.md")!)!;
  assertEquals(latest, version);
  const stability = pages.get("docs/stability.md")!;
  const formats = new Set<string>();
  for (const path of ["src/models/model_file.ts", "src/training/checkpoint.ts", "src/sevo/state_file.ts"]) {
    const [, format] = /const FORMAT = "([^"]+)"/.exec(await Deno.readTextFile(path))!;
    formats.add(format!);
  }
  const named = stability.match(/\bsevo-[a-z]+-\d+/g)!;
  assertEquals(new Set(named), formats);
  const [, schema] = /SCHEMA_VERSION = (\d+)/.exec(await Deno.readTextFile("src/data/dataset.ts"))!;
  assertStringIncludes(stability, `\`schemaVersion\` ${schema} `);
});
