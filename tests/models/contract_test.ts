import { ClozeSampler } from "../../src/data/cloze_sampler.ts";
import { NextItemSampler } from "../../src/data/next_item_sampler.ts";
import { PairSampler } from "../../src/data/pair_sampler.ts";
import { PrefixSampler } from "../../src/data/prefix_sampler.ts";
import type { PackedSequences } from "../../src/data/sequences.ts";
import { Bert4Rec, Gru4Rec, HIDDEN_ITEM, MfBpr, type NextItemBatch, SasRec, Stosa } from "../../src/models/mod.ts";
import { PUBLISHED, type TrainingSettings } from "../../src/training/settings.ts";
import type { GoldenCase } from "../_golden.ts";
import { type ContractSizes, testContract } from "./_contract.ts";

/** Small sizes: the suite runs on a software adapter too. */
const SIZES = { dimension: 16, length: 6, blocks: 2, heads: 2, dropout: 0.2 };

function settingsOf(model: TrainingSettings["model"], sizes: ContractSizes & { dimension: number }): TrainingSettings {
  const { length: maxLength, ...rest } = sizes;
  return { ...PUBLISHED[model], ...rest, maxLength };
}

/** The tokens of a padded matrix, which are those that are not 0, and the elements of others at the same places. */
function packed(
  { data, shape }: GoldenCase,
  name: string,
  others: readonly string[] = [],
): { offsets: Uint32Array<ArrayBuffer>; tokens: Uint32Array<ArrayBuffer>; others: Uint32Array<ArrayBuffer>[] } {
  const inputs = data(name), [rows, columns] = shape(name) as [number, number];
  const offsets = [0], places: number[] = [];
  for (let row = 0; row < rows; row++) {
    for (let at = row * columns; at < (row + 1) * columns; at++) if (inputs[at] !== 0) places.push(at);
    offsets.push(places.length);
  }
  const gather = (from: Float64Array) => Uint32Array.from(places, (place) => from[place]!);
  return {
    offsets: Uint32Array.from(offsets),
    tokens: gather(inputs),
    others: others.map((other) => gather(data(other))),
  };
}

function nextItemBatch(golden: GoldenCase, prefix: string): NextItemBatch {
  const names = [`${prefix}.positives`, `${prefix}.negatives`];
  const { offsets, tokens, others } = packed(golden, `${prefix}.inputs`, names);
  const [items, positives, negatives] = [tokens, ...others].map((rows) => rows.map((row) => row - 1));
  return { offsets, items: items!, positives: positives!, negatives: negatives! };
}

function histories(golden: GoldenCase): { users: Uint32Array; histories: PackedSequences } {
  const { offsets, tokens } = packed(golden, "batch.inputs");
  return { users: new Uint32Array(offsets.length - 1), histories: { offsets, items: tokens.map((row) => row - 1) } };
}

const mfSizes = { ...SIZES, dimension: 10 };
testContract({
  name: "mf_bpr",
  settings: settingsOf("mf-bpr", mfSizes),
  pads: 0,
  sizes: mfSizes,
  solution: { epochs: 25, batch: 64, learningRate: 0.02 },
  initialWeights: ({ userCount, itemCount }, dimension, seed) =>
    MfBpr.initialWeights(userCount, itemCount, dimension, seed),
  create: (device, weights, { options, graph }) =>
    new MfBpr(device, weights, { options, smoothing: graph && { over: "item", graph } }),
  batches: (dataset, seed, epoch, size) => new PairSampler(dataset, seed).batches(epoch, size),
  goldenBatch: ({ data }, prefix) => ({
    users: Uint32Array.from(data(`${prefix}.users`)),
    positives: Uint32Array.from(data(`${prefix}.positives`)),
    negatives: Uint32Array.from(data(`${prefix}.negatives`)),
  }),
  goldenHistories: ({ data }) => {
    const users = Uint32Array.from(data("batch.users"));
    return { users, histories: { offsets: new Uint32Array(users.length + 1), items: new Uint32Array() } };
  },
});

testContract({
  name: "sasrec",
  settings: settingsOf("sasrec", SIZES),
  pads: 1,
  sizes: SIZES,
  solution: { epochs: 60, batch: 20, learningRate: 0.01 },
  initialWeights: ({ itemCount }, dimension, seed) =>
    SasRec.initialWeights(itemCount, dimension, SIZES.length, 2, seed),
  create: (device, weights, optimizer, sizes) => new SasRec(device, weights, sizes, optimizer),
  batches: (dataset, seed, epoch, size) => new NextItemSampler(dataset, seed, SIZES.length).batches(epoch, size),
  goldenBatch: nextItemBatch,
  goldenHistories: histories,
});

testContract({
  name: "gru4rec",
  settings: settingsOf("gru4rec", SIZES),
  pads: 1,
  sizes: SIZES,
  solution: { epochs: 20, batch: 40, learningRate: 0.01 },
  initialWeights: ({ itemCount }, dimension, seed) => Gru4Rec.initialWeights(itemCount, dimension, seed),
  create: (device, weights, optimizer, sizes) => new Gru4Rec(device, weights, sizes, optimizer),
  batches: (dataset, seed, epoch, size) => new PrefixSampler(dataset, seed, SIZES.length).batches(epoch, size),
  goldenBatch: (golden, prefix) => {
    const { offsets, tokens } = packed(golden, `${prefix}.inputs`);
    const itemsOf = (rows: ArrayLike<number>) => Uint32Array.from(rows, (row) => row - 1);
    const [positives, negatives] = ["positives", "negatives"].map((role) => itemsOf(golden.data(`${prefix}.${role}`)));
    return { offsets, items: itemsOf(tokens), positives: positives!, negatives: negatives! };
  },
  goldenHistories: histories,
});

testContract({
  name: "bert4rec",
  settings: settingsOf("bert4rec", SIZES),
  pads: 2,
  sizes: SIZES,
  solution: { epochs: 60, batch: 20, learningRate: 0.01 },
  initialWeights: ({ itemCount }, dimension, seed) =>
    Bert4Rec.initialWeights(itemCount, dimension, SIZES.length, 2, seed),
  create: (device, weights, optimizer, sizes) => new Bert4Rec(device, weights, sizes, optimizer),
  batches: (dataset, seed, epoch, size) => new ClozeSampler(dataset, seed, SIZES.length, 0.5).batches(epoch, size),
  goldenBatch: (golden, prefix) => {
    const { offsets, tokens, others: [labels] } = packed(golden, `${prefix}.inputs`, [`${prefix}.labels`]);
    const hidden = Uint32Array.from(tokens.keys()).filter((place) => tokens[place] === 1);
    return { offsets, items: tokens.map((row, at) => (row === 1 ? labels![at]! : row) - 2), hidden };
  },
  goldenHistories: (golden) => {
    const { offsets, tokens } = packed(golden, "batch.inputs");
    // The model hides an item after each history by itself: here the last one, which the file hides
    const kept = Uint32Array.from(tokens.keys()).filter((place) => !offsets.includes(place + 1));
    return {
      users: new Uint32Array(offsets.length - 1),
      histories: {
        offsets: offsets.map((begin, at) => begin - at),
        items: Uint32Array.from(kept, (place) => tokens[place] === 1 ? HIDDEN_ITEM : tokens[place]! - 2),
      },
    };
  },
});

for (const attendedMean of [false, true]) {
  const sizes = { ...SIZES, blocks: attendedMean ? 2 : 1 };
  testContract({
    name: attendedMean ? "stosa_attended" : "stosa",
    settings: { ...settingsOf("stosa", sizes), attendedMean },
    pads: 1,
    sizes,
    solution: { epochs: 40, batch: 20, learningRate: 0.01 },
    initialWeights: ({ itemCount }, dimension, seed) =>
      Stosa.initialWeights(itemCount, dimension, SIZES.length, sizes.blocks, seed),
    create: (device, weights, optimizer, { dropout, ...rest }) => {
      const options = { ...rest, dropout, attentionDropout: dropout, attendedMean };
      return new Stosa(device, weights, options, optimizer);
    },
    batches: (dataset, seed, epoch, size) => new NextItemSampler(dataset, seed, SIZES.length).batches(epoch, size),
    goldenBatch: nextItemBatch,
    goldenHistories: histories,
  });
}
