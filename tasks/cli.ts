/**
 * All tasks behind one command, for a project that has SEvo from JSR and not as a checkout:
 *
 * ```sh
 * deno run --allow-read --allow-write --allow-env --allow-ffi jsr:@sevo/sevo/cli train --help
 * ```
 *
 * Help texts and messages say `deno task train ...`, which is how a checkout runs it. Here that is the command above with
 * the task's name and arguments: `deno run <permissions> jsr:@sevo/sevo/cli train ...`. These permissions are enough for
 * every task but `sweep`, which starts Deno for each run and asks how much memory there is, `bench --versus-torch`, which
 * starts Python, and `bench prepare`, which starts Deno: they need `--allow-run` too, and `sweep` `--allow-sys`. A `worker`
 * needs what `sweep` needs and `--allow-net`.
 *
 * @module
 */
import type { ModelDefinition } from "../src/models/define_model.ts";
import { suggestion } from "./cli/declaration.ts";
import { UsageError } from "./cli/flags.ts";
import { runTask } from "./cli/run_task.ts";

/** A task, run with its arguments and, where it uses models, the models that there are. */
interface Command {
  main(args: readonly string[], models?: readonly ModelDefinition[]): Promise<void>;
}

/** Loaded when asked for: `train` needs neither the native package of `prepare` nor its permissions. */
const COMMANDS: { readonly [name: string]: () => Promise<Command> } = {
  doctor: () => import("./doctor.ts"),
  prepare: () => import("./prepare.ts"),
  train: () => import("./train.ts"),
  sweep: () => import("./sweep.ts"),
  // Not by its name, which would bring the library of its queue along for all tasks
  worker: () => import(new URL("./worker.ts", import.meta.url).href),
  evaluate: () => import("./evaluate.ts"),
  recommend: () => import("./recommend.ts"),
  similar: () => import("./similar.ts"),
  export: () => import("./export.ts"),
  results: () => import("./results.ts"),
  report: () => import("./report.ts"),
  bench: () => import("./bench.ts"),
};

/**
 * Runs a task by name.
 *
 * @example
 * ```ts
 * import { main } from "@sevo/sevo/cli";
 * import { assertRejects } from "@std/assert";
 *
 * await assertRejects(() => main(["trian"]), Error, "did you mean 'train'?"); // what runCommand() prints
 * ```
 *
 * @param args The name and the arguments of the task.
 * @param models The models that there are; by default those of this package.
 */
export async function main([name, ...args]: readonly string[], models?: readonly ModelDefinition[]): Promise<void> {
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
  await (await command()).main(args, models);
}

/**
 * Runs a task by name, as a program of your own: what goes wrong is one line on standard error, and the exit code is 1.
 *
 * @example
 * ```ts
 * import { runCommand } from "@sevo/sevo/cli";
 * import { MODELS } from "@sevo/sevo/models";
 * import { assertEquals } from "@std/assert";
 *
 * await runCommand(["--help"], MODELS); // Deno.args in a program, and models of your own among them
 * assertEquals(Deno.exitCode, 0);
 * ```
 *
 * @param args The name and the arguments of the task, such as `Deno.args`.
 * @param models The models that there are, with your own among them; by default those of this package.
 */
export async function runCommand(args: readonly string[], models?: readonly ModelDefinition[]): Promise<void> {
  await runTask(() => main(args, models));
}

if (import.meta.main) await runTask(() => main(Deno.args));
