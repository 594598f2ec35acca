import { assertEquals, assertThrows } from "@std/assert";
import { type Device, openDevice } from "@sevo/sevo";
import { Comparison, Draws, poison, Tensors } from "../../kernels/_check.ts";
import { drawSoftmax, flatGradient, type SoftmaxCase } from "../../kernels/catalogue_softmax/check.ts";
import { softmaxOracle } from "../../kernels/catalogue_softmax/oracle.ts";
import { catalogueSoftmax, type CatalogueSoftmaxTensors } from "../../src/nn/catalogue_softmax.ts";
import { assertPasses } from "../kernels/_assert_checks.ts";
import { testOnDevices } from "../_on_devices.ts";

const outputs = ["losses", "normaliser", "hiddenGradient", "tableGradient", "gradient"] as const;

function bind(tensors: Tensors, options: Omit<SoftmaxCase, "most">): Required<CatalogueSoftmaxTensors> {
  const drawn = drawSoftmax(new Draws(options.seed), options);
  const { tokens, items } = options, { stride, biasOffset } = drawn;
  return {
    hidden: tensors.floats(drawn.hidden, [tokens, stride]),
    table: tensors.floats(drawn.table, [items, stride]),
    parameters: tensors.floats(drawn.parameters),
    biasOffset,
    labels: tensors.integers(drawn.labels),
    losses: tensors.floats(poison(tokens)),
    normaliser: tensors.floats(poison(tokens)),
    hiddenGradient: tensors.floats(poison(tokens * stride), [tokens, stride]),
    tableGradient: tensors.floats(poison(items * stride), [items, stride]),
    gradient: tensors.floats(drawn.gradient),
  };
}

async function readOutputs(device: Device, bound: Required<CatalogueSoftmaxTensors>): Promise<Float32Array[]> {
  return await Promise.all(outputs.map((name) => device.read(bound[name])));
}

testOnDevices("catalogueSoftmax: losses and gradients from the rows alone", async (device) => {
  const plain = { columns: 24, chunkItems: 64, bias: 1, repeated: false };
  for (
    const options of [
      { ...plain, seed: 1, tokens: 1, items: 3 },
      { ...plain, seed: 2, tokens: 70, items: 333 },
      { ...plain, seed: 3, tokens: 9, items: 2053, columns: 8, repeated: true },
      { ...plain, seed: 4, tokens: 65, items: 66, bias: 60, repeated: true },
      // Of so many items the cpu device takes 64 tokens at a time
      { ...plain, seed: 5, tokens: 65, items: 70000, columns: 4, chunkItems: 2240 },
    ]
  ) {
    using tensors = new Tensors(device);
    const drawn = drawSoftmax(new Draws(options.seed), options), bound = bind(tensors, options);
    catalogueSoftmax(device, bound);
    const actual = await readOutputs(device, bound);
    const oracle = softmaxOracle(drawn, options.chunkItems);
    const expected = { ...oracle, gradient: flatGradient(drawn.gradient, oracle.biasGradient) };
    const comparison = new Comparison();
    outputs.forEach((name, at) => comparison.floats(name, actual[at]!, expected[name]));
    assertPasses(comparison.result("catalogueSoftmax", options));
  }
});

Deno.test("catalogueSoftmax: the same bits for every number of threads [cpu]", async () => {
  const options = { seed: 5, tokens: 150, items: 2500, columns: 20, chunkItems: 64, bias: 1, repeated: false };
  const all: Uint32Array[][] = [];
  for (const threads of [1, 2, 5]) {
    await using device = await openDevice("cpu", { threads });
    using tensors = new Tensors(device);
    const bound = bind(tensors, options);
    catalogueSoftmax(device, bound);
    all.push((await readOutputs(device, bound)).map((floats) => new Uint32Array(floats.buffer)));
  }
  assertEquals(all[1], all[0]);
  assertEquals(all[2], all[0]);
});

Deno.test("catalogueSoftmax: a token that is not a number has no loss that is one [cpu]", async () => {
  await using device = await openDevice("cpu", { threads: 1 });
  using tensors = new Tensors(device);
  const options = { seed: 6, tokens: 3, items: 70, columns: 4, chunkItems: 64, bias: 1, repeated: false };
  const bound = bind(tensors, options), hidden = await device.read(bound.hidden);
  hidden[5] = NaN;
  device.write(bound.hidden, hidden);
  catalogueSoftmax(device, bound);
  assertEquals(Array.from(await device.read(bound.losses), Number.isNaN), [false, true, false]);
});

Deno.test("catalogueSoftmax: shapes that do not fit are told apart", async () => {
  await using device = await openDevice("cpu", { threads: 1 });
  using tensors = new Tensors(device);
  const options = { seed: 6, tokens: 3, items: 7, columns: 4, chunkItems: 64, bias: 1, repeated: false };
  const bound = bind(tensors, options);
  assertThrows(
    () => catalogueSoftmax(device, { ...bound, labels: tensors.integers(new Uint32Array(4)) }),
    TypeError,
    "Cannot take the softmax over the catalogue as 'labels' has shape [4]: expected [3]",
  );
  assertThrows(
    () => catalogueSoftmax(device, { ...bound, table: tensors.floats(new Float32Array(56), [7, 8]) }),
    TypeError,
    "Cannot take the softmax over the catalogue as 'table' has shape [7, 8]: expected [7, 4]",
  );
  assertThrows(
    () => catalogueSoftmax(device, { ...bound, biasOffset: 6 }),
    RangeError,
    "7 biases from quad 6 on do not lie within 'parameters' and 'gradient': current length is 25",
  );
  assertThrows(
    () => catalogueSoftmax(device, { ...bound, hidden: tensors.floats(new Float32Array(0), [0, 4]) }),
    RangeError,
    "there must be a token and an item",
  );
});
