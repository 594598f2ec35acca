import { assert, assertEquals, assertNotEquals, assertRejects, assertThrows } from "@std/assert";
import type { Device } from "@sevo/sevo";
import { HIDDEN_ITEM } from "../../src/models/bert4rec/network.ts";
import {
  bert4Rec,
  type ModelWeights,
  resolveSettings,
  sasRec,
  stosa,
  type TrainableModel,
  TrainedModel,
  type TrainingSettings,
} from "../../src/models/mod.ts";
import { Tape } from "../../src/nn/tape.ts";
import { emptyExclusions } from "../../src/recommend/dot_ranker.ts";
import { DotRanker, rankerOf } from "../../src/recommend/mod.ts";
import { packed, range } from "../data/_fixtures.ts";
import { testOnDevices } from "../_on_devices.ts";
import { ITEMS, LENGTH, SGD, TINY_MODELS, type TinyBatch, type TinyModel, type TinyOptions } from "./_tiny_models.ts";

/** Queries of these histories, a row for each. */
async function queriesOf(
  device: Device,
  model: TrainedModel<never>,
  histories: readonly (readonly number[])[],
): Promise<number[][]> {
  using tape = new Tape(device, null);
  const requests = { users: Uint32Array.from(histories.keys()), histories: packed(histories) };
  const { tensor } = device.batch(() => model.network.queries(tape, requests)), [rows, columns] = tensor.shape;
  assertEquals(rows, histories.length);
  const all = await device.read(tensor);
  return range(rows).map((row) => [...all.subarray(row * columns!, (row + 1) * columns!)]);
}

/** Bits of each weight, so that -0 is not 0. */
function bitsOf(weights: ModelWeights): Record<string, Uint32Array> {
  return Object.fromEntries(
    Object.entries(weights).map(([name, { data }]) => [name, new Uint32Array(Float32Array.from(data).buffer)]),
  );
}

/** Rows of a table that differ. */
function changedRows(after: ModelWeights, before: ModelWeights, table: string): number[] {
  const { data, shape: [rows, columns] } = before[table]!;
  return range(rows!).filter((row) =>
    range(columns!).some((column) => data[row * columns! + column] !== after[table]!.data[row * columns! + column])
  );
}

function assertFinite(rows: readonly (readonly number[])[]): void {
  assert(rows.flat().every(Number.isFinite), `${rows}`);
}

function testEach(name: string, body: (device: Device, tiny: TinyModel) => Promise<void>): void {
  for (const tiny of TINY_MODELS) testOnDevices(`${tiny.name} ${name}`, (device) => body(device, tiny));
}

testEach("trains on a single sequence of a single item", async (device, tiny) => {
  const start = tiny.weights();
  using model = tiny.create(device);
  model.step(tiny.batch([[3]]));
  const loss = await model.meanLoss();
  assert(Number.isFinite(loss) && loss > 0, `${loss}`);
  const after = await model.weights();
  for (const [name, { data }] of Object.entries(after)) assert(data.every(Number.isFinite), name);
  // The input 3, the positive 4 and the negative 8; or the row that stands for the hidden item
  const rows = tiny.name === "bert4rec" ? [1] : [3, 4, 8].map((item) => item + tiny.pads);
  for (const table of tiny.tables) assertEquals(changedRows(after, start, table), rows, table);
  if (tiny.name === "bert4rec") assertEquals(changedRows(after, start, "out.weight"), range(ITEMS + 2));
});

testEach("moves rows and positions of a batch alone", async (device, tiny) => {
  const start = tiny.weights();
  using model = tiny.create(device);
  model.step(tiny.batch([[0, 1, 2], [1]]));
  const after = await model.weights();
  const expected: Record<TinyModel["name"], number[]> = {
    // Inputs 0 1 2 1, positives 1 2 3 2, negatives 5 6 7 6
    sasrec: [0, 1, 2, 3, 5, 6, 7].map((item) => item + 1),
    stosa: [0, 1, 2, 3, 5, 6, 7].map((item) => item + 1),
    // Positives 3 2 and negatives 7 6
    gru4rec: [0, 1, 2, 3, 6, 7].map((item) => item + 1),
    // Item 2 and the second 1 are hidden, and so both are row 1
    bert4rec: [1, 0 + 2, 1 + 2],
  };
  for (const table of tiny.tables) assertEquals(changedRows(after, start, table), expected[tiny.name], table);
  for (const table of Object.keys(start).filter((name) => name.startsWith("pos"))) {
    assertEquals(changedRows(after, start, table), [LENGTH - 3, LENGTH - 2, LENGTH - 1], table);
  }
});

testEach("gives all empty histories the same finite query", async (device, tiny) => {
  using model = tiny.create(device);
  model.step(tiny.batch([[0, 1, 2], [4, 5]]));
  const [first, other, second] = await queriesOf(device, model, [[], [7, 3], []]);
  assertFinite([first!, other!]);
  assertEquals(second, first);
  assertNotEquals(other, first);
  assertEquals(await queriesOf(device, model, [[]]), [first]);
});

testEach("ranks for nobody", async (device, tiny) => {
  using model = tiny.create(device);
  assertEquals(await queriesOf(device, model, []), []);
  using ranker = new DotRanker(device, model.network, LENGTH);
  const nobody = { users: new Uint32Array(), histories: packed([]) }, nothing = emptyExclusions(0);
  assertEquals((await ranker.top(nobody, 3, nothing)).items.length, 0);
  assertEquals((await ranker.ranks(nobody, packed([]), nothing)).length, 0);
});

testEach("sees the last items of a long history alone", async (device, tiny) => {
  const history = [0, 1, 2, 3, 4, 5, 6, 7, 8, 0, 2];
  using model = tiny.create(device);
  for (const length of [tiny.seen, tiny.seen + 1, tiny.seen + 2, history.length]) {
    const [whole, cut] = await queriesOf(device, model, [history.slice(-length), history.slice(-tiny.seen)]);
    assertEquals(whole, cut, `${length} items`);
  }
  // But all of these
  const [whole, shorter] = await queriesOf(device, model, [history.slice(-tiny.seen), history.slice(1 - tiny.seen)]);
  assertNotEquals(whole, shorter);
});

testEach("gives a query by its history alone, whatever is beside and in whatever order", async (device, tiny) => {
  const histories = [[3], [0, 1, 2, 3, 4], [], [8, 8], [5, 4, 3, 2, 1, 0], [2, 7, 1], [1, 7, 2], [6], [4, 0, 4, 0]];
  using model = tiny.create(device, { dropout: 0.5 });
  model.step(tiny.batch([[0, 1, 2], [4, 5]]));
  const queries = await queriesOf(device, model, histories);
  assertFinite(queries);
  assertEquals(new Set(queries.map(String)).size, histories.length, "queries differ");
  for (const [at, history] of histories.entries()) {
    assertEquals(await queriesOf(device, model, [history]), [queries[at]], `[${history}] by itself`);
  }
  for (const order of [[8, 7, 6, 5, 4, 3, 2, 1, 0], [4, 0, 8, 2, 6, 1, 5, 3, 7], [1, 1, 4]]) {
    const permuted = await queriesOf(device, model, order.map((at) => histories[at]!));
    assertEquals(permuted, order.map((at) => queries[at]!), `order ${order}`);
  }
  // Many beside: more rows than a tile of any kernel
  const many = range(300).map((at) => histories[at * at % 7]!);
  assertEquals(await queriesOf(device, model, many), many.map((_, at) => queries[at * at % 7]!));
});

testEach("scores by the order of a history", async (device, tiny) => {
  // Of two blocks even the last token of a bidirectional encoder sees positions
  using model = tiny.create(device);
  const [one, other] = await queriesOf(device, model, [[1, 2, 3], [2, 1, 3]]);
  assertNotEquals(one, other);
});

const OUTSIDE = `Cannot use an item as it must be in [0, ${ITEMS}): current value is ${ITEMS}`;

testEach("refuses a history of items that are not there", async (device, tiny) => {
  using model = tiny.create(device);
  using ranker = new DotRanker(device, model.network, LENGTH);
  const before = device.liveBytes;
  for (const history of [[ITEMS], [1, ITEMS, 2], [ITEMS, 1, 1, 1, 1, 1, 1, 1]]) {
    for (const users of [Uint32Array.of(0, 1), null]) {
      const requests = { users, histories: packed([[1], history]) };
      using tape = new Tape(device, null);
      const error = assertThrows(() => device.batch(() => model.network.queries(tape, requests)), RangeError);
      assertEquals(error.message, OUTSIDE);
      const rejected = await assertRejects(() => ranker.top(requests, 1, emptyExclusions(2)), RangeError);
      assertEquals(rejected.message, OUTSIDE);
    }
  }
  await assertRejects(() => queriesOf(device, model, [[0xffffffff]]), RangeError, "4294967295");
  if (tiny.name !== "bert4rec") {
    await assertRejects(() => queriesOf(device, model, [[HIDDEN_ITEM]]), RangeError);
  }
  assertEquals(device.liveBytes, before);
  assertFinite(await queriesOf(device, model, [[1]]));
});

/** Batches that no model takes, and what is said of them. */
function badBatches({ name, batch }: TinyModel): [why: string, batch: TinyBatch, message: string][] {
  const good = batch([[0, 1], [2, 3, 4]]);
  const spoilt = (array: Uint32Array, at: number, value = ITEMS) =>
    array.map((other, place) => place === at ? value : other) as Uint32Array<ArrayBuffer>;
  const bad: [string, TinyBatch, string][] = [
    ["an item", { ...good, items: spoilt(good.items, 3) }, OUTSIDE],
    ["no sequence", batch([]), "Cannot step as the batch has no sequence"],
    ["no offsets", { ...good, offsets: new Uint32Array() }, "Cannot step as the batch has no sequence"],
    [
      "an empty sequence",
      batch([[1], [], [2]]),
      `Cannot step as a sequence must have 1 to ${LENGTH} items: current value is 0`,
    ],
    [
      "a long sequence",
      batch([[1], range(LENGTH + 1)]),
      `Cannot step as a sequence must have 1 to ${LENGTH} items: current value is ${LENGTH + 1}`,
    ],
    [
      "too many items",
      { ...good, items: Uint32Array.of(0, 1, 2, 3, 4, 5) },
      "Cannot step as the sequences must have 5 items: current value is 6",
    ],
    [
      "too few items",
      { ...good, items: Uint32Array.of(0, 1, 2) },
      "Cannot step as the sequences must have 5 items: current value is 3",
    ],
  ];
  if (name === "bert4rec") {
    bad.push(
      ["nothing hidden", { ...good, hidden: new Uint32Array() }, "Cannot step as the batch hides no item"],
      ["a place", { ...good, hidden: Uint32Array.of(1, 5) }, "Cannot step as hidden places must ascend in [0, 5)"],
      [
        "a place twice",
        { ...good, hidden: Uint32Array.of(1, 1) },
        "Cannot step as hidden places must ascend in [0, 5)",
      ],
      ["places down", { ...good, hidden: Uint32Array.of(4, 1) }, "Cannot step as hidden places must ascend in [0, 5)"],
    );
    return bad;
  }
  for (const role of ["positives", "negatives"] as const) {
    const own = good[role], count = own.length;
    const wrong = (length: number) => `Cannot step as there must be ${count} ${role}: current value is ${length}`;
    bad.push(
      [role, { ...good, [role]: spoilt(own, 1) }, OUTSIDE],
      [`one of ${role} less`, { ...good, [role]: own.slice(1) }, wrong(count - 1)],
      [`one of ${role} more`, { ...good, [role]: Uint32Array.of(...own, 1) }, wrong(count + 1)],
      [`no ${role}`, { ...good, [role]: new Uint32Array() }, wrong(0)],
    );
  }
  return bad;
}

testEach("refuses bad batches and goes on as if there had been none", async (device, tiny) => {
  const good = [tiny.batch([[0, 1], [2, 3, 4]]), tiny.batch([[5]])];
  const wanted: TinyOptions = { dropout: 0.3, options: { rule: "adamw", learningRate: 0.1, propagation: null } };
  using expected = tiny.create(device, wanted);
  for (const batch of good) expected.step(batch);
  using model = tiny.create(device, wanted);
  const bytes = device.liveBytes;
  const refuse = () => {
    for (const [why, batch, message] of badBatches(tiny)) {
      const error = assertThrows(() => model.step(batch), RangeError, undefined, why);
      assert(error.message.startsWith(message), `${why}: ${error.message}`);
      assertEquals(device.liveBytes, bytes, why);
    }
  };
  refuse();
  assertEquals(bitsOf(await model.weights()), bitsOf(tiny.weights()));
  model.step(good[0]!);
  refuse();
  model.step(good[1]!);
  assertEquals(await model.meanLoss(), await expected.meanLoss());
  assertEquals(bitsOf(await model.weights()), bitsOf(await expected.weights()));
});

testEach("refuses a width that heads do not divide into quads", async (device, tiny) => {
  const message = (dimension: number, heads: number) =>
    `Cannot make the model as dimension must be a multiple of 4 times heads: current value is ${dimension}, with ${heads} heads`;
  // A recurrent unit has no heads
  const bad = tiny.name === "gru4rec" ? [[6, 1], [9, 1], [2, 1]] : [[8, 3], [12, 2], [4, 2], [8, 0], [8, 1.5], [8, -1]];
  for (const [dimension, heads] of bad as [number, number][]) {
    const error = assertThrows(() => tiny.create(device, { dimension, heads }), RangeError);
    assertEquals(error.message, message(dimension, heads));
  }
  assertEquals(device.liveBytes, 0);
  using model = tiny.create(device, { dimension: 16, heads: 4 });
  model.step(tiny.batch([[1, 2]]));
  assert(Number.isFinite(await model.meanLoss()));
});

/** Losses of steps on the same batch with weights that stay. */
async function losses(device: Device, tiny: TinyModel, wanted: TinyOptions, steps = 3): Promise<number[]> {
  using model = tiny.create(device, { ...wanted, options: { ...SGD, learningRate: 0 } });
  const batch = tiny.batch([[0, 1, 2, 3, 4], [5, 6, 7], [8]]), found: number[] = [];
  for (let step = 0; step < steps; step++) {
    model.step(batch);
    found.push(await model.meanLoss());
  }
  return found;
}

testEach("drops other elements in every step, and the same ones for the same seed", async (device, tiny) => {
  const first = await losses(device, tiny, { dropout: 0.5, seed: 3 });
  assertEquals(new Set(first).size, 3, `${first}`);
  assertEquals(await losses(device, tiny, { dropout: 0.5, seed: 3 }), first);
  const other = await losses(device, tiny, { dropout: 0.5, seed: 4 });
  assertEquals(other.filter((loss) => first.includes(loss)), []);
});

testEach("drops nothing without dropout, whatever the seed", async (device, tiny) => {
  const [first, ...rest] = await losses(device, tiny, { dropout: 0, seed: 3 });
  assertEquals(rest, [first, first]);
  assertEquals(await losses(device, tiny, { seed: 4 }), [first, first, first]);
  // A rate so small that no element is dropped, nor any scaled
  const rare = await losses(device, tiny, { dropout: 1e-12, seed: 3 });
  assertEquals(rare, [first, first, first]);
});

testEach("takes the same step with dropout 0 as without", async (device, tiny) => {
  const after = async (wanted: TinyOptions) => {
    using model = tiny.create(device, wanted);
    for (const sequences of [[[0, 1, 2], [3]], [[4, 5]]]) model.step(tiny.batch(sequences));
    return bitsOf(await model.weights());
  };
  assertEquals(await after({ dropout: 0, seed: 7 }), await after({}));
  assertNotEquals(await after({ dropout: 0.5, seed: 7 }), await after({}));
});

testOnDevices("stosa drops weights of attention apart from elements", async (device) => {
  const tiny = TINY_MODELS.find(({ name }) => name === "stosa")!;
  const [plain] = await losses(device, tiny, {}, 1);
  const attention = await losses(device, tiny, { dropout: 0, attentionDropout: 0.5 });
  assertEquals(new Set([plain, ...attention]).size, 4);
  const elements = await losses(device, tiny, { dropout: 0.5, attentionDropout: 0 });
  assertEquals(new Set([...attention, ...elements]).size, 6);
});

testOnDevices("sasrec attends to the pads of its own sequence alone", async (device) => {
  // Biases that are not zero, so that pads count
  const settings = resolveSettings(sasRec, { dimension: 8, maxLength: LENGTH, blocks: 2, heads: 2, dropout: 0 });
  const weights = sasRec.initialWeights({ userCount: 1, itemCount: ITEMS }, settings);
  for (const [name, { data }] of Object.entries(weights)) {
    if (name.endsWith("in_proj_bias")) data.forEach((_, at) => data[at] = Math.sin(at + 1));
  }
  using model = new TrainedModel(device, sasRec, weights, settings, { options: SGD, graph: null });
  const [alone] = await queriesOf(device, model, [[3, 1]]);
  for (const beside of [[[]], [[1]], [[0, 1, 2, 3, 4]], [[8, 7], [6, 5, 4], [2, 2, 2, 2]]]) {
    const [before] = (await queriesOf(device, model, [...beside, [3, 1]])).slice(-1);
    const [after] = await queriesOf(device, model, [[3, 1], ...beside]);
    assertEquals([before, after], [alone, alone], `${JSON.stringify(beside)}`);
  }
  // Without pads the query is another: a model of fewer positions has fewer
  const shorter = {
    ...weights,
    "position.weight": { data: weights["position.weight"]!.data.slice(3 * 8), shape: [2, 8] },
  };
  const two = { ...settings, maxLength: 2 };
  using short = new TrainedModel(device, sasRec, shorter, two, { options: SGD, graph: null });
  assertNotEquals((await queriesOf(device, short, [[3, 1]]))[0], alone);
});

testEach("refuses histories that are not those of the users", async (device, tiny) => {
  using model = tiny.create(device);
  using ranker = new DotRanker(device, model.network, LENGTH);
  const { offsets, items } = packed([[1, 2], [3]]), targets = Uint32Array.of(0, 0), nothing = emptyExclusions(2);
  for (
    const [users, histories, message] of [
      [
        Uint32Array.of(0),
        { offsets, items },
        "Cannot rank as there must be 1 histories, one for each user: current value is 2",
      ],
      [
        Uint32Array.of(0, 1),
        { offsets, items: items.subarray(1) },
        "Cannot rank as the histories must have 3 items from 0 on: current value is 2",
      ],
      [
        null,
        { offsets: offsets.map((at) => at + 1), items },
        "Cannot rank as the histories must have 4 items from 0 on: current value is 3",
      ],
    ] as const
  ) {
    for (
      const work of [
        () => ranker.top({ users, histories }, 1, nothing),
        () =>
          ranker.ranks(
            { users, histories },
            { offsets: Uint32Array.from(histories.offsets.keys()), items: targets },
            nothing,
          ),
        () =>
          ranker.scores({ users, histories }, { offsets: Uint32Array.from(histories.offsets.keys()), items: targets }),
      ]
    ) assertEquals((await assertRejects<Error>(work, RangeError)).message, message);
  }
});

for (const model of [sasRec, bert4Rec, stosa] as readonly TrainableModel[]) {
  testOnDevices(`${model.name} refuses a length that is not its number of positions`, (device) => {
    const of = (maxLength: number) =>
      resolveSettings(model, { dimension: 8, maxLength, blocks: 1, heads: 1 }) as TrainingSettings;
    const weights = model.initialWeights({ userCount: 1, itemCount: ITEMS }, of(LENGTH));
    const make = [
      () => new TrainedModel(device, model, weights, of(LENGTH + 1), { options: SGD, graph: null }),
      () => rankerOf(device, model, weights, of(LENGTH + 1)),
    ];
    for (const made of make) {
      assertEquals(
        assertThrows(() => made(), RangeError).message,
        `Cannot make the model as maxLength must be the ${LENGTH} rows of its positions: current value is ${
          LENGTH + 1
        }`,
      );
    }
    assertEquals(device.liveBytes, 0);
  });
}
