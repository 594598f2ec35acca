import { EXIT } from "../../src/experiments/exit.ts";
import { TryAgainError } from "./exit_codes.ts";

/** Signals that ask a process to end: from the keyboard, and from whoever schedules it. */
export const SIGNALS: readonly Deno.Signal[] = Deno.build.os === "windows" ? ["SIGINT"] : ["SIGINT", "SIGTERM"];

/**
 * Milliseconds in which a second wish to end is the first: a terminal asks all its processes at once, and a process that
 * has been asked asks those that it started.
 */
const SAME = 1000;

/**
 * Runs what can be ended early. A first signal asks it to end, a second one ends the process at once.
 *
 * @typeParam T What it gives.
 * @param action What cannot go on, as in "Cannot prepare".
 * @param again What to do about it, as in "run it again".
 * @param use Gets a signal that is aborted with a {@linkcode TryAgainError}.
 * @param attached Whether the end of standard input asks it to end too: whoever has started it is gone then.
 * @returns What it gives.
 */
export async function interruptible<T>(
  action: string,
  again: string,
  use: (signal: AbortSignal) => Promise<T>,
  attached = false,
): Promise<T> {
  const ending = new AbortController();
  let asked = Infinity;
  const end = () => {
    if (performance.now() - asked > SAME) Deno.exit(EXIT.again);
    if (ending.signal.aborted) return;
    asked = performance.now();
    ending.abort(new TryAgainError(`${action} as the task was interrupted: ${again}`));
  };
  for (const signal of SIGNALS) Deno.addSignalListener(signal, end);
  const input = attached ? Deno.stdin.readable.getReader() : null;
  const reading = input && untilItsEnd(input).then(end);
  try {
    return await use(ending.signal);
  } finally {
    for (const signal of SIGNALS) Deno.removeSignalListener(signal, end);
    asked = Infinity;
    await input?.cancel();
    await reading;
  }
}

async function untilItsEnd(input: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
  while (!(await input.read()).done);
}
