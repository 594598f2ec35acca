import { below, Philox, Stream, unit } from "../../src/philox.ts";
import { UsageError } from "../cli/flags.ts";

/** What is timed. */
export interface PrepareBench {
  /** Lines of the log. */
  readonly interactions: number;
  /** Users that they are drawn of. */
  readonly users: number;
  /** Items that they are drawn of. */
  readonly items: number;
  /** Whether the log and the dataset stay. */
  readonly keep: boolean;
}

/** How long it took, and how much it held. */
export interface PrepareTimes {
  /** Seconds of the whole process. */
  readonly seconds: number;
  /** Memory of the process at its peak, in bytes. */
  readonly memory: number;
  /** Files of the process at their peak, in bytes, the source left out. */
  readonly disk: number;
  /** Size of the log. */
  readonly source: number;
  /** Size of the dataset. */
  readonly dataset: number;
}

/** What `deno task prepare` is run with. */
const FLAGS = ["--format", "csv", "--user", "user", "--item", "item", "--timestamp", "timestamp"];
const FILTER = ["--min-user", "5", "--min-item", "5"];

/** The permissions of `deno task prepare`. */
const PERMISSIONS = ["--allow-read", "--allow-write", "--allow-ffi", "--allow-env=SEVO_*"];

const BLOCK = 1 << 20, LONGEST_LINE = 64;

/** Milliseconds between two looks at what lies on the disk. */
const LOOK = 50;

/** Seconds of ten years from 2010 on. */
const START = 1_262_304_000, SPAN = 315_576_000;

/**
 * Writes a log in lines of no order, `user,item,rating,timestamp`, in bounded memory. Users and items have a long tail:
 * the n-th has about n to the power of -1/2 and -2/3 times as many interactions as the first.
 *
 * @param path The file, new.
 * @param sizes How many there are of what.
 * @returns Size of the file.
 */
export function writeLog(path: string, sizes: Pick<PrepareBench, "interactions" | "users" | "items">): number {
  const { interactions, users, items } = sizes;
  using file = Deno.openSync(path, { write: true, createNew: true });
  const block = new Uint8Array(BLOCK), philox = new Philox(1, Stream.dataset);
  let length = new TextEncoder().encodeInto("user,item,rating,timestamp\n", block).written, bytes = 0;
  const put = (value: number) => {
    let digits = 1;
    for (let size = 10; size <= value; size *= 10) digits++;
    let rest = value;
    for (let at = length + digits - 1; at >= length; at--) {
      const next = Math.floor(rest / 10);
      block[at] = 48 + rest - 10 * next;
      rest = next;
    }
    length += digits;
  };
  const flush = () => {
    for (let at = 0; at < length;) at += file.writeSync(block.subarray(at, length));
    bytes += length;
    length = 0;
  };
  for (let line = 0; line < interactions; line++) {
    if (length > BLOCK - LONGEST_LINE) flush();
    const words = philox.draw(line), user = unit(words[0]!), item = unit(words[1]!), halves = 1 + below(words[2]!, 10);
    block[length++] = 117; // u
    put(Math.floor(users * user * user));
    block[length++] = 44; // ,
    block[length++] = 105; // i
    put(Math.floor(items * item * item * item));
    block[length++] = 44;
    put(halves >> 1);
    block[length++] = 46; // .
    block[length++] = halves % 2 === 0 ? 48 : 53;
    block[length++] = 44;
    put(START + below(words[3]!, SPAN));
    block[length++] = 10;
  }
  flush();
  return bytes;
}

/** Size of what lies in a folder. What goes while one looks counts as gone. */
async function sizeOf(folder: string): Promise<number> {
  let bytes = 0;
  try {
    for await (const { name, isDirectory } of Deno.readDir(folder)) {
      const path = `${folder}/${name}`;
      try {
        bytes += isDirectory ? await sizeOf(path) : (await Deno.stat(path)).size;
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      }
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return bytes;
}

/**
 * Runs `deno task prepare` on a log, in a process of its own.
 *
 * @param log The log: see {@linkcode writeLog}.
 * @param parent An empty folder, in which the dataset is made.
 * @returns How long it took and how much it held.
 * @throws {UsageError} If the process fails.
 */
export async function timePrepare(log: string, parent: string): Promise<PrepareTimes> {
  const path = (name: string) => new URL(name, import.meta.url).href, out = `${parent}/dataset`;
  const program = ["--preload", path("./peak_memory.ts"), path("../prepare.ts"), log, "--out", out];
  const begin = performance.now();
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", ...PERMISSIONS, ...program, ...FLAGS, ...FILTER],
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let disk = 0, running = true;
  const looks = (async () => {
    while (running) {
      disk = Math.max(disk, await sizeOf(parent));
      await new Promise((resolve) => setTimeout(resolve, LOOK));
    }
  })();
  const output = await child.output();
  const seconds = (performance.now() - begin) / 1000;
  running = false;
  await looks;
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
  const memory = /^peak (\d+)$/m.exec(text(output.stdout))?.[1];
  if (!output.success || memory === undefined) {
    throw new UsageError(`Cannot run bench as prepare fails: ${text(output.stderr).split("\n").at(-1)}`);
  }
  return { seconds, memory: Number(memory), disk, source: (await Deno.stat(log)).size, dataset: await sizeOf(out) };
}

/**
 * Times the making of a dataset of a made-up log: the time, the memory and the room on the disk that it takes.
 *
 * @param options What is timed.
 */
export async function benchPrepare(options: PrepareBench): Promise<void> {
  const { interactions, users, items, keep } = options;
  const folder = await Deno.makeTempDir({ prefix: "sevo-bench-" }), log = `${folder}/log.csv`;
  try {
    const number = (value: number) => Math.round(value).toLocaleString("en-US");
    const begin = performance.now(), source = writeLog(log, options);
    console.log(
      `${number(interactions)} interactions of ${number(users)} users and ${number(items)} items: a log of ${
        megabytes(source)
      }, written in ${((performance.now() - begin) / 1000).toFixed(1)} s`,
    );
    await Deno.mkdir(`${folder}/prepared`);
    const times = await timePrepare(log, `${folder}/prepared`);
    console.log([
      `time    ${times.seconds.toFixed(1)} s, ${number(interactions / times.seconds)} interactions/s`,
      `memory  ${megabytes(times.memory)} at its peak`,
      `disk    ${megabytes(times.disk)} at its peak beside the log; a dataset of ${megabytes(times.dataset)} stays`,
    ].join("\n"));
    if (keep) console.log(`kept    ${folder}`);
  } finally {
    if (!keep) await Deno.remove(folder, { recursive: true });
  }
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(bytes < 1e8 ? 1 : 0)} MB`;
}
