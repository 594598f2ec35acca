import { EXIT, TryAgainError } from "./exit_codes.ts";

/** Signals that ask a process to end: from the keyboard, and from whoever schedules it. */
const SIGNALS: readonly Deno.Signal[] = Deno.build.os === "windows" ? ["SIGINT"] : ["SIGINT", "SIGTERM"];

/**
 * Runs what can be ended early. A first signal asks it to end, a second one ends the process at once.
 *
 * @typeParam T What it gives.
 * @param action What cannot go on, as in "Cannot prepare".
 * @param again What to do about it, as in "run it again".
 * @param use Gets a signal that is aborted with a {@linkcode TryAgainError}.
 * @returns What it gives.
 */
export async function interruptible<T>(
  action: string,
  again: string,
  use: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const ending = new AbortController();
  const end = () => {
    if (ending.signal.aborted) Deno.exit(EXIT.again);
    ending.abort(new TryAgainError(`${action} as the task was interrupted: ${again}`));
  };
  for (const signal of SIGNALS) Deno.addSignalListener(signal, end);
  try {
    return await use(ending.signal);
  } finally {
    for (const signal of SIGNALS) Deno.removeSignalListener(signal, end);
  }
}
