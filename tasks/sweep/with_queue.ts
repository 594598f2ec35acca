import { fileURLToPath } from "node:url";
import type { ModelDefinition } from "../../src/models/define_model.ts";
import { MODELS } from "../../src/models/models.ts";
import { UsageError } from "../cli/declaration.ts";
import { SIGNALS } from "../cli/interruption.ts";
import { deno } from "./command.ts";
import { addressOf } from "./executors.ts";

/** Variables that a queue's process is given, besides its own address. */
const VARIABLES = "XDG_RUNTIME_DIR,SEVO_*";

/**
 * Whether this process may not speak with a queue. `deno task sweep` may not: a sweep on this machine needs no network, and
 * does not download what a queue needs.
 *
 * @param url The queue.
 * @param models The models that there are.
 * @returns Whether another process is to do it.
 * @throws {UsageError} If this is a program with models of its own, whose permissions are not known here.
 */
export function needsProcess(url: string | undefined, models: readonly ModelDefinition[]): boolean {
  const { place } = addressOf("sweep", url);
  if (Deno.permissions.querySync({ name: "net", host: place }).state === "granted") return false;
  if (models === MODELS) return true;
  throw new UsageError(
    `Cannot run sweep as this program may not speak with its queue: start it with --allow-net=${place}`,
  );
}

/**
 * Runs the sweep in a process that may speak with its queue, and with nobody else.
 *
 * @param args The arguments of this one.
 * @param url The queue.
 * @returns The exit code.
 */
export async function runWithQueue(args: readonly string[], url: string): Promise<number> {
  const { place } = addressOf("sweep", url), lock = fileURLToPath(new URL("../../locks/queue.lock", import.meta.url));
  const child = new Deno.Command(deno(), {
    args: [
      "run",
      "--no-prompt",
      "--frozen",
      `--lock=${lock}`,
      "--allow-read",
      "--allow-write",
      "--allow-run",
      `--allow-env=${VARIABLES}`,
      // What its library asks for besides is not there
      "--ignore-env",
      "--allow-sys=hostname,systemMemoryInfo",
      `--allow-net=${place}`,
      fileURLToPath(import.meta.resolve("../sweep.ts")),
      ...withoutQueue(args),
      "--attached",
    ],
    // Not as an argument, which every user of this machine can see
    env: { SEVO_QUEUE: url },
    stdin: "piped", // Its end tells that this process is gone
  }).spawn();
  const pass = () => {
    try {
      child.kill("SIGTERM");
    } catch {
      // It has ended meanwhile
    }
  };
  for (const signal of SIGNALS) Deno.addSignalListener(signal, pass);
  try {
    return (await child.status).code;
  } finally {
    for (const signal of SIGNALS) Deno.removeSignalListener(signal, pass);
    await child.stdin.close().catch(() => {});
  }
}

function withoutQueue(args: readonly string[]): string[] {
  const flag = "--queue";
  return args.filter((arg, at) => !arg.startsWith(`${flag}=`) && arg !== flag && args[at - 1] !== flag);
}
