import { assertEquals } from "@std/assert";
import { dirname, join } from "node:path";

/** Rooms from the ground up: a file imports from its own room and from those before it. */
const FLOORS: readonly (readonly string[])[] = [
  [
    "src/checked_safetensors.ts",
    "src/crc32.ts",
    "src/json.ts",
    "src/options.ts",
    "src/philox.ts",
    "src/quoted.ts",
    "src/safetensors.ts",
  ],
  ["src/device"],
  ["kernels"],
  ["src/graph", "src/data"],
  ["src/sevo"],
  ["src/nn"],
  ["src/models"],
  ["src/recommend"],
  ["src/training"],
  ["src/files"],
  ["src/prepare"],
  ["src/experiments"],
  ["src/report"],
  ["tasks/cli"],
  [
    "tasks/bench",
    "tasks/build",
    "tasks/doctor",
    "tasks/evaluate",
    "tasks/prepare",
    "tasks/recommend",
    "tasks/report",
    "tasks/results",
    "tasks/sweep",
    "tasks/train",
  ],
  ["tasks"],
];

/** Rooms that may call Deno: everything else runs in a page of a browser too. */
const WITH_DENO = ["src/files", "src/prepare", "src/experiments", "tasks"];

async function* sources(folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) yield* sources(path);
    else if (name.endsWith(".ts") && !name.endsWith(".as.ts") && !name.endsWith(".generated.ts")) yield path;
  }
}

/** Paths of the relative imports of a file. */
function importsOf(path: string, text: string): string[] {
  const found = text.matchAll(/^(?:import|export)\s[^;]*?from\s+"(\.[^"]+\.ts)"|\bimport\(\s*"(\.[^"]+\.ts)"/gm);
  return Array.from(found, ([, from, dynamic]) => join(dirname(path), (from ?? dynamic)!));
}

function floorOf(path: string): number {
  let found = -1, length = 0;
  FLOORS.forEach((rooms, floor) =>
    rooms.forEach((room) => {
      if ((path === room || path.startsWith(`${room}/`)) && room.length > length) {
        [found, length] = [floor, room.length];
      }
    })
  );
  return found;
}

const files = new Map<string, string>();
for (const folder of ["src", "kernels", "tasks"]) {
  for await (const path of sources(folder)) files.set(path, await Deno.readTextFile(path));
}
const graph = new Map(Array.from(files, ([path, text]) => [path, importsOf(path, text)]));

Deno.test("imports run one way, from the tasks down to the devices", () => {
  const up: string[] = [];
  for (const [path, imports] of graph) {
    for (const target of imports) {
      if (floorOf(target) > floorOf(path)) up.push(`${path} -> ${target}`);
    }
  }
  assertEquals([...files.keys()].filter((path) => floorOf(path) < 0), [], "files in no room");
  assertEquals(up, []);
});

Deno.test("the picture of the house has every room", async () => {
  const [, picture] = /```mermaid\n([\s\S]*?)```/.exec(await Deno.readTextFile("CONTRIBUTING.md"))!;
  const rooms = FLOORS.flat().filter((room) => !room.endsWith(".ts") && !room.startsWith("tasks/"));
  const drawn = Array.from(picture!.matchAll(/<b>((?:src\/)?\w+)<\/b>/g), ([, room]) => room!);
  assertEquals(drawn.toSorted(), rooms.toSorted());
});

Deno.test("no file imports itself by way of others", () => {
  const done = new Set<string>(), circles: string[] = [];
  const visit = (path: string, trail: readonly string[]) => {
    const at = trail.indexOf(path);
    if (at >= 0) circles.push([...trail.slice(at), path].join(" -> "));
    if (at >= 0 || done.has(path)) return;
    for (const target of graph.get(path) ?? []) visit(target, [...trail, path]);
    done.add(path);
  };
  for (const path of graph.keys()) visit(path, []);
  assertEquals(circles, []);
});

Deno.test("only files, prepare, experiments and the tasks call Deno", () => {
  const calling = Array.from(files).filter(([path, text]) => {
    const code = text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "");
    return !WITH_DENO.some((room) => path.startsWith(`${room}/`)) && /\bDeno\.|"node:/.test(code);
  });
  assertEquals(calling.map(([path]) => path), []);
});

Deno.test("what is published imports nothing that is left out", async () => {
  const { publish: { exclude } } = JSON.parse(await Deno.readTextFile("deno.json")) as {
    publish: { exclude: readonly string[] };
  };
  // The last rule that names a path or a folder above it decides, as in .gitignore
  const leftOut = (path: string) =>
    exclude.reduce((out, rule) => {
      const [named, kept] = rule.startsWith("!") ? [rule.slice(1), true] : [rule, false];
      return path === named || path.startsWith(`${named}/`) ? !kept : out;
    }, false);
  const missing: string[] = [];
  for (const [path, text] of files) {
    for (const [, target] of text.matchAll(/\bfrom\s+"(\.[^"]+)"/g)) {
      const imported = join(dirname(path), target!);
      if (leftOut(imported)) missing.push(`${path} -> ${imported}`);
    }
  }
  assertEquals(missing, []);
  assertEquals([leftOut("tests/house_test.ts"), leftOut("tests/reference/sevo_torch.py")], [true, false]);
});
