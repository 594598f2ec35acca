import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { kernelChecks } from "../../kernels/checks.ts";
import { moduleBase64 } from "../../src/device/cpu/module.generated.ts";
import type { Kernel } from "../../src/device/kernel.ts";
import { findKernels, readSource } from "./_kernels.ts";

const found = await findKernels();
const names = found.map(({ kernel }) => kernel.name);

/** An argument as AssemblyScript declares it. */
type Argument = `${string}: ${string}`;

/**
 * What the cpu device calls a kernel with: addresses, scalars, and the items to do. Addresses are of 32 bits, so an integer
 * that a kernel counts bytes with may be declared as one.
 */
function argumentsOf({ bindings, params }: Kernel): Argument[] {
  return [
    ...Object.keys(bindings).map((name): Argument => `${name}: usize`),
    ...Object.entries(params).map(([name, type]): Argument => `${name}: ${type === "u32" ? "usize" : type}`),
    "begin: usize",
    "end: usize",
  ];
}

/** The arguments of an exported function that gives nothing back, `u32` as `usize`; null where there is none of that name. */
function declaredArguments(source: string, name: string): Argument[] | null {
  const code = source.replaceAll(/\/\*[^]*?\*\/|\/\/.*/g, "");
  const declared = new RegExp(`\\bexport function ${name}\\(([^)]*)\\): void\\b`).exec(code)?.[1];
  if (declared === undefined) return null;
  const list = declared.split(",").map((part) => part.trim()).filter((part) => part !== "");
  return list.map((part) => part.replace(/\s*:\s*/, ": ").replace(/: u32$/, ": usize") as Argument);
}

/** Where `mod.as.ts` takes each of its exports from. */
async function sourcesByExport(): Promise<Map<string, string>> {
  const sources = new Map<string, string>();
  for (const [, list, path] of (await readSource("mod.as.ts")).matchAll(/export \{([^}]*)\} from "\.\/([^"]+)"/g)) {
    for (const name of list!.split(",").map((part) => part.trim())) if (name !== "") sources.set(name, `${path}.ts`);
  }
  return sources;
}

Deno.test("kernels: every kernel in a folder has checks, and once", () => {
  assert(names.length > 30);
  assertEquals(new Set(names).size, names.length);
  assertEquals(kernelChecks.map(({ kernel }) => kernel).toSorted(), names.toSorted());
});

Deno.test("kernels: every contract in a folder is exported", async () => {
  let defined = 0;
  for (const folder of new Set(found.map(({ folder }) => folder))) {
    for await (const { name } of Deno.readDir(new URL(`../../kernels/${folder}/`, import.meta.url))) {
      if (name.endsWith(".ts")) defined += (await readSource(`${folder}/${name}`)).split("defineKernel({").length - 1;
    }
  }
  assertEquals(defined, names.length);
});

Deno.test("kernels: the module exports the kernels and nothing else", async () => {
  assertEquals([...(await sourcesByExport()).keys()].toSorted(), names.toSorted());
  const module = new WebAssembly.Module(Uint8Array.fromBase64(moduleBase64));
  const functions = WebAssembly.Module.exports(module).filter(({ kind }) => kind === "function");
  assertEquals(functions.map(({ name }) => name).toSorted(), names.toSorted());
});

Deno.test("kernels: AssemblyScript takes what the contract says, in its order", async () => {
  const sources = await sourcesByExport();
  for (const { folder, kernel } of found) {
    const path = sources.get(kernel.name)!;
    assert(path.startsWith(`${folder}/`), `${kernel.name} is taken from ${path}: expected a file of ${folder}/`);
    assertEquals(declaredArguments(await readSource(path), kernel.name), argumentsOf(kernel), kernel.name);
  }
});

Deno.test("kernels: two arguments that change places are noticed", async () => {
  const sources = await sourcesByExport();
  for (const { kernel } of found) {
    const expected = argumentsOf(kernel);
    const source = await readSource(sources.get(kernel.name)!);
    for (let at = 1; at < expected.length; at++) {
      const [first, second] = [expected[at - 1]!.split(":")[0]!, expected[at]!.split(":")[0]!];
      const swapped = source.replace(
        new RegExp(`export function ${kernel.name}\\([^)]*`),
        (head) =>
          head.replace(new RegExp(`\\b${first}:`), "$:").replace(new RegExp(`\\b${second}:`), `${first}:`)
            .replace("$:", `${second}:`),
      );
      assertNotEquals(swapped, source);
      assertNotEquals(declaredArguments(swapped, kernel.name), expected, `${kernel.name}: ${first} and ${second}`);
    }
  }
});
