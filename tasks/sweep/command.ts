import { fileURLToPath } from "node:url";
import type { ModelDefinition } from "../../src/models/define_model.ts";
import { MODELS } from "../../src/models/models.ts";
import { kebab, UsageError } from "../cli/declaration.ts";
import type { SweepFlags } from "./flags.ts";

/** What a run may do: as train in deno.json. */
const PERMISSIONS = [
  "--allow-read",
  "--allow-write",
  "--allow-env=XDG_RUNTIME_DIR,SEVO_*",
  "--allow-sys=hostname",
];

/** Flags of the sweep that its runs are given too. */
const PASSED = ["device", "threads", "checkpointEvery", "grace"] as const;

/**
 * What starts this program again, with the permissions of train.
 *
 * @param models The models that there are.
 * @returns Program and arguments, which those of `sweep` follow.
 * @throws {UsageError} If Deno is not to be found.
 */
export function startOf(models: readonly ModelDefinition[]): string[] {
  // A program with models of its own is started again, and that of this package by its own file
  const isOwn = models !== MODELS, main = new URL(isOwn ? Deno.mainModule : import.meta.resolve("../sweep.ts"));
  const lock = new URL("../../locks/tasks.lock", import.meta.url);
  return [
    deno(),
    "run",
    "--no-prompt",
    // Everything is here already, as this process needed it too
    "--cached-only",
    ...!isOwn && isFile(lock) ? ["--frozen", `--lock=${fileURLToPath(lock)}`] : [],
    ...PERMISSIONS,
    main.protocol === "file:" ? fileURLToPath(main) : main.href,
    ...isOwn ? ["sweep"] : [],
  ];
}

/**
 * The arguments of each run of a sweep.
 *
 * @param spec The spec.
 * @param values The command line of the sweep.
 * @returns The arguments of a run, by its name.
 */
export function argsOf(spec: string, values: SweepFlags): (name: string) => string[] {
  const passed = PASSED.flatMap((key) => values[key] === undefined ? [] : [`--${kebab(key)}`, `${values[key]}`]);
  return (name) => [spec, "--out", values.out, "--run", name, ...passed];
}

/** Deno itself: this one where it may be started, else the one on the PATH, which `--allow-run=deno` means. */
export function deno(): string {
  const own = Deno.execPath(),
    isAllowed = (command: string) => Deno.permissions.querySync({ name: "run", command }).state === "granted";
  if (isAllowed(own)) return own;
  if (isAllowed("deno")) return "deno";
  throw new UsageError(
    "Cannot run sweep as there is no deno on the PATH that may be started: add its folder to the PATH, or --allow-run",
  );
}

function isFile(url: URL): boolean {
  try {
    return url.protocol === "file:" && Deno.statSync(url).isFile;
  } catch {
    return false;
  }
}
