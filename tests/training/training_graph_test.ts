import { assert, assertAlmostEquals, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { Graph, openDevice } from "@sevo/sevo";
import type { Dataset } from "../../src/data/dataset.ts";
import { generatedDataset } from "../../src/data/generated.ts";
import { userItemGraph } from "../../src/data/user_item_graph.ts";
import { isTrainable, type ModelFile, MODELS, sasRec, type TrainableModel } from "../../src/models/mod.ts";
import { itemKnn, mfBpr } from "../../src/models/mod.ts";
import { SettingError } from "../../src/models/setting_error.ts";
import { type ResolvedSettings, resolveSettings } from "../../src/models/settings.ts";
import { startTraining } from "../../src/training/start_training.ts";
import { train } from "../../src/training/train.ts";
import { itemGraph, trainingGraph } from "../../src/training/training_graph.ts";
import { assertSameGraph } from "../graph/_edges.ts";
import { testOnDevices } from "../_on_devices.ts";

const DATASET: Dataset = {
  ...generatedDataset({ users: 40, items: 24, seed: 2, minLength: 4, maxLength: 9 }),
  itemColumns: {
    genres: Array.from({ length: 24 }, (_, item) => item === 5 ? null : `all|${item % 3}`),
    title: Array.from({ length: 24 }, (_, item) => `Film ${item}`),
  },
};
const TRAINED = MODELS.filter(isTrainable);

function tiny(model: TrainableModel, wanted: object = {}): ResolvedSettings {
  const sizes = { dimension: 8, maxLength: 5, blocks: 1, heads: 1 };
  const own = Object.entries(sizes).filter(([name]) => model.fields.has(name));
  return resolveSettings(model, { ...Object.fromEntries(own), batch: 16, ...wanted });
}

/** A teacher that knows every other item of the dataset, in another order, and one item more. */
function teacherOf(model: TrainableModel): ModelFile {
  const items = ["stranger", ...DATASET.items.filter((_, item) => item % 2 === 0).toReversed()];
  const settings = tiny(model), sizes = { userCount: DATASET.userCount, itemCount: items.length };
  const weights = model.initialWeights(sizes, settings), { provenance, users } = DATASET;
  return { model, settings, weights, provenance, users, items, itemColumns: {} } as unknown as ModelFile;
}

for (const model of TRAINED) {
  testOnDevices(
    `trainingGraph() has leading rows and items of ${model.name} in their places, for each relation`,
    async (device) => {
      const leading = model.leadingRows, rows = leading + DATASET.itemCount;
      const of = (wanted: object, teachers = {}) =>
        trainingGraph(device, DATASET, model, tiny(model, wanted), teachers);
      const item = await of({ graph: "item", maxWalk: 2, last: 4 });
      assertSameGraph(item, itemGraph(DATASET, leading, { maxWalk: 2, last: 4 }));

      const genres = await of({ graph: "categories:genres", graphNeighbours: 4, seed: 3 });
      const items = Array.from({ length: 24 }, (_, row) => row).filter((row) => row !== 5);
      const expected = Graph.fromCategories({
        rows,
        offset: leading,
        items: items.flatMap((row) => [row, row]),
        categories: items.flatMap((row) => ["all", `${row % 3}`]),
        neighbours: 4,
        seed: 3,
      });
      assertSameGraph(genres, expected);
      const degree = (graph: Graph, row: number) => graph.rowOffsets[row + 1]! - graph.rowOffsets[row]!;
      for (let row = 0; row < leading; row++) assertEquals(degree(genres, row), 0, "leading rows are isolated");
      assertEquals(degree(genres, leading + 5), 0);

      // The teacher has leading rows of its own, which are no items
      for (const teacher of [teacherOf(sasRec), teacherOf(mfBpr)]) {
        const nearest = await of({ graph: "nearest:a", graphNeighbours: 3 }, { a: teacher });
        const { data, shape } = teacher.weights["item.weight"]!, width = shape[1]!;
        const table = new Float32Array(rows * width);
        teacher.items.forEach((id, at) => {
          const to = DATASET.items.indexOf(id), from = shape[0]! - teacher.items.length + at;
          if (to >= 0) table.set(data.subarray(from * width, (from + 1) * width), (leading + to) * width);
        });
        assertSameGraph(
          nearest,
          await Graph.fromNearest(device, { data: table, shape: [rows, width] }, { count: 3, offset: leading }),
        );
        for (let at = 0; at < 24; at++) assertEquals(degree(nearest, leading + at) > 0, at % 2 === 0, `item ${at}`);
      }
      const mixed = await of({
        graph: "item,categories:genres",
        graphWeights: "3,1",
        maxWalk: 2,
        last: 4,
        graphNeighbours: 4,
        seed: 3,
      });
      assertSameGraph(mixed, Graph.mix([item, genres], [3, 1]));
    },
  );

  testOnDevices(`startTraining() smooths ${model.name} over each graph, and over one that is given`, async (device) => {
    const state = async (wanted: object, source = {}) => {
      const settings = tiny(model, wanted), weights = model.initialWeights(DATASET, settings);
      using training = await startTraining(device, DATASET, model, weights, settings, source);
      for (const batch of training.sampler.batches(1, settings.batch)) training.model.step(batch);
      return await training.model.weights();
    };
    const item = await state({});
    using same = itemGraph(DATASET, model.leadingRows, tiny(model));
    assertEquals(await state({}, { graph: same }), item);
    // The one that is given counts, whatever the settings name
    assertEquals(await state({ graph: "categories:nowhere" }, { graph: same }), item);
    const teachers = { a: teacherOf(sasRec) };
    for (const graph of ["categories:genres", "nearest:a", "item,nearest:a"]) {
      assertNotEquals(await state({ graph }, { teachers }), item, graph);
    }
    assert(
      Object.values(await state({ graph: "item,nearest:a" }, { teachers })).every(({ data }) =>
        data.every(Number.isFinite)
      ),
    );
  });
}

Deno.test("trainingGraph() puts relations of items behind the users where users are smoothed too", async () => {
  await using device = await openDevice("cpu", { threads: 1 });
  const settings = tiny(mfBpr, { graph: "user-item, item ,categories:genres", graphWeights: "1,2,1" });
  const graph = await trainingGraph(device, DATASET, mfBpr, settings, {}), { userCount } = DATASET;
  assertEquals(graph.rows, 64);
  const both = userItemGraph(DATASET), items = itemGraph(DATASET, userCount, settings);
  const offset = { offset: userCount, rows: 64 };
  const memberships = DATASET.itemColumns["genres"]!.flatMap((text, item) =>
    (text?.split("|") ?? []).map((genre) => ({ item, genre }))
  );
  const genres = Graph.fromCategories({
    ...offset,
    items: memberships.map(({ item }) => item),
    categories: memberships.map(({ genre }) => genre),
  });
  assertSameGraph(graph, Graph.mix([both, items, genres], [1, 2, 1]));
  assertAlmostEquals(graph.describe().largestEigenvalue, 1, 0.5);
  const { weights } = await train(device, DATASET, mfBpr, { ...settings, epochs: 1, evalEvery: 1 });
  assert(Object.values(weights).every(({ data }) => data.every(Number.isFinite)));
});

Deno.test("trainingGraph() refuses columns and teachers that it can make nothing of", async () => {
  await using device = await openDevice("cpu", { threads: 1 });
  const counted = { ...teacherOf(sasRec), model: itemKnn } as unknown as ModelFile;
  const strange = { ...teacherOf(sasRec), items: teacherOf(sasRec).items.map((id) => `other ${id}`) };
  const cases: [graph: string, teachers: object, Class: typeof SettingError, message: string][] = [
    ["categories:genre", {}, SettingError, "graph names the column 'genre' of the items, which have genres, title"],
    ["categories:title", {}, SettingError, "graph names the column 'title', of which no two items share a value"],
    [
      "categories:toString",
      {},
      SettingError,
      "graph names the column 'toString' of the items, which have genres, title",
    ],
    ["nearest:a", {}, SettingError, "graph names the teacher 'a', which is not among the teachers given"],
    [
      "nearest:a",
      { a: counted },
      SettingError,
      "graph names the teacher 'a', which is item-knn: it has no embeddings of items",
    ],
  ];
  for (const [graph, teachers, Class, message] of cases) {
    const work = () => trainingGraph(device, DATASET, sasRec, tiny(sasRec, { graph }), teachers as never);
    assertEquals((await assertRejects(work, Class)).message, `Cannot train as ${message}`);
  }
  await assertRejects(
    () => trainingGraph(device, DATASET, sasRec, tiny(sasRec, { graph: "nearest:a" }), { a: strange }),
    RangeError,
    "Cannot take 'a' for a teacher as its items and those of the dataset have no id in common",
  );
  const bare = { ...DATASET, itemColumns: {} };
  await assertRejects(
    () => trainingGraph(device, bare, sasRec, tiny(sasRec, { graph: "categories:a" }), {}),
    SettingError,
    "graph names the column 'a' of the items, which have none",
  );
});

Deno.test("train() refuses a graph that does not fit the tables or the optimizer", async () => {
  await using device = await openDevice("cpu", { threads: 1 });
  using graph = Graph.fromEdges({ rows: 24, sources: [0], targets: [1] });
  const cases: [
    model: TrainableModel,
    settings: object,
    given: unknown,
    Class: typeof RangeError | typeof TypeError,
    message: string,
  ][] = [
    [
      sasRec as TrainableModel,
      {},
      graph,
      RangeError,
      "the graph must have a row for each of item.weight, 25: current value is 24",
    ],
    [
      mfBpr as TrainableModel,
      { graph: "user-item" },
      graph,
      RangeError,
      "the graph must have a row for each of user.weight and item.weight, 64: current value is 24",
    ],
    [
      mfBpr as TrainableModel,
      { optimizer: "adamw" },
      graph,
      TypeError,
      "a graph is given and adamw smooths over none: take sevo-adamw",
    ],
    [mfBpr as TrainableModel, {}, "item", TypeError, "graph must be a Graph: current value is 'item'"],
  ];
  for (const [model, settings, given, Class, message] of cases) {
    const work = () => train(device, DATASET, model, tiny(model, settings), { graph: given as Graph });
    assertEquals((await assertRejects(work, Class)).message, `Cannot train as ${message}`);
  }
  const before = device.liveBytes;
  await train(device, DATASET, mfBpr, { ...tiny(mfBpr), epochs: 1, evalEvery: 1 }, { graph });
  // The graph stays the caller's
  assert(device.liveBytes > before);
  graph[Symbol.dispose]();
  assertEquals(device.liveBytes, before);
});
