import type { Dataset } from "../../src/data/dataset.ts";
import { sequenceAt } from "../../src/data/sequences.ts";
import { UsageError } from "../cli/flags.ts";
import { writeReference } from "./torch_reference.ts";

/** Where PyTorch is, and what the reference is given. */
export interface TrainTorchOptions {
  /** Python with PyTorch. */
  readonly python: string;
  /** Threads; by default one for each core. */
  readonly threads: number | undefined;
  /** Steps that are timed. */
  readonly steps: number;
}

/**
 * Seconds of an epoch of the PyTorch reference, extrapolated from a few steps, in a process of its own. It makes as many
 * steps before, so that nothing is new to it. Sampling is counted as it was in these steps and not extrapolated: listing and
 * shuffling the samples of the whole epoch is most of it.
 *
 * @param model Name of the model.
 * @param sequences The sequences: see {@linkcode sequencesText}.
 * @param count Steps of the epoch.
 * @param options Where things are.
 * @returns Seconds of the epoch.
 * @throws {UsageError} If PyTorch or the reference does not run.
 */
export async function torchEpochSeconds(
  model: string,
  sequences: string,
  count: number,
  { python, threads, steps }: TrainTorchOptions,
): Promise<number> {
  const cores = threads ?? navigator.hardwareConcurrency;
  const folder = await Deno.makeTempDir();
  const args = [
    `${folder}/train_torch.py`,
    "--model",
    model.replace("-", "_"),
    "--data",
    sequences,
    "--epochs",
    2,
    "--max-steps",
    steps,
    "--threads",
    cores,
  ];
  let output;
  try {
    await writeReference(folder);
    output = await new Deno.Command(python, { args: args.map(String) }).output();
  } catch (error) {
    throw new UsageError(`Cannot run bench --versus-torch as '${python}' does not start: ${(error as Error).message}`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim().split("\n");
  const last = text(output.stdout).at(-1)!;
  if (!output.success || !last.startsWith("{")) {
    throw new UsageError(
      `Cannot run bench --versus-torch as the reference does not run: ${text(output.stderr).at(-1)}`,
    );
  }
  const epoch = JSON.parse(last) as Record<"steps" | "data_s" | "forward_backward_s" | "optimizer_s", number>;
  return epoch.data_s + (epoch.forward_backward_s + epoch.optimizer_s) / epoch.steps * count;
}

/**
 * A dataset as the reference reads it: a line for each user, of the user and its items, of which the reference holds the
 * last two out. A user from whom nothing is held out is given two items more.
 *
 * @param dataset The dataset.
 * @returns The lines.
 */
export function sequencesText({ userCount, train, valid, test }: Dataset): string {
  let text = "";
  for (let user = 0; user < userCount; user++) {
    const items = [...sequenceAt(train, user)];
    if (items.length === 0) continue;
    for (const held of [valid, test]) items.push(sequenceAt(held, user).at(-1) ?? items[0]!);
    text += `${user} ${items.join(" ")}\n`;
  }
  return text;
}
