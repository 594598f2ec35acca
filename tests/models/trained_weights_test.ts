import { assert, assertAlmostEquals, assertEquals, assertNotEquals, assertRejects, assertThrows } from "@std/assert";
import { type Device, Graph, NonFiniteError, type SevoOptions } from "@sevo/sevo";
import type { ModelWeights } from "../../src/models/mod.ts";
import { FixedWeights } from "../../src/models/fixed_weights.ts";
import { TrainedWeights } from "../../src/models/trained_weights.ts";
import { testOnDevices } from "../_on_devices.ts";
import { matrix } from "../sevo/_fixtures.ts";
import { ITEMS, SGD, TINY_MODELS } from "./_tiny_models.ts";

const ADAMW: SevoOptions = { rule: "adamw", learningRate: 0.1, weightDecay: 0.1, propagation: null };
const SMOOTHED: SevoOptions = { ...SGD, learningRate: 1, propagation: { mode: "iterative", beta: 0.5, layers: 1 } };

/** Two tables and three parameters between them, one of a length that is no multiple of 4. */
const WEIGHTS: ModelWeights = {
  "layer.bias": { data: matrix(1, 1, 5), shape: [5] },
  "item": { data: matrix(2, 3, 4), shape: [3, 4] },
  "layer.weight": { data: matrix(3, 5, 2), shape: [5, 2, 1] },
  "position": { data: matrix(4, 2, 6), shape: [2, 6] },
  "old": { data: matrix(5, 1, 3), shape: [3] },
};
const GROUPS = [{ tables: ["item"], graph: null }, { tables: ["position"], graph: null }];

function numbers(weights: ModelWeights): Record<string, number[]> {
  return Object.fromEntries(Object.entries(weights).map(([name, { data }]) => [name, [...data]]));
}

/** A step with gradients of ones, but for the parameter that begins at this quad, whose gradient is twos. */
function step(device: Device, trained: TrainedWeights, item = new Float32Array(12).fill(1)): void {
  const flat = new Float32Array(trained.layout.rows * trained.layout.columns).fill(1);
  const first = 4 * trained.layout.offset("layer.weight");
  device.write(trained.gradient, flat.fill(2, first, first + 10));
  trained.step({ item, position: new Float32Array(12).fill(1) });
}

testOnDevices("TrainedWeights steps each weight by its own gradient, and none that is unused", async (device) => {
  using trained = new TrainedWeights(device, WEIGHTS, { options: SGD, groups: GROUPS, unused: ["old"] });
  assertEquals(trained.steps, 0);
  assertEquals(await trained.read(), WEIGHTS);
  step(device, trained);
  assertEquals(trained.steps, 1);
  const after = numbers(await trained.read());
  // The order of the initial ones too, which is that of no group
  assertEquals(Object.keys(after), Object.keys(WEIGHTS));
  for (
    const [name, by] of Object.entries({ "item": 0.5, "position": 0.5, "layer.bias": 0.5, "layer.weight": 1, "old": 0 })
  ) {
    assertEquals(after[name], [...WEIGHTS[name]!.data].map((value) => Math.fround(value - by)), name);
  }
});

testOnDevices("TrainedWeights smooths the groups that have a graph alone", async (device) => {
  using graph = Graph.fromEdges({ rows: 3, sources: [0], targets: [1] });
  const groups = [{ tables: ["item"], graph }, { tables: ["position"], graph: null }];
  using trained = new TrainedWeights(device, WEIGHTS, { options: SMOOTHED, groups, unused: ["old"] });
  step(device, trained, Float32Array.of(1, 1, 1, 1, 0, 0, 0, 0, 1, 1, 1, 1));
  const after = numbers(await trained.read()),
    moved = (name: string) =>
      [...WEIGHTS[name]!.data].map((value, at) => Math.round(1e5 * (value - after[name]![at]!)) / 1e5);
  // Half of one's own direction, and half of the neighbour's; row 2 has none
  assertEquals(moved("item"), Array(12).fill(0.5));
  assertEquals([moved("position"), moved("layer.bias"), moved("layer.weight")], [
    Array(12).fill(1),
    Array(5).fill(1),
    Array(10).fill(2),
  ]);
});

testOnDevices("TrainedWeights refuses a rule that propagates where there is no graph", (device) => {
  const message = "Cannot train as the optimizer propagates over a graph: give one, or propagation null";
  for (const groups of [GROUPS, []]) {
    assertEquals(
      assertThrows(() => new TrainedWeights(device, WEIGHTS, { options: SMOOTHED, groups }), TypeError).message,
      message,
    );
  }
  for (const tiny of TINY_MODELS) {
    assertEquals(
      assertThrows(() => tiny.create(device, { options: SMOOTHED }), TypeError, undefined, tiny.name).message,
      message,
    );
  }
  assertEquals(device.liveBytes, 0);
});

testOnDevices("TrainedWeights takes weights that are all tables", async (device) => {
  const { item, position } = WEIGHTS;
  using trained = new TrainedWeights(device, { item: item!, position: position! }, { options: SGD, groups: GROUPS });
  trained.step({ item: new Float32Array(12).fill(1), position: new Float32Array(12) });
  const after = await trained.read();
  assertEquals(after.position, position);
  assertEquals([...after.item!.data], [...item!.data].map((value) => Math.fround(value - 0.5)));
});

testOnDevices("TrainedWeights.table() is where a table lies in its stack", async (device) => {
  const groups = [{ tables: ["second", "first"], graph: null }];
  const weights = {
    first: { data: matrix(1, 2, 4), shape: [2, 4] },
    second: { data: matrix(2, 3, 4), shape: [3, 4] },
  };
  using trained = new TrainedWeights(device, weights, { options: SGD, groups });
  for (const [name, { data, shape }] of Object.entries(weights)) {
    const { tensor, firstRow, rows } = trained.table(name);
    assertEquals(rows, shape[0]);
    assertEquals((await device.read(tensor)).slice(4 * firstRow, 4 * (firstRow + rows)), data, name);
  }
});

testOnDevices("TrainedWeights.meanLoss() is the mean over the steps since it was last asked", async (device) => {
  using trained = new TrainedWeights(device, WEIGHTS, { options: SGD, groups: GROUPS, unused: ["old"] });
  using first = device.upload(Float32Array.of(1, 2, 3, 4));
  using second = device.upload(Float32Array.of(6));
  trained.addLoss(first, 1 / 4);
  trained.addLoss(second, 1);
  assertAlmostEquals(await trained.meanLoss(), 4.25, 1e-6);
  trained.addLoss(first, 1 / 4);
  assertAlmostEquals(await trained.meanLoss(), 2.5, 1e-6);
});

testOnDevices("TrainedWeights says which weights diverged", async (device) => {
  for (const [bad, table] of [["item", "item"], ["parameters", "parameters"]] as const) {
    using trained = new TrainedWeights(device, WEIGHTS, { options: SGD, groups: GROUPS, unused: ["old"] });
    step(device, trained);
    if (bad === "item") {
      step(device, trained, new Float32Array(12).fill(NaN, 7, 8));
    } else {
      device.write(trained.gradient, new Float32Array(trained.gradient.size).fill(Infinity, 0, 1));
      trained.step({ item: new Float32Array(12), position: new Float32Array(12) });
    }
    for (const work of [() => trained.meanLoss(), () => trained.read(), () => trained.save()]) {
      const error = await assertRejects(work, NonFiniteError);
      assertEquals([error.table, error.step], [table, 2]);
    }
  }
});

for (const tiny of TINY_MODELS) {
  testOnDevices(
    `${tiny.name} gives its weights under their names, with their shapes, in their order`,
    async (device) => {
      using graph = Graph.fromSequences([[0, 1, 2, 3]], { rows: ITEMS + tiny.pads, offset: tiny.pads });
      const start = tiny.weights();
      const options = { ...ADAMW, propagation: { mode: "neumann", beta: 0.9, layers: 2 } } as const;
      using model = tiny.create(device, { options, graph });
      assertEquals(await model.weights(), start);
      model.step(tiny.batch([[0, 1, 2], [3]]));
      const after = await model.weights();
      const shapes = (weights: ModelWeights) => Object.entries(weights).map(([name, { shape }]) => [name, ...shape]);
      assertEquals(shapes(after), shapes(start));
      for (const { data, shape } of Object.values(after)) assertEquals(data.length, shape.reduce((a, b) => a * b));
    },
  );

  testOnDevices(`${tiny.name} goes on from what it saved, to the bit`, async (device) => {
    const wanted = { options: ADAMW, dropout: 0.3 }, batches = [[[0, 1, 2], [3]], [[4, 5]], [[6, 7, 8, 0, 1]]];
    using whole = tiny.create(device, wanted);
    for (const batch of batches) whole.step(tiny.batch(batch));
    using first = tiny.create(device, wanted);
    first.step(tiny.batch(batches[0]!));
    const saved = await first.save();
    using second = tiny.create(device, wanted);
    // What it did before is forgotten
    second.step(tiny.batch([[8, 8, 8]]));
    const bytes = device.liveBytes;
    second.restore(saved);
    assertEquals(device.liveBytes, bytes);
    for (const batch of batches.slice(1)) second.step(tiny.batch(batch));
    assertEquals(await second.weights(), await whole.weights());
    assertNotEquals(await first.weights(), await whole.weights());
  });
}

const STOSA = TINY_MODELS.find(({ name }) => name === "stosa")!;

/** Weights of the attended means, which the published code does not reach. */
const MEANS = ["value", "dense", "ffn1", "ffn2", "ffn_norm"].flatMap((role) =>
  [0, 1].flatMap((block) => [`mean_${role}.${block}.weight`, `mean_${role}.${block}.bias`])
);

testOnDevices("stosa leaves what means would be attended with as it is, undecayed", async (device) => {
  const start = STOSA.weights();
  const after = async (attendedMean: boolean) => {
    using model = STOSA.create(device, { options: ADAMW, attendedMean, dropout: 0.2 });
    for (let step = 0; step < 5; step++) model.step(STOSA.batch([[0, 1, 2, 3], [step]]));
    return await model.weights();
  };
  const published = await after(false), attended = await after(true);
  for (const name of Object.keys(start)) {
    const bits = (weights: ModelWeights) => [...new Uint32Array(Float32Array.from(weights[name]!.data).buffer)];
    if (MEANS.includes(name)) assertEquals(bits(published), bits(start), name);
    else assertNotEquals(bits(published), bits(start), name);
    assertNotEquals(bits(attended), bits(start), name);
  }
  assert(MEANS.every((name) => name in start));
});

testOnDevices("TrainedWeights.restore() refuses what is not its own, and stays as it was", async (device) => {
  const weights = () => new TrainedWeights(device, WEIGHTS, { options: ADAMW, groups: GROUPS, unused: ["old"] });
  using trained = weights();
  using stepped = weights();
  step(device, stepped);
  const saved = await stepped.save();
  const groups = GROUPS.toReversed();
  using other = new TrainedWeights(device, { item: WEIGHTS.item! }, { options: ADAMW, groups: GROUPS.slice(0, 1) });
  using reversed = new TrainedWeights(device, WEIGHTS, { options: ADAMW, groups, unused: ["old"] });
  const before = numbers(await trained.read());
  for (
    const [file, message] of [
      [await other.save(), "the saved state is of other tables"],
      [await reversed.save(), "the saved state is of other groups"],
      [saved.subarray(0, 100), ""],
    ] as const
  ) {
    assertThrows(() => trained.restore(file), SyntaxError, message);
    assertEquals(numbers(await trained.read()), before);
    assertEquals(trained.steps, 0);
  }
  trained.restore(saved);
  assertEquals(numbers(await trained.read()), numbers(await stepped.read()));
});

testOnDevices("weights that do not all fit leave nothing behind", (device) => {
  const odd = { ...WEIGHTS, position: { data: new Float32Array(3), shape: [2, 6] } };
  const groups = [{ tables: ["item"], graph: null }, { tables: ["position"], graph: null }];
  assertThrows(() => new TrainedWeights(device, odd, { options: SGD, groups }), TypeError);
  assertThrows(() => new FixedWeights(device, odd, ["item", "position"]), TypeError);
  assertEquals(device.liveBytes, 0);
});

testOnDevices("a mean loss goes on from what it was in the middle, to the bit", async (device) => {
  const [tiny] = TINY_MODELS, batches = [[0, 1, 2, 3], [1], [2, 0], [3, 1, 2]];
  using whole = tiny!.create(device, { options: ADAMW });
  using first = tiny!.create(device, { options: ADAMW });
  using second = tiny!.create(device, { options: ADAMW });
  for (const batch of batches) whole.step(tiny!.batch([batch, [batch.length]]));
  for (const batch of batches.slice(0, 3)) first.step(tiny!.batch([batch, [batch.length]]));
  const loss = await first.lossSoFar();
  assertEquals(loss.steps, 3);
  assertEquals(await first.lossSoFar(), loss);
  second.restore(await first.save());
  second.restoreLoss(loss);
  second.step(tiny!.batch([batches[3]!, [3]]));
  assertEquals(await second.meanLoss(), await whole.meanLoss());
});
