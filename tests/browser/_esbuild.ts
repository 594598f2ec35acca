import { build, stop } from "npm:esbuild@0.28.2";

/** How esbuild is asked for a bundle. */
export interface EsbuildOptions {
  /** Where modules with names of packages are. */
  readonly alias: Readonly<Record<string, string>>;
  /** Syntax that the bundle may use. */
  readonly target: string;
  /** What runs it. */
  readonly platform: "browser" | "node";
}

/** Bundles a program with esbuild, small and with the names of functions kept, which is hardest on a worker's text. */
export async function esbuild(entry: string, outfile: string, options: EsbuildOptions): Promise<void> {
  try {
    await build({
      ...options,
      entryPoints: [entry],
      outfile,
      bundle: true,
      format: "esm",
      minify: true,
      keepNames: true,
      logLevel: "silent",
    });
  } finally {
    await stop();
  }
}
