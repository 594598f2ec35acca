import type { Kernel } from "../kernel.ts";

/** What of a kernel makes its shader. */
export type KernelSource = Pick<Kernel, "name" | "bindings" | "params" | "wgsl">;

const PRELUDE = `const WORKGROUP_SIZE: u32 = 256u;
fn linear_workgroup(id: vec3u, count: vec3u) -> u32 { return id.x + id.y * count.x; }
`;

/**
 * Writes the declarations of a kernel's bindings and scalars and puts its body after them.
 *
 * @param kernel The contract.
 * @returns A whole WGSL module with the entry point `main`.
 */
export function generateWgsl(kernel: KernelSource): string {
  let declarations = PRELUDE;
  let binding = 0;
  for (const [name, { type, access }] of Object.entries(kernel.bindings)) {
    const mode = access === "read" ? "read" : "read_write";
    declarations += `@group(0) @binding(${binding}) var<storage, ${mode}> ${name}: array<${type}>;\n`;
    binding++;
  }
  const params = Object.entries(kernel.params);
  // WGSL has no empty structs
  if (params.length > 0) {
    declarations += `struct Params { ${params.map(([name, type]) => `${name}: ${type}`).join(", ")} }\n`;
    declarations += `@group(0) @binding(${binding}) var<uniform> params: Params;\n`;
  }
  return declarations + kernel.wgsl;
}

/**
 * Numbers the lines of a source, for error messages.
 *
 * @param source The source.
 * @returns The source, each line after its number.
 */
export function numberLines(source: string): string {
  const lines = source.trimEnd().split("\n");
  const width = String(lines.length).length;
  return lines.map((line, index) => `${String(index + 1).padStart(width)} | ${line}`).join("\n");
}
