import { assertEquals } from "@std/assert";
import { loadState, openDevice, sevoInit } from "@sevo/sevo";
import { fuzz } from "./_fuzz.ts";
import { byteMutants, sealedMutants } from "./_safetensors_edits.ts";

const device = await openDevice("cpu", { threads: 1 });
const table = (rows: number) => ({
  data: Float32Array.from({ length: 4 * rows }, (_, at) => at),
  shape: [rows, 4] as const,
});
const propagation = { mode: "neumann", beta: 0.9, layers: 2 } as const;
const FILES = await Promise.all(
  ([
    { rule: "adamw", learningRate: 0.1, propagation },
    { rule: "sgd", learningRate: 0.1, momentum: 0.5, propagation: null },
    { rule: "sgd", learningRate: 0.1, propagation: null },
  ] as const).map(async (options) => {
    using state = sevoInit(device, { item: table(3), "user.of": table(2) }, options);
    return await state.save();
  }),
);

fuzz("saved states with other bytes are read as they were, or refused", {
  mutants: byteMutants(FILES),
  refusals: [SyntaxError],
  async read([at, bytes]) {
    using state = loadState(device, bytes);
    assertEquals(await state.save(), FILES[at]);
  },
});

fuzz("saved states that say something else are read, or refused and leave nothing on the device", {
  mutants: sealedMutants(FILES),
  refusals: [SyntaxError],
  async read(bytes) {
    const live = device.liveBytes;
    try {
      using state = loadState(device, bytes);
      using again = loadState(device, await state.save());
      assertEquals(await again.read(), await state.read());
    } finally {
      assertEquals(device.liveBytes, live);
    }
  },
});
