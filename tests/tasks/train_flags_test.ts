import { assert, assertEquals } from "@std/assert";
import { parseFlags } from "../../tasks/cli/flags.ts";
import { ratesOfRule, settingsOf, trainTask } from "../../tasks/train/flags.ts";

/** Learning rate and weight decay of a run. */
async function ratesOf(...args: string[]): Promise<[learningRate: number, weightDecay: number]> {
  const parsed = await parseFlags(trainTask, args);
  assert(parsed !== null);
  const values = ratesOfRule(parsed);
  const { learningRate, weightDecay } = settingsOf(values, values.optimizer, 1);
  return [learningRate, weightDecay];
}

Deno.test("a config file's weight decay and learning rate are not those of another rule", async () => {
  const path = await Deno.makeTempFile({ suffix: ".json" });
  try {
    await Deno.writeTextFile(
      path,
      JSON.stringify({ optimizer: "sevo-adamw", learningRate: 0.002, weightDecay: 0.3 }),
    );
    const rates = (...args: string[]) => ratesOf("--config", path, ...args);
    assertEquals(await rates(), [0.002, 0.3]);
    assertEquals(await rates("--optimizer", "adamw"), [0.002, 0.3]);
    assertEquals(await rates("--optimizer", "adam"), [0.002, 0]);
    assertEquals(await rates("--optimizer", "sgd"), [10, 0]);
    assertEquals(await rates("--optimizer", "adam", "--weight-decay", "0.3"), [0.002, 0.3]);
    assertEquals(await rates("--optimizer", "sgd", "--learning-rate", "0.002"), [0.002, 0]);
    // Without an optimizer in it the file says nothing of which rule its rates are for
    await Deno.writeTextFile(path, JSON.stringify({ weightDecay: 0.3 }));
    assertEquals(await rates("--optimizer", "adam"), [0.001, 0.3]);
  } finally {
    await Deno.remove(path);
  }
});
