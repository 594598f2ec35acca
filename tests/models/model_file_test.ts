import { assert, assertEquals, assertLess, assertThrows } from "@std/assert";
import { z } from "zod";
import { generatedDataset } from "../../src/data/generated.ts";
import { encodeStrings, repeatedIn } from "../../src/models/string_table.ts";
import {
  decodeModel,
  defineModel,
  encodeModel,
  InitialWeights,
  mfBpr,
  MODELS,
  NextItemSampler,
  resolveSettings,
  sasRec,
} from "../../src/models/mod.ts";
import { encodeChecked } from "../../src/checked_safetensors.ts";
import { decodeSafetensors, encodeSafetensors, type SafetensorsFile } from "../../src/safetensors.ts";

const DATASET = generatedDataset({ users: 20, items: 30, seed: 1 });
const SETTINGS = resolveSettings(mfBpr, { dimension: 6 });
const WEIGHTS = mfBpr.initialWeights(DATASET, SETTINGS);

Deno.test("encodeModel() gives equal bytes for equal models", () => {
  const bytes = encodeModel(mfBpr, SETTINGS, WEIGHTS, DATASET);
  const { model, weights, settings, ...rest } = decodeModel(bytes);
  assertEquals(encodeModel(model, settings, weights, rest), bytes);
  const other = encodeModel(model, { ...settings, seed: 2 }, weights, rest);
  assert(other.some((byte, at) => byte !== bytes[at]));
});

Deno.test("a model file gives back what was written: odd ids, missing titles, and users where the model knows them", () => {
  const { provenance } = DATASET;
  const users = ["", "\ufeffmarked", "日本語", "a \ufffd mark", ...Array.from({ length: 16 }, (_, at) => `user ${at}`)];
  const items = Array.from({ length: 30 }, (_, at) => at === 0 ? "" : "x".repeat(at * at));
  const itemColumns = {
    title: items.map((_, at) => at % 3 === 0 ? null : at % 3 === 1 ? "" : `Title, "${at}"\n\0`),
    "odd name": items.map(() => null),
    full: items,
  };
  const dataset = { provenance, users, items, itemColumns };
  assertEquals<unknown>(decodeModel(encodeModel(mfBpr, SETTINGS, WEIGHTS, dataset)), {
    model: mfBpr,
    settings: SETTINGS,
    weights: WEIGHTS,
    ...dataset,
  });
  // Of a sequence model users do not matter, and are not written
  const settings = resolveSettings(sasRec, { dimension: 4, maxLength: 3 });
  const bytes = encodeModel(
    sasRec,
    settings,
    sasRec.initialWeights({ userCount: 20, itemCount: 30 }, settings),
    dataset,
  );
  const file = decodeModel(bytes);
  assertEquals([file.model.name, file.users, file.items], ["sasrec", [], items]);
  assertEquals(file.itemColumns, itemColumns);
  assert(!new TextDecoder().decode(bytes).includes("日本語"));
});

Deno.test("a model of three million items has a small header, and gives its ids back", () => {
  const itemCount = 3_000_000;
  const tiny = defineModel({
    name: "tiny",
    summary: "As few columns as can be.",
    settings: z.strictObject({ dimension: z.int().min(1).default(1).describe("Embedding width") }),
    presets: { none: {} },
    initialWeights: ({ itemCount }, { dimension }) => ({
      "item.weight": { data: new Float32Array(itemCount * dimension), shape: [itemCount, dimension] },
    }),
    tables: () => [{ names: ["item.weight"], smoothed: true }],
    sampler: (dataset, { seed }) => new NextItemSampler(dataset, seed, 2),
    network: () => {
      throw new Error("not needed to write or read a file");
    },
  });
  const settings = resolveSettings(tiny, {}), { provenance } = DATASET;
  const items = Array.from({ length: itemCount }, (_, at) => `item-${at.toString(36)}`);
  const title = Array.from({ length: itemCount }, (_, at) => at % 2 === 0 ? null : `T${at}`);
  const weights = tiny.initialWeights({ userCount: 1, itemCount }, settings);
  const bytes = encodeModel(tiny, settings, weights, { provenance, users: [], items, itemColumns: { title } });
  assertLess(Number(new DataView(bytes.buffer).getBigUint64(0, true)), 1_000_000);
  const file = decodeModel(bytes, [...MODELS, tiny]);
  assertEquals([file.items.length, file.itemColumns["title"]!.length], [itemCount, itemCount]);
  for (let at = 0; at < itemCount; at++) {
    if (file.items[at] !== items[at]) assertEquals(file.items[at], items[at]);
    if (file.itemColumns["title"]![at] !== title[at]) assertEquals(file.itemColumns["title"]![at], title[at]);
  }
});

Deno.test("encodeModel() refuses weights of names that are kept for texts", () => {
  const message = "Cannot write a model as names with 'sevo.' are kept: 'sevo.items'";
  const weights = new InitialWeights(1).constant("sevo.items", 3, 0).done();
  assertEquals(assertThrows(() => encodeModel(mfBpr, SETTINGS, weights, DATASET), TypeError).message, message);
});

const FILE = decodeSafetensors(encodeModel(mfBpr, SETTINGS, WEIGHTS, DATASET));

/** The file with other tensors; those that are null are gone. */
function withTensors(change: Record<string, SafetensorsFile["tensors"][string] | null>): SafetensorsFile {
  const all = Object.entries({ ...FILE.tensors, ...change }).filter(([, tensor]) => tensor !== null);
  return { ...FILE, tensors: Object.fromEntries(all) as SafetensorsFile["tensors"] };
}

/** The file with other metadata; what is null is gone. */
function withMetadata(change: Record<string, string | null>): SafetensorsFile {
  const all = Object.entries({ ...FILE.metadata, ...change }).filter(([, text]) => text !== null);
  return { ...FILE, metadata: Object.fromEntries(all) as SafetensorsFile["metadata"] };
}

/** The offsets of the items with one of them changed. */
function spoilt(at: number, value: number): SafetensorsFile {
  const data = (FILE.tensors["sevo.items.offsets"]!.data as Uint32Array).slice();
  data[at] = value;
  return withTensors({ "sevo.items.offsets": { data, shape: [data.length] } });
}

const bytes = (...data: number[]) => ({ data: Uint8Array.from(data), shape: [data.length] });
const without = (key: string) => JSON.stringify({ ...SETTINGS, [key]: undefined });

for (
  const [name, file, message] of [
    ["no settings", withMetadata({ settings: null }), "its metadata has no readable settings"],
    ["settings that are not JSON", withMetadata({ settings: "{" }), "its metadata has no readable settings"],
    [
      "a setting that the model has not",
      withMetadata({ settings: JSON.stringify({ ...SETTINGS, heads: 2 }) }),
      "its settings are not those of mf-bpr: mf-bpr has no setting 'heads': that is bert4rec's, sasrec's, stosa's",
    ],
    [
      "a setting out of range",
      withMetadata({ settings: JSON.stringify({ ...SETTINGS, dimension: 0 }) }),
      "its settings are not those of mf-bpr: dimension must be in [1, 4096]: current value is 0",
    ],
    [
      "another dimension than its tables",
      withMetadata({ settings: without("dimension") }),
      "'user.weight' must have shape [20,64]: current value is [20,6]",
    ],
    ...["null", "7", "[]", '"dimension"'].map((settings) =>
      [`settings of ${settings}`, withMetadata({ settings }), "its settings are not an object"] as const
    ),
    ["no provenance", withMetadata({ provenance: null }), "its metadata has no readable provenance"],
    ...["null", "7", "[]", "{}", '"generated"'].map((provenance) =>
      [
        `provenance of ${provenance}`,
        withMetadata({ provenance }),
        "its metadata does not say what it was trained on",
      ] as const
    ),
    ...Object.entries<unknown>({
      name: null,
      createdBy: 7,
      schemaVersion: "1",
      options: null,
      source: [null],
      counts: { ...DATASET.provenance.counts, users: -1 },
      summary: "long",
    }).map(([key, value]) =>
      [
        `a provenance whose ${key} is ${JSON.stringify(value)}`,
        withMetadata({ provenance: JSON.stringify({ ...DATASET.provenance, [key]: value }) }),
        "its metadata does not say what it was trained on",
      ] as const
    ),
    [
      "a provenance that is nested deep",
      withMetadata({ provenance: `{"options":${"[".repeat(50_000)}${"]".repeat(50_000)}}` }),
      "its metadata has no readable provenance",
    ],
    ["columns that are no names", withMetadata({ itemColumns: "[1]" }), "its metadata has no list of itemColumns"],
    [
      "a column that is called like what every object has",
      withMetadata({ itemColumns: '["__proto__"]' }),
      "it has no texts 'sevo.items.column.__proto__'",
    ],
    [
      "a column twice",
      withMetadata({ itemColumns: '["category","category"]' }),
      "column 'category' stands twice in its itemColumns",
    ],
    [
      "ids that are no UTF-8",
      withTensors({ "sevo.items": { data: new Uint8Array(400).fill(0xff), shape: [400] } }),
      "'sevo.items' holds no UTF-8 in text 0",
    ],
    [
      "a weight that the model has not",
      withTensors({ more: { data: new Float32Array(1), shape: [1] } }),
      "mf-bpr has no weight 'more'",
    ],
    ...Object.entries({ dimension: 1e8, epochs: 1e300, learningRate: null, seed: -1 }).map(([key, value]) =>
      [
        `the setting ${key} of ${value}`,
        withMetadata({ settings: JSON.stringify({ ...SETTINGS, [key]: value }) }),
        `its settings are not those of mf-bpr: ${key} must be `,
      ] as const
    ),
    ["no list of columns", withMetadata({ itemColumns: null }), "its metadata has no readable itemColumns"],
    ["columns that are no list", withMetadata({ itemColumns: "7" }), "its metadata has no list of itemColumns"],
    ["a column that is not there", withMetadata({ itemColumns: '["a"]' }), "it has no texts 'sevo.items.column.a'"],
    [
      "a column of fewer values",
      withTensors(encodeStrings("sevo.items.column.category", ["a", "b"])),
      "column 'category' must have 30 values: current value is 2",
    ],
    ["no items", withTensors({ "sevo.items": null }), "it has no texts 'sevo.items'"],
    ["no users", withTensors({ "sevo.users": null }), "it has no texts 'sevo.users'"],
    ["no offsets", withTensors({ "sevo.items.offsets": null }), "it has no texts 'sevo.items'"],
    [
      "empty offsets",
      withTensors({ "sevo.items.offsets": { data: new Uint32Array(), shape: [0] } }),
      "it has no texts 'sevo.items'",
    ],
    [
      "offsets of another type",
      withTensors({ "sevo.items.offsets": { data: new Int32Array(31), shape: [31] } }),
      "it has no texts 'sevo.items'",
    ],
    ["offsets that descend", spoilt(3, 0), "'sevo.items.offsets' does not ascend within the texts"],
    ["offsets beyond the texts", spoilt(30, 1 << 20), "'sevo.items.offsets' does not ascend within the texts"],
    [
      "item names that are no text",
      withTensors({ "sevo.items": { data: new Float32Array(3), shape: [3] } }),
      "it has no texts 'sevo.items'",
    ],
    [
      "an item without an id",
      withTensors({
        "sevo.items.present": { data: Uint32Array.from({ length: 30 }, (_, at) => at < 29 ? 1 : 0), shape: [30] },
      }),
      "'sevo.items' lacks an id",
    ],
    [
      "an id twice",
      withTensors(encodeStrings("sevo.items", DATASET.items.with(7, DATASET.items[3]!))),
      "'sevo.items' has the id 'item-3' twice",
    ],
    [
      "too few marks of what is there",
      withTensors({ "sevo.items.present": bytes(1, 1) }),
      "'sevo.items.present' does not have a value for each text",
    ],
    [
      "no user table",
      withTensors({ "user.weight": null }),
      "'user.weight' must have shape [20,6]: current value is []",
    ],
    [
      "fewer item names than rows",
      { ...withTensors(encodeStrings("sevo.items", ["a"])), metadata: { ...FILE.metadata, itemColumns: "[]" } },
      "'item.weight' must have shape [1,6]: current value is [30,6]",
    ],
    [
      "tables of different widths",
      withTensors({ "user.weight": { data: new Float32Array(20 * 4), shape: [20, 4] } }),
      "'user.weight' must have shape [20,6]: current value is [20,4]",
    ],
    [
      "an earlier format",
      withMetadata({ format: "sevo-model-1" }),
      "an earlier version of this package wrote it: train again",
    ],
    [
      "another format",
      withMetadata({ format: "sevo-model-3" }),
      "the file is of another format: current value is 'sevo-model-3'",
    ],
    [
      "a model that there is not",
      withMetadata({ model: "mine" }),
      `there is no model 'mine': there are ${MODELS.map(({ name }) => name).join(", ")}`,
    ],
    ["no model", withMetadata({ model: null }), "there is no model"],
  ] as const
) {
  Deno.test(`decodeModel() refuses a file with ${name}`, () => {
    const error = assertThrows(() => decodeModel(encodeChecked(file)), SyntaxError);
    assert(error.message.startsWith(`Cannot read a model as ${message}`), error.message);
  });
}

Deno.test("decodeModel() knows shapes without making weights, whatever a small file asks for", () => {
  const open = defineModel({
    name: "open",
    summary: "Its settings have no upper bounds.",
    settings: z.strictObject({
      dimension: z.int().min(1).default(1).describe("Embedding width"),
      blocks: z.int().min(1).default(1).describe("Blocks"),
    }),
    presets: { none: {} },
    initialWeights({ itemCount }, { dimension, blocks, seed }) {
      const initial = new InitialWeights(seed).normal("item.weight", [itemCount, dimension], 1);
      for (let block = 0; block < blocks; block++) {
        initial.xavierUniform(`${block}.weight`, [dimension, dimension]).norm(`${block}.norm`, dimension)
          .constant(`${block}.bias`, dimension, 0);
      }
      return initial.done();
    },
    tables: () => [{ names: ["item.weight"], smoothed: true }],
    sampler: (dataset, { seed }) => new NextItemSampler(dataset, seed, 2),
    network: () => {
      throw new Error("not needed to read a file");
    },
  });
  const settings = resolveSettings(open, {}), models = [...MODELS, open];
  const file = decodeSafetensors(encodeModel(open, settings, open.initialWeights(DATASET, settings), DATASET));
  assertEquals(decodeModel(encodeChecked(file), models).model.name, "open");
  for (
    const [change, message] of [
      [{ dimension: 1e8 }, "'item.weight' must have shape [30,100000000]: current value is [30,1]"],
      [{ dimension: 2 ** 52 }, "'item.weight' must have shape [30,4503599627370496]: current value is [30,1]"],
      [{ blocks: 1e6 }, "open has no such weights: Cannot draw weight '26.weight' as there may be 105 at most"],
      [{ blocks: 1e12 }, "open has no such weights: "],
      [{ blocks: 3 }, "'1.weight' must have shape [1,1]: current value is []"],
    ] as const
  ) {
    const metadata = { ...file.metadata, settings: JSON.stringify({ ...settings, ...change }) },
      start = performance.now();
    const error = assertThrows(() => decodeModel(encodeChecked({ ...file, metadata }), models), SyntaxError);
    assert(error.message.startsWith(`Cannot read a model as ${message}`), error.message);
    assertLess(performance.now() - start, 2000);
  }
});

Deno.test("decodeModel() refuses a damaged file, and one without a checksum", () => {
  const bytes = encodeModel(mfBpr, SETTINGS, WEIGHTS, DATASET);
  bytes[bytes.length >> 1]! ^= 1;
  const damaged = "Cannot read a model as its content does not match its checksum: the file is damaged";
  assertEquals(assertThrows(() => decodeModel(bytes), SyntaxError).message, damaged);
  const { checksum: _, ...metadata } = FILE.metadata;
  const none = "Cannot read a model as it has no checksum: an earlier version of this package wrote it: train again";
  const old = encodeSafetensors({ ...FILE, metadata } as SafetensorsFile);
  assertEquals(assertThrows(() => decodeModel(old), SyntaxError).message, none);
});

Deno.test("columns may be called like what every object has", () => {
  const itemColumns = Object.fromEntries(["__proto__", "constructor", "", "7"].map((name) => [name, DATASET.items]));
  const file = decodeModel(encodeModel(mfBpr, SETTINGS, WEIGHTS, { ...DATASET, itemColumns }));
  assertEquals(Object.entries(file.itemColumns), Object.entries(itemColumns));
});

Deno.test("repeatedIn() finds the first text that is there before, whatever the hashes", () => {
  const many = Array.from({ length: 200_000 }, (_, at) => `item-${at}`);
  assertEquals(repeatedIn([]), undefined);
  assertEquals(repeatedIn(many), undefined);
  assertEquals(repeatedIn([...many, "item-7", "item-3"]), "item-7");
  assertEquals(repeatedIn(["", "a", ""]), "");
  // Two texts of one hash
  assertEquals(repeatedIn(["costarring", "liquid"]), undefined);
  assertEquals(repeatedIn(["costarring", "liquid", "liquid"]), "liquid");
});
