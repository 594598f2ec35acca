/**
 * `deno task prepare`: makes a prepared dataset of a log of interactions.
 *
 * @module
 */
import type { ItemsOptions } from "../src/prepare/options.ts";
import { shown, visible } from "../src/prepare/prepare_error.ts";
import { parseFlags } from "./cli/flags.ts";
import { interruptible } from "./cli/interruption.ts";
import { quoted } from "../src/quoted.ts";
import { runTask } from "./cli/run_task.ts";
import { task } from "./prepare/flags.ts";
import { StepProgress } from "./prepare/step_progress.ts";
import { summaryLines } from "./prepare/summary_lines.ts";

/**
 * Runs the task.
 *
 * @param args Its arguments.
 */
export async function main(args: readonly string[]): Promise<void> {
  const parsed = await parseFlags(task, args);
  if (parsed === null) return;
  const { values, arguments: files } = parsed;
  const out = values.out ?? `data/${nameOf(files[0]!)}`;
  // Loaded only now: --help and a wrong flag need no native package.
  const { prepare } = await import("../src/prepare/prepare.ts");
  const list = (text: string | undefined) => text?.split(",").map((word) => word.trim());
  const prepared = await interruptible(
    `Cannot prepare ${shown(files[0]!)}`,
    "nothing is left behind, run it again",
    async (signal) => {
      using progress = new StepProgress();
      return await prepare({
        ...values,
        files,
        out,
        events: list(values.events),
        missing: list(values.missing),
        itemsText: itemsOf(values),
        signal,
        onProgress: (step) => progress.show(step),
      });
    },
  );
  if (values.json) {
    console.log(JSON.stringify({ out, ...prepared.provenance.counts, ...prepared.summary }, null, 2));
  } else {
    const next = `  deno task train --model sasrec --data ${quoted(out)}`;
    console.log([...summaryLines(prepared, out, values.items), "", "Train on it:", visible(next)].join("\n"));
  }
  for (const { file, line, why, text } of prepared.bad) {
    console.error(visible(`left out: ${quoted(file)} line ${line} ${why}: ${visible(text, 100)}`));
  }
  for (const warning of prepared.warnings) console.error(visible(`warning: ${warning}`));
}

/** The flags of the items file without their prefix. */
function itemsOf(values: Record<string, unknown>): ItemsOptions {
  const own = Object.entries(values).filter(([key, value]) => /^items./.test(key) && value !== undefined)
    .map(([key, value]) => [`${key[5]!.toLowerCase()}${key.slice(6)}`, value]);
  return { ...Object.fromEntries(own), columns: values["itemColumns"] } as ItemsOptions;
}

/** A name for the dataset of a log. */
function nameOf(file: string): string {
  const base = file.replace(/[?#].*$/, "").replace(/[/\\]+$/, "").replace(/^.*[/\\]/, "");
  return base.replace(/(?<=.)\..*$/, "").replace(/[^\p{L}\p{N}_.-]/gu, "") || "log";
}

if (import.meta.main) await runTask(() => main(Deno.args));
