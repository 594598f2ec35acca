import { TextLineStream } from "./_line_stream.ts";
import { eventIn } from "./_event_line.ts";
import type { SweepHost } from "./executor.ts";

/** How the process of a run ended. */
export interface EndedProcess {
  /** Its exit code. */
  readonly code: number;
  /** The signal that killed it; null where it ended of its own accord, or was asked to. */
  readonly signal: string | null;
  /** Why it failed, in one line. */
  readonly reason: string;
  /** Where all that it said of that is to be read. */
  readonly log: string;
}

/**
 * Runs the command of a run as a process of this machine, which ends with this one.
 *
 * @param name Name of the run.
 * @param host Where, by which command, and who is told.
 * @param flags Further flags.
 * @param environment Variables of the process that are not as those of this one.
 * @returns How it ended.
 */
export async function runProcess(
  name: string,
  host: Pick<SweepHost, "out" | "signal" | "command" | "report">,
  flags: readonly string[],
  environment: { readonly folder?: string; readonly variables?: Record<string, string> } = {},
): Promise<EndedProcess> {
  const log = `${host.out}/.sweep/${name}.log`, [program, ...args] = host.command(name);
  const { folder, variables = {} } = environment;
  await Deno.mkdir(`${host.out}/.sweep`, { recursive: true });
  const child = new Deno.Command(program!, {
    args: [...args, "--attached", "--log", "json", ...flags],
    ...folder !== undefined && { cwd: folder },
    env: variables,
    stdin: "piped", // Its end tells the run where this process is gone
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const end = () => {
    try {
      child.kill("SIGTERM");
    } catch {
      // It has ended meanwhile
    }
  };
  host.signal.addEventListener("abort", end);
  if (host.signal.aborted) end();
  try {
    const [said] = await Promise.all([lastWords(child.stderr, log), tell(child.stdout, name, host)]);
    const { code, signal } = await child.status;
    if (code === 0) await Deno.remove(log).catch(() => {});
    const wasKilled = signal !== null && !host.signal.aborted;
    return { code, signal, reason: wasKilled ? `it was ended by ${signal}` : said, log };
  } finally {
    host.signal.removeEventListener("abort", end);
    await child.stdin.close().catch(() => {});
  }
}

/** Tells of the events that a run prints, a JSON object a line. */
async function tell(
  stdout: ReadableStream<Uint8Array>,
  name: string,
  { report }: Pick<SweepHost, "report">,
): Promise<void> {
  for await (const line of stdout.pipeThrough(new TextLineStream())) {
    // A library may have printed a line too
    const event = eventIn(line);
    if (event !== null) report({ type: "progress", name, event });
  }
}

/** Writes standard error to a file, and gives the line that says why the run failed. */
async function lastWords(stderr: ReadableStream<Uint8Array>, path: string): Promise<string> {
  using file = await Deno.open(path, { write: true, create: true, truncate: true });
  let last = "", error = "";
  for await (const line of stderr.pipeThrough(new TextLineStream())) {
    await file.write(new TextEncoder().encode(`${line}\n`));
    if (line.startsWith("error: ")) error = line.slice("error: ".length);
    if (line.trim() !== "") last = line.trim();
  }
  return error || last;
}
