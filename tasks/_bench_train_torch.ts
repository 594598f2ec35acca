import type { TrainingSettings } from "../src/training/settings.ts";
import { UsageError } from "./_flags.ts";

/** Where the reference's training script is and what it is given. */
export interface TrainTorchOptions {
  /** Where train_torch.py lies. */
  readonly reference: string;
  /** The sequences it reads. */
  readonly sequences: string;
  /** Python with PyTorch. */
  readonly python: string;
  /** Threads; by default one for each core. */
  readonly threads: number | undefined;
  /** Steps that are timed. */
  readonly steps: number;
}

/**
 * Seconds that the PyTorch reference takes for a step of training, sampling included, in a process of its own. It makes as
 * many steps before, so that nothing is new to it.
 *
 * @param model The model.
 * @param options Where things are.
 * @returns Seconds of a step.
 * @throws {UsageError} If PyTorch or the reference does not run.
 */
export async function torchStepSeconds(
  model: TrainingSettings["model"],
  { reference, sequences, python, threads, steps }: TrainTorchOptions,
): Promise<number> {
  const cores = threads ?? navigator.hardwareConcurrency;
  const args = [
    ...[`${reference}/train_torch.py`, "--model", model.replace("-", "_"), "--data", sequences, "--epochs", 2],
    ...["--max-steps", steps, "--threads", cores],
  ];
  let output;
  try {
    output = await new Deno.Command(python, { args: args.map(String) }).output();
  } catch (error) {
    throw new UsageError(`Cannot run bench --versus-torch as '${python}' does not start: ${(error as Error).message}`);
  }
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim().split("\n");
  const last = text(output.stdout).at(-1)!;
  if (!output.success || !last.startsWith("{")) {
    throw new UsageError(
      `Cannot run bench --versus-torch as the reference does not run: ${text(output.stderr).at(-1)}`,
    );
  }
  const epoch = JSON.parse(last) as Record<"steps" | "data_s" | "forward_backward_s" | "optimizer_s", number>;
  return (epoch.data_s + epoch.forward_backward_s + epoch.optimizer_s) / epoch.steps;
}
