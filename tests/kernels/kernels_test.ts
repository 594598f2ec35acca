import { assert, assertEquals } from "@std/assert";
import { kernelChecks } from "../../kernels/checks.ts";
import { moduleBase64 } from "../../src/device/cpu/module.generated.ts";
import { findKernels, readSource } from "./_kernels.ts";

const found = await findKernels();
const names = found.map(({ kernel }) => kernel.name);

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
