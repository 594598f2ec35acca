/**
 * All tasks behind one command, for a project that has SEvo from JSR and not as a checkout:
 *
 * ```sh
 * deno run --allow-read --allow-write --allow-env --allow-ffi jsr:@sevo/sevo/cli train --help
 * ```
 *
 * Help texts and messages say `deno task train ...`, which is how a checkout runs it. Here that is the command above with
 * the task's name and arguments: `deno run <permissions> jsr:@sevo/sevo/cli train ...`. These permissions are enough for
 * every task but `bench --versus-torch`, which starts Python and needs `--allow-run` too.
 *
 * @module
 */
import { suggestion } from "./cli/declaration.ts";
import { UsageError } from "./cli/flags.ts";
import { runTask } from "./cli/run_task.ts";

/** Loaded when asked for: `train` needs neither the native package of `prepare` nor its permissions. */
const COMMANDS: { readonly [name: string]: () => Promise<{ main(args: readonly string[]): Promise<void> }> } = {
  doctor: () => import("./doctor.ts"),
  prepare: () => import("./prepare.ts"),
  train: () => import("./train.ts"),
  evaluate: () => import("./evaluate.ts"),
  recommend: () => import("./recommend.ts"),
  similar: () => import("./similar.ts"),
  export: () => import("./export.ts"),
  bench: () => import("./bench.ts"),
  reproduce: () => import("./reproduce.ts"),
};

/**
 * Runs a task by name.
 *
 * @param args The name and the arguments of the task.
 */
export async function main([name, ...args]: readonly string[]): Promise<void> {
  const names = Object.keys(COMMANDS);
  if (name === undefined || name === "--help" || name === "-h") {
    console.log(`Usage: sevo <task> [flags]\n\nTasks: ${names.join(", ")}\n\nsevo <task> --help says more of one.`);
    return;
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name]! : null;
  if (!command) {
    const meant = suggestion(name, names);
    throw new UsageError(
      `Cannot run '${name}' as there is no such task: ${
        meant ? `did you mean '${meant}'?` : `there are ${names.join(", ")}`
      }`,
    );
  }
  await (await command()).main(args);
}

if (import.meta.main) await runTask(() => main(Deno.args));
