/**
 * Every call of the system that a run makes to write is made to fail in turn: what is there afterwards goes on to the same
 * bits.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { main as train } from "../../tasks/train.ts";
import { CPU, DATA, FOLDER, outputOf } from "./_tiny.ts";

/** What the system says, and what Deno makes of it. */
const ERRORS = {
  ENOSPC: () => Object.assign(new Error("No space left on device (os error 28)"), { code: "ENOSPC" }),
  EACCES: () => Object.assign(new Deno.errors.PermissionDenied("Permission denied (os error 13)"), { code: "EACCES" }),
  EIO: () => Object.assign(new Error("Input/output error (os error 5)"), { code: "EIO" }),
};

type Call = (...args: unknown[]) => unknown;

/** Calls that write, by the object that has them. */
const CALLS: readonly (readonly [owner: object, name: string])[] = [
  [Deno, "mkdir"],
  [Deno, "openSync"],
  [Deno, "renameSync"],
  [Deno, "removeSync"],
  [Deno, "remove"],
  [Deno, "writeTextFile"],
  [Deno.FsFile.prototype, "writeSync"],
  [Deno.FsFile.prototype, "syncSync"],
];

const isOurs = (args: readonly unknown[]) => typeof args[0] !== "string" || String(args[0]).startsWith(FOLDER);

/** Runs with the n-th call of one kind failing, and says how many there were. */
async function withFault(
  [owner, name]: typeof CALLS[number],
  failing: number,
  error: () => Error,
  use: () => Promise<void>,
): Promise<number> {
  const calls = owner as Record<string, Call>, original = calls[name]!;
  let count = 0;
  calls[name] = function (this: unknown, ...args: unknown[]): unknown {
    if (isOurs(args) && ++count === failing) throw error();
    return original.apply(this, args);
  };
  try {
    await use();
  } finally {
    calls[name] = original;
  }
  return count;
}

const run = (out: string) =>
  outputOf(
    train,
    "--model",
    "mf-bpr",
    "--data",
    DATA,
    "--dimension",
    "8",
    "--batch",
    "16",
    "--epochs",
    "2",
    "--eval-every",
    "1",
    "--optimizer",
    "sevo-adamw",
    "--out",
    out,
    "--resume",
    ...CPU,
  );
const digestOf = async (out: string) => JSON.parse(await Deno.readTextFile(`${out}/metrics.json`)).digest;

await run(`${FOLDER}/whole`);
const DIGEST = await digestOf(`${FOLDER}/whole`);

for (const call of CALLS) {
  const [, name] = call;
  Deno.test(`a run whose ${name}() fails, at any of its calls, goes on to the same bits`, async () => {
    const calls = await withFault(call, 0, ERRORS.EIO, async () => void await run(`${FOLDER}/${name}-none`));
    let failed = 0;
    for (let nth = 1; nth <= calls; nth++) {
      for (const [code, error] of Object.entries(ERRORS)) {
        const out = `${FOLDER}/${name}-${nth}-${code}`;
        let message = "";
        await withFault(
          call,
          nth,
          error,
          () => run(out).then(() => {}, (reason: Error) => void (message = reason.message)),
        );
        if (message !== "") {
          failed++;
          assert(!/undefined|is not a (function|constructor)/.test(message), message);
        }
        // As the same command, given again
        await run(out);
        assertEquals(await digestOf(out), DIGEST, `${name} ${nth} ${code}: ${message}`);
        const left = [...Deno.readDirSync(out)].map(({ name }) => name).sort();
        // What could not be dropped is left, and means nothing
        assertEquals(left.filter((file) => name !== "remove" || file !== "checkpoint.safetensors"), [
          "config.json",
          "events.jsonl",
          "metrics.json",
          "model.safetensors",
          "ranks.parquet",
          "run.json",
        ], message);
        await Deno.remove(out, { recursive: true });
      }
    }
    assert(calls === 0 || failed > 0 || name.startsWith("remove"), `${calls} calls of ${name}, and none was missed`);
  });
}
