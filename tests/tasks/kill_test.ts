/**
 * Training that is killed at random moments goes on to the same bits. `deno task soak` does it a thousand times for each
 * model.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { Philox, Stream, unit } from "../../src/philox.ts";
import { DATA, FOLDER } from "./_tiny.ts";

const KILLS = Number(Deno.env.get("SEVO_KILLS") ?? 50);
const MODELS = KILLS > 50 ? ["mf-bpr", "sasrec", "gru4rec", "bert4rec", "stosa"] : ["sasrec"];
/** Jobs at a time. */
const JOBS = 2;
/** Milliseconds that a run is left alone at most: a bit longer than it takes. */
const LONGEST = 700;

function spawn(model: string, run: string): Deno.ChildProcess {
  const flags = ["--model", model, "--data", DATA, "--dimension", "16", "--batch", "8", "--eval-every", "1"];
  const rest = ["--epochs", "30", "--patience", "0", "--optimizer", "sevo-adamw", "--device", "cpu", "--threads", "1"];
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "tasks/train.ts", ...flags, ...rest, "--out", run, "--resume", "--checkpoint-every", "0.0001"],
    env: { NO_COLOR: "1" },
    stdout: "null",
    stderr: "piped",
  }).spawn();
}

async function finished(model: string, run: string): Promise<{ digest: string; epochs: readonly number[] }> {
  const { code, stderr } = await spawn(model, run).output();
  assertEquals(code, 0, new TextDecoder().decode(stderr));
  const { digest } = JSON.parse(await Deno.readTextFile(`${run}/metrics.json`));
  const epochs = (await Deno.readTextFile(`${run}/events.jsonl`)).trimEnd().split("\n").map((line) => JSON.parse(line))
    .filter(({ type }) => type === "epoch").map(({ epoch }) => epoch);
  return { digest, epochs };
}

const isThere = (path: string) => Deno.stat(path).then(() => true, () => false);

for (const model of MODELS) {
  Deno.test(`${model}, killed ${KILLS} times at random moments, ends with the same bits and every epoch once`, async () => {
    const whole = await finished(model, `${FOLDER}/${model}-whole`), philox = new Philox(1, Stream.sample);
    const moments = Array.from({ length: KILLS }, (_, at) => LONGEST * unit(philox.draw(at)[0]!));
    const job = async (first: number) => {
      for (let at = first; at < KILLS; at += JOBS) {
        const run = `${FOLDER}/${model}-${at}`, child = spawn(model, run);
        while (!await isThere(`${run}/config.json`)) await new Promise((resolve) => setTimeout(resolve, 10));
        await new Promise((resolve) => setTimeout(resolve, moments[at]));
        try {
          child.kill("SIGKILL");
        } catch {
          // It was done already
        }
        await child.output();
        assertEquals(await finished(model, run), whole, `killed after ${moments[at]} ms`);
        await Deno.remove(run, { recursive: true });
      }
    };
    await Promise.all(Array.from({ length: JOBS }, (_, at) => job(at)));
  });
}
