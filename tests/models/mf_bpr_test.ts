import { assertEquals, assertLess, assertLessOrEqual, assertNotEquals, assertRejects, assertThrows } from "@std/assert";
import { type Device, Graph, NonFiniteError, type Propagation, sevoInit, type SevoOptions, sevoStep } from "@sevo/sevo";
import { WebGpuDevice } from "../../src/device/webgpu/device.ts";
import { mfBpr, type ModelWeights, resolveSettings, TrainedModel } from "../../src/models/mod.ts";
import type { PairBatch } from "../../src/data/pair_sampler.ts";
import { Tape } from "../../src/nn/tape.ts";
import { emptyExclusions } from "../../src/recommend/dot_ranker.ts";
import { DotRanker } from "../../src/recommend/mod.ts";
import { testOnDevices } from "../_on_devices.ts";
import { matrix, psi, ROUNDING } from "../sevo/_fixtures.ts";

const SGD: SevoOptions = { rule: "sgd", learningRate: 1, propagation: null };
const BATCH = {
  users: Uint32Array.from([0, 2, 0]),
  positives: Uint32Array.from([1, 0, 1]),
  negatives: Uint32Array.from([3, 3, 2]),
};

function weights(users = 3, items = 4, columns = 5): ModelWeights {
  return {
    "user.weight": { data: matrix(1, users, columns), shape: [users, columns] },
    "item.weight": { data: matrix(2, items, columns), shape: [items, columns] },
  };
}

/** The model under training; what is smoothed is the items, or users and items together. */
function mf(
  device: Device,
  start: ModelWeights,
  options: SevoOptions,
  smoothing: { readonly over: "item" | "user-item"; readonly graph: Graph } | null = null,
): TrainedModel<PairBatch> {
  const settings = resolveSettings(mfBpr, { dimension: 5, graph: smoothing?.over ?? "item" });
  return new TrainedModel(device, mfBpr, start, settings, { options, graph: smoothing?.graph ?? null });
}

/** Weights drawn from a seed. */
function drawn(userCount: number, itemCount: number, dimension: number, seed: number): ModelWeights {
  return mfBpr.initialWeights({ userCount, itemCount }, resolveSettings(mfBpr, { dimension, seed }));
}

/** What a plain step changes: minus the gradient. */
async function changes(model: TrainedModel<PairBatch>, start: ModelWeights): Promise<{ [name: string]: Float32Array }> {
  const after = await model.weights();
  return Object.fromEntries(
    Object.entries(start).map(([name, { data }]) => [name, data.map((value, at) => after[name]!.data[at]! - value)]),
  );
}

Deno.test("mfBpr.initialWeights() draws tables of deviation 1e-4, from the seed", () => {
  const { "user.weight": user, "item.weight": item } = drawn(300, 200, 16, 1);
  assertEquals([user!.shape, item!.shape], [[300, 16], [200, 16]]);
  for (const { data } of [user!, item!]) {
    const deviation = Math.sqrt(data.reduce((sum, value) => sum + value * value, 0) / data.length);
    assertLess(Math.abs(deviation - 1e-4), 5e-6);
  }
  assertNotEquals([...user!.data.subarray(0, 8)], [...item!.data.subarray(0, 8)]);
  assertEquals(drawn(300, 200, 16, 1)["user.weight"], user);
  assertNotEquals(drawn(300, 200, 16, 2)["user.weight"], user);
});

testOnDevices("mf-bpr: TrainedModel.step() smooths the items alone over an item graph", async (device) => {
  using graph = Graph.fromEdges({ rows: 4, sources: [0, 1, 2], targets: [1, 2, 3] });
  const propagation = { mode: "neumann", beta: 0.9, layers: 2 } as const;
  const start = weights();
  using plain = mf(device, start, SGD);
  using smoothed = mf(device, start, { ...SGD, propagation }, { over: "item", graph });
  for (const model of [plain, smoothed]) model.step(BATCH);
  const [expected, actual] = [await changes(plain, start), await changes(smoothed, start)];
  assertEquals(actual["user.weight"], expected["user.weight"]);
  assertClose(actual["item.weight"]!, graph, expected["item.weight"]!, 5, propagation);
});

testOnDevices("mf-bpr: TrainedModel.step() smooths users and items together over a user-item graph", async (device) => {
  using graph = Graph.fromInteractions({ users: [0, 1, 2, 0], items: [1, 1, 0, 3], userCount: 3, itemCount: 4 });
  const propagation = { mode: "iterative", beta: 0.4, layers: 2 } as const;
  const start = weights();
  using plain = mf(device, start, SGD);
  using smoothed = mf(device, start, { ...SGD, propagation }, { over: "user-item", graph });
  for (const model of [plain, smoothed]) model.step(BATCH);
  const stacked = (parts: { [name: string]: Float32Array }) =>
    Float32Array.from([...parts["user.weight"]!, ...parts["item.weight"]!]);
  assertClose(stacked(await changes(smoothed, start)), graph, stacked(await changes(plain, start)), 5, propagation);
});

/** Changes are differences of parameters of at most 2, so they carry a few roundings of these. */
function assertClose(
  actual: Float32Array,
  graph: Graph,
  x: Float32Array,
  columns: number,
  propagation: Propagation,
): void {
  psi(graph, x, columns, propagation).forEach((value, at) => {
    assertLessOrEqual(Math.abs(actual[at]! - value), 8 * ROUNDING, `element ${at}`);
  });
}

testOnDevices("mf-bpr: TrainedModel.meanLoss() is the mean over the steps since it was last asked", async (device) => {
  const start = weights();
  const softplus = (value: number) => Math.log1p(Math.exp(value));
  const score = (user: number, item: number) => {
    let sum = 0;
    for (let column = 0; column < 5; column++) {
      sum += start["user.weight"]!.data[user * 5 + column]! * start["item.weight"]!.data[item * 5 + column]!;
    }
    return sum;
  };
  const lossOf = ({ users, positives, negatives }: typeof BATCH) =>
    users.reduce((sum, user, at) => sum + softplus(score(user, negatives[at]!) - score(user, positives[at]!)), 0) /
    users.length;
  const other = { ...BATCH, positives: BATCH.negatives, negatives: BATCH.positives };
  // A learning rate of 0: the parameters stay, so the losses can be told.
  using model = mf(device, start, { ...SGD, learningRate: 0 });
  model.step(BATCH);
  model.step(other);
  assertLessOrEqual(Math.abs(await model.meanLoss() - (lossOf(BATCH) + lossOf(other)) / 2), 1e-6);
  model.step(other);
  assertLessOrEqual(Math.abs(await model.meanLoss() - lossOf(other)), 1e-6);
});

testOnDevices("mf-bpr says when training has diverged", async (device) => {
  const large = Object.fromEntries(
    Object.entries(weights()).map(([name, { data, shape }]) => [name, { data: data.map((x) => 100 * x), shape }]),
  );
  using model = mf(device, large, { ...SGD, learningRate: 3e38 });
  model.step(BATCH);
  const error = await assertRejects(() => model.meanLoss(), NonFiniteError);
  assertEquals([error.table, error.step], ["user.weight", 1]);
  await assertRejects(() => model.weights(), NonFiniteError);
});

testOnDevices("a step is one launch for each table and one for each layer, in one submit", async (device) => {
  const count = (work: () => void) => {
    const { launches } = device, submits = device instanceof WebGpuDevice ? device.submits : 0;
    work();
    return [device.launches - launches, device instanceof WebGpuDevice ? device.submits - submits : 1];
  };
  using graph = Graph.fromSequences([[0, 1, 2, 3]], { rows: 4 });
  graph.on(device);
  const shape = [2, 5] as const;
  const options: SevoOptions = {
    rule: "adamw",
    learningRate: 0.1,
    propagation: { mode: "neumann", beta: 0.9, layers: 3 },
  };
  let state = sevoInit(device, { a: { data: matrix(1, 2, 5), shape }, b: { data: matrix(2, 2, 5), shape } }, options);
  using gradient = device.upload(matrix(3, 2, 5), shape);
  assertEquals(
    count(() => {
      state = sevoStep(state, { a: gradient, b: gradient }, graph);
    }),
    [2 + 3, 1],
  );
  state[Symbol.dispose]();

  // The batch's loss and gradients, the sum of the losses, two tables, three layers.
  using model = mf(device, weights(), options, { over: "item", graph });
  await device.synchronize();
  assertEquals(count(() => model.step(BATCH)), [2 + 2 + 3, 1]);
  await device.synchronize();
});

testOnDevices("mf-bpr refuses a batch that cannot be trained on, and stays as it was", async (device) => {
  const start = weights();
  using model = mf(device, start, SGD);
  const none = new Uint32Array();
  const cases: [Partial<typeof BATCH>, string][] = [
    [{ users: none, positives: none, negatives: none }, "Cannot step as the batch has no sample"],
    [{ positives: Uint32Array.of(1, 0) }, "Cannot step as there must be 3 positives: current value is 2"],
    [{ negatives: none }, "Cannot step as there must be 3 negatives: current value is 0"],
    [{ users: Uint32Array.of(0, 3, 0) }, "Cannot use a user as it must be in [0, 3): current value is 3"],
    [{ positives: Uint32Array.of(0, 4, 0) }, "Cannot use an item as it must be in [0, 4): current value is 4"],
    [{ negatives: Uint32Array.of(9, 0, 0) }, "Cannot use an item as it must be in [0, 4): current value is 9"],
  ];
  for (const [change, message] of cases) {
    assertEquals(assertThrows(() => model.step({ ...BATCH, ...change }), RangeError).message, message);
  }
  assertEquals(await model.weights(), start);
  const requests = { users: Uint32Array.of(3), histories: { offsets: new Uint32Array(2), items: none } };
  using tape = new Tape(device, null);
  assertThrows(() => model.network.queries(tape, requests), RangeError, "current value is 3");
  using ranker = new DotRanker(device, model.network);
  await assertRejects(() => ranker.top(requests, 1, emptyExclusions(1)), RangeError, "current value is 3");
});
