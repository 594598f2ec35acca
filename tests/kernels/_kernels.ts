import type { Kernel } from "../../src/device/kernel.ts";

const FOLDER = new URL("../../kernels/", import.meta.url);

/** A kernel as it stands in its folder. */
export interface FoundKernel {
  /** The folder, under `kernels/`. */
  readonly folder: string;
  readonly kernel: Kernel;
}

/** Reads a file under `kernels/`. */
export function readSource(path: string): Promise<string> {
  return Deno.readTextFile(new URL(path, FOLDER));
}

/** All kernels that a file of a folder under `kernels/` exports, by looking there: no list to forget one in. */
export async function findKernels(): Promise<FoundKernel[]> {
  const found: FoundKernel[] = [];
  for await (const { name: folder, isDirectory } of Deno.readDir(FOLDER)) {
    if (!isDirectory) continue;
    for await (const { name } of Deno.readDir(new URL(`${folder}/`, FOLDER))) {
      if (!name.endsWith(".ts") || name.endsWith(".as.ts")) continue;
      const exported: Record<string, unknown> = await import(new URL(`${folder}/${name}`, FOLDER).href);
      for (const value of Object.values(exported)) if (isKernel(value)) found.push({ folder, kernel: value });
    }
  }
  return found.toSorted((a, b) => a.kernel.name < b.kernel.name ? -1 : 1);
}

function isKernel(value: unknown): value is Kernel {
  return typeof value === "object" && value !== null &&
    ["bindings", "params", "wgsl", "shape"].every((key) => key in value);
}
