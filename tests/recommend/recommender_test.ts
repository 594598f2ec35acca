import {
  assert,
  assertEquals,
  assertLess,
  assertLessOrEqual,
  assertNotEquals,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { type Device, openDevice } from "@sevo/sevo";
import { sequenceAt } from "../../src/data/sequences.ts";
import {
  bert4Rec,
  encodeModel,
  isTrainable,
  itemKnn,
  mfBpr,
  type ModelDefinition,
  type ModelFile,
  MODELS,
  popularity,
  type Requests,
  sasRec,
  stosa,
} from "../../src/models/mod.ts";
import {
  rankerOf,
  type Recommendation,
  Recommender,
  type RecommendOptions,
  type StreamRequest,
} from "../../src/recommend/mod.ts";
import { type Dataset, generatedDataset, packHistories } from "../../src/training/mod.ts";
import { packed, packedHeldOut, range } from "../data/_fixtures.ts";
import { testOnDevices } from "../_on_devices.ts";
import { DATASET, trained, untrained } from "./_models.ts";

/** Rounding of scores in float32, as a part of the largest one. */
const TOLERANCE = 2e-5;

/** Rows of items, one history each: short, long, with an item twice, longer than any model looks at. */
const HISTORIES = [[4], [1, 3, 5, 7], [2, 9, 2, 14], [29, 0, 28, 1, 27, 2, 26, 3, 25]];

const idsOf = (rows: readonly number[], items: readonly string[] = DATASET.items) => rows.map((row) => items[row]!);

/** The score of every item for every request: of the weights in float64 where that is a line, else one by one. */
async function scoresOf(device: Device, file: ModelFile, requests: Requests): Promise<number[][]> {
  const { offsets, items } = requests.histories, lists = offsets.length - 1, count = file.items.length;
  if (file.model === popularity) return range(lists).map(() => [...file.weights["item.count"]!.data]);
  if (file.model === itemKnn) {
    const { data: rows, shape: [, width] } = file.weights["item.neighbours"]!;
    const { data: values } = file.weights["item.similarities"]!;
    return range(lists).map((list) => {
      const scores = Array<number>(count).fill(0);
      for (const taken of new Set(items.subarray(offsets[list], offsets[list + 1]))) {
        for (let at = taken * width!; at < (taken + 1) * width! && rows[at]! >= 0; at++) {
          scores[rows[at]!]! += values[at]!;
        }
      }
      return scores;
    });
  }
  if (requests.users) {
    const [users, rows] = ["user.weight", "item.weight"].map((table) => file.weights[table]!);
    const width = rows!.shape[1]!;
    return [...requests.users].map((user) =>
      range(count).map((item) => dot(users!.data, user * width, rows!.data, item * width, width))
    );
  }
  using ranker = rankerOf(device, file.model, file.weights, file.settings);
  const scores = await ranker.scores(requests, packed(range(lists).map(() => range(count))));
  return range(lists).map((list) => [...scores.subarray(list * count, (list + 1) * count)]);
}

function dot(a: Float32Array, from: number, b: Float32Array, to: number, width: number): number {
  let sum = 0;
  for (let column = 0; column < width; column++) sum += a[from + column]! * b[to + column]!;
  return sum;
}

/**
 * Checks a list against the scores of all items: in order, ties to the lower row, nothing better left out, as long as it
 * can be.
 */
function assertTop(
  list: readonly Recommendation[],
  scores: readonly number[],
  {
    count,
    without = [],
    items = DATASET.items,
    positive = false,
    bound = TOLERANCE * Math.max(...scores.map(Math.abs)),
  }: {
    count: number;
    without?: readonly number[];
    items?: readonly string[];
    positive?: boolean;
    bound?: number;
  },
): void {
  const rows = list.map(({ item }) => items.indexOf(item));
  assert(!rows.includes(-1), "every item is one of the catalogue");
  assertEquals(new Set(rows).size, rows.length, "no item comes twice");
  const left = range(scores.length).filter((row) => !without.includes(row) && (!positive || scores[row]! > 0));
  assertEquals(list.length, Math.min(count, left.length));
  list.forEach(({ score }, at) => {
    assertLessOrEqual(Math.abs(score - scores[rows[at]!]!), bound, `score at place ${at}`);
    assert(left.includes(rows[at]!), `item ${rows[at]} is to be left out`);
    if (at === 0) return;
    const before = list[at - 1]!.score;
    assert(before > score || (before === score && rows[at - 1]! < rows[at]!), `places ${at - 1} and ${at}`);
  });
  const last = list.at(-1)!.score;
  for (const row of left) if (!rows.includes(row)) assertLessOrEqual(scores[row]!, last + bound, `item ${row}`);
}

for (const model of MODELS) {
  const positive = model === itemKnn;

  testOnDevices(`${model.name} recommends to histories what has the best scores`, async (device) => {
    const file = await trained(model);
    using recommender = new Recommender(device, file);
    const requests = { users: null, histories: packed(HISTORIES) }, scores = await scoresOf(device, file, requests);
    const histories = HISTORIES.map((rows) => idsOf(rows));
    const cases: RecommendOptions[] = [{ count: 4 }, { count: 4, repeat: true }, { count: 1000 }, {}];
    for (const options of cases) {
      const lists = await recommender.recommend({ histories }, options);
      assertEquals(lists.length, histories.length);
      lists.forEach((list, at) => {
        const without = options.repeat ? [] : HISTORIES[at]!;
        assertTop(list, scores[at]!, { count: options.count ?? 10, without, positive });
        for (const { item, title } of list) assertEquals(title, item === "item 3" ? null : `Title of ${item}`);
      });
    }
    // The scores of given items are those of the lists
    const lists = await recommender.recommend({ histories }, { count: 6 });
    const wanted = lists.map((list) => list.map(({ item }) => item).reverse());
    wanted[1] = [];
    const own = await recommender.score({ histories }, wanted);
    assertEquals(own.map(({ length }) => length), wanted.map(({ length }) => length));
    own.forEach((list, at) => {
      const largest = Math.max(...scores[at]!.map(Math.abs));
      list.toReversed().forEach((score, place) => {
        assertLessOrEqual(Math.abs(score - lists[at]![place]!.score), TOLERANCE * largest);
      });
    });
    assertEquals(await recommender.recommend({ histories: [] }), []);
    assertEquals(await recommender.score({ histories: [] }, []), []);
  });

  testOnDevices(
    `${model.name} recommends to users of a dataset, by all that is known or by training items`,
    async (device) => {
      const file = await trained(model), rows = [7, 0, 39, 7];
      using recommender = new Recommender(device, file);
      const users = idsOf(rows, DATASET.users), numbers = Uint32Array.from(rows);
      for (const historyOf of ["all", "train", undefined] as const) {
        const histories = packHistories(DATASET, numbers, historyOf === "train" ? "valid" : "all");
        const requests = { users: model.userTable ? numbers : null, histories };
        const scores = await scoresOf(device, file, requests);
        const request = { users, dataset: DATASET, ...historyOf && { historyOf } };
        const lists = await recommender.recommend(request, { count: 12 });
        lists.forEach((list, at) => {
          const without = [...histories.items.subarray(histories.offsets[at], histories.offsets[at + 1])];
          assertEquals(without.length, historyOf === "train" ? 7 : 9);
          assertTop(list, scores[at]!, { count: 12, without, positive });
        });
        assertEquals(lists[3], lists[0]);
        const wanted = lists.map((list) => list.map(({ item }) => item));
        (await recommender.score(request, wanted)).flat().forEach((score, at) => {
          const largest = Math.max(...scores.flat().map(Math.abs));
          assertLessOrEqual(Math.abs(score - lists.flat()[at]!.score), TOLERANCE * largest);
        });
      }
    },
  );

  testOnDevices(`${model.name} holds its weights once and gives all memory back`, async (device) => {
    const file = await trained(model), before = device.liveBytes;
    const bytes = Object.values(file.weights).reduce((sum, { data }) => sum + data.byteLength, 0);
    const recommender = Recommender.load(device, encodeModel(model, file.settings, file.weights, DATASET));
    const held = device.liveBytes - before;
    // Moments would be two times as much more, and gradients once more. STOSA's Gaussians and BERT4Rec's outputs with
    // their biases are tables of their own.
    assertLessOrEqual(held, 2 * bytes + 4096);
    const histories = HISTORIES.map((rows) => idsOf(rows));
    await recommender.recommend({ histories });
    await recommender.recommend({ users: DATASET.users, dataset: DATASET });
    await recommender.score({ histories: [idsOf([1])] }, [idsOf([2, 3])]);
    if (model !== popularity) await recommender.similar(idsOf([1, 2]));
    await assertRejects(() => recommender.recommend({ histories: [["nothing"]] }));
    assertEquals(device.liveBytes - before, held);
    recommender[Symbol.dispose]();
    assertEquals(device.liveBytes - before, 0);
  });

  testOnDevices(
    `${model.name} answers what is asked for meanwhile, and nothing once it is disposed`,
    async (device) => {
      const recommender = new Recommender(device, await trained(model)), history = { histories: [["item 1"]] };
      const alone: Recommendation[][] = [];
      for (const id of DATASET.items) {
        alone.push((await recommender.recommend({ histories: [[id]] }, { count: 3 }))[0]!);
      }
      const together = await Promise.all(
        DATASET.items.map((id) => recommender.recommend({ histories: [[id]] }, { count: 3 })),
      );
      assertEquals(together.map(([list]) => list!), alone);
      recommender[Symbol.dispose]();
      recommender[Symbol.dispose]();
      for (
        const [work, doing] of [
          [() => recommender.recommend(history), "recommend"],
          [() => recommender.score(history, [["item 2"]]), "score"],
          [() => recommender.similar(["item 1"]), "find similar items"],
          [() => Array.fromAsync(recommender.stream([{ history: ["item 1"] }])), "recommend"],
        ] as const
      ) {
        const error = await assertRejects<Error>(work, ReferenceError);
        assertEquals(error.message, `Cannot ${doing} as the recommender was disposed`);
      }
    },
  );

  testOnDevices(`${model.name} makes lists of more than 1024 items`, async (device) => {
    const dataset = generatedDataset({ users: 60, items: 1300, seed: 4 });
    const file = untrained(model, dataset);
    using recommender = new Recommender(device, file);
    const rows = [[5, 900, 17], [1299]], requests = { users: null, histories: packed(rows) };
    const histories = rows.map((row) => idsOf(row, dataset.items));
    const lists = await recommender.recommend({ histories }, { count: 1200 });
    const whole = await recommender.recommend({ histories }, { count: 5000 });
    if (model === itemKnn) return assertEquals(lists, whole);
    using ranker = rankerOf(device, file.model, file.weights, file.settings);
    const ones = [0, 1, 1298];
    const scores = await ranker.scores(requests, packed([ones, ones]));
    lists.forEach((list, at) => {
      assertEquals([list.length, whole[at]!.length], [1200, 1300 - rows[at]!.length]);
      assertEquals(whole[at]!.slice(0, 1200), list);
      assertEquals(new Set(whole[at]!.map(({ item }) => item)).size, 1300 - rows[at]!.length);
      const largest = Math.max(...whole[at]!.map(({ score }) => Math.abs(score)));
      whole[at]!.forEach(({ score }, place) => assert(place === 0 || score <= whole[at]![place - 1]!.score));
      ones.forEach((item, of) => {
        const { score } = whole[at]!.find((one) => one.item === dataset.items[item])!;
        assertLessOrEqual(Math.abs(score - scores[3 * at + of]!), TOLERANCE * largest);
      });
    });
  });

  testOnDevices(
    `${model.name} takes a dataset whose items are in another order, and leaves new ones out`,
    async (device) => {
      using recommender = new Recommender(device, await trained(model));
      // Item i of the dataset is item 29 - i of the model, after two that the model has never seen
      const turned = (item: number) => 31 - item;
      const dataset: Dataset = {
        ...DATASET,
        name: "turned",
        itemCount: 32,
        items: ["new 0", "new 1", ...DATASET.items.toReversed()],
        train: { ...DATASET.train, items: DATASET.train.items.map(turned) },
        valid: { ...DATASET.valid, items: DATASET.valid.items.map(turned) },
        test: { ...DATASET.test, items: DATASET.test.items.map(turned) },
      };
      const expected = await recommender.recommend({ users: DATASET.users, dataset: DATASET });
      assertEquals(await recommender.recommend({ users: DATASET.users, dataset }), expected);
      // A new item at the end of the history changes nothing
      const valid = { ...dataset.valid, items: dataset.valid.items.map(() => 1) };
      const request = { users: DATASET.users, dataset: { ...dataset, valid } };
      const none = packedHeldOut(DATASET.users.map(() => -1));
      const without = { users: DATASET.users, dataset: { ...DATASET, valid: none } };
      assertEquals(await recommender.recommend(request), await recommender.recommend(without));
    },
  );

  testOnDevices(`${model.name} answers a stream in order, users and histories mixed`, async (device) => {
    using recommender = new Recommender(device, await trained(model));
    // More than the 4096 that are answered together
    const requests: StreamRequest[] = range(4200).map((at) =>
      at % 3 === 0 ? { history: idsOf(HISTORIES[at % 4]!) } : { user: DATASET.users[at % 40]! }
    );
    const options = { count: 3, historyOf: "train", dataset: DATASET } as const;
    const answers = await Array.fromAsync(recommender.stream(requests.values(), options));
    assertEquals(answers.map(({ request }) => request), requests);
    const users = { users: DATASET.users, dataset: DATASET, historyOf: "train" } as const;
    const ofUsers = await recommender.recommend(users, { count: 3 });
    const ofHistories = await recommender.recommend({ histories: HISTORIES.map((rows) => idsOf(rows)) }, { count: 3 });
    answers.forEach(({ list }, at) => {
      const expected = at % 3 === 0 ? ofHistories[at % 4]! : ofUsers[at % 40]!;
      if (device.kind === "cpu") return assertEquals(list, expected, `request ${at}`);
      // A GPU may add up in another order in other company
      assertEquals(list.length, expected.length);
      list.forEach(({ score }, place) => {
        const bound = TOLERANCE * Math.max(1, Math.abs(score));
        assertLessOrEqual(Math.abs(score - expected[place]!.score), bound, `request ${at}`);
      });
    });
  });
}

/** Similarities of all items to one, from the tables, in float64. */
function similarities({ model, weights, items }: ModelFile, of: number, by: "cosine" | "dot" | undefined): number[] {
  const first = isTrainable(model) ? model.leadingRows : 0;
  const rowOf = (table: string, item: number) => {
    const { data, shape: [, width] } = weights[table]!;
    return [...data.subarray((first + item) * width!, (first + item + 1) * width!)];
  };
  const product = (a: readonly number[], b: readonly number[]) => a.reduce((sum, value, at) => sum + value * b[at]!, 0);
  if (model === stosa && by === undefined) {
    const rootOf = (item: number) =>
      rowOf("item_cov.weight", item).map((x) => Math.sqrt(Math.max(1e-24, x > 0 ? x + 1 : Math.exp(x))));
    const distance = (a: readonly number[], b: readonly number[]) =>
      a.reduce((sum, value, at) => sum + (value - b[at]!) ** 2, 0);
    return items.map((_, item) =>
      -distance(rowOf("item_mean.weight", of), rowOf("item_mean.weight", item)) - distance(rootOf(of), rootOf(item))
    );
  }
  const table = model === stosa ? "item_mean.weight" : model === bert4Rec ? "out.weight" : "item.weight";
  const own = rowOf(table, of);
  return items.map((_, item) => {
    const other = rowOf(table, item), sum = product(own, other);
    return by === "dot" ? sum : sum / Math.sqrt(product(own, own) * product(other, other));
  });
}

for (const model of MODELS.filter((model) => isTrainable(model))) {
  testOnDevices(`${model.name} finds similar items as its tables in float64 do`, async (device) => {
    const file = await trained(model), rows = [0, 3, 29, 3];
    using recommender = new Recommender(device, file);
    for (const by of [undefined, "cosine", "dot"] as const) {
      for (const count of [5, 100]) {
        const lists = await recommender.similar(idsOf(rows), { count, ...by && { by } });
        lists.forEach((list, at) => {
          const expected = similarities(file, rows[at]!, by);
          // A distance is a difference of squares that are far larger than itself
          const options = model === stosa && !by ? { bound: 1e-5 } : {};
          assertTop(list, expected, { count, without: [rows[at]!], ...options });
        });
        assertEquals(lists[3], lists[1]);
      }
    }
    assertEquals((await recommender.similar(idsOf([5])))[0]!.length, 10);
    assertEquals(await recommender.similar([]), []);
  });
}

testOnDevices("item-knn finds the neighbours that it has counted, and knows the cosine alone", async (device) => {
  const file = await trained(itemKnn);
  using recommender = new Recommender(device, file);
  const { data: rows, shape: [, width] } = file.weights["item.neighbours"]!;
  for (const by of [undefined, "cosine"] as const) {
    const lists = await recommender.similar(DATASET.items, { count: 7, ...by && { by } });
    lists.forEach((list, item) => {
      const near = [...rows.subarray(item * width!, (item + 1) * width!)].filter((row) => row >= 0).slice(0, 7);
      assertEquals(list.map((one) => one.item), idsOf(near));
      assert(!near.includes(item));
    });
  }
  const error = await assertRejects(() => recommender.similar(["item 1"], { by: "dot" }), RangeError);
  assertEquals(error.message, "Cannot find similar items as item-knn knows the cosine alone");
});

testOnDevices("similar items of more items than are asked for at a time", async (device) => {
  using recommender = new Recommender(device, await trained(sasRec));
  const rows = range(9000).map((at) => at % 30), lists = await recommender.similar(idsOf(rows), { count: 2 });
  const once = await recommender.similar(DATASET.items, { count: 2 });
  lists.forEach((list, at) => assertEquals(list, once[at % 30]));
});

testOnDevices("mf-bpr answers a history by itself, never as user 0", async (device) => {
  const file = await trained(mfBpr);
  using recommender = new Recommender(device, file);
  const options = { count: 30, repeat: true }, histories = HISTORIES.map((rows) => idsOf(rows));
  const lists = await recommender.recommend({ histories }, options);
  const [zero] = await recommender.recommend({ users: ["user 0"], dataset: DATASET }, options);
  const order = (list: readonly Recommendation[]) => list.map(({ item }) => item);
  lists.forEach((list, at) => {
    assertNotEquals(order(list), order(zero!));
    lists.slice(0, at).forEach((other) => assertNotEquals(order(list), order(other)));
  });
  // Alone and in other company a history has the same list
  assertEquals(await recommender.recommend({ histories: [histories[2]!] }, options), [lists[2]!]);
  // Users go by their rows, even with a history that is another's
  const swapped = { ...DATASET, users: DATASET.users.toReversed() };
  const [last] = await recommender.recommend({ users: ["user 39"], dataset: swapped }, options);
  assertEquals(last, (await recommender.recommend({ users: ["user 39"], dataset: DATASET }, options))[0]);
  const more = { ...DATASET, users: DATASET.users.with(5, "somebody") };
  const error = await assertRejects(() => recommender.recommend({ users: ["somebody"], dataset: more }), RangeError);
  assertEquals(
    error.message,
    "Cannot recommend as there is no user 'somebody' in the model: pass the history in place of the user",
  );
});

/** What is refused whatever the model, with what is said. */
const REFUSALS: readonly (readonly [request: unknown, options: unknown, message: string])[] = [
  [{ histories: [["item 1", "item 99"]] }, {}, "there is no item 'item 99'"],
  [{ histories: [["item 1"], "item 2"] }, {}, "history 1 must be a list of ids: current value is 'item 2'"],
  [{ histories: "item 2" }, {}, "histories must be a list of lists of ids: current value is 'item 2'"],
  [{ histories: [["item 1", 5]] }, {}, "ids in history 0 must be texts: current value is 5"],
  [{ histories: [[null]] }, {}, "ids in history 0 must be texts: current value is null"],
  [{ users: ["user 99"], dataset: DATASET }, {}, "there is no user 'user 99' in 'checkerboard'"],
  [{ users: "user 1", dataset: DATASET }, {}, "users must be a list of ids: current value is 'user 1'"],
  [{ users: [7], dataset: DATASET }, {}, "ids in users must be texts: current value is 7"],
  [{ users: ["user 1"] }, {}, "their dataset is missing"],
  [
    { users: ["user 1"], dataset: DATASET, historyOf: "test" },
    {},
    "historyOf must be 'all' or 'train': current value is 'test'",
  ],
  [{ users: ["user 1"], histories: [["item 1"]] }, {}, "the request must have users or histories: it has both"],
  [{}, {}, "the request must have users or histories: it has neither"],
  [null, {}, "the request must be an object: current value is null"],
  [{ history: ["item 1"] }, {}, "the request must have users or histories: it has neither"],
  [{ histories: [["item 1"]], data: DATASET }, {}, "there is no option 'data': options are 'histories'"],
  [{ histories: [["item 1"]], historyOf: "all" }, {}, "there is no option 'historyOf': did you mean 'histories'?"],
  [{ users: ["user 1"], data: DATASET }, {}, "there is no option 'data': did you mean 'dataset'?"],
  [{ histories: [["item 1"]] }, { counts: 5 }, "there is no option 'counts': did you mean 'count'?"],
  [{ histories: [["item 1"]] }, { count: 0 }, "count must be an integer >= 1: current value is 0"],
  [{ histories: [["item 1"]] }, { count: 1.5 }, "count must be an integer >= 1: current value is 1.5"],
  [{ histories: [["item 1"]] }, { count: NaN }, "count must be an integer >= 1: current value is NaN"],
  [{ histories: [["item 1"]] }, { count: "5" }, "count must be a number: current value is '5'"],
  [{ histories: [["item 1"]] }, { repeat: "no" }, "repeat must be a boolean: current value is 'no'"],
];

for (const model of MODELS) {
  Deno.test(`${model.name} refuses what it cannot answer, in words`, async () => {
    await using device = await openDevice("cpu", { threads: 1 });
    using recommender = new Recommender(device, await trained(model));
    const messageOf = async (work: () => Promise<unknown>) => (await assertRejects(work, Error)).message;
    for (const [request, options, message] of REFUSALS) {
      const said = await messageOf(() => recommender.recommend(request as never, options as never));
      assert(/^Cannot recommend (for users )?as /.test(said), said);
      assertEquals(said.replace(/^Cannot recommend (for users )?as /, ""), message);
    }
    if (model !== popularity) {
      assertEquals(
        await messageOf(() => recommender.recommend({ histories: [["item 1"], []] })),
        `Cannot recommend as history 1 is empty: ${model.name} needs at least one item`,
      );
    }
    const history = { histories: [["item 1"]] };
    const scores: [unknown, string][] = [
      [[["item 99"]], "there is no item 'item 99'"],
      [[], "there must be 1 lists of items: current value is 0"],
      [["item 1"], "list 0 of items must be a list of ids: current value is 'item 1'"],
      [[[1]], "ids in list 0 of items must be texts: current value is 1"],
      ["item 1", "items must be a list of lists of ids: current value is 'item 1'"],
    ];
    for (const [items, message] of scores) {
      assertEquals(await messageOf(() => recommender.score(history, items as never)), `Cannot score as ${message}`);
    }
    assertEquals(
      await messageOf(() => recommender.score({ histories: [["item 99"]] }, [["item 1"]])),
      "Cannot score as there is no item 'item 99'",
    );
    const similar: [unknown, unknown, string][] = [
      [["item 99"], {}, "there is no item 'item 99'"],
      ["item 1", {}, "items must be a list of ids: current value is 'item 1'"],
      [[1], {}, "ids in items must be texts: current value is 1"],
      [["item 1"], { by: "distance" }, "by must be 'cosine' or 'dot': current value is 'distance'"],
      [["item 1"], { count: 0 }, "count must be an integer >= 1: current value is 0"],
      [["item 1"], { count: "5" }, "count must be a number: current value is '5'"],
      [["item 1"], { kind: "dot" }, "there is no option 'kind': options are 'count', 'by'"],
    ];
    for (const [items, options, message] of similar) {
      assertEquals(
        await messageOf(() => recommender.similar(items as never, options as never)),
        `Cannot find similar items as ${message}`,
      );
    }
    const good: StreamRequest = { history: ["item 1"] };
    const streams: [readonly unknown[], unknown, string][] = [
      [[good, {}], {}, "Cannot recommend as request 2 must have a user or a history: current value is an object"],
      [[null], {}, "Cannot recommend as request 1 must have a user or a history: current value is null"],
      [["7"], {}, "Cannot recommend as request 1 must have a user or a history: current value is '7'"],
      [[{ user: 7 }], { dataset: DATASET }, "Cannot recommend as ids in request 1 must be texts: current value is 7"],
      [
        [good, good, { history: "item 1" }],
        {},
        "Cannot recommend as the history of request 3 must be a list of ids: current value is 'item 1'",
      ],
      [[{ user: "user 1" }], {}, "Cannot recommend for users as their dataset is missing"],
      [[good], { coumt: 5 }, "Cannot recommend as there is no option 'coumt': did you mean 'count'?"],
    ];
    for (const [requests, options, message] of streams) {
      const stream = recommender.stream(requests as StreamRequest[], options as never);
      assertEquals(await messageOf(() => Array.fromAsync(stream)), message);
    }
  });
}

Deno.test("a model of sequences refuses a user without any item that it knows, a model of users does not", async () => {
  await using device = await openDevice("cpu", { threads: 1 });
  const dataset: Dataset = {
    ...DATASET,
    items: DATASET.items.map((id, row) => sequenceAt(DATASET.train, 0).includes(row) ? `new ${id}` : id),
    valid: { offsets: DATASET.valid.offsets.with(0, 1), items: DATASET.valid.items },
    test: { offsets: DATASET.test.offsets.with(0, 1), items: DATASET.test.items },
  };
  for (const model of MODELS) {
    using recommender = new Recommender(device, await trained(model));
    const recommend = () => recommender.recommend({ users: ["user 0"], dataset });
    if (model.userTable || model === popularity) assertEquals((await recommend())[0]!.length, 10);
    else {
      assertEquals(
        (await assertRejects(recommend, RangeError)).message,
        `Cannot recommend as ${model.name} knows no item of the history of user 'user 0' in '${dataset.name}'`,
      );
    }
  }
});

Deno.test("popularity answers an empty history as any other", async () => {
  await using device = await openDevice("cpu", { threads: 1 });
  using recommender = new Recommender(device, await trained(popularity));
  const [list] = await recommender.recommend({ histories: [[]] }, { count: 30 });
  assertEquals(list!.length, 30);
  assertEquals(
    list!.map(({ score }) => score),
    [...(await trained(popularity)).weights["item.count"]!.data].sort((a, b) => b - a),
  );
});

Deno.test("Recommender.load() refuses bytes that are no model and a model that is not known", async () => {
  await using device = await openDevice("cpu", { threads: 1 });
  assertThrows(() => Recommender.load(device, new Uint8Array(3)), SyntaxError, "Cannot decode safetensors as ");
  const { settings, weights } = await trained(sasRec), bytes = encodeModel(sasRec, settings, weights, DATASET);
  const others: readonly ModelDefinition[] = [mfBpr];
  assertEquals(
    assertThrows(() => Recommender.load(device, bytes, others), SyntaxError).message,
    "Cannot read a model as there is no model 'sasrec': there are mf-bpr",
  );
  assertEquals(device.liveBytes, 0);
});

Deno.test("a recommender copies the weights that it is given", async () => {
  await using device = await openDevice("cpu", { threads: 1 });
  // item-knn ranks on the host, with the arrays that it is given
  for (const model of MODELS.filter((model) => model !== itemKnn)) {
    const file = structuredCloneOf(await trained(model));
    using recommender = new Recommender(device, file);
    const before = await recommender.recommend({ histories: [["item 1"]] });
    for (const { data } of Object.values(file.weights)) data.fill(0);
    assertEquals(await recommender.recommend({ histories: [["item 1"]] }), before, model.name);
    assertLess(0, before[0]!.length);
  }
});

/** The file with weights that may be written to. */
function structuredCloneOf(file: ModelFile): ModelFile {
  const weights = Object.entries(file.weights).map(([name, { data, shape }]) => [name, { data: data.slice(), shape }]);
  return { ...file, weights: Object.fromEntries(weights) };
}
