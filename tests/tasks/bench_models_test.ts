import { assertEquals, assertGreater, assertLess, assertRejects } from "@std/assert";
import { openDevice } from "@sevo/sevo";
import { generatedDataset } from "../../src/data/generated.ts";
import type { WebGpuDevice } from "../../src/device/webgpu/device.ts";
import { PUBLISHED } from "../../src/training/settings.ts";
import { countStep, leastSasRecBytes } from "../../tasks/_bench_models.ts";
import { torchStepSeconds } from "../../tasks/_bench_train_torch.ts";
import { UsageError } from "../../tasks/_flags.ts";
import { webgpuAvailable } from "../_devices.ts";

const DATASET = generatedDataset({ users: 60, items: 40 });
const SMALL = { dimension: 16, maxLength: 8, batch: 20 };

Deno.test({
  name: "countStep() finds one submit and no readback in a step of each model",
  ignore: !webgpuAvailable,
  fn: async () => {
    await using device = await openDevice("webgpu") as WebGpuDevice;
    for (const model of ["sasrec", "gru4rec", "bert4rec", "stosa"] as const) {
      const counts = await countStep(device, DATASET, { ...PUBLISHED[model], ...SMALL });
      assertEquals([counts.submits, counts.readbacks], [1, 0], model);
      assertGreater(counts.dispatches, 10, model);
      assertGreater(counts.boundBytes, counts.leastBytes ?? 0, model);
    }
  },
});

Deno.test("leastSasRecBytes() grows with tokens, by what its description says", () => {
  const batch = (tokens: number) => {
    const items = Uint32Array.from({ length: tokens }, (_, at) => at % 5);
    return { offsets: Uint32Array.of(0, tokens), items, positives: items, negatives: items };
  };
  const settings = { ...PUBLISHED.sasrec, ...SMALL };
  const bytes = (tokens: number) => leastSasRecBytes(DATASET, settings, batch(tokens));
  // Of a token: 4 ids, 2 x 16 x (10 x 2 + 1) activations and 2 x 4 x 16 of gradient rows, 4 bytes each
  assertEquals(bytes(12) - bytes(10), 2 * 4 * (4 + 2 * 16 * 21 + 8 * 16));
  assertLess(bytes(10), bytes(11));
});

Deno.test({
  name: "torchStepSeconds() takes the second epoch, and says why there is none",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    const folder = await Deno.makeTempDir();
    const options = { reference: "/the reference", sequences: "log", threads: 2, steps: 4 };
    try {
      const python = async (program: string) => {
        await Deno.writeTextFile(`${folder}/python`, `#!/bin/sh\n${program}\n`, { mode: 0o755 });
        return { ...options, python: `${folder}/python` };
      };
      const line = (seconds: number) =>
        `{"epoch": 1, "steps": 4, "data_s": 1, "forward_backward_s": ${seconds}, "optimizer_s": 2}`;
      assertEquals(await torchStepSeconds("sasrec", await python(`echo '${line(90)}'; echo '${line(5)}'`)), 2);
      const failing = await python("echo 'No module named torch' >&2; exit 1");
      const { message } = await assertRejects(() => torchStepSeconds("sasrec", failing), UsageError);
      assertEquals(message, "Cannot run bench --versus-torch as the reference does not run: No module named torch");
      const missing = { ...options, python: `${folder}/nothing` };
      await assertRejects(() => torchStepSeconds("sasrec", missing), UsageError, "does not start");
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
