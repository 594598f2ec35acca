import { assert, assertEquals, assertGreater, assertLess, assertLessOrEqual } from "@std/assert";
import { type Device, Graph, openDevice, type SevoOptions } from "@sevo/sevo";
import type { Dataset } from "../../src/data/dataset.ts";
import { generatedDataset } from "../../src/data/generated.ts";
import { packHistories } from "../../src/data/histories.ts";
import type { PackedSequences } from "../../src/data/sequences.ts";
import {
  decodeModel,
  encodeModel,
  type ModelOptimizer,
  type ModelWeights,
  type TrainableModel,
  TrainedModel,
} from "../../src/models/mod.ts";
import { type ResolvedSettings, resolveSettings } from "../../src/models/settings.ts";
import { emptyExclusions } from "../../src/recommend/dot_ranker.ts";
import { DotRanker, historyOf, type Ranker, rankerOf } from "../../src/recommend/mod.ts";
import { historyLength } from "../../src/recommend/ranker_of.ts";
import { webgpuAvailable } from "../_devices.ts";
import { type GoldenCase, goldenCases, relativeError } from "../_golden.ts";
import { testOnDevices } from "../_on_devices.ts";
import { packed, packedHeldOut } from "../data/_fixtures.ts";
import { assertSameBits, uniforms } from "../sevo/_fixtures.ts";

/** A model as the contract suite sees it. */
export interface Contract<S extends object, Batch> {
  /** Name of its golden file. */
  readonly name: string;
  /** The model. */
  readonly model: TrainableModel<S, Batch>;
  /** Settings that the suite trains with; those that the model does not have do not count. */
  readonly settings: SuiteSettings;
  /** How the checkerboard is solved. */
  readonly solution: { readonly epochs: number; readonly batch: number; readonly learningRate: number };
  /** The batch of a golden file that begins so: `batch`, `batch1` and so on. */
  readonly goldenBatch: (golden: GoldenCase, prefix: string) => Batch;
  /** Users and histories whose scores are in a golden file. */
  readonly goldenHistories: (golden: GoldenCase) => { users: Uint32Array; histories: PackedSequences };
}

/** Settings of models, of which each has some. */
export interface SuiteSettings {
  readonly dimension?: number;
  readonly maxLength?: number;
  readonly blocks?: number;
  readonly heads?: number;
  readonly dropout?: number;
  readonly attentionDropout?: number;
  readonly attendedMean?: boolean;
  readonly seed?: number;
}

/** All settings of a model, with those of the suite and a change to them. */
function settingsOf<S extends object, Batch>(
  { model, settings }: Contract<S, Batch>,
  change: SuiteSettings = {},
): ResolvedSettings<S> {
  const wanted = Object.entries({ ...settings, ...change }).filter(([key]) => model.fields.has(key));
  return resolveSettings(model, Object.fromEntries(wanted));
}

/** The model with these weights; with a graph its item tables are smoothed, everything else is not. */
function create<S extends object, Batch>(
  contract: Contract<S, Batch>,
  device: Device,
  weights: ModelWeights,
  optimizer: ModelOptimizer,
  change: SuiteSettings = {},
): TrainedModel<Batch> {
  return new TrainedModel(device, contract.model, weights, settingsOf(contract, change), optimizer);
}

/** Even users take even items and odd users odd ones; which of them is random. A model must tell the colours apart. */
export function checkerboard(): Dataset {
  const users = 40, items = 30, draw = uniforms(8);
  const sequences = Array.from({ length: users }, (_, user) => {
    const own = Array.from({ length: items / 2 }, (_, at) => 2 * at + user % 2);
    return own.map((item) => ({ item, order: draw() })).sort((a, b) => a.order - b.order).map(({ item }) => item);
  });
  const trained = 7;
  return {
    ...generatedDataset({ users: 1, items: 12 }),
    name: "checkerboard",
    userCount: users,
    itemCount: items,
    users: sequences.map((_, user) => `user ${user}`),
    items: Array.from({ length: items }, (_, item) => `item ${item}`),
    train: packed(sequences.map((own) => own.slice(0, trained))),
    valid: packedHeldOut(sequences.map((own) => own[trained]!)),
    test: packedHeldOut(sequences.map((own) => own[trained + 1]!)),
    itemColumns: {},
  };
}

function itemGraph({ train, itemCount }: Dataset, pads: number): Graph {
  return Graph.fromSequences(train, { rows: itemCount + pads, offset: pads });
}

const SEVO_ADAMW: SevoOptions = {
  rule: "adamw",
  learningRate: 0.02,
  weightDecay: 0.01,
  propagation: { mode: "neumann", beta: 0.9, layers: 3 },
};

/** Trains on a dataset; returns the weights and the mean loss of each epoch. */
async function trainOn<S extends object, Batch>(
  contract: Contract<S, Batch>,
  device: Device,
  dataset: Dataset,
  { epochs, size, seed = 1, learningRate = SEVO_ADAMW.learningRate }: {
    epochs: number;
    size: number;
    seed?: number;
    learningRate?: number;
  },
  use: (model: TrainedModel<Batch>) => Promise<void> = async () => {},
): Promise<{ weights: ModelWeights; losses: number[] }> {
  const { model: definition } = contract, settings = settingsOf(contract, { seed });
  using graph = itemGraph(dataset, definition.leadingRows);
  const options = { ...SEVO_ADAMW, learningRate };
  using model = create(contract, device, definition.initialWeights(dataset, settings), { options, graph }, { seed });
  const losses: number[] = [], sampler = definition.sampler(dataset, settings);
  for (let epoch = 1; epoch <= epochs; epoch++) {
    for (const batch of sampler.batches(epoch, size)) model.step(batch);
    losses.push(await model.meanLoss());
  }
  await use(model);
  return { weights: await model.weights(), losses };
}

function assertSameWeights(actual: ModelWeights, expected: ModelWeights, message: string): void {
  assertEquals(Object.keys(actual), Object.keys(expected), message);
  for (const [name, { data, shape }] of Object.entries(expected)) {
    assertEquals(actual[name]!.shape, shape, message);
    const bits = (array: Float32Array) => array as Float32Array<ArrayBuffer>;
    assertSameBits(bits(actual[name]!.data), bits(data), `${message}, ${name}`);
  }
}

function assertCloseWeights(actual: ModelWeights, expected: ModelWeights, bound: number): void {
  for (const [name, { data }] of Object.entries(expected)) {
    assertLessOrEqual(relativeError(actual[name]!.data, data), bound, name);
  }
}

/** Scores of all items for all queries, in the order of the items, read off the top items of each query. */
async function scoresOf(
  ranker: Ranker,
  requests: { users: Uint32Array; histories: PackedSequences },
): Promise<Float64Array> {
  const { itemCount } = ranker, queries = requests.users.length;
  const top = await ranker.top(requests, itemCount, emptyExclusions(queries));
  const scores = new Float64Array(queries * itemCount).fill(NaN);
  top.items.forEach((item, at) => scores[Math.floor(at / itemCount) * itemCount + item] = top.scores[at]!);
  return scores;
}

/** The weights that a golden file begins with. */
function goldenWeights(golden: GoldenCase, names: readonly string[]): ModelWeights {
  return Object.fromEntries(
    names.map((name) => [name, {
      data: Float32Array.from(golden.data(`param.${name}`)),
      shape: golden.shape(`param.${name}`),
    }]),
  );
}

function goldenSizes({ settings }: GoldenCase): SuiteSettings {
  const { maxlen, blocks, heads } = settings as { maxlen?: number; blocks?: number; heads?: number };
  const sizes = { maxLength: maxlen, blocks, heads, dropout: 0, attentionDropout: 0 };
  return Object.fromEntries(Object.entries(sizes).filter(([, value]) => value !== undefined));
}

/** The optimizer of a golden file's steps. */
function goldenOptimizer({ settings, data }: GoldenCase): { options: SevoOptions; graph: Graph } {
  return {
    options: {
      rule: "adamw",
      learningRate: settings.lr as number,
      betas: settings.betas as [number, number],
      weightDecay: settings.weight_decay as number,
      propagation: { mode: "neumann", beta: settings.beta as number, layers: settings.layers as number },
    },
    graph: Graph.fromCsr({
      rowOffsets: data("graph.row_offsets"),
      columns: data("graph.columns"),
      values: data("graph.values"),
    }),
  };
}

/** Steps through the batches of a golden file; returns the weights and the loss of each step. */
async function goldenSteps<S extends object, Batch>(
  contract: Contract<S, Batch>,
  device: Device,
  golden: GoldenCase,
  names: readonly string[],
): Promise<{ weights: ModelWeights; losses: number[] }> {
  const optimizer = goldenOptimizer(golden);
  using _graph = optimizer.graph;
  using model = create(contract, device, goldenWeights(golden, names), optimizer, goldenSizes(golden));
  const losses: number[] = [];
  for (let step = 1; step <= (golden.settings.steps as number); step++) {
    model.step(contract.goldenBatch(golden, `batch${step}`));
    losses.push(await model.meanLoss());
  }
  return { weights: await model.weights(), losses };
}

/** What one plain step from these weights subtracts: the gradient, to the last bits, at a rate that is a large power of 2. */
async function gradientsOf<S extends object, Batch>(
  contract: Contract<S, Batch>,
  device: Device,
  start: ModelWeights,
  batch: Batch,
  change: SuiteSettings,
): Promise<{ gradients: Record<string, Float64Array>; loss: number }> {
  const rate = 2 ** 20;
  const options: SevoOptions = { rule: "sgd", learningRate: rate, propagation: null };
  using model = create(contract, device, start, { options, graph: null }, change);
  model.step(batch);
  const loss = await model.meanLoss(), after = await model.weights();
  const gradients = Object.entries(start).map(([name, { data }]) => [
    name,
    Float64Array.from(data, (value, at) => (value - after[name]!.data[at]!) / rate),
  ]);
  return { gradients: Object.fromEntries(gradients), loss };
}

/**
 * The suite that every model passes on every device: the golden files of its name, a dataset it must solve, the same
 * bits again and for any number of threads, alike on both devices, with dropout too, no memory left behind, and the same
 * recommendations from its file.
 *
 * @param contract The model.
 */
export function testContract<S extends object, Batch>(contract: Contract<S, Batch>): void {
  const { name, model: definition, solution, goldenBatch } = contract;
  const initialWeights = (dataset: Dataset) => definition.initialWeights(dataset, settingsOf(contract));
  const batches = (dataset: Dataset, epoch: number, size: number) =>
    definition.sampler(dataset, settingsOf(contract)).batches(epoch, size);
  const goldens = goldenCases(`model_${name}`).filter(({ settings }) => settings.model === name);
  assertGreater(goldens.length, 0, `golden files of ${name}`);

  for (const golden of goldens) {
    const names = Object.keys(initialWeights(checkerboard()));
    assertEquals(names.filter((table) => !golden.has(`param.${table}`)), [], `weights of ${golden.name}`);

    testOnDevices(`golden: ${golden.name}: loss and gradients`, async (device) => {
      const start = goldenWeights(golden, names), batch = goldenBatch(golden, "batch");
      const { gradients, loss } = await gradientsOf(contract, device, start, batch, goldenSizes(golden));
      assertLessOrEqual(relativeError([loss], golden.data("loss")), 2e-5);
      for (const table of names) {
        assertLessOrEqual(relativeError(gradients[table]!, golden.data(`grad.${table}`)), 2e-5, table);
      }
    });

    testOnDevices(`golden: ${golden.name}: scores`, async (device) => {
      const options: SevoOptions = { rule: "sgd", learningRate: 0, propagation: null };
      const sizes = goldenSizes(golden), start = goldenWeights(golden, names);
      using model = create(contract, device, start, { options, graph: null }, sizes);
      const requests = contract.goldenHistories(golden), shape = golden.shape("scores");
      // Ranked with what is under training, and with what is not
      using trained = new DotRanker(device, model.network, historyLength(contract.model, settingsOf(contract, sizes)));
      using fixed = rankerOf(device, definition, start, settingsOf(contract, sizes));
      for (const ranker of [trained, fixed]) {
        assertEquals([requests.users.length, ranker.itemCount], [shape[0]!, shape.at(-1)!]);
        assertLessOrEqual(relativeError(await scoresOf(ranker, requests), golden.data("scores")), 2e-5);
      }
    });

    testOnDevices(`golden: ${golden.name}: losses and parameters of five steps`, async (device) => {
      const { weights, losses } = await goldenSteps(contract, device, golden, names);
      losses.forEach((loss, at) => {
        assertLessOrEqual(relativeError([loss], golden.data(`loss.${at + 1}`)), 2e-5, `step ${at + 1}`);
      });
      for (const table of names) {
        assertLessOrEqual(relativeError(weights[table]!.data, golden.data(`final.${table}`)), 1e-4, table);
      }
    });

    Deno.test({
      name: `${name} is alike on cpu and webgpu: ${golden.name}`,
      ignore: !webgpuAvailable,
      fn: async () => {
        await using cpu = await openDevice("cpu", { threads: 2 });
        await using webgpu = await openDevice("webgpu");
        const expected = await goldenSteps(contract, cpu, golden, names);
        const actual = await goldenSteps(contract, webgpu, golden, names);
        assertLessOrEqual(relativeError(actual.losses, expected.losses), 2e-6);
        assertCloseWeights(actual.weights, expected.weights, 2e-5);
      },
    });
  }

  Deno.test({
    name: `${name} takes the same step on cpu and webgpu with dropout`,
    ignore: !webgpuAvailable,
    fn: async () => {
      await using cpu = await openDevice("cpu", { threads: 2 });
      await using webgpu = await openDevice("webgpu");
      const dataset = checkerboard(), start = initialWeights(dataset);
      const [batch] = batches(dataset, 1, 16);
      const dropping = { dropout: 0.4, attentionDropout: 0.4 };
      const expected = await gradientsOf(contract, cpu, start, batch!, dropping);
      const actual = await gradientsOf(contract, webgpu, start, batch!, dropping);
      assertLessOrEqual(relativeError([actual.loss], [expected.loss]), 1e-5);
      // An element that one device drops and the other keeps would be off by far more
      for (const [table, gradient] of Object.entries(expected.gradients)) {
        assertLessOrEqual(relativeError(actual.gradients[table]!, gradient), 1e-4, table);
      }
    },
  });

  testOnDevices(`${name} solves the checkerboard`, async (device) => {
    const dataset = checkerboard(), { epochs, batch: size, learningRate } = solution;
    const users = Uint32Array.from({ length: dataset.userCount }, (_, user) => user);
    const length = historyLength(contract.model, settingsOf(contract)),
      histories = packHistories(dataset, users, "valid", length);
    const { losses } = await trainOn(contract, device, dataset, { epochs, size, learningRate }, async ({ network }) => {
      using ranker = new DotRanker(device, network, length);
      // Of the 15 items of their colour users have had 7: the other 8 come before all items of the other colour.
      const top = await ranker.top({ users, histories }, 8, historyOf(dataset, users, "valid"));
      top.items.forEach((item, at) => {
        const user = Math.floor(at / 8);
        assertEquals(item % 2, user % 2, `user ${user}, place ${at % 8 + 1}, item ${item}`);
      });
    });
    assertLess(losses.at(-1)!, 0.75 * losses[0]!);
  });

  testOnDevices(`${name} gives the same bits in a second run, and others for another seed`, async (device) => {
    const dataset = checkerboard(), run = { epochs: 2, size: 16 };
    const first = await trainOn(contract, device, dataset, run);
    const second = await trainOn(contract, device, dataset, run);
    assertSameWeights(second.weights, first.weights, "second run");
    assertEquals(second.losses, first.losses);
    const other = await trainOn(contract, device, dataset, { ...run, seed: 2 });
    assert(other.losses.some((loss, at) => loss !== first.losses[at]));
    for (const [table, { data }] of Object.entries(first.weights)) {
      // A weight that no gradient reaches and that does not begin at random stays as it is
      if (data.every((value) => value === data[0])) continue;
      assert(other.weights[table]!.data.some((value, at) => value !== data[at]), table);
    }
  });

  Deno.test(`${name} gives the same bits for 1, 2 and 5 threads`, async () => {
    const dataset = generatedDataset({ users: 400, items: 300, seed: 5 });
    let expected: Awaited<ReturnType<typeof trainOn>> | null = null;
    for (const threads of [1, 2, 5]) {
      await using device = await openDevice("cpu", { threads });
      const actual = await trainOn(contract, device, dataset, { epochs: 1, size: 150 });
      if (expected) assertSameWeights(actual.weights, expected.weights, `${threads} threads`);
      assertEquals(actual.losses, (expected ?? actual).losses);
      expected ??= actual;
    }
  });

  testOnDevices(`${name} holds the same bytes after every epoch`, async (device) => {
    const dataset = checkerboard();
    using graph = itemGraph(dataset, definition.leadingRows);
    using model = create(contract, device, initialWeights(dataset), { options: SEVO_ADAMW, graph });
    const held = [];
    for (let epoch = 1; epoch <= 4; epoch++) {
      for (const batch of batches(dataset, epoch, 17)) model.step(batch);
      await model.meanLoss();
      held.push(device.liveBytes);
    }
    assertEquals(held, Array(4).fill(held[0]));
  });

  testOnDevices(`${name} recommends alike from its file`, async (device) => {
    const dataset = checkerboard();
    const { weights } = await trainOn(contract, device, dataset, { epochs: 3, size: 64 });
    const settings = settingsOf(contract);
    const file = decodeModel(encodeModel(definition, settings, weights, dataset));
    assertSameWeights(file.weights, weights, "file");
    assertEquals<unknown>([file.model.name, file.settings], [definition.name, settings]);
    assertEquals([file.users, file.items], [definition.userTable ? dataset.users : [], dataset.items]);
    const users = Uint32Array.from({ length: dataset.userCount }, (_, user) => user);
    const history = historyOf(dataset, users, "test");
    const histories = packHistories(dataset, users, "test", historyLength(contract.model, settings));
    const optimizer = { options: { ...SEVO_ADAMW, propagation: null }, graph: null };
    using model = create(contract, device, weights, optimizer);
    using before = new DotRanker(device, model.network, historyLength(contract.model, settings));
    using after = rankerOf(device, file.model, file.weights, file.settings);
    const expected = await before.top({ users, histories }, 5, history);
    assertEquals(await after.top({ users, histories }, 5, history), expected);
  });
}
